"""Measures the layers on the CPU: copy bandwidth, PyTorch, vLLM's own path where it is installed, ours.

Implementations take turns within each repeat, so that a busy machine slows all of them alike; distinct weights per
layer are walked in order, as decoding does, so that nothing sits in cache that would not.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from coterie.model.kernels import bench_vllm_cpu
from coterie.model.kernels.bench_gpu import Report
from coterie.model.kernels.bench_shapes import SHAPES, Shape, random_weights, reference, relative_error, row_of
from coterie.model.kernels.cpu import pack
from coterie.model.kernels.cpu.op import moe_layer
from coterie.model.layers import LayerWeights, Routing, choose_experts, gate_logits

Run = Callable[[Tensor], Tensor]
CPU_TOKENS = (1, 2, 4, 8, 16, 64, 256, 1024)
CPU_SHAPES = (SHAPES[0], Shape("small", 256, 64, 64, Routing(16, 4, num_groups=4, top_groups=2, scaling=2.5)))


def copy_bytes_per_s() -> float:
    """Read plus written, 256 MB, the best of a few."""
    source = torch.randn(1 << 26)
    target = torch.empty_like(source)
    return 2 * source.numel() * 4 / min(_seconds(lambda: target.copy_(source)) for _ in range(7))


def _seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


@dataclass(frozen=True)
class Contender:
    """An implementation over every layer: `impl` and `dtype` name its row."""

    impl: str
    dtype: str
    runs: list[Run]


def contenders(shape: Shape, layers: list[LayerWeights]) -> list[Contender]:
    """Ours in both formats, PyTorch's loop, and vLLM's path where it imports."""
    found = [
        Contender("own", form, [lambda x, p=pack(w, shape.routing, form): moe_layer(x, p) for w in layers])  # type: ignore[misc]
        for form in ("bf16", "int8")
    ]
    found.append(
        Contender("torch", "bf16", [reference(w, shape.routing) for w in layers[:2]])
    )  # slow: two layers will do
    if bench_vllm_cpu.importable():
        for isa in bench_vllm_cpu.instruction_sets():
            runs = [bench_vllm_cpu.layer(w, shape.routing, isa) for w in layers]
            found.append(Contender("vllm" if isa == "amx" else f"vllm_{isa}", "bf16", runs))
    return found


def floor_us(shape: Shape, x: Tensor, weights: LayerWeights, bytes_per_s: float) -> float:
    """Bytes of the experts hit over half the copy bandwidth's bytes (a read needs no write)."""
    hit = len(torch.unique(choose_experts(gate_logits(x, weights.gate_EH), weights.bias_E, shape.routing).ids_TK))
    return 6 * shape.hidden * (hit * shape.width + shape.shared) / bytes_per_s * 1e6


def measure_tokens(report: Report, shape: Shape, layers: list[LayerWeights], all_of: list[Contender], tokens: int,
                   bytes_per_s: float, budget_s: float) -> None:  # fmt: skip
    """One shape and number of tokens: float64 check, then interleaved repeats until the budget is spent."""
    x = torch.randn(tokens, shape.hidden).bfloat16()
    report.add(row_of(shape.name, tokens, "bf16", "floor", [floor_us(shape, x, layers[0], bytes_per_s)], None))
    errors = [relative_error(c.runs[0], x, layers[0], shape.routing) for c in all_of]
    times: list[list[float]] = [[] for _ in all_of]
    begun = time.perf_counter()
    while len(times[0]) < 3 or (time.perf_counter() - begun < budget_s and len(times[0]) < 40):
        for contender, into in zip(all_of, times, strict=True):
            if contender.impl == "torch" and (len(into) >= 3 or tokens > 256):
                continue
            into.append(_seconds(lambda c=contender: [run(x) for run in c.runs]) / len(contender.runs) * 1e6)  # type: ignore[misc]
    for contender, values, error in zip(all_of, times, errors, strict=True):
        if values:
            report.add(row_of(shape.name, tokens, contender.dtype, contender.impl, values, error))


def run(report: Report, limit_s: float, names: list[str] | None) -> dict[str, object]:
    """Every shape and number of tokens within about `limit_s`. Returns the facts."""
    from coterie.model.kernels.cpu import in_use

    bytes_per_s = copy_bytes_per_s()
    facts: dict[str, object] = {"copy_gb_per_s": bytes_per_s / 1e9, "threads": torch.get_num_threads(), "isa": in_use()}
    print(f"CPU: {facts}", file=sys.stderr, flush=True)
    shapes = [shape for shape in CPU_SHAPES if not names or shape.name in names]
    for shape in shapes:
        count = 30 if shape.name == "coterie" else 2
        layers = [random_weights(shape, "cpu") for _ in range(count)]
        all_of = contenders(shape, layers)
        for tokens in CPU_TOKENS:
            budget_s = limit_s / len(shapes) / len(CPU_TOKENS)
            measure_tokens(report, shape, layers, all_of, tokens, bytes_per_s, budget_s)
    return facts
