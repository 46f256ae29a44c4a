"""A dense parent as training needs it: sizes, weights and tokenizer, from installed packages or from a GGUF file."""

from pathlib import Path

from coterie.model.config import DEFAULT_MODEL, MODELS, BaseFile, Model
from coterie.model.training.data.tokens import END, Encoder
from coterie.model.weights.base import Base, Vocabulary, read_base, read_gguf
from coterie.model.weights.tokenizer import as_tokenizer


class _Ids:
    def __init__(self, vocabulary: Vocabulary, spelt: bool) -> None:
        self._tokenizer = as_tokenizer(vocabulary)
        self.spelt, self.end = spelt, self.encode(END)[0]

    def encode(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, add_special_tokens=False).ids


def load_parent(base: BaseFile, path: Path | None) -> Base:
    """The pinned parent, or, unchecked, any other of its kind from a GGUF file."""
    return read_base(base) if path is None else read_gguf(path)


def encoder_of(base: Base, model: Model) -> Encoder:
    """Text to token ids as the model reads it, special marks recognised, nothing added."""
    return _Ids(base.vocabulary, model.spelt)


def load_encoder(model: Model = MODELS[DEFAULT_MODEL], path: Path | None = None) -> Encoder:
    """The encoder of a model whose parent is not needed otherwise."""
    return encoder_of(load_parent(model.base, path), model)
