"""Sorting (token, expert) pairs by expert on the GPU, without the host: counts, positions, and the map of row tiles.

One launch up to CHUNK pairs, three above. Order within an expert is pair order: deterministic, no atomics.
Shapes: P pairs, C chunks of pairs, B bins (experts, one for absent ones, padded to a power of two).
"""

# Triton kernels carry no Python types.
# mypy: disable-error-code="no-untyped-def,untyped-decorator"

from typing import NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor

CHUNK = 1024


class Groups(NamedTuple):
    """Rows sorted by expert: `pair_R` the pair of each row, `row_end_B` each expert's end; tiles of `block_m` rows."""

    pair_R: Tensor
    row_end_B: Tensor
    tile_expert: Tensor
    tile_row: Tensor
    num_tiles: Tensor
    max_tiles: int
    block_m: int


@triton.jit
def _bin_of(ids, p, num_pairs, num_experts):
    expert = tl.load(ids + p, mask=p < num_pairs, other=-1)
    return tl.where((expert >= 0) & (expert < num_experts), expert, num_experts)


@triton.jit
def count_kernel(ids, counts, num_pairs, num_experts, CHUNK: tl.constexpr, BINS: tl.constexpr):
    """Grid (C,): how many pairs of a chunk go to each bin."""
    chunk = tl.program_id(0)
    expert = _bin_of(ids, chunk * CHUNK + tl.arange(0, CHUNK), num_pairs, num_experts)
    tl.store(counts + chunk * BINS + tl.arange(0, BINS), tl.histogram(expert, BINS))


@triton.jit
def scan_kernel(counts, totals, num_chunks, BINS: tl.constexpr, PART: tl.constexpr):
    """Grid (B / PART,): counts become the number of pairs in earlier chunks; totals over all."""
    b = tl.program_id(0) * PART + tl.arange(0, PART)
    running = tl.zeros((PART,), tl.int32)
    for chunk in range(num_chunks):
        here = tl.load(counts + chunk * BINS + b)
        tl.store(counts + chunk * BINS + b, running)
        running += here
    tl.store(totals + b, running)


@triton.jit
def place_kernel(
    ids, counts, totals, pair_of, row_end, tile_expert, tile_row, num_tiles, num_pairs, num_experts,
    SINGLE: tl.constexpr, CHUNK: tl.constexpr, BINS: tl.constexpr, BLOCK_M: tl.constexpr, STEP: tl.constexpr,
):  # fmt: skip
    """Grid (C,): each pair's row; the first program also writes the tile map."""
    chunk = tl.program_id(0)
    i = tl.arange(0, CHUNK)
    p = chunk * CHUNK + i
    b = tl.arange(0, BINS)
    expert = _bin_of(ids, p, num_pairs, num_experts)
    if SINGLE:
        total = tl.histogram(expert, BINS)
        earlier = tl.zeros((BINS,), tl.int32)
    else:
        total = tl.load(totals + b)
        earlier = tl.load(counts + chunk * BINS + b)
    total = tl.where(b < num_experts, total, 0)
    end = tl.cumsum(total, 0)
    if chunk == 0:
        tiles = (total + BLOCK_M - 1) // BLOCK_M
        last = tl.cumsum(tiles, 0)
        tl.store(row_end + b, end)
        tl.store(num_tiles, tl.sum(tiles, 0))
        for n in range(tl.max(tiles, 0)):
            at = last - tiles + n
            tl.store(tile_expert + at, b, mask=n < tiles)
            tl.store(tile_row + at, end - total + n * BLOCK_M, mask=n < tiles)
    tl.store(counts + chunk * BINS + b, end - total + earlier)
    tl.debug_barrier()
    rank = tl.zeros((CHUNK,), tl.int32)
    for start in range(0, CHUNK, STEP):
        j = start + tl.arange(0, STEP)
        other = _bin_of(ids, chunk * CHUNK + j, num_pairs, num_experts)
        rank += tl.sum(((other[None, :] == expert[:, None]) & (j[None, :] < i[:, None])).to(tl.int32), 1)
    row = tl.load(counts + chunk * BINS + expert) + rank
    tl.store(pair_of + row, p, mask=(expert < num_experts) & (p < num_pairs))


def group_pairs(ids_TS: Tensor, num_experts: int, block_m: int) -> Groups:
    """Groups the pairs of `ids_TS` (int32; ids outside 0..num_experts-1 are dropped) for tiles of `block_m` rows."""
    pairs, device = ids_TS.numel(), ids_TS.device
    bins = triton.next_power_of_2(num_experts + 1)
    chunk = min(CHUNK, max(16, triton.next_power_of_2(pairs)))
    chunks = triton.cdiv(pairs, chunk)
    max_tiles = min(pairs, pairs // block_m + num_experts)
    sizes = (pairs, bins, max_tiles, max_tiles, 1, chunks * bins, bins)
    pair_of, row_end, tile_expert, tile_row, num_tiles, counts, totals = torch.empty(
        sum(sizes), dtype=torch.int32, device=device
    ).split_with_sizes(sizes)
    if chunks > 1:
        count_kernel[(chunks,)](ids_TS, counts, pairs, num_experts, CHUNK=chunk, BINS=bins)
        part = min(32, bins)
        scan_kernel[(bins // part,)](counts, totals, chunks, BINS=bins, PART=part, num_warps=1)
    place_kernel[(chunks,)](
        ids_TS, counts, totals, pair_of, row_end, tile_expert, tile_row, num_tiles, pairs, num_experts,
        SINGLE=chunks == 1, CHUNK=chunk, BINS=bins, BLOCK_M=block_m, STEP=min(32, chunk), num_warps=8,
    )  # fmt: skip
    return Groups(pair_of, row_end, tile_expert, tile_row, num_tiles, max_tiles, block_m)
