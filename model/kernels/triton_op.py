"""The GPU layer as a torch operation, `torch.ops.coterie.moe_layer_gpu`, so that compiled graphs can hold it.

Its tensors are arguments, so that layers of one shape share one compiled graph. Shapes: as in `triton_layer`.
"""

import functools
from typing import Literal, cast

import torch
from torch import Tensor

from coterie.model.kernels.triton_layer import Layer, make_layer, moe_layer_routed
from coterie.model.kernels.triton_router import Gate
from coterie.model.layers import LayerWeights, Routing

_SCORES: tuple[Literal["sigmoid", "softmax"], ...] = ("sigmoid", "softmax")
_SIGNATURE = (
    "moe_layer_gpu(Tensor x, Tensor gate, Tensor hi, Tensor mid, Tensor lo, Tensor? bias, Tensor w13, Tensor w2, "
    "int[] routing, float scaling) -> (Tensor, Tensor)"
)


class GpuLayer:
    """A layer on the device of its weights; called with rows [T, H], gives the output and the experts chosen."""

    def __init__(self, weights: LayerWeights, routing: Routing) -> None:
        register()
        self.layer = make_layer(weights, routing)

    def __call__(self, x_TH: Tensor) -> tuple[Tensor, Tensor]:
        return moe_layer_gpu(x_TH, self.layer)


def moe_layer_gpu(x_TH: Tensor, layer: Layer) -> tuple[Tensor, Tensor]:
    """The whole layer [T, H] and the routed experts chosen, int32 [T, K]."""
    gate, routing = layer.gate, layer.gate.routing
    numbers = [
        routing.num_experts, routing.top_k, _SCORES.index(routing.score), routing.num_groups, routing.top_groups,
        int(routing.renormalize), int(routing.round_logits), gate.num_shared,
    ]  # fmt: skip
    result = torch.ops.coterie.moe_layer_gpu(
        x_TH, gate.weight_EH, *gate.parts, gate.bias_E, layer.w13_EJH, layer.w2_EHI, numbers, routing.scaling
    )
    return cast(tuple[Tensor, Tensor], result)


def _moe_layer_gpu(
    x: Tensor, gate: Tensor, hi: Tensor, mid: Tensor, lo: Tensor, bias: Tensor | None, w13: Tensor, w2: Tensor,
    numbers: list[int], scaling: float,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    experts, top_k, score, groups, top_groups, renormalize, rounds, num_shared = numbers
    routing = Routing(
        experts, top_k, _SCORES[score], groups, top_groups, bool(renormalize), scaling, round_logits=bool(rounds)
    )
    layer = Layer(Gate(gate, (hi, mid, lo), bias, routing, num_shared), w13, w2)
    out_TH, ids_TS = moe_layer_routed(x.contiguous(), layer)
    return out_TH, ids_TS[:, :top_k].contiguous()


@functools.cache
def _library() -> torch.library.Library:
    ops = torch.library.Library("coterie", "FRAGMENT")  # type: ignore[no-untyped-call]
    ops.define(_SIGNATURE)  # type: ignore[no-untyped-call]
    for device in ("CUDA", "CPU"):  # on a CPU under Triton's interpreter
        ops.impl("moe_layer_gpu", _moe_layer_gpu, device)  # type: ignore[no-untyped-call]
    torch.library.register_fake(
        "coterie::moe_layer_gpu",
        lambda x, *rest: (torch.empty_like(x), x.new_empty(x.shape[0], rest[7][1], dtype=torch.int32)),
        lib=ops,
    )
    return ops


def register() -> None:
    """Makes `torch.ops.coterie.moe_layer_gpu` exist."""
    _library()
