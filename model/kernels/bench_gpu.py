"""Measures the layers on a CUDA GPU: ceilings, baselines, ours with a quick tuning pass.

Every timing is a CUDA graph of several calls over rotated weights (past L2), replayed; the clock is device events. What
is compared is replayed in turn.
"""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice

import torch
from torch import Tensor

from coterie.model.kernels import bench_torch, bench_vllm, tuner
from coterie.model.kernels.bench_shapes import (
    SHAPES,
    TOKENS,
    Ceilings,
    Report,
    Shape,
    floor_us,
    random_weights,
    relative_error,
    row_of,
)
from coterie.model.kernels.triton_layer import Layer, make_layer, moe_layer
from coterie.model.kernels.triton_router import route
from coterie.model.layers import LayerWeights

Run = Callable[[Tensor], Tensor]
L2_BYTES = 256 << 20


class Graph:
    """A captured CUDA graph of `calls`."""

    def __init__(self, calls: list[Callable[[], object]]) -> None:
        for call in calls:  # compiles, and lets the baselines prepare what is not to be timed
            call()
        torch.cuda.synchronize()
        self._graph, self._num_calls = torch.cuda.CUDAGraph(), len(calls)
        with torch.cuda.graph(self._graph):
            for call in calls:
                call()
        self._graph.replay()

    def replay_us(self) -> float:
        """Microseconds per call of one replay."""
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        start.record()
        self._graph.replay()
        end.record()
        end.synchronize()
        return float(start.elapsed_time(end)) * 1e3 / self._num_calls


def times_in_turn(graphs: list[Graph], repeats: int = 9, budget_s: float = 0.25) -> list[list[float]]:
    """Microseconds per call of each graph; they take turns, so that clocks and heat are the same for all."""
    times: list[list[float]] = [[] for _ in graphs]
    begun = time.perf_counter()
    while graphs and len(times[0]) < repeats and (len(times[0]) < 3 or time.perf_counter() - begun < budget_s):
        for graph, into in zip(graphs, times, strict=True):
            into.append(graph.replay_us())
    return times


def graph_times(calls: list[Callable[[], object]], repeats: int = 9, budget_s: float = 0.25) -> list[float]:
    """Microseconds per call, one value a replay of a graph of all `calls`."""
    return times_in_turn([Graph(calls)], repeats, budget_s)[0]


def measure_ceilings() -> Ceilings:
    """A 2 GB copy and an 8192-cubed product on random data."""
    source = torch.randn(1 << 29, device="cuda")
    target = torch.empty_like(source)
    copy = min(graph_times([lambda: target.copy_(source)], 7))
    a, b = (torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    product = min(graph_times([lambda: a @ b] * 4, 5))
    return Ceilings(2 * source.numel() * 4 / copy * 1e6, 2 * 8192**3 / product * 1e6)


@dataclass(frozen=True)
class Copies:
    """Several layers of one shape, for rotation, and their tensors for the baselines."""

    shape: Shape
    weights: list[LayerWeights]
    layers: list[Layer]

    @staticmethod
    def make(shape: Shape) -> "Copies":
        """Enough copies to be past L2, at most 48."""
        count = max(1, min(48, L2_BYTES // shape.weight_bytes + 1))
        weights = [random_weights(shape, "cuda") for _ in range(count)]
        return Copies(shape, weights, [make_layer(w, shape.routing) for w in weights])

    def calls(self, make: Callable[[int], Run], tokens: int) -> list[Callable[[], object]]:
        """One call per copy (at least four), each with its own input."""
        inputs = [torch.randn(tokens, self.shape.hidden, device="cuda").bfloat16() for _ in range(4)]
        runs = [make(n) for n in range(len(self.weights))]
        count = max(len(runs), 4)
        pairs: Iterator[tuple[Run, Tensor]] = zip(cycle(runs), cycle(inputs), strict=False)
        return [lambda run=run, x=x: run(x) for run, x in islice(pairs, count)]  # type: ignore[misc]


@dataclass(frozen=True)
class Contender:
    """An implementation: `make(n)` is it over copy `n`."""

    impl: str
    make: Callable[[int], Run]
    note: str = ""


def contenders(report: Report, copies: Copies, tokens: int, *, tune: bool) -> list[Contender]:
    """Ours, PyTorch's and vLLM's for a number of tokens, tuned within this run where `tune` says so."""
    layers, weights = copies.layers, copies.weights
    plan = tuner.tune(layers, tokens, graph_times) if tune else None
    if plan:
        report.plans.setdefault(layers[0].shape, {})[tokens] = plan
    found = [
        Contender("own", lambda n: lambda x: moe_layer(x, layers[n], plan), str(plan or "default plan")),
        Contender("torch_grouped", lambda n: bench_torch.grouped(layers[n])),
    ]
    if tokens in (1, 16, 1024):
        found.append(Contender("transformers", lambda n: bench_torch.transformers_experts(layers[n])))
    if not bench_vllm.kernel():
        return found
    config = bench_vllm.default_config(tokens, copies.shape.routing.num_experts)
    found.append(Contender("vllm", lambda n: bench_vllm.layer(weights[n], layers[n], config), str(config)))
    best = bench_vllm.tune(weights, layers, tokens, graph_times) if tune else None
    if best:
        found.append(Contender("vllm_tuned", lambda n: bench_vllm.layer(weights[n], layers[n], best), str(best)))
    return found


def prepared(contender: Contender, copies: Copies, tokens: int) -> tuple[float, Graph] | None:
    """Its error against float64 and its graph; a failure becomes a message, not an end."""
    try:
        x = torch.randn(tokens, copies.shape.hidden, device="cuda").bfloat16()
        error = relative_error(contender.make(0), x, copies.weights[0], copies.shape.routing)
        return error, Graph(copies.calls(contender.make, tokens))
    except Exception as failure:  # a broken configuration must not cost the rest of the table
        where = f"{copies.shape.name} M={tokens} {contender.impl}"
        print(f"{where}: {type(failure).__name__}: {str(failure)[:300]}", file=sys.stderr)
        torch.cuda.synchronize()
        return None


def measure_tokens(report: Report, copies: Copies, tokens: int, ceilings: Ceilings, *, tune: bool) -> None:
    """Floor, baselines and ours for one shape and number of tokens, in turn."""
    shape = copies.shape
    x = torch.randn(tokens, shape.hidden, device="cuda").bfloat16()
    ids, _ = route(x, copies.layers[0].gate)
    hit = len(torch.unique(ids[:, : shape.routing.top_k]))
    report.add(row_of(shape.name, tokens, "bf16", "floor", [floor_us(shape, hit, tokens, ceilings)], None))
    ready = [(c, prepared(c, copies, tokens)) for c in contenders(report, copies, tokens, tune=tune)]
    fit = [(contender, *found) for contender, found in ready if found is not None]
    times = times_in_turn([graph for _, _, graph in fit], budget_s=0.25 * len(fit))
    for (contender, error, _), values in zip(fit, times, strict=True):
        report.add(row_of(shape.name, tokens, "bf16", contender.impl, values, error, contender.note))


def measure_router(report: Report, copies: Copies) -> None:
    """The router alone: target 3 us for a decode step."""
    for tokens in (1, 8, 64):
        try:
            make = lambda n: lambda x: route(x, copies.layers[n].gate)[0]  # noqa: E731
            times = graph_times(copies.calls(make, tokens) * 2)
            report.add(
                row_of(f"{copies.shape.name}/router", tokens, "bf16", "own", times, _router_error(copies, tokens))
            )
        except Exception as failure:
            print(f"{copies.shape.name} router M={tokens}: {failure}", file=sys.stderr)


def _router_error(copies: Copies, tokens: int) -> float:
    """Greatest difference between the weights of ours and of the specification in float64, both spread over experts."""
    from coterie.model.layers import choose_experts, gate_logits

    shape, weights = copies.shape, copies.weights[0]
    x = torch.randn(tokens, shape.hidden, device="cuda").bfloat16()
    ids, kept = route(x, copies.layers[0].gate)
    bias = None if weights.bias_E is None else weights.bias_E.double()
    chosen = choose_experts(gate_logits(x.double(), weights.gate_EH), bias, shape.routing)
    dense = torch.zeros(2, tokens, shape.routing.num_experts, device="cuda", dtype=torch.float64)
    dense[0].scatter_(1, ids[:, : shape.routing.top_k].long(), kept[:, : shape.routing.top_k].double())
    dense[1].scatter_(1, chosen.ids_TK, chosen.weights_TK)
    return float((dense[0] - dense[1]).abs().max() / dense[1].abs().max())


def check_invariance(copies: Copies) -> bool:
    """Whether a row's bits are the same alone and in a batch of 40, at several positions, on the invariant plan."""
    x = torch.randn(40, copies.shape.hidden, device="cuda").bfloat16()
    layer = copies.layers[0]
    together = moe_layer(x, layer, invariant=True)
    alone = [moe_layer(x[n : n + 1], layer, invariant=True)[0] for n in (0, 7, 39)]
    shifted = moe_layer(x.roll(5, 0), layer, invariant=True).roll(-5, 0)
    return bool(torch.equal(torch.stack(alone), together[[0, 7, 39]]) and torch.equal(shifted, together))


def run(report: Report, limit_s: float, names: list[str] | None) -> dict[str, object]:
    """All shapes at the default plans first, then each again tuned, until `limit_s` is spent. Returns the facts."""
    begun = time.perf_counter()
    warming = tuner.warm_in_background()
    ceilings = measure_ceilings()
    facts: dict[str, object] = {"copy_gb_per_s": ceilings.bytes_per_s / 1e9, "bf16_tflops": ceilings.flops_per_s / 1e12}
    print(f"{torch.cuda.get_device_name()}: {facts}", file=sys.stderr, flush=True)
    shapes = [shape for shape in SHAPES if not names or shape.name in names]
    tuner.wait(warming, limit_s * 0.3)
    for index, shape in enumerate(shapes):
        until = begun + limit_s * (0.3 + 0.7 * (index + 1) / len(shapes))
        try:
            copies = Copies.make(shape)
            measure_router(report, copies)
            facts[f"invariant {shape.name}"] = check_invariance(copies)
            for tokens in _order(TOKENS):
                if time.perf_counter() > until:
                    print(f"{shape.name}: out of time before M={tokens}", file=sys.stderr)
                    break
                measure_tokens(report, copies, tokens, ceilings, tune=True)
        except Exception as failure:
            print(f"{shape.name}: {type(failure).__name__}: {str(failure)[:500]}", file=sys.stderr, flush=True)
        copies = None  # type: ignore[assignment]
        torch.cuda.empty_cache()
    return facts


def _order(tokens: tuple[int, ...]) -> list[int]:
    """The most telling sizes first, in case time runs out."""
    first = [m for m in (1, 64, 1024, 8192, 8) if m in tokens]
    return first + [m for m in tokens if m not in first]
