"""The trained part, small enough to commit: `adapter.safetensors` and its description `adapter.json`.

Per layer i: `layers.i.permutation` int16 [F] (the parent's FFN neurons in their new order: shared first, then
expert by expert), `router` [N, D], `bias` [N] (selection only), `norm1`, `norm2` [D], and low-rank pairs for
`qkv`, `o`, `gate_up`, `down`; for the whole model `norm` [D] and optional pairs `embed`, `lm_head`.
A pair is `A` [r, in] and `B` [out, r], int8 with one scale per row; W' = W + scaling * B @ A, where W is the
parent's matrix with its neurons already in the new order.

Shapes: D hidden, F FFN neurons, N experts, r rank.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import Tensor

from coterie.model.config import Experts, Parent
from coterie.model.errors import AdapterInvalid
from coterie.model.weights.base import require_sha256, sha256_of

WEIGHTS = Path(__file__).parent
TENSORS, DESCRIPTION = "adapter.safetensors", "adapter.json"
LAYER_PAIRS = ("qkv", "o", "gate_up", "down")
OPTIONAL_PAIRS = ("embed", "lm_head")


class Architecture(BaseModel):
    """The experts and the low-rank deltas, as written in the description."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shared: int
    expert_width: int
    experts: int
    top_k: int
    scaling: float


class Description(BaseModel):
    """`adapter.json`: version 1 of the format, what it belongs to, and its sha256."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    sha256: str
    base_sha256: str
    architecture: Architecture


@dataclass(frozen=True)
class Adapter:
    """The trained part in memory, its pairs as float32 (`layers.3.qkv.A`)."""

    experts: Experts
    scaling: float
    tensors: Mapping[str, Tensor]

    def delta(self, name: str) -> Tensor | None:
        """scaling * B @ A of a pair in float32, or None where it has none."""
        if f"{name}.A" not in self.tensors:
            return None
        return self.scaling * (self.tensors[f"{name}.B"] @ self.tensors[f"{name}.A"])


def write_adapter(folder: Path, adapter: Adapter, base_sha256: str) -> Description:
    """Quantize the pairs and write both files, for the base of this sha256; the description is written last."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    stored: dict[str, Tensor] = {}
    for name, tensor in adapter.tensors.items():
        stored |= _quantized(name, tensor) if is_pair(name) else {name: _plain(name, tensor)}
    save_file({name: tensor.contiguous() for name, tensor in stored.items()}, folder / TENSORS)
    e = adapter.experts
    architecture = Architecture(
        shared=e.shared, expert_width=e.width, experts=e.number, top_k=e.top_k, scaling=adapter.scaling
    )
    sha256 = sha256_of(folder / TENSORS)
    description = Description(sha256=sha256, base_sha256=base_sha256, architecture=architecture)
    (folder / DESCRIPTION).write_text(description.model_dump_json(indent=1) + "\n")
    return description


def read_description(folder: Path) -> Description:
    """The description alone; raises AdapterInvalid."""
    path = folder / DESCRIPTION
    try:
        return Description.model_validate_json(path.read_text())
    except FileNotFoundError:
        raise AdapterInvalid(f"the trained part is missing: {path} does not exist; check the repository out") from None
    except ValidationError as error:
        raise AdapterInvalid(f"{path} is not an adapter description: {error.errors()[0]['msg']}") from None


def read_adapter(folder: Path) -> Adapter:
    """Check the sha256 and read the trained part; raises ChecksumMismatch, AdapterInvalid."""
    from safetensors.torch import load_file

    description = read_description(folder)
    if not (folder / TENSORS).is_file():
        raise AdapterInvalid(f"the trained part is missing: {folder / TENSORS} does not exist")
    require_sha256(folder / TENSORS, description.sha256)
    stored = load_file(folder / TENSORS)
    tensors = {
        name: tensor.float() * stored[f"{name}_scale"].float() if is_pair(name) else tensor
        for name, tensor in stored.items()
        if not name.endswith("_scale")
    }
    a = description.architecture
    return Adapter(Experts(a.shared, a.expert_width, a.experts, a.top_k), a.scaling, tensors)


def require_fit(adapter: Adapter, parent: Parent) -> None:
    """Raise AdapterInvalid unless every tensor is there, has the parent's shape, and neurons are only permuted."""
    if adapter.experts.neurons != parent.ffn:
        raise AdapterInvalid(f"{adapter.experts} has {adapter.experts.neurons} neurons, the parent has {parent.ffn}")
    for name, shape in _shapes(adapter.experts, parent):
        found = adapter.tensors.get(name)
        if found is None or tuple(found.shape) != shape:
            got = "is missing" if found is None else f"has shape {tuple(found.shape)}"
            raise AdapterInvalid(f"adapter tensor {name!r} {got}, expected {shape}")
        if name.endswith("permutation") and not torch.equal(found.long().sort().values, torch.arange(parent.ffn)):
            raise AdapterInvalid(f"adapter tensor {name!r} is not a permutation of {parent.ffn} neurons")
    for name, (out, inner) in _pair_shapes(adapter.experts, parent):
        a, b = adapter.tensors.get(f"{name}.A"), adapter.tensors.get(f"{name}.B")
        if a is None and b is None:
            continue
        if a is None or b is None or (b.shape[0], a.shape[1]) != (out, inner) or a.shape[0] != b.shape[1]:
            raise AdapterInvalid(f"adapter pair {name!r} does not make a [{out}, {inner}] matrix")


def is_pair(name: str) -> bool:
    """Whether a tensor is one half of a low-rank pair."""
    return name.endswith((".A", ".B"))


def _shapes(experts: Experts, parent: Parent) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "norm", (parent.hidden,)
    for i in range(parent.layers):
        yield f"layers.{i}.permutation", (parent.ffn,)
        yield f"layers.{i}.router", (experts.number, parent.hidden)
        yield f"layers.{i}.bias", (experts.number,)
        yield f"layers.{i}.norm1", (parent.hidden,)
        yield f"layers.{i}.norm2", (parent.hidden,)


def _pair_shapes(experts: Experts, parent: Parent) -> Iterator[tuple[str, tuple[int, int]]]:
    for name in OPTIONAL_PAIRS:
        yield name, (parent.vocab, parent.hidden)
    for i in range(parent.layers):
        yield f"layers.{i}.qkv", (parent.qkv, parent.hidden)
        yield f"layers.{i}.o", (parent.hidden, parent.heads * parent.head_width)
        yield f"layers.{i}.gate_up", (2 * experts.neurons, parent.hidden)
        yield f"layers.{i}.down", (parent.hidden, experts.neurons)


def _quantized(name: str, tensor: Tensor) -> dict[str, Tensor]:
    """Symmetric int8 per row; a row of zeros keeps the scale 1."""
    largest = tensor.float().abs().amax(dim=1, keepdim=True)
    scale = torch.where(largest > 0, largest / 127, torch.ones_like(largest))
    return {name: (tensor.float() / scale).round().to(torch.int8), f"{name}_scale": scale}


def _plain(name: str, tensor: Tensor) -> Tensor:
    return tensor.to(torch.int16) if name.endswith("permutation") else tensor.float()
