"""What vLLM's routers (0.32) do, in the words of our specification: one class on CPUs, one a scheme on GPUs."""

from typing import Any

from torch import Tensor
from vllm.model_executor.layers.fused_moe.router.cpu_router import CPURouter
from vllm.model_executor.layers.fused_moe.router.fused_topk_bias_router import FusedTopKBiasRouter
from vllm.model_executor.layers.fused_moe.router.fused_topk_router import FusedTopKRouter
from vllm.model_executor.layers.fused_moe.router.grouped_topk_router import GroupedTopKRouter

from coterie.model.layers import Routing

_ABSENT = {"custom_routing_function": None, "_hash_indices_table": None, "bias_vl": None, "num_fused_shared_experts": 0}


def refusal(router: Any) -> str | None:
    """Why our kernels cannot route as this router does, or None."""
    if type(router) not in (CPURouter, FusedTopKBiasRouter, FusedTopKRouter, GroupedTopKRouter):
        return f"its router is {type(router).__name__}"
    for name, nothing in _ABSENT.items():
        if getattr(router, name, nothing) not in (None, nothing):
            return "it routes by a function of its own" if nothing is None else "its router has shared experts in it"
    if router.scoring_func not in ("sigmoid", "softmax"):
        return f"it scores by {router.scoring_func}"
    if isinstance(router, CPURouter) and router.scoring_func == "sigmoid" and not router.use_grouped_topk:
        return "sigmoid scores without grouped top-k"
    return None


def routing_of(router: Any, num_experts: int, scaling: float, *, round_logits: bool) -> Routing:
    """The router's scheme; `scaling` is what the runner puts on its output besides the router's own."""
    groups, own_scaling = _has_groups(router), getattr(router, "routed_scaling_factor", 1.0)
    if isinstance(router, CPURouter) and not router.use_grouped_topk:
        own_scaling = 1.0
    return Routing(
        num_experts=num_experts,
        top_k=router.top_k,
        score=router.scoring_func,
        num_groups=router.num_expert_group if groups else 1,
        top_groups=router.topk_group if groups else 1,
        renormalize=router.renormalize,
        scaling=float(scaling) * float(own_scaling),
        round_logits=round_logits,
    )


def bias_of(router: Any) -> Tensor | None:
    """The correction bias [E] that takes part in the choice, if any."""
    if isinstance(router, CPURouter) and not router.use_grouped_topk:
        return None
    bias = getattr(router, "e_score_correction_bias", None)
    return None if bias is None else bias.data


def _has_groups(router: Any) -> bool:
    return bool(getattr(router, "use_grouped_topk", isinstance(router, GroupedTopKRouter)))
