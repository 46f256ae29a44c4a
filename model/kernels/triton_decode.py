"""Decode on a GPU: few tokens, so every (token, expert) pair streams its expert's weights once; no grouping.

First kernel: grid (pair, tile of I), gate and up rows together, SiLU in registers. Second: output-centric,
grid (token, tile of H), the token's slots in order, one write, no atomics. Sums are float32 throughout.
Shapes: T tokens, H hidden, I expert width, S slots per token, P = T * S pairs.
"""

# Triton kernels carry no Python types.
# mypy: disable-error-code="no-untyped-def,untyped-decorator"

from typing import NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor


class PairTiles(NamedTuple):
    """Tile sizes of one of the two decode kernels: `rows` outputs by `depth` inputs at a time."""

    rows: int
    depth: int
    warps: int
    stages: int


@triton.jit
def pairs_up_kernel(
    x, w13, ids, h, slots, num_experts, hidden, width,
    ROWS: tl.constexpr, DEPTH: tl.constexpr, EVEN: tl.constexpr,
):  # fmt: skip
    pair = tl.program_id(0)
    expert = tl.load(ids + pair).to(tl.int64)
    i = tl.program_id(1) * ROWS + tl.arange(0, ROWS)
    if (expert >= 0) & (expert < num_experts):
        gate_rows = w13 + expert * 2 * width * hidden + (i % width)[:, None] * hidden
        gate = tl.zeros((ROWS, DEPTH), tl.float32)
        up = tl.zeros((ROWS, DEPTH), tl.float32)
        for start in range(0, hidden, DEPTH):
            k = start + tl.arange(0, DEPTH)
            if EVEN:
                x_k = tl.load(x + (pair // slots) * hidden + k).to(tl.float32)
                gate_w = tl.load(gate_rows + k[None, :])
                up_w = tl.load(gate_rows + width * hidden + k[None, :])
            else:
                inside = k < hidden
                x_k = tl.load(x + (pair // slots) * hidden + k, mask=inside, other=0.0).to(tl.float32)
                gate_w = tl.load(gate_rows + k[None, :], mask=inside[None, :], other=0.0)
                up_w = tl.load(gate_rows + width * hidden + k[None, :], mask=inside[None, :], other=0.0)
            gate += gate_w.to(tl.float32) * x_k[None, :]
            up += up_w.to(tl.float32) * x_k[None, :]
        g = tl.sum(gate, 1)
        tl.store(h + pair * width + i, g / (1.0 + tl.exp(-g)) * tl.sum(up, 1), mask=i < width)


@triton.jit
def pairs_down_kernel(
    h, w2, ids, weights, out, slots, num_experts, hidden, width,
    ROWS: tl.constexpr, DEPTH: tl.constexpr, EVEN: tl.constexpr,
):  # fmt: skip
    token = tl.program_id(0)
    n = tl.program_id(1) * ROWS + tl.arange(0, ROWS)
    acc = tl.zeros((ROWS, DEPTH), tl.float32)
    for slot in range(slots):
        pair = token * slots + slot
        expert = tl.load(ids + pair).to(tl.int64)
        weight = tl.load(weights + pair)
        if (expert >= 0) & (expert < num_experts):
            rows = w2 + expert * hidden * width + (n % hidden)[:, None] * width
            for start in range(0, width, DEPTH):
                k = start + tl.arange(0, DEPTH)
                if EVEN:
                    h_k = tl.load(h + pair * width + k) * weight
                    w = tl.load(rows + k[None, :])
                else:
                    inside = k < width
                    h_k = tl.load(h + pair * width + k, mask=inside, other=0.0) * weight
                    w = tl.load(rows + k[None, :], mask=inside[None, :], other=0.0)
                acc += w.to(tl.float32) * h_k[None, :]
    tl.store(out + token * hidden + n, tl.sum(acc, 1).to(out.dtype.element_ty), mask=n < hidden)


def pairs_up(x_TH: Tensor, w13_EJH: Tensor, ids_TS: Tensor, tiles: PairTiles) -> Tensor:
    """Activations [P, I] in float32; those of an id outside the experts are not written."""
    hidden, width, pairs = x_TH.shape[1], w13_EJH.shape[1] // 2, ids_TS.numel()
    h_PI = torch.empty(pairs, width, dtype=torch.float32, device=x_TH.device)
    pairs_up_kernel[(pairs, triton.cdiv(width, tiles.rows))](
        x_TH, w13_EJH, ids_TS, h_PI, ids_TS.shape[1], len(w13_EJH), hidden, width, ROWS=tiles.rows,
        DEPTH=tiles.depth, EVEN=hidden % tiles.depth == 0, num_warps=tiles.warps, num_stages=tiles.stages,
    )  # fmt: skip
    return h_PI


def pairs_down(
    h_PI: Tensor, w2_EHI: Tensor, ids_TS: Tensor, weights_TS: Tensor, dtype: torch.dtype, tiles: PairTiles
) -> Tensor:
    """The layer's output [T, H] in `dtype`; an id outside the experts adds nothing."""
    tokens, slots = ids_TS.shape
    hidden, width = w2_EHI.shape[1:]
    out_TH = torch.empty(tokens, hidden, dtype=dtype, device=h_PI.device)
    pairs_down_kernel[(tokens, triton.cdiv(hidden, tiles.rows))](
        h_PI, w2_EHI, ids_TS, weights_TS, out_TH, slots, len(w2_EHI), hidden, width, ROWS=tiles.rows,
        DEPTH=tiles.depth, EVEN=width % tiles.depth == 0, num_warps=tiles.warps, num_stages=tiles.stages,
    )  # fmt: skip
    return out_TH
