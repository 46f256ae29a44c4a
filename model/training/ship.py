"""From a trained network to the adapter that is committed and that `coterie model build` reads."""

from pathlib import Path

from torch import Tensor

from coterie.model.config import Experts
from coterie.model.training import checkpoint
from coterie.model.training.finetune import trained
from coterie.model.training.network import Network
from coterie.model.weights.adapter import Adapter, write_adapter


def ship(network: Network, carve: Path, folder: Path) -> str:
    """Write the adapter; returns its sha256."""
    permutations = {f"layers.{i}.permutation": c.permutation for i, c in enumerate(checkpoint.load_carve(carve))}
    tensors: dict[str, Tensor] = {name: tensor.float().cpu() for name, tensor in trained(network).items()}
    shape = network.shape
    experts = Experts(shape.shared, shape.expert_width, shape.experts, shape.top_k)
    return write_adapter(folder, Adapter(experts, shape.scaling, tensors | permutations)).sha256
