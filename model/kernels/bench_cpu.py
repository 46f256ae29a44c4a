"""Measures the layers on the CPU: floor, PyTorch, vLLM's own path where it is installed, ours; on one thread and all.

Implementations take turns within each repeat, so that a busy machine slows all of them alike; distinct weights per
layer are walked in order, as decoding does, so that nothing sits in cache that would not.
"""

import itertools
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from coterie.model.kernels import bench_products, bench_torch, bench_vllm_cpu
from coterie.model.kernels.bench_shapes import (
    SHAPES,
    Ceilings,
    Report,
    Shape,
    floor_us,
    random_weights,
    reference,
    relative_error,
    row_of,
)
from coterie.model.kernels.cpu import available, in_use, moe_layer, pack
from coterie.model.layers import LayerWeights, Routing, choose_experts, gate_logits

Run = Callable[[Tensor], Tensor]
CPU_TOKENS = (1, 8, 32, 256, 1024, 4096)
CPU_SHAPES = (
    SHAPES[0],
    Shape("coterie-large", 896, 256, 1280, Routing(14, 9, scaling=9.0)),
    Shape("small", 256, 64, 64, Routing(16, 4, num_groups=4, top_groups=2, scaling=2.5)),
    Shape("olmoe-like", 1024, 256, 0, Routing(64, 8, "softmax", renormalize=False)),
    Shape("qwen3-moe-like", 1024, 192, 0, Routing(128, 8, "softmax")),
)
COPIES = {"coterie": 30, "coterie-large": 24, "small": 2}  # layers walked; one of the others is larger than a cache
SLOW_TOKENS, SLOW_REPEATS = 256, 3  # the loop over experts is not waited for beyond these


@dataclass(frozen=True)
class Contender:
    """An implementation over every layer: `impl` and `dtype` name its row."""

    impl: str
    dtype: str
    runs: list[Run]

    def goes_on(self, tokens: int, repeats: int) -> bool:
        """Whether it is to be timed once more."""
        return self.impl != "torch_loop" or (tokens <= SLOW_TOKENS and repeats < SLOW_REPEATS)


def measure_ceilings() -> Ceilings:
    """A 256 MB copy and a dense bf16 product of 1024 rows, each the best of a few, on the threads that are set."""
    source = torch.randn(1 << 26)
    target = torch.empty_like(source)
    copy_s = min(_seconds(lambda: target.copy_(source)) for _ in range(5))
    a, b = (torch.randn(1024, 1024).bfloat16() for _ in range(2))
    product_s = min(_seconds(lambda: a @ b) for _ in range(7))
    return Ceilings(2 * source.numel() * 4 / copy_s, 2 * 1024**3 / product_s)


def _seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def contenders(shape: Shape, layers: list[LayerWeights]) -> list[Contender]:
    """Ours in both formats where it builds, PyTorch grouped and in a loop, and vLLM's paths where it imports."""
    routing = shape.routing
    found = [
        Contender("torch_grouped", "bf16", [bench_torch.grouped_on_cpu(w, routing) for w in layers]),
        Contender("torch_loop", "bf16", [reference(w, routing) for w in layers[:2]]),
    ]
    if available() is None:
        found += [
            Contender("own", form, [lambda x, p=pack(w, routing, form): moe_layer(x, p) for w in layers])  # type: ignore[misc]
            for form in ("bf16", "int8")
        ]
    if not bench_vllm_cpu.importable():
        return found
    for isa in bench_vllm_cpu.instruction_sets():
        runs = [bench_vllm_cpu.layer(w, routing, isa) for w in layers]
        found.append(Contender("vllm" if isa == "amx" else f"vllm_{isa}", "bf16", runs))
    if "amx" in bench_vllm_cpu.instruction_sets():
        found.append(Contender("vllm", "int8", [bench_vllm_cpu.layer_int8(w, routing) for w in layers]))
    return found


def measure_tokens(report: Report, shape: Shape, layers: list[LayerWeights], all_of: list[Contender], tokens: int,
                   ceilings: Ceilings, budget_s: float) -> None:  # fmt: skip
    """One shape and number of tokens on the threads that are set: float64 check, then interleaved repeats until the
    budget is spent, three at least."""
    x, threads = torch.randn(tokens, shape.hidden).bfloat16(), torch.get_num_threads()
    chosen = choose_experts(gate_logits(x, layers[0].gate_EH), layers[0].bias_E, shape.routing)
    floor = floor_us(shape, len(torch.unique(chosen.ids_TK)), tokens, ceilings)
    report.add(row_of(shape.name, tokens, "bf16", "floor", [floor], None, threads=threads))
    errors = [relative_error(c.runs[0], x, layers[0], shape.routing) for c in all_of]
    times: list[list[float]] = [[] for _ in all_of]
    walked = max(1, CPU_TOKENS[-1] // tokens)  # many tokens reach every expert of one layer: no need to walk on
    begun, rounds = time.perf_counter(), 0
    while rounds < 3 or (time.perf_counter() - begun < budget_s and rounds < 40):
        for contender, into in zip(all_of, times, strict=True):
            if contender.goes_on(tokens, len(into)):
                runs = contender.runs[:walked]
                into.append(_seconds(lambda runs=runs: [run(x) for run in runs]) / len(runs) * 1e6)  # type: ignore[misc]
        rounds += 1
    for contender, values, error in zip(all_of, times, errors, strict=True):
        if values:
            row = row_of(shape.name, tokens, contender.dtype, contender.impl, values, error, threads=threads)
            report.add(row)


def run(report: Report, limit_s: float, names: list[str] | None) -> dict[str, object]:
    """Every shape on one thread and on all, few tokens first, within about `limit_s`. Returns the facts."""
    begun, counts = time.perf_counter(), sorted({1, torch.get_num_threads()})
    facts: dict[str, object] = {"threads": counts, "own": available() or in_use()}
    ceilings = {}
    for count in counts:
        with _threads(count):
            ceilings[count] = measure_ceilings()
        facts[f"copy_gb_per_s_{count}"] = ceilings[count].bytes_per_s / 1e9
        facts[f"bf16_gflops_{count}"] = ceilings[count].flops_per_s / 1e9
    print(f"CPU: {facts}", file=sys.stderr, flush=True)
    shapes = [shape for shape in CPU_SHAPES if not names or shape.name in names]
    products = [name for name in bench_products.PRODUCTS if not names or name in names]
    for name, count in itertools.product(products, counts):
        with _threads(count):
            bench_products.measure(report, name, count, limit_s / 30)
    for index, shape in enumerate(shapes):
        layers = [random_weights(shape, "cpu") for _ in range(COPIES.get(shape.name, 1))]
        all_of = contenders(shape, layers)
        for tokens in CPU_TOKENS:
            if time.perf_counter() - begun > limit_s * (index + 1) / len(shapes):
                print(f"{shape.name}: out of time before M={tokens}; raise --limit-s", file=sys.stderr)
                break
            for count in counts:
                with _threads(count):
                    budget_s = limit_s / len(shapes) / len(CPU_TOKENS) / len(counts)
                    measure_tokens(report, shape, layers, all_of, tokens, ceilings[count], budget_s)
    return facts


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
