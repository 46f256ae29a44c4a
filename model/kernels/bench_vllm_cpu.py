"""Baseline: vLLM's own path through an MoE layer on the CPU, as its Glm4Moe block runs it.

Gate in float32, grouped top-k in torch, its fused experts on prepacked weights, its packed linears for the shared
expert, scale and sum.
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
    """The layer on vLLM's operations."""
    from vllm import _custom_ops as ops
    from vllm.model_executor.layers.fused_moe.router.cpu_router import _grouped_topk

    w13, w2 = (ops.cpu_prepack_moe_weight(w, isa) for w in (weights.w13_EJH, weights.w2_EHI))
    assert weights.shared_w13_ZH is not None
    assert weights.shared_w2_HS is not None
    gate_up, down, shared = _linear(weights.shared_w13_ZH), _linear(weights.shared_w2_HS), weights.shared_w2_HS.shape[1]

    def run(x: Tensor) -> Tensor:
        logits = torch.nn.functional.linear(x.float(), weights.gate_EH)
        scales, ids = _grouped_topk(logits, routing.top_k, routing.renormalize, routing.num_groups, routing.top_groups,
                                    routing.score, 1.0, weights.bias_E)  # fmt: skip
        activated = x.new_empty(len(x), shared)
        torch.ops._C.silu_and_mul(activated, gate_up(x))
        shared_out = down(activated)
        out = torch.empty_like(x)
        ops.cpu_fused_moe(out, x, w13, w2, None, None, scales, ids, "silu", isa, False)
        out *= routing.scaling
        return shared_out + out

    return run
