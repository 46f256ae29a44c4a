"""Baseline: vLLM's own path through an MoE layer on the CPU, as its Glm4Moe block runs it.

Gate in float32, its top-k in torch, its fused experts on prepacked weights, its packed linears for the shared expert,
scale and sum.
"""

import functools
import importlib.util
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from coterie.model.layers import LayerWeights, Routing

Run = Callable[[Tensor], Tensor]


@functools.cache
def importable() -> bool:
    """Whether vLLM for the CPU is installed; loads its operations."""
    if not importlib.util.find_spec("vllm"):
        return False
    from vllm.platforms import current_platform

    if not current_platform.is_cpu():
        return False
    current_platform.import_kernels()
    return hasattr(torch.ops._C, "cpu_fused_moe")


def instruction_sets() -> list[str]:
    """The paths of vLLM's experts this machine has, its choice first."""
    return ["amx", "vec"] if torch.cpu._is_amx_tile_supported() and torch.cpu._init_amx() else ["vec"]


def _linear(weight: Tensor) -> Run:
    from vllm.model_executor.layers.utils import dispatch_cpu_unquantized_gemm

    module: Any = torch.nn.Module()
    module.weight = torch.nn.Parameter(weight.clone(), requires_grad=False)
    module.bias = None
    dispatch_cpu_unquantized_gemm(module, remove_weight=False)
    run = SimpleNamespace(linear=module.cpu_linear, weight=module.weight)
    return lambda x: run.linear(x, run.weight, None)


def layer(weights: LayerWeights, routing: Routing, isa: str) -> Run:
    """The layer on vLLM's operations, in bf16."""
    from vllm import _custom_ops as ops

    w13, w2 = (ops.cpu_prepack_moe_weight(w, isa) for w in (weights.w13_EJH, weights.w2_EHI))

    def experts(out: Tensor, x: Tensor, scales: Tensor, ids: Tensor) -> None:
        ops.cpu_fused_moe(out, x, w13, w2, None, None, scales, ids, "silu", isa, False)

    return _layer(weights, routing, experts)


def layer_int8(weights: LayerWeights, routing: Routing) -> Run:
    """The same with the experts in int8 (8-bit weights and activations), the shared expert in bf16. Needs AMX."""
    from vllm import _custom_ops as ops

    (w13, w13_scale), (w2, w2_scale) = (_int8(w) for w in (weights.w13_EJH, weights.w2_EHI))

    def experts(out: Tensor, x: Tensor, scales: Tensor, ids: Tensor) -> None:
        method = ops.CPUQuantMethod.INT8_W8A8
        ops.fused_experts_cpu(out, x, w13, w2, scales, ids, method, w13_scale, w2_scale, None, None, None)

    return _layer(weights, routing, experts)


def _int8(weight_ENK: Tensor) -> tuple[Tensor, Tensor]:
    scale_EN = weight_ENK.float().abs().amax(-1).clamp(min=1e-12) / 127
    quantized = (weight_ENK.float() / scale_EN[..., None]).round().to(torch.int8)
    return torch.ops._C.convert_weight_packed(quantized), scale_EN


def _layer(weights: LayerWeights, routing: Routing, experts: Callable[[Tensor, Tensor, Tensor, Tensor], None]) -> Run:
    route, shared_expert = _router(weights, routing), _shared_expert(weights)

    def run(x: Tensor) -> Tensor:
        scales, ids = route(torch.nn.functional.linear(x.float(), weights.gate_EH))
        out = torch.empty_like(x)
        experts(out, x, scales, ids)
        if routing.scaling != 1.0:
            out *= routing.scaling
        return out if shared_expert is None else shared_expert(x) + out

    return run


def _router(weights: LayerWeights, routing: Routing) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    from vllm.model_executor.layers.fused_moe.router import cpu_router

    if routing.score == "softmax" and routing.num_groups == 1:
        return lambda logits: cpu_router._softmax_topk(logits, routing.top_k, routing.renormalize)
    return lambda logits: cpu_router._grouped_topk(
        logits, routing.top_k, routing.renormalize, routing.num_groups, routing.top_groups, routing.score, 1.0,
        weights.bias_E,
    )  # fmt: skip


def _shared_expert(weights: LayerWeights) -> Run | None:
    if weights.shared_w13_ZH is None or weights.shared_w2_HS is None:
        return None
    gate_up, down, width = _linear(weights.shared_w13_ZH), _linear(weights.shared_w2_HS), weights.shared_w2_HS.shape[1]

    def run(x: Tensor) -> Tensor:
        activated = x.new_empty(len(x), width)
        torch.ops._C.silu_and_mul(activated, gate_up(x))
        return down(activated)

    return run
