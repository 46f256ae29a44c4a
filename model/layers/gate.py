"""The gate: which experts a token goes to, and with which weights.

Source: DeepSeek-V3 (arXiv 2412.19437, 2.1.2), auxiliary-loss-free balancing (arXiv 2408.15664).
Shapes: T tokens, H hidden, E experts, G expert groups, K experts per token.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor


@dataclass(frozen=True)
class Routing:
    """How gate logits become expert ids and weights; the fields of a checkpoint's config that concern it."""

    num_experts: int
    top_k: int
    score: Literal["sigmoid", "softmax"] = "sigmoid"
    num_groups: int = 1
    top_groups: int = 1
    renormalize: bool = True
    scaling: float = 1.0
    round_logits: bool = False
    """Logits rounded to bf16, as a server that keeps its gate in bf16 does."""

    def __post_init__(self) -> None:
        if not 0 < self.top_k <= self.num_experts:
            raise ValueError(f"top_k is {self.top_k}; choose 1..{self.num_experts} (num_experts)")
        if self.num_experts % self.num_groups or not 0 < self.top_groups <= self.num_groups:
            raise ValueError(
                f"{self.top_groups} of {self.num_groups} groups over {self.num_experts} experts: "
                "num_groups must divide num_experts and top_groups must be 1..num_groups"
            )
        if self.top_k > self.top_groups * (self.num_experts // self.num_groups):
            raise ValueError(
                f"top_k is {self.top_k}, more than the experts of {self.top_groups} groups; raise top_groups"
            )


class Chosen(NamedTuple):
    """Experts per token: `ids_TK` int64, `weights_TK` in the score's dtype, scaled."""

    ids_TK: Tensor
    weights_TK: Tensor


def gate_logits(x_TH: Tensor, gate_EH: Tensor) -> Tensor:
    """Logits [T, E], accumulated in float32 at least."""
    dtype = torch.promote_types(x_TH.dtype, torch.float32)
    return x_TH.to(dtype) @ gate_EH.to(dtype).T


def choose_experts(logits_TE: Tensor, bias_E: Tensor | None, routing: Routing) -> Chosen:
    """Top-k of the bias-corrected, group-limited scores; weights are the plain scores, normalised and scaled."""
    if routing.round_logits:
        logits_TE = logits_TE.bfloat16().to(logits_TE.dtype)
    scores_TE = logits_TE.sigmoid() if routing.score == "sigmoid" else logits_TE.softmax(-1)
    choice_TE = scores_TE if bias_E is None else scores_TE + bias_E
    if routing.top_groups < routing.num_groups:
        choice_TE = _limit_groups(choice_TE, routing, corrected=bias_E is not None)
    ids_TK = choice_TE.topk(routing.top_k, dim=-1).indices
    weights_TK = scores_TE.gather(1, ids_TK)
    if routing.renormalize:
        weights_TK = weights_TK / (weights_TK.sum(-1, keepdim=True) + 1e-20)
    return Chosen(ids_TK, weights_TK * routing.scaling)


def _limit_groups(choice_TE: Tensor, routing: Routing, *, corrected: bool) -> Tensor:
    """Minus infinity outside the best groups; a group's score is its best expert, or its best two when corrected."""
    choice_TGx = choice_TE.view(len(choice_TE), routing.num_groups, routing.num_experts // routing.num_groups)
    best = min(2 if corrected else 1, choice_TGx.shape[-1])
    groups_T = choice_TGx.topk(best, dim=-1).values.sum(-1).topk(routing.top_groups, dim=-1).indices
    outside_TG: Tensor = torch.ones(choice_TGx.shape[:2], dtype=torch.bool, device=choice_TE.device).scatter(
        1, groups_T, False
    )
    limited_TGx: Tensor = choice_TGx.masked_fill(outside_TG[..., None], float("-inf"))
    return limited_TGx.flatten(1)
