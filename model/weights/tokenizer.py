"""The tokenizer's files, made from the base model's own vocabulary, with our chat template.

What cuts a text into words before its bytes are merged: for SmolLM2 single digits, then GPT-2's pattern; for Qwen2 a
pattern of its own, over text in Unicode's composed form. Neither puts a space before a text.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from coterie.model.protocol import CHAT_TEMPLATE
from coterie.model.weights.base import Vocabulary

if TYPE_CHECKING:
    from tokenizers import Tokenizer

QWEN_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""As in Qwen2's own tokenizer."""

BOS, EOS, UNKNOWN = "<|im_start|>", "<|im_end|>", "<|endoftext|>"


def as_tokenizer(vocabulary: Vocabulary) -> "Tokenizer":
    """A `tokenizers` tokenizer that never adds special tokens by itself."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    ids = {token: number for number, token in enumerate(vocabulary.tokens)}
    left_right = [(left, right) for left, _, right in (merge.partition(" ") for merge in vocabulary.merges)]
    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=left_right))
    qwen = vocabulary.words == "qwen2"
    words = pre_tokenizers.Split(Regex(QWEN_WORDS), "isolated") if qwen else pre_tokenizers.Digits(True)
    pieces = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=not qwen)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([words, pieces])
    if qwen:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in vocabulary.special])
    return tokenizer


def write_tokenizer(folder: Path, vocabulary: Vocabulary, context: int) -> None:
    """Write `tokenizer.json`, its configuration and the chat template as transformers and vLLM read them."""
    as_tokenizer(vocabulary).save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BOS,
        "eos_token": EOS,
        "pad_token": EOS,
        "unk_token": UNKNOWN,
        "clean_up_tokenization_spaces": False,
        "model_max_length": context,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1))
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE)
