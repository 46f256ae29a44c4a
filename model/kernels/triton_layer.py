"""The whole MoE layer on a GPU: router, then the decode or the prefill kernels, by a plan per number of tokens.

No host synchronisation and no data-dependent shapes, so a CUDA graph can hold it. With `invariant` one plan serves
every number of tokens, and a row's bits do not depend on its batch.
Shapes: T tokens, H hidden, E routed experts, N shared slots (experts E..E+N-1), I expert width, J = 2I.
"""

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from coterie.model.kernels.triton_decode import PairTiles, pairs_down, pairs_up
from coterie.model.kernels.triton_group import group_pairs
from coterie.model.kernels.triton_prefill import Tiles, gather_sum, grouped_down, grouped_up
from coterie.model.kernels.triton_router import Gate, make_gate, route, router_refusal
from coterie.model.layers import LayerWeights, Routing

CONFIGS = Path(__file__).parent / "configs"


class Plan(NamedTuple):
    """Which kernels, with which tiles; `block_m` rows a tile on the grouped path."""

    path: Literal["pairs", "grouped"]
    block_m: int
    up: PairTiles | Tiles
    down: PairTiles | Tiles


@dataclass(frozen=True)
class Layer:
    """A layer's tensors on its GPU, shared experts appended to the routed ones."""

    gate: Gate
    w13_EJH: Tensor
    w2_EHI: Tensor

    @property
    def shape(self) -> str:
        """The key of this shape in the tuned configurations."""
        experts, hidden, width = self.w2_EHI.shape
        return f"H{hidden}-I{width}-E{experts}-S{self.gate.routing.top_k + self.gate.num_shared}"


def refusal(routing: Routing, width: int, shared_width: int) -> str | None:
    """Why a layer cannot run on these kernels, or None; widths are those of a routed and of the shared expert."""
    if shared_width % width:
        return f"its shared expert is {shared_width} wide, not a multiple of {width}"
    return router_refusal(routing)


def make_layer(weights: LayerWeights, routing: Routing) -> Layer:
    """Cuts the shared expert into experts of the routed width, which it must be a multiple of."""
    for matrix in (weights.w13_EJH, weights.w2_EHI, weights.shared_w13_ZH, weights.shared_w2_HS):
        if matrix is not None and matrix.dtype != torch.bfloat16:
            raise ValueError(f"experts in {matrix.dtype}: the GPU kernels take bfloat16; set COTERIE_KERNELS=vllm")
    width = weights.w2_EHI.shape[2]
    shared = 0 if weights.shared_w2_HS is None else weights.shared_w2_HS.shape[1]
    if refused := refusal(routing, width, shared):
        raise ValueError(f"{refused}; set COTERIE_KERNELS=vllm")
    w13, w2, num_shared = weights.w13_EJH, weights.w2_EHI, shared // width
    if weights.shared_w13_ZH is not None and weights.shared_w2_HS is not None:
        gate, up = (half.view(num_shared, width, -1) for half in weights.shared_w13_ZH.chunk(2))
        w13 = torch.cat([w13, torch.cat([gate, up], dim=1)])
        w2 = torch.cat([w2, weights.shared_w2_HS.view(-1, num_shared, width).transpose(0, 1)])
    gate_parts = make_gate(weights.gate_EH, weights.bias_E, routing, num_shared)
    return Layer(gate_parts, w13.contiguous(), w2.contiguous())


def moe_layer(x_TH: Tensor, layer: Layer, plan: Plan | None = None, *, invariant: bool = False) -> Tensor:
    """The layer's output [T, H] in `x_TH`'s dtype; `plan` overrides the tuned one."""
    if x_TH.dtype != layer.w13_EJH.dtype or not x_TH.is_contiguous() or x_TH.shape[1] != layer.w2_EHI.shape[1]:
        raise ValueError(
            f"input is {x_TH.dtype} {tuple(x_TH.shape)}, contiguous: {x_TH.is_contiguous()}; "
            f"the layer takes contiguous {layer.w13_EJH.dtype} [T, {layer.w2_EHI.shape[1]}]"
        )
    return moe_layer_routed(x_TH, layer, plan, invariant=invariant)[0]


def moe_layer_routed(
    x_TH: Tensor, layer: Layer, plan: Plan | None = None, *, invariant: bool = False
) -> tuple[Tensor, Tensor]:
    """`moe_layer` without its checks, and the ids of every slot, int32 [T, K + N]."""
    if not len(x_TH):
        slots = layer.gate.routing.top_k + layer.gate.num_shared
        return torch.empty_like(x_TH), torch.empty(0, slots, dtype=torch.int32, device=x_TH.device)
    ids_TS, weights_TS = route(x_TH, layer.gate, fixed=invariant)
    plan = plan or plan_for(layer, len(x_TH), invariant=invariant)
    return experts(x_TH, layer, ids_TS, weights_TS, plan), ids_TS


def experts(x_TH: Tensor, layer: Layer, ids_TS: Tensor, weights_TS: Tensor, plan: Plan) -> Tensor:
    """The experts of a routing that is there; ids outside the layer's experts are skipped."""
    if isinstance(plan.up, PairTiles) and isinstance(plan.down, PairTiles):
        h_PI = pairs_up(x_TH, layer.w13_EJH, ids_TS, plan.up)
        return pairs_down(h_PI, layer.w2_EHI, ids_TS, weights_TS, x_TH.dtype, plan.down)
    assert isinstance(plan.up, Tiles)
    assert isinstance(plan.down, Tiles)
    num_experts = len(layer.w2_EHI)
    groups = group_pairs(ids_TS, num_experts, plan.block_m)
    h_RI = grouped_up(x_TH, layer.w13_EJH, ids_TS.shape[1], groups, plan.up)
    y_PH = grouped_down(h_RI, layer.w2_EHI, weights_TS, groups, plan.down)
    return gather_sum(y_PH, ids_TS, num_experts)


def plan_for(layer: Layer, tokens: int, *, invariant: bool = False) -> Plan:
    """The tuned plan of the nearest number of tokens, or a default from the mean rows per expert."""
    if invariant:
        return Plan("grouped", 16, Tiles(64, 64, 4, 3), Tiles(64, 64, 4, 3))
    tuned = _tuned(_device_name(layer.w13_EJH.device)).get(layer.shape)
    if tuned:
        return tuned[min(tuned, key=lambda m: abs(m - tokens))]
    slots, num_experts = layer.gate.routing.top_k + layer.gate.num_shared, len(layer.w2_EHI)
    return default_plan(tokens * slots / num_experts, tokens)


def default_plan(rows_per_expert: float, tokens: int) -> Plan:
    """What to run on a device or shape nobody tuned."""
    if tokens <= 4:
        return Plan("pairs", 0, PairTiles(16, 256, 4, 2), PairTiles(16, 256, 4, 2))
    if rows_per_expert <= 16:
        return Plan("grouped", 16, Tiles(64, 128, 4, 3), Tiles(64, 128, 4, 3))
    if rows_per_expert <= 96:
        return Plan("grouped", 64, Tiles(64, 64, 4, 4), Tiles(128, 64, 4, 4))
    return Plan("grouped", 128, Tiles(128, 64, 8, 3), Tiles(128, 64, 8, 3))


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


@functools.cache
def _tuned(device_name: str) -> dict[str, dict[int, Plan]]:
    path = CONFIGS / f"{device_name.replace(' ', '_')}.json"
    return read_plans(path) if path.exists() else {}


def read_plans(path: Path) -> dict[str, dict[int, Plan]]:
    """Plans by shape and number of tokens, from the tuner's JSON."""
    shapes = json.loads(path.read_text())["shapes"]
    return {shape: {int(m): plan_from_json(plan) for m, plan in plans.items()} for shape, plans in shapes.items()}


def plan_from_json(plan: dict[str, object]) -> Plan:
    """One plan as the tuner wrote it: `{"path", "block_m", "up": [...], "down": [...]}`."""
    kind = PairTiles if plan["path"] == "pairs" else Tiles
    return Plan(plan["path"], plan["block_m"], kind(*plan["up"]), kind(*plan["down"]))  # type: ignore[arg-type,misc]
