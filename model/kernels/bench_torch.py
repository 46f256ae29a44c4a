"""Baselines from PyTorch: grouped matrix products, and transformers' own experts where it is installed.

On a GPU both take the routing from our kernels' gate in its plain-PyTorch form and run the shared expert as extra
experts, as ours does, so that only the expert computation differs. On a CPU the shared expert is a dense network.
Shapes: T tokens, H hidden, I expert width, S slots per token, P = T * S pairs.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import silu

from coterie.model.layers import LayerWeights, Routing, choose_experts, gate_logits, swiglu

if TYPE_CHECKING:  # Triton is not everywhere
    from coterie.model.kernels.triton_layer import Layer

Run = Callable[[Tensor], Tensor]


def plain_route(x_TH: Tensor, layer: "Layer") -> tuple[Tensor, Tensor]:
    """Ids and weights with the shared slots appended, in torch operations."""
    gate = layer.gate
    chosen = choose_experts(gate_logits(x_TH, gate.weight_EH), gate.bias_E, gate.routing)
    shared = torch.arange(gate.num_shared, device=x_TH.device) + gate.routing.num_experts
    ids = torch.cat([chosen.ids_TK, shared.expand(len(x_TH), -1)], dim=1)
    ones = torch.ones(len(x_TH), gate.num_shared, device=x_TH.device)
    return ids, torch.cat([chosen.weights_TK, ones], dim=1)


def grouped(layer: "Layer") -> Run:
    """Sort, two `torch._grouped_mm`, weighted sum; on a GPU."""
    return lambda x_TH: _grouped_experts(x_TH, layer.w13_EJH, layer.w2_EHI, *plain_route(x_TH, layer))


def grouped_on_cpu(weights: LayerWeights, routing: Routing) -> Run:
    """The same on a CPU."""

    def run(x_TH: Tensor) -> Tensor:
        chosen = choose_experts(gate_logits(x_TH, weights.gate_EH), weights.bias_E, routing)
        out_TH = _grouped_experts(x_TH, weights.w13_EJH, weights.w2_EHI, chosen.ids_TK, chosen.weights_TK)
        if weights.shared_w13_ZH is None or weights.shared_w2_HS is None:
            return out_TH
        return out_TH + swiglu(x_TH, weights.shared_w13_ZH, weights.shared_w2_HS)

    return run


def _grouped_experts(x_TH: Tensor, w13_EJH: Tensor, w2_EHI: Tensor, ids_TS: Tensor, weights_TS: Tensor) -> Tensor:
    slots = ids_TS.shape[1]
    sorted_ids, order = ids_TS.flatten().sort()
    ends = torch.searchsorted(sorted_ids, torch.arange(len(w2_EHI), device=x_TH.device), right=True).int()
    gate_up = torch._grouped_mm(x_TH[order // slots], w13_EJH.transpose(1, 2), offs=ends)
    gate, up = gate_up.chunk(2, dim=-1)
    y = torch._grouped_mm(silu(gate) * up, w2_EHI.transpose(1, 2), offs=ends)
    out = torch.empty_like(y)
    out[order] = y
    return (out.view(len(x_TH), slots, -1) * weights_TS[..., None]).sum(1).to(x_TH.dtype)


def transformers_experts(layer: "Layer") -> Run:
    """transformers' grouped experts over the same tensors."""
    from transformers.integrations.moe import grouped_mm_experts_forward

    def gated(gate_up: Tensor) -> Tensor:
        gate, up = gate_up.chunk(2, dim=-1)
        return silu(gate) * up

    module = SimpleNamespace(
        num_experts=len(layer.w2_EHI), gate_up_proj=layer.w13_EJH, down_proj=layer.w2_EHI, has_gate=True,
        has_bias=False, is_transposed=False, _is_expert_parallel=False, _apply_gate=gated, act_fn=silu,
    )  # fmt: skip

    def run(x_TH: Tensor) -> Tensor:
        ids, weights = plain_route(x_TH, layer)
        result: Tensor = grouped_mm_experts_forward(module, x_TH, ids, weights)
        return result.to(x_TH.dtype)

    return run
