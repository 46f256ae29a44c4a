"""Prefill on a GPU: grouped matrix products over rows sorted by expert, SwiGLU in the first one's epilogue.

Programs are persistent: a fixed grid walks the tiles, whose number only the device knows. The second product writes
each pair's row, then a gather-sum adds a token's slots in order: deterministic, no atomics.
Shapes: T tokens, H hidden, I expert width, J = 2I, S slots per token, P = T * S pairs, R sorted rows.
"""

# Triton kernels carry no Python types.
# mypy: disable-error-code="no-untyped-def,untyped-decorator"

from typing import NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor

from coterie.model.kernels.triton_dot import dot
from coterie.model.kernels.triton_group import Groups


class Tiles(NamedTuple):
    """Tile sizes of one grouped product; `columns` outputs (of each half, in the first) by `depth` inputs."""

    columns: int
    depth: int
    warps: int
    stages: int
    swizzle: int = 8


@triton.jit
def _tile(tile, total, blocks, SWIZZLE: tl.constexpr):
    """Row tile and column tile of a running number: SWIZZLE row tiles share their columns' weights in L2."""
    band = tile // (SWIZZLE * blocks)
    first = band * SWIZZLE
    height = tl.minimum(total - first, SWIZZLE)
    inside = tile % (SWIZZLE * blocks)
    return first + inside % height, inside // height


@triton.jit
def grouped_up_kernel(
    x, w13, h, pair_of, row_end, tile_expert, tile_row, num_tiles, slots, hidden, width,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, SWIZZLE: tl.constexpr, EVEN: tl.constexpr,
):  # fmt: skip
    total = tl.load(num_tiles)
    blocks = tl.cdiv(width, BLOCK_N)
    for tile in range(tl.program_id(0), total * blocks, tl.num_programs(0)):
        m, block = _tile(tile, total, blocks, SWIZZLE)
        expert = tl.load(tile_expert + m).to(tl.int64)
        row = tl.load(tile_row + m) + tl.arange(0, BLOCK_M)
        inside = row < tl.load(row_end + expert)
        token = tl.load(pair_of + row, mask=inside, other=0) // slots
        n = block * BLOCK_N + tl.arange(0, BLOCK_N)
        k = tl.arange(0, BLOCK_K)
        a = x + token.to(tl.int64)[:, None] * hidden + k[None, :]
        b = w13 + expert * 2 * width * hidden + (n % width)[None, :] * hidden + k[:, None]
        gate = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
        up = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
        for start in range(0, hidden, BLOCK_K):
            if EVEN:
                a_MK = tl.load(a + start)
                gate_KN = tl.load(b + start)
                up_KN = tl.load(b + width * hidden + start)
            else:
                left = hidden - start
                a_MK = tl.load(a + start, mask=k[None, :] < left, other=0.0)
                gate_KN = tl.load(b + start, mask=k[:, None] < left, other=0.0)
                up_KN = tl.load(b + width * hidden + start, mask=k[:, None] < left, other=0.0)
            gate = dot(a_MK, gate_KN, gate)
            up = dot(a_MK, up_KN, up)
        value = gate / (1.0 + tl.exp(-gate)) * up
        to = h + row.to(tl.int64)[:, None] * width + n[None, :]
        tl.store(to, value.to(h.dtype.element_ty), mask=inside[:, None] & (n[None, :] < width))


@triton.jit
def grouped_down_kernel(
    h, w2, weights, y, pair_of, row_end, tile_expert, tile_row, num_tiles, hidden, width,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, SWIZZLE: tl.constexpr, EVEN: tl.constexpr,
):  # fmt: skip
    total = tl.load(num_tiles)
    blocks = tl.cdiv(hidden, BLOCK_N)
    for tile in range(tl.program_id(0), total * blocks, tl.num_programs(0)):
        m, block = _tile(tile, total, blocks, SWIZZLE)
        expert = tl.load(tile_expert + m).to(tl.int64)
        row = tl.load(tile_row + m) + tl.arange(0, BLOCK_M)
        inside = row < tl.load(row_end + expert)
        n = block * BLOCK_N + tl.arange(0, BLOCK_N)
        k = tl.arange(0, BLOCK_K)
        a = h + row.to(tl.int64)[:, None] * width + k[None, :]
        b = w2 + expert * hidden * width + (n % hidden)[None, :] * width + k[:, None]
        acc = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
        for start in range(0, width, BLOCK_K):
            if EVEN:
                a_MK = tl.load(a + start, mask=inside[:, None], other=0.0)
                b_KN = tl.load(b + start)
            else:
                left = width - start
                a_MK = tl.load(a + start, mask=inside[:, None] & (k[None, :] < left), other=0.0)
                b_KN = tl.load(b + start, mask=k[:, None] < left, other=0.0)
            acc = dot(a_MK, b_KN, acc)
        pair = tl.load(pair_of + row, mask=inside, other=0)
        acc = acc * tl.load(weights + pair, mask=inside, other=0.0)[:, None]
        to = y + pair.to(tl.int64)[:, None] * hidden + n[None, :]
        tl.store(to, acc.to(y.dtype.element_ty), mask=inside[:, None] & (n[None, :] < hidden))


@triton.jit
def gather_sum_kernel(y, ids, out, num_experts, hidden, SLOTS: tl.constexpr, BLOCK: tl.constexpr):
    token = tl.program_id(0).to(tl.int64)
    n = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    acc = tl.zeros((BLOCK,), tl.float32)
    for slot in tl.static_range(SLOTS):
        expert = tl.load(ids + token * SLOTS + slot)
        if (expert >= 0) & (expert < num_experts):
            acc += tl.load(y + (token * SLOTS + slot) * hidden + n, mask=n < hidden, other=0.0).to(tl.float32)
    tl.store(out + token * hidden + n, acc.to(out.dtype.element_ty), mask=n < hidden)


def _programs(groups: Groups, blocks: int, device: torch.device) -> int:
    """Two programs a multiprocessor at most: the rest of the tiles come round by themselves."""
    if device.type != "cuda":
        return 2
    return min(groups.max_tiles * blocks, 2 * torch.cuda.get_device_properties(device).multi_processor_count)


def grouped_up(x_TH: Tensor, w13_EJH: Tensor, slots: int, groups: Groups, tiles: Tiles) -> Tensor:
    """Activations of the sorted rows, [R, I] in `x_TH`'s dtype."""
    hidden, width = x_TH.shape[1], w13_EJH.shape[1] // 2
    h_RI = torch.empty(len(groups.pair_R), width, dtype=x_TH.dtype, device=x_TH.device)
    grid = (_programs(groups, triton.cdiv(width, tiles.columns), x_TH.device),)
    grouped_up_kernel[grid](
        x_TH, w13_EJH, h_RI, groups.pair_R, groups.row_end_B, groups.tile_expert, groups.tile_row, groups.num_tiles,
        slots, hidden, width, BLOCK_M=groups.block_m, BLOCK_N=tiles.columns, BLOCK_K=tiles.depth,
        SWIZZLE=tiles.swizzle, EVEN=hidden % tiles.depth == 0, num_warps=tiles.warps, num_stages=tiles.stages,
    )  # fmt: skip
    return h_RI


def grouped_down(h_RI: Tensor, w2_EHI: Tensor, weights_TS: Tensor, groups: Groups, tiles: Tiles) -> Tensor:
    """Weighted outputs of every pair, [P, H], in pair order; rows of dropped pairs are not written."""
    hidden, width = w2_EHI.shape[1:]
    y_PH = torch.empty(weights_TS.numel(), hidden, dtype=h_RI.dtype, device=h_RI.device)
    grid = (_programs(groups, triton.cdiv(hidden, tiles.columns), h_RI.device),)
    grouped_down_kernel[grid](
        h_RI, w2_EHI, weights_TS, y_PH, groups.pair_R, groups.row_end_B, groups.tile_expert, groups.tile_row,
        groups.num_tiles, hidden, width, BLOCK_M=groups.block_m, BLOCK_N=tiles.columns, BLOCK_K=tiles.depth,
        SWIZZLE=tiles.swizzle, EVEN=width % tiles.depth == 0, num_warps=tiles.warps, num_stages=tiles.stages,
    )  # fmt: skip
    return y_PH


def gather_sum(y_PH: Tensor, ids_TS: Tensor, num_experts: int) -> Tensor:
    """Each token's slots added in slot order, [T, H]."""
    tokens, slots = ids_TS.shape
    hidden = y_PH.shape[1]
    out_TH = torch.empty(tokens, hidden, dtype=y_PH.dtype, device=y_PH.device)
    block = min(1024, triton.next_power_of_2(hidden))
    gather_sum_kernel[(tokens, triton.cdiv(hidden, block))](
        y_PH, ids_TS, out_TH, num_experts, hidden, SLOTS=slots, BLOCK=block, num_warps=4
    )
    return out_TH
