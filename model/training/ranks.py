"""Several training processes as one: what `torchrun` started averages its gradients, a lone process does nothing.

Each process has a GPU of its own, or they share the CPU. Run on CPUs so far; several GPUs are untried.
"""

import os
from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import Tensor


def join() -> None:
    """Join the group that `torchrun` describes, if it does."""
    if "WORLD_SIZE" in os.environ and not dist.is_initialized():
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")


def rank() -> int:
    """This process's number; 0 when alone."""
    return dist.get_rank() if dist.is_initialized() else 0


def average(tensors: Sequence[Tensor | None]) -> None:
    """Replace every tensor by its mean over the ranks, in place and in one message."""
    present = [tensor for tensor in tensors if tensor is not None]
    if not dist.is_initialized() or not present:
        return
    flat = torch.cat([tensor.flatten() for tensor in present])
    dist.all_reduce(flat)
    flat /= size()
    parts: tuple[Tensor, ...] = torch.split(flat, [tensor.numel() for tensor in present])
    for tensor, part in zip(present, parts, strict=True):
        tensor.copy_(part.view_as(tensor))


def size() -> int:
    """How many processes there are."""
    return dist.get_world_size() if dist.is_initialized() else 1


def total(counts: Sequence[float]) -> list[float]:
    """The sums over the ranks."""
    if not dist.is_initialized():
        return list(counts)
    shared = torch.tensor(counts, dtype=torch.float64, device="cuda" if torch.cuda.is_available() else "cpu")
    dist.all_reduce(shared)
    return [float(each) for each in shared]


def agreed(value: float) -> float:
    """Rank 0's value, so that clocks that differ do not end a run at different steps."""
    if not dist.is_initialized():
        return value
    shared = torch.tensor([value], dtype=torch.float64, device="cuda" if torch.cuda.is_available() else "cpu")
    dist.broadcast(shared, src=0)
    return float(shared)
