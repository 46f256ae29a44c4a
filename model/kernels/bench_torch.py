"""Baselines from PyTorch: grouped matrix products, and transformers' own experts where it is installed.

Both take the routing from our kernels' gate in its plain-PyTorch form and run the shared expert as extra experts, as
ours does, so that only the expert computation differs.
Shapes: T tokens, H hidden, I expert width, S slots per token, P = T * S pairs.
"""

from collections.abc import Callable
from types import SimpleNamespace

import torch
from torch import Tensor
from torch.nn.functional import silu

from coterie.model.kernels.triton_layer import Layer
from coterie.model.layers import choose_experts, gate_logits

Run = Callable[[Tensor], Tensor]


def plain_route(x_TH: Tensor, layer: Layer) -> tuple[Tensor, Tensor]:
    """Ids and weights with the shared slots appended, in torch operations."""
    gate = layer.gate
    chosen = choose_experts(gate_logits(x_TH, gate.weight_EH), gate.bias_E, gate.routing)
    shared = torch.arange(gate.num_shared, device=x_TH.device) + gate.routing.num_experts
    ids = torch.cat([chosen.ids_TK, shared.expand(len(x_TH), -1)], dim=1)
    ones = torch.ones(len(x_TH), gate.num_shared, device=x_TH.device)
    return ids, torch.cat([chosen.weights_TK, ones], dim=1)


def grouped(layer: Layer) -> Run:
    """Sort, two `torch._grouped_mm`, weighted sum."""
    w13_EHJ, w2_EIH = layer.w13_EJH.transpose(1, 2), layer.w2_EHI.transpose(1, 2)
    num_experts = len(layer.w2_EHI)

    def run(x_TH: Tensor) -> Tensor:
        ids_TS, weights_TS = plain_route(x_TH, layer)
        slots = ids_TS.shape[1]
        sorted_ids, order = ids_TS.flatten().sort()
        ends = torch.searchsorted(sorted_ids, torch.arange(num_experts, device=x_TH.device), right=True).int()
        gate_up = torch._grouped_mm(x_TH[order // slots], w13_EHJ, offs=ends)
        gate, up = gate_up.chunk(2, dim=-1)
        y = torch._grouped_mm(silu(gate) * up, w2_EIH, offs=ends)
        out = torch.empty_like(y)
        out[order] = y
        return (out.view(len(x_TH), slots, -1) * weights_TS[..., None]).sum(1).to(x_TH.dtype)

    return run


def transformers_experts(layer: Layer) -> Run:
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
