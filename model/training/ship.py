"""From a trained network to the adapter that is committed and that `coterie model build` reads, and back."""

from dataclasses import replace
from pathlib import Path

from torch import Tensor

from coterie.model.config import Experts
from coterie.model.training import checkpoint
from coterie.model.training.finetune import trained
from coterie.model.training.network import LayerCarve, Network, Shape
from coterie.model.weights.adapter import Adapter, read_adapter, write_adapter


def ship(network: Network, carve: Path, folder: Path, base_sha256: str) -> str:
    """Write the adapter, for the parent of this sha256; returns its own."""
    permutations = {f"layers.{i}.permutation": c.permutation for i, c in enumerate(checkpoint.load_carve(carve))}
    tensors: dict[str, Tensor] = {name: tensor.float().cpu() for name, tensor in trained(network).items()}
    shape = network.shape
    experts = Experts(shape.shared, shape.expert_width, shape.experts, shape.top_k)
    return write_adapter(folder, Adapter(experts, shape.scaling, tensors | permutations), base_sha256).sha256


def unship(out: Path, folder: Path, shape: Shape) -> None:
    """Write carve.pt and trained.pt of an adapter: what a run that trains it further starts from.

    The factors have the adapter's rounding; `shape` gives the parent's sizes. Raises the errors of `read_adapter`.
    """
    adapter = read_adapter(folder)
    tensors, e = dict(adapter.tensors), adapter.experts
    carve = [LayerCarve(*(tensors[f"layers.{i}.{name}"] for name in LayerCarve._fields)) for i in range(shape.layers)]
    rank = len(tensors["layers.0.qkv.A"])
    shape = replace(shape, shared=e.shared, experts=e.number, top_k=e.top_k, rank=rank, scaling=adapter.scaling)
    out.mkdir(parents=True, exist_ok=True)
    checkpoint.save_carve(carve, out / "carve.pt")
    state = {name: tensor for name, tensor in tensors.items() if not name.endswith(".permutation")}
    checkpoint.save_trained(state, shape, out / "trained.pt")
