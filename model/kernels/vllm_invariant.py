"""Batch invariance of what is not ours in vLLM's forward on a CPU: the same text gets the same bits in any company.

Our expert kernels give a row the same result in any batch. vLLM's own matrix products choose their blocking by the
number of rows, so here they are always asked for the same number: rows go in blocks of 32, the last filled up with
zeros. And attention must not divide a sequence among threads by how busy the batch is (VLLM_CPU_ATTN_SPLIT_KV=0).
Norms, rotations and activations are row by row anyway. Asked for by $COTERIE_BATCH_INVARIANT; it costs time in long
prompts and in a single sequence's steps (docs/experiments.md).
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

BLOCK = 32
Linear = Callable[[Tensor, Tensor, Tensor | None], Tensor]


def fix_rows(utils: ModuleType) -> None:
    """Have every linear layer that vLLM prepares for the CPU multiply in blocks of a fixed number of rows."""
    prepare = utils.dispatch_cpu_unquantized_gemm

    def prepare_in_blocks(layer: Any, remove_weight: bool) -> None:
        prepare(layer, remove_weight)
        if hasattr(layer, "cpu_linear"):
            layer.cpu_linear = in_blocks(layer.cpu_linear)

    utils.dispatch_cpu_unquantized_gemm = prepare_in_blocks  # type: ignore[attr-defined]


def in_blocks(linear: Linear, block: int = BLOCK) -> Linear:
    """The linear function, asked for `block` rows at a time whatever the input [.., K] has."""

    def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        rows_TK = x.reshape(-1, x.shape[-1])
        count = len(rows_TK)
        filled_TK = F.pad(rows_TK, (0, 0, 0, -count % block))
        parts = [linear(part, weight, bias) for part in torch.split(filled_TK, block)]
        out_TN = parts[0] if len(parts) == 1 else torch.cat(parts)
        return out_TN[:count].view(*x.shape[:-1], out_TN.shape[-1])

    return product
