"""The layers that are measured, with fresh random weights, and the rows of the result."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from coterie.model.layers import LayerWeights, Routing, moe_layer

if TYPE_CHECKING:  # Triton is not everywhere
    from coterie.model.kernels.triton_layer import Plan

BOUNDS = {"bf16": 2e-2, "f32": 2e-2, "int8": 6e-2}  # of max_rel_err; int8 has the rounding of the weights in it
TOKENS = (1, 2, 4, 8, 16, 64, 256, 1024, 4096, 8192)


@dataclass(frozen=True)
class Shape:
    """A layer: hidden size, experts of `width`, a shared expert of `shared` (0 for none)."""

    name: str
    hidden: int
    width: int
    shared: int
    routing: Routing

    @property
    def weight_bytes(self) -> int:
        """Of all experts in bf16, the shared one included."""
        return 6 * self.hidden * (self.routing.num_experts * self.width + self.shared)


SHAPES = (
    Shape("coterie", 576, 96, 384, Routing(12, 8, scaling=8.0)),
    Shape("qwen3-30b-a3b", 2048, 768, 0, Routing(128, 8, "softmax")),
    Shape("olmoe", 2048, 1024, 0, Routing(64, 8, "softmax", renormalize=False)),
    Shape("deepseek-v2-lite", 2048, 1408, 2816, Routing(64, 6, "softmax", renormalize=False)),
    Shape("deepseek-v3-tp8", 7168, 256, 256, Routing(256, 8, num_groups=8, top_groups=4, scaling=2.5)),
)


@dataclass(frozen=True)
class Row:
    """One measurement: median over repeats and their interquartile spread, per layer call, in microseconds."""

    shape: str
    m: int
    dtype: str
    impl: str
    median_us: float
    spread_us: float
    max_rel_err: float | None = None
    note: str = ""
    threads: int | None = None

    def to_json(self) -> dict[str, object]:
        """The row of `model bench --json`."""
        return asdict(self)


def wrong(rows: Sequence[Row]) -> list[Row]:
    """The rows whose result is not what it should be: an error above the bound, or NaN."""
    return [row for row in rows if row.max_rel_err is not None and not row.max_rel_err <= BOUNDS[row.dtype]]


@dataclass
class Report:
    """Rows so far, tuned plans so far, and who wants to know of each new row."""

    on_row: Callable[[Row], None]
    rows: list[Row] = field(default_factory=list)
    plans: "dict[str, dict[int, Plan]]" = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Keeps and passes on a row."""
        self.rows.append(row)
        self.on_row(row)


@dataclass(frozen=True)
class Ceilings:
    """What the device does at best, measured: copied bytes (read + written) and bf16 products a second."""

    bytes_per_s: float
    flops_per_s: float


def floor_us(shape: Shape, experts_hit: int, tokens: int, ceilings: Ceilings) -> float:
    """The larger of bytes (weights of the experts hit, rows in and out) over bandwidth and products over their rate."""
    moved = 6 * shape.hidden * (experts_hit * shape.width + shape.shared) + tokens * shape.hidden * 4
    flops = tokens * (shape.routing.top_k * shape.width + shape.shared) * 6 * shape.hidden
    return max(moved / ceilings.bytes_per_s, flops / ceilings.flops_per_s) * 1e6


def row_of(
    shape: str,
    m: int,
    dtype: str,
    impl: str,
    times_us: list[float],
    error: float | None,
    note: str = "",
    threads: int | None = None,
) -> Row:
    """Median and interquartile spread of the repeats."""
    ordered = sorted(times_us)
    spread = ordered[(3 * len(ordered)) // 4] - ordered[len(ordered) // 4]
    return Row(shape, m, dtype, impl, round(median(ordered), 2), round(spread, 2), error, note, threads)


def random_weights(shape: Shape, device: str) -> LayerWeights:
    """Weights that keep activations near one; the gate in float32, experts in bf16."""
    h, i, s, e = shape.hidden, shape.width, shape.shared, shape.routing.num_experts

    def draw(*size: int) -> Tensor:
        return torch.randn(size, device=device, dtype=torch.bfloat16).mul_(size[-1] ** -0.5)

    return LayerWeights(
        gate_EH=draw(e, h).float(),
        w13_EJH=draw(e, 2 * i, h),
        w2_EHI=draw(e, h, i),
        bias_E=0.1 * torch.randn(e, device=device) if shape.routing.score == "sigmoid" else None,
        shared_w13_ZH=draw(2 * s, h) if s else None,
        shared_w2_HS=draw(h, s) if s else None,
    )


def relative_error(run: Callable[[Tensor], Tensor], x_TH: Tensor, weights: LayerWeights, routing: Routing) -> float:
    """Of the norm, against the specification in float64 on up to 16 of the rows, computed within the full batch."""
    out_TH = run(x_TH)
    rows = torch.randperm(len(x_TH), device=x_TH.device)[:16]
    expected = _in_float64(x_TH[rows], weights, routing)
    return float((out_TH[rows].double() - expected).norm() / expected.norm())


def _in_float64(x_TH: Tensor, weights: LayerWeights, routing: Routing) -> Tensor:
    """The specification, with only the experts these rows use widened: all of them need not fit in memory."""
    from coterie.model.layers import choose_experts, gate_logits, swiglu

    x = x_TH.double()
    bias = None if weights.bias_E is None else weights.bias_E.double()
    chosen = choose_experts(gate_logits(x, weights.gate_EH), bias, routing)
    used, ids = torch.unique(chosen.ids_TK, return_inverse=True)
    experts = LayerWeights(weights.gate_EH, weights.w13_EJH[used].double(), weights.w2_EHI[used].double())
    out = torch.zeros_like(x)
    for n in range(len(used)):
        token, slot = (ids == n).nonzero(as_tuple=True)
        y = swiglu(x[token], experts.w13_EJH[n], experts.w2_EHI[n])
        out.index_add_(0, token, y * chosen.weights_TK[token, slot, None])
    if weights.shared_w13_ZH is not None and weights.shared_w2_HS is not None:
        out += swiglu(x, weights.shared_w13_ZH.double(), weights.shared_w2_HS.double())
    return out


def reference(weights: LayerWeights, routing: Routing) -> Callable[[Tensor], Tensor]:
    """The plain-PyTorch layer as it stands, a loop over experts."""
    return lambda x_TH: moe_layer(x_TH, weights, routing)
