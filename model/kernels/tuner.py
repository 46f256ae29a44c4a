"""The tuner: times candidate tiles of each kernel for a shape and number of tokens, keeps the best plan.

`write` stores the plans as configs/<device>.json, which triton_layer.py reads. Candidates are compiled beforehand by
background processes (Triton's disk cache), so that the device is not kept waiting.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from coterie.model.kernels import bench_vllm
from coterie.model.kernels.bench_shapes import SHAPES
from coterie.model.kernels.triton_decode import PairTiles, pairs_down, pairs_up
from coterie.model.kernels.triton_group import group_pairs
from coterie.model.kernels.triton_layer import Layer, Plan, moe_layer
from coterie.model.kernels.triton_prefill import Tiles, grouped_down, grouped_up
from coterie.model.kernels.triton_router import route

Timer = Callable[..., list[float]]
PAIR_TILES = [
    PairTiles(*t)
    for t in ((16, 128, 4, 3), (8, 256, 4, 3), (16, 256, 4, 2), (8, 512, 4, 2), (32, 64, 4, 4), (4, 512, 2, 3))
]
SMALL = [
    Tiles(*t)
    for t in ((32, 128, 4, 4), (64, 128, 4, 4), (64, 64, 4, 5), (128, 64, 4, 4), (32, 256, 4, 3), (16, 256, 4, 4))
]
MEDIUM = [Tiles(*t) for t in ((64, 64, 4, 4), (128, 64, 4, 3), (128, 64, 8, 3), (64, 128, 4, 3))]
LARGE = [Tiles(*t) for t in ((128, 64, 8, 3), (128, 64, 8, 4), (64, 64, 4, 4), (128, 64, 8, 3, 32))]
LARGE_DOWN = [Tiles(*t) for t in ((128, 64, 8, 4), (256, 64, 8, 3), (128, 64, 4, 4), (128, 64, 8, 3, 32))]


def candidates(tokens: int, rows_per_expert: float) -> list[tuple[int, list[Tiles], list[Tiles]]]:
    """Row tile sizes worth trying, each with its tiles for the two products."""
    if rows_per_expert <= 12:
        return [(16, SMALL, SMALL)]
    if rows_per_expert <= 48:
        return [(16, SMALL[:4], SMALL[:4]), (32, MEDIUM, MEDIUM), (64, MEDIUM, MEDIUM)]
    if rows_per_expert <= 160:
        return [(64, MEDIUM, MEDIUM), (128, LARGE[:3], LARGE_DOWN[:3])]
    return [(64, MEDIUM[:3], MEDIUM[:3]), (128, LARGE, LARGE_DOWN)]


def tune(layers: list[Layer], tokens: int, timer: Timer) -> Plan | None:
    """The fastest plan: the best tiles of each kernel by themselves, then the paths against each other."""
    layer = layers[0]
    x = torch.randn(tokens, layer.w2_EHI.shape[1], device=layer.w2_EHI.device).bfloat16()
    ids, weights = route(x, layer.gate)
    plans = [_best_pairs(layers, x, ids, weights, timer)] if tokens <= 8 else []
    for block_m, ups, downs in candidates(tokens, ids.numel() / len(layer.w2_EHI)):
        plans.append(_best_grouped(layers, x, ids, weights, block_m, ups, downs, timer))
    timed = [(_time(partial(_run_plan, x, plan), layers, timer), plan) for plan in plans]
    finite = [(took, plan) for took, plan in timed if took < float("inf")]
    return min(finite, key=lambda pair: pair[0])[1] if finite else None


def _run_plan(x_TH: Tensor, plan: Plan, layer: Layer) -> Tensor:
    return moe_layer(x_TH, layer, plan)


def _time(call: Callable[[Layer], object], layers: list[Layer], timer: Timer) -> float:
    try:
        return min(timer([lambda one=one: call(one) for one in layers] * (2 if len(layers) < 4 else 1), 5, 0.05))
    except Exception as failure:  # too much shared memory, registers: not a candidate on this device
        print(f"tuner: {type(failure).__name__}: {str(failure)[:120]}", file=sys.stderr)
        return float("inf")


def _best_pairs(layers: list[Layer], x: Tensor, ids: Tensor, weights: Tensor, timer: Timer) -> Plan:
    up = min(PAIR_TILES, key=lambda t: _time(lambda one: pairs_up(x, one.w13_EJH, ids, t), layers, timer))
    h = pairs_up(x, layers[0].w13_EJH, ids, up)
    down = min(
        PAIR_TILES, key=lambda t: _time(lambda one: pairs_down(h, one.w2_EHI, ids, weights, x.dtype, t), layers, timer)
    )
    return Plan("pairs", 0, up, down)


def _best_grouped(layers: list[Layer], x: Tensor, ids: Tensor, weights: Tensor, block_m: int, ups: list[Tiles],
                  downs: list[Tiles], timer: Timer) -> Plan:  # fmt: skip
    groups = group_pairs(ids, len(layers[0].w2_EHI), block_m)
    slots = ids.shape[1]
    up = min(ups, key=lambda t: _time(lambda one: grouped_up(x, one.w13_EJH, slots, groups, t), layers, timer))
    h = grouped_up(x, layers[0].w13_EJH, slots, groups, up)
    down = min(downs, key=lambda t: _time(lambda one: grouped_down(h, one.w2_EHI, weights, groups, t), layers, timer))
    return Plan("grouped", block_m, up, down)


def write(path: Path, device: str, plans: dict[str, dict[int, Plan]]) -> None:
    """Plans as JSON, for triton_layer.py; those that are there for other shapes and numbers of tokens stay."""
    there: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"device": device, "shapes": {}}
    if there["device"] != device:
        raise ValueError(f"{path} has the plans of {there['device']}, these are of {device}; name another file")
    shapes = there["shapes"]
    for shape, by_m in plans.items():
        shapes[shape] = shapes.get(shape, {}) | {str(m): plan._asdict() for m, plan in by_m.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"device": device, "shapes": shapes}, indent=1) + "\n")


def warm_in_background(workers: int = 12) -> list[subprocess.Popen[bytes]]:
    """Starts processes that each compile a share of the candidates into Triton's cache."""
    count = max(1, min(workers, (os.cpu_count() or 2) - 2))
    command = [sys.executable, "-m", "coterie.model.kernels.tuner"]
    return [subprocess.Popen([*command, str(n), str(count)], stdout=subprocess.DEVNULL) for n in range(count)]


def wait(processes: list[subprocess.Popen[bytes]], limit_s: float) -> None:
    """Waits for the background processes, ends those that are late."""
    until = time.perf_counter() + limit_s
    for process in processes:
        try:
            process.wait(max(0.1, until - time.perf_counter()))
        except subprocess.TimeoutExpired:
            process.kill()


def _vllm_jobs() -> list[tuple[int, dict[str, int]]]:
    """Every configuration the vLLM baseline may try, for the two values of top_k among the shapes."""
    if not bench_vllm.kernel():
        return []
    configs = {
        str(c): c for m in bench_vllm_tokens() for c in [*bench_vllm.candidates(m), bench_vllm.default_config(m, 64)]
    }
    return [(top_k, config) for top_k in (8, 6) for config in configs.values()]


def bench_vllm_tokens() -> tuple[int, ...]:
    """One number of tokens for each regime of the baseline's configurations."""
    return (1, 16, 64, 256, 1024, 8192)


def _jobs() -> list[tuple[int, int, int, Tiles | PairTiles]]:
    """Every (hidden, width, row tile, tiles) that compiles differently: divisibility, not size, decides."""
    grouped = [(16, SMALL), (32, MEDIUM), (64, MEDIUM), (128, [*LARGE, *LARGE_DOWN])]
    jobs: list[tuple[int, int, int, Tiles | PairTiles]] = []
    for shape in (SHAPES[1], SHAPES[0], SHAPES[3]):
        jobs += [(shape.hidden, shape.width, 0, tiles) for tiles in PAIR_TILES]
        jobs += [(shape.hidden, shape.width, block_m, tiles) for block_m, all_tiles in grouped for tiles in all_tiles]
    return jobs


def warm(share: int, shares: int) -> None:
    """Compiles and runs this process's share on two experts."""
    for hidden, width, block_m, tiles in _jobs()[share::shares]:
        x = torch.randn(16, hidden, device="cuda").bfloat16()
        w13, w2 = (
            torch.randn(2, 2 * width, hidden, device="cuda").bfloat16(),
            torch.randn(2, hidden, width, device="cuda").bfloat16(),
        )
        ids = torch.arange(128, device="cuda", dtype=torch.int32).view(16, 8) % 2
        weights = torch.ones(16, 8, device="cuda")
        try:
            if isinstance(tiles, PairTiles):
                pairs_down(pairs_up(x, w13, ids, tiles), w2, ids, weights, x.dtype, tiles)
            else:
                groups = group_pairs(ids, 2, block_m)
                grouped_down(grouped_up(x, w13, 8, groups, tiles), w2, weights, groups, tiles)
        except Exception as failure:
            print(f"warm {block_m} {tiles}: {str(failure)[:120]}", file=sys.stderr)


def warm_vllm(share: int, shares: int) -> None:
    """The same for the vLLM baseline."""
    for top_k, config in _vllm_jobs()[share::shares]:
        try:
            bench_vllm.warm(2048, 768, top_k, config)
        except Exception as failure:
            print(f"warm vllm {config}: {str(failure)[:120]}", file=sys.stderr)


if __name__ == "__main__":
    warm(int(sys.argv[1]), int(sys.argv[2]))
    warm_vllm(int(sys.argv[1]), int(sys.argv[2]))
