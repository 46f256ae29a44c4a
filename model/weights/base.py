"""The dense parents, read from the GGUF files that installed packages carry (`config.BaseFile`).

The packages are found, never imported. Matrices are rounded once to bf16, the precision they are trained on and
served in. GGUF stores q and k of Llama's form with each head's rotary pairs interleaved; that is undone here. Where a
file has a head beside the words, as Qwen2.5-Coder's has, the two are one matrix, of which the head is the finer copy.
"""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from coterie.model.config import SMOLLM2, BaseFile, Parent
from coterie.model.errors import BaseMissing, ChecksumMismatch

FORMS = ("llama", "qwen2")

_CONTROL = 3  # GGUF's token type of special tokens
_TOP = {"token_embd": "model.embed_tokens", "output": "model.embed_tokens", "output_norm": "model.norm"}
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
    """Byte-level BPE: tokens by id, merges by rank, the special tokens among them, and GGUF's name of what cuts a text
    into words before."""

    tokens: list[str]
    merges: list[str]
    special: list[str]
    words: str = "smollm"


class Base(NamedTuple):
    """The parent's sizes, its bf16 weights under transformers' names of Llama and Qwen2, and its vocabulary."""

    parent: Parent
    weights: dict[str, Tensor]
    vocabulary: Vocabulary


def base_parts(base: BaseFile) -> list[Path]:
    """The parts of a parent's file inside the installed packages; raises BaseMissing."""
    specs = [find_spec(package) for package, _ in base.parts]
    found = [
        Path(spec.origin).parent / file
        for spec, (_, file) in zip(specs, base.parts, strict=True)
        if spec and spec.origin and (Path(spec.origin).parent / file).is_file()
    ]
    if len(found) < len(base.parts):
        raise BaseMissing(f"the base model {base.title} is not installed; {base.install}")
    return found


def require_sha256(path: Path, expected: str) -> None:
    """Raise ChecksumMismatch unless the file is the pinned one."""
    found = sha256_of(path)
    if found != expected:
        raise ChecksumMismatch(path, expected, found)


def sha256_of(path: Path) -> str:
    """The file's sha256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_base(base: BaseFile = SMOLLM2, path: Path | None = None) -> Base:
    """Check and read a pinned parent, from the installed packages or from the file at `path`.

    SmolLM2 takes 10 s and 0.6 GB, Qwen2.5-Coder half a minute and 3 GB. Raises BaseMissing and ChecksumMismatch.
    """
    with _whole(base, path) as file:
        require_sha256(file, base.sha256)
        return read_gguf(file)


@contextmanager
def _whole(base: BaseFile, path: Path | None) -> Iterator[Path]:
    """The one file, put together for as long as it is read where it comes in parts."""
    parts = base_parts(base) if path is None else [path]
    if not parts[0].is_file():
        raise BaseMissing(f"there is no file {path}, which {base.title} was to be read from")
    if len(parts) == 1:
        yield parts[0]
        return
    with TemporaryDirectory(prefix="coterie-base-") as folder:
        whole = Path(folder) / "base.gguf"
        with whole.open("wb") as out:
            for part in parts:
                with part.open("rb") as file:
                    shutil.copyfileobj(file, out, 1 << 20)
        yield whole


def read_gguf(path: Path) -> Base:
    """Any parent of Llama's or Qwen2's form. BaseMissing for another form."""
    from gguf import GGUFReader

    reader = GGUFReader(path)
    field = {name: entry.contents for name, entry in reader.fields.items()}
    form = field["general.architecture"]()
    if form not in FORMS:
        raise BaseMissing(f"{path} is of the form {form!r}; a parent is of {' or '.join(FORMS)}")
    parent = Parent(
        layers=field[f"{form}.block_count"](),
        hidden=field[f"{form}.embedding_length"](),
        heads=field[f"{form}.attention.head_count"](),
        kv_heads=field[f"{form}.attention.head_count_kv"](),
        ffn=field[f"{form}.feed_forward_length"](),
        vocab=len(field["tokenizer.ggml.tokens"]()),
        context=field[f"{form}.context_length"](),
        rope_theta=float(field[f"{form}.rope.freq_base"]()),
        eps=round(float(field[f"{form}.attention.layer_norm_rms_epsilon"]()), 12),
        qkv_bias=form == "qwen2",
    )
    tokens, kinds = field["tokenizer.ggml.tokens"](), field["tokenizer.ggml.token_type"]()
    special = [token for token, kind in zip(tokens, kinds, strict=True) if kind == _CONTROL]
    vocabulary = Vocabulary(tokens, field["tokenizer.ggml.merges"](), special, field["tokenizer.ggml.pre"]())
    finer_last = sorted(reader.tensors, key=lambda tensor: tensor.name == "output.weight")
    return Base(parent, dict(_tensor(tensor, parent) for tensor in finer_last), vocabulary)


def uninterleave(rows: np.ndarray, heads: int) -> np.ndarray:
    """[heads * 2 * half, in] with rotary pairs side by side -> the halves one after the other, per head."""
    count, width = rows.shape
    return rows.reshape(heads, count // heads // 2, 2, width).swapaxes(1, 2).reshape(count, width)


def _tensor(stored: "object", parent: Parent) -> tuple[str, Tensor]:
    from gguf import ReaderTensor, dequantize

    assert isinstance(stored, ReaderTensor)
    values = dequantize(stored.data, stored.tensor_type).astype(np.float32)
    values = values.reshape([int(n) for n in reversed(stored.shape)])
    name, _, kind = stored.name.rpartition(".")
    if name.startswith("blk."):
        _, layer, part = name.split(".")
        if part in ("attn_q", "attn_k") and not parent.qkv_bias:
            values = uninterleave(values, parent.heads if part == "attn_q" else parent.kv_heads)
        name = f"model.layers.{layer}.{_IN_LAYER[part]}"
    else:
        name = _TOP[name]
    return f"{name}.{kind}", torch.from_numpy(np.ascontiguousarray(values)).to(torch.bfloat16)
