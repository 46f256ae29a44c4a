"""Measures the dense products of our model on the CPU: ours beside torch's in bf16 and in float32, taking turns.

A product is walked over several copies of its weight, so that nothing sits in cache that would not while decoding.
"""

import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from coterie.model.kernels.bench_shapes import Report, row_of
from coterie.model.kernels.cpu import available
from coterie.model.kernels.cpu.linear import PackedLinear

PRODUCTS = {"coterie/qkv": (960, 576), "coterie/o": (576, 576), "coterie/head": (49152, 576)}
"""Outputs N and inputs K, by name."""
TOKENS = (1, 8, 32, 256)
COPIES = 4
Run = Callable[[Tensor], Tensor]


def measure(report: Report, name: str, threads: int, budget_s: float) -> None:
    """One product at every number of rows, on the threads that are set."""
    n, k = PRODUCTS[name]
    copies = 1 if n * k > 1 << 22 else COPIES
    weights = [torch.randn(n, k).mul_(k**-0.5).bfloat16() for _ in range(copies)]
    ways: list[tuple[str, str, list[Run]]] = [
        ("torch", "bf16", [_torch(w) for w in weights]),
        ("torch", "f32", [_torch(w.float()) for w in weights]),
    ]
    if available() is None:
        ways.append(("own", "bf16", [PackedLinear(w) for w in weights]))
    for tokens in TOKENS:
        x = torch.randn(tokens, k).bfloat16()
        times = _in_turn([runs for _, _, runs in ways], x, budget_s / len(TOKENS))
        exact = x.double() @ weights[0].double().T
        for (impl, dtype, runs), values in zip(ways, times, strict=True):
            error = float((runs[0](x).double() - exact).norm() / exact.norm())
            report.add(row_of(name, tokens, dtype, impl, values, error, threads=threads))


def _torch(weight_NK: Tensor) -> Run:
    return lambda x: F.linear(x.to(weight_NK.dtype), weight_NK)


def _in_turn(ways: list[list[Run]], x: Tensor, budget_s: float) -> list[list[float]]:
    """Microseconds a product, of three rounds at least."""
    times: list[list[float]] = [[] for _ in ways]
    begun = time.perf_counter()
    while len(times[0]) < 3 or (time.perf_counter() - begun < budget_s and len(times[0]) < 40):
        for runs, into in zip(ways, times, strict=True):
            started = time.perf_counter()
            for run in runs:
                run(x)
            into.append((time.perf_counter() - started) / len(runs) * 1e6)
    return times
