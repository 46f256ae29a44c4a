"""What a training run starts from and what it ships: the dense parent, its carve, and the trained state.

The trained state leaves as one flat bf16/fp32 file (about 40 MB), small enough to be carried between machines.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from coterie.model.training.network import LayerCarve, Network, Shape, uncarved
from coterie.model.training.precision import working_dtype


def dense_parent(dense: Mapping[str, Tensor], shape: Shape, device: torch.device) -> Network:
    """The frozen dense model: every expert on, nothing to learn."""
    network = _network(replace(shape, top_k=shape.experts, rank=1), dense, uncarved(shape), device)
    return network.requires_grad_(False)


def sparse_student(dense: Mapping[str, Tensor], carve: list[LayerCarve], shape: Shape, device: torch.device) -> Network:
    """The carved model, ready to be trained."""
    return _network(shape, dense, carve, device)


def dense_student(dense: Mapping[str, Tensor], shape: Shape, device: torch.device) -> Network:
    """The dense model trained alike, as a baseline: same low-rank deltas and norms, no routing."""
    network = _network(replace(shape, top_k=shape.experts), dense, uncarved(shape), device)
    for layer in network.layers:
        layer.router.requires_grad_(False)
    return network


def _network(shape: Shape, dense: Mapping[str, Tensor], carve: list[LayerCarve], device: torch.device) -> Network:
    return Network(shape, dense, carve, dtype=working_dtype(device.type)).to(device)


def save_carve(carve: list[LayerCarve], path: Path) -> None:
    """Write a carve."""
    stacked = {name: torch.stack([getattr(layer, name) for layer in carve]) for name in LayerCarve._fields}
    torch.save(stacked | {"permutation": stacked["permutation"].to(torch.int16)}, path)


def load_carve(path: Path) -> list[LayerCarve]:
    """Read a carve. ValueError where the file is none."""
    stacked = _read(path, LayerCarve._fields, "carve (of the carve command)")
    fields = zip(*(stacked[name] for name in LayerCarve._fields), strict=True)
    return [LayerCarve(*layer) for layer in fields]


def save_trained(trained: Mapping[str, Tensor], shape: Shape, path: Path) -> None:
    """Write the trained state and its shape: low-rank factors in bf16, routers, biases and norms in float32."""
    small = {name: t.to(torch.bfloat16) if name.endswith((".A", ".B")) else t.float() for name, t in trained.items()}
    tensors = {name: tensor.contiguous().cpu() for name, tensor in small.items()}
    torch.save({"shape": asdict(shape), "network": tensors}, path)


def mix(first: Path, second: Path, share: float, out: Path) -> None:
    """Write `share` of the first trained state and the rest of the second, tensor by tensor. ValueError where their
    shapes differ or a file is none."""
    what = "trained state (trained.pt of a run)"
    one, other = (_read(path, ("shape", "network"), what) for path in (first, second))
    if one["shape"] != other["shape"]:
        raise ValueError(f"{first} was trained with {one['shape']}, {second} with {other['shape']}")
    pairs = {name: (tensor.float(), other["network"][name].float()) for name, tensor in one["network"].items()}
    mixed = {name: share * mine + (1 - share) * its for name, (mine, its) in pairs.items()}
    save_trained(mixed, Shape(**one["shape"]), out)


def shape_of(path: Path) -> Shape:
    """The shape that a trained state was trained in. ValueError where the file is none."""
    return Shape(**_read(path, ("shape", "network"), "trained state (trained.pt of a run)")["shape"])


def load_trained(network: Network, path: Path) -> None:
    """Put a trained state into a network of the same shape, of which only how many experts are active may be another.
    ValueError where the shapes differ or the file is none."""
    saved = _read(path, ("shape", "network"), "trained state (trained.pt of a run)")
    own = asdict(network.shape) | {"top_k": saved["shape"]["top_k"]}
    other = {name: value for name, value in saved["shape"].items() if value != own[name]}
    if other:
        raise ValueError(f"{path} was trained with {other}, this network has {network.shape}")
    network.load_state_dict({name: tensor.float() for name, tensor in saved["network"].items()}, strict=False)


def _read(path: Path, parts: Sequence[str], what: str) -> dict[str, Any]:
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError) as error:
        raise ValueError(f"{path} is no {what}: {error!r:.200}") from None
    if not isinstance(saved, dict) or not saved.keys() >= set(parts):
        raise ValueError(f"{path} is no {what}")
    return saved
