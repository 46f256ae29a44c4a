"""The tokenizer's files, made from the base model's own vocabulary, with our chat template.

SmolLM2's pre-tokenizer: single digits, then GPT-2's byte-level pattern without a leading space.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from coterie.model.protocol import CHAT_TEMPLATE
from coterie.model.weights.base import Vocabulary

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BOS, EOS, UNKNOWN = "<|im_start|>", "<|im_end|>", "<|endoftext|>"


def as_tokenizer(vocabulary: Vocabulary) -> "Tokenizer":
    """A `tokenizers` tokenizer that never adds special tokens by itself."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    ids = {token: number for number, token in enumerate(vocabulary.tokens)}
    left_right = [(left, right) for left, _, right in (merge.partition(" ") for merge in vocabulary.merges)]
    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=left_right))
    digits = pre_tokenizers.Digits(individual_digits=True)
    pieces = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, pieces])
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
