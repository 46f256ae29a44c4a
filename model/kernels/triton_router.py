"""The router on a GPU: gate logits, scores, group-limited top-k, weights; one kernel for few tokens, two for many.

Source: DeepSeek-V3 routing as in model/layers/gate.py. Shared experts are appended as slots of weight 1, so that the
grouped kernels need no second path for them.
Shapes: T tokens, H hidden, E experts, K experts per token, N shared slots, S = K + N slots.
"""

# Triton kernels carry no Python types.
# mypy: disable-error-code="no-untyped-def,untyped-decorator"

from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor

from coterie.model.kernels.triton_dot import dot
from coterie.model.layers import Routing

FUSED_TOKENS = 16  # up to here the logits and the choice are one kernel


@triton.jit
def _limit_groups(
    choice_E, GROUPS: tl.constexpr, TOP_GROUPS: tl.constexpr, HAS_BIAS: tl.constexpr, BLOCK_E: tl.constexpr
):
    """Minus infinity outside the best groups; a group scores its best expert, or with a bias its best two, if any."""
    choice_GX = tl.reshape(choice_E, (GROUPS, BLOCK_E // GROUPS))
    total_G = tl.max(choice_GX, 1)
    if HAS_BIAS and BLOCK_E > GROUPS:
        index = tl.reshape(tl.arange(0, BLOCK_E), (GROUPS, BLOCK_E // GROUPS))
        first = tl.min(tl.where(choice_GX == total_G[:, None], index, BLOCK_E), 1)
        total_G += tl.max(tl.where(index == first[:, None], float("-inf"), choice_GX), 1)
    g = tl.arange(0, GROUPS)
    kept = g < 0
    for _ in tl.static_range(TOP_GROUPS):
        best = tl.min(tl.where(total_G == tl.max(total_G, 0), g, GROUPS), 0)
        kept = kept | (g == best)
        total_G = tl.where(g == best, float("-inf"), total_G)
    return tl.reshape(tl.where(kept[:, None], choice_GX, float("-inf")), (BLOCK_E,))


@triton.jit
def _choose(
    token, logit_E, bias, ids, weights, num_experts, scaling,
    SOFTMAX: tl.constexpr, HAS_BIAS: tl.constexpr, GROUPS: tl.constexpr, TOP_GROUPS: tl.constexpr, TOP_K: tl.constexpr,
    SHARED: tl.constexpr, RENORMALIZE: tl.constexpr, ROUND: tl.constexpr, BLOCK_E: tl.constexpr,
):  # fmt: skip
    """Takes the best TOP_K one after the other, the lower id first among equals; the order is the slot.

    A score that is NaN comes last: whatever the logits, every slot gets an expert of its own.
    """
    e = tl.arange(0, BLOCK_E)
    valid = e < num_experts
    if ROUND:
        logit_E = logit_E.to(tl.bfloat16).to(tl.float32)
    if SOFTMAX:
        logit_E = tl.where(valid, logit_E, float("-inf"))
        power = tl.exp(logit_E - tl.max(logit_E, 0))
        score = power / tl.sum(power, 0)
    else:
        score = 1.0 / (1.0 + tl.exp(-logit_E))
    choice = score
    if HAS_BIAS:
        choice = choice + tl.load(bias + e, mask=valid, other=0.0)
    choice = tl.where(valid & (choice == choice), choice, float("-inf"))
    if TOP_GROUPS < GROUPS:
        choice = _limit_groups(choice, GROUPS, TOP_GROUPS, HAS_BIAS, BLOCK_E)
    slot_of = tl.full((BLOCK_E,), -1, tl.int32)
    for slot in tl.static_range(TOP_K):
        free = valid & (slot_of < 0)
        highest = tl.max(tl.where(free, choice, float("-inf")), 0)
        best = tl.min(tl.where(free & (choice == highest), e, BLOCK_E), 0)
        slot_of = tl.where(e == best, slot, slot_of)
    chosen = slot_of >= 0
    weight = score
    if RENORMALIZE:
        weight = weight / (tl.sum(tl.where(chosen, score, 0.0), 0) + 1e-20)
    at = token * (TOP_K + SHARED)
    tl.store(ids + at + slot_of, e, mask=chosen)
    tl.store(weights + at + slot_of, weight * scaling, mask=chosen)
    for n in tl.static_range(SHARED):
        tl.store(ids + at + TOP_K + n, num_experts + n)
        tl.store(weights + at + TOP_K + n, 1.0)


@triton.jit
def _logits_of(x, gate, token, e, num_experts, hidden, BLOCK: tl.constexpr, BLOCK_H: tl.constexpr):
    acc = tl.zeros((BLOCK, BLOCK_H), tl.float32)
    for start in range(0, hidden, BLOCK_H):
        h = start + tl.arange(0, BLOCK_H)
        x_H = tl.load(x + token * hidden + h, mask=h < hidden, other=0.0).to(tl.float32)
        mask = (e[:, None] < num_experts) & (h[None, :] < hidden)
        acc += tl.load(gate + e[:, None] * hidden + h[None, :], mask=mask, other=0.0) * x_H[None, :]
    return tl.sum(acc, 1)


@triton.jit
def router_kernel(
    x, gate, bias, logits, arrived, ids, weights, num_experts, hidden, scaling,
    SOFTMAX: tl.constexpr, HAS_BIAS: tl.constexpr, GROUPS: tl.constexpr, TOP_GROUPS: tl.constexpr, TOP_K: tl.constexpr,
    SHARED: tl.constexpr, RENORMALIZE: tl.constexpr, ROUND: tl.constexpr, BLOCK_E: tl.constexpr,
    SPLIT: tl.constexpr, BLOCK_H: tl.constexpr,
):  # fmt: skip
    """Grid (T, blocks of SPLIT experts); the block that arrives last at a token (counted from zero) chooses."""
    token = tl.program_id(0)
    part = tl.program_id(1) * SPLIT + tl.arange(0, SPLIT)
    own = _logits_of(x, gate, token, part, num_experts, hidden, SPLIT, BLOCK_H)
    tl.store(logits + token * num_experts + part, own, mask=part < num_experts)
    tl.debug_barrier()
    before = tl.atomic_add(arrived + token, 1, sem="acq_rel")
    if before == tl.num_programs(1) - 1:
        e = tl.arange(0, BLOCK_E)
        row = tl.load(logits + token * num_experts + e, mask=e < num_experts, other=0.0, cache_modifier=".cg")
        _choose(token, row, bias, ids, weights, num_experts, scaling, SOFTMAX, HAS_BIAS, GROUPS, TOP_GROUPS, TOP_K,
                SHARED, RENORMALIZE, ROUND, BLOCK_E)  # fmt: skip


@triton.jit
def choose_kernel(
    logits, bias, ids, weights, num_experts, scaling,
    SOFTMAX: tl.constexpr, HAS_BIAS: tl.constexpr, GROUPS: tl.constexpr, TOP_GROUPS: tl.constexpr, TOP_K: tl.constexpr,
    SHARED: tl.constexpr, RENORMALIZE: tl.constexpr, ROUND: tl.constexpr, BLOCK_E: tl.constexpr,
):  # fmt: skip
    """Grid (T,): the choice, for logits that are there already."""
    token = tl.program_id(0)
    e = tl.arange(0, BLOCK_E)
    row = tl.load(logits + token * num_experts + e, mask=e < num_experts, other=0.0)
    _choose(token, row, bias, ids, weights, num_experts, scaling, SOFTMAX, HAS_BIAS, GROUPS, TOP_GROUPS, TOP_K, SHARED,
            RENORMALIZE, ROUND, BLOCK_E)  # fmt: skip


@triton.jit
def logits_kernel(
    x, gate_hi, gate_mid, gate_lo, logits, num_tokens, num_experts, hidden,
    BLOCK_T: tl.constexpr, BLOCK_E: tl.constexpr, BLOCK_H: tl.constexpr,
):  # fmt: skip
    """Grid (T / BLOCK_T, E / BLOCK_E): float32 accuracy on the matrix units, the gate as a sum of three bf16 parts."""
    t = tl.program_id(0) * BLOCK_T + tl.arange(0, BLOCK_T)
    e = tl.program_id(1) * BLOCK_E + tl.arange(0, BLOCK_E)
    acc = tl.zeros((BLOCK_T, BLOCK_E), tl.float32)
    for start in range(0, hidden, BLOCK_H):
        h = start + tl.arange(0, BLOCK_H)
        x_TH = tl.load(
            x + t[:, None] * hidden + h[None, :], mask=(t[:, None] < num_tokens) & (h[None, :] < hidden), other=0.0
        )
        at = e[None, :] * hidden + h[:, None]
        mask = (e[None, :] < num_experts) & (h[:, None] < hidden)
        acc = dot(x_TH, tl.load(gate_lo + at, mask=mask, other=0.0), acc)
        acc = dot(x_TH, tl.load(gate_mid + at, mask=mask, other=0.0), acc)
        acc = dot(x_TH, tl.load(gate_hi + at, mask=mask, other=0.0), acc)
    tl.store(
        logits + t[:, None] * num_experts + e[None, :], acc, mask=(t[:, None] < num_tokens) & (e[None, :] < num_experts)
    )


@dataclass(frozen=True)
class Gate:
    """A gate's tensors on its device: `weight_EH` float32, its three bf16 parts, and the bias."""

    weight_EH: Tensor
    parts: tuple[Tensor, Tensor, Tensor]
    bias_E: Tensor | None
    routing: Routing
    num_shared: int


def router_refusal(routing: Routing) -> str | None:
    """Why the router cannot choose in this way, or None."""
    powers = all(number & (number - 1) == 0 for number in (routing.num_experts, routing.num_groups))
    if routing.top_groups < routing.num_groups and not powers:
        return f"{routing.num_groups} groups of {routing.num_experts} experts: the GPU router takes powers of two"
    return None


def make_gate(gate_EH: Tensor, bias_E: Tensor | None, routing: Routing, num_shared: int) -> Gate:
    """Splits the gate into bf16 parts whose sum has float32's precision."""
    if refused := router_refusal(routing):
        raise ValueError(f"{refused}; set COTERIE_KERNELS=vllm")
    weight = gate_EH.float().contiguous()
    hi = weight.bfloat16()
    mid = (weight - hi.float()).bfloat16()
    lo = (weight - hi.float() - mid.float()).bfloat16()
    return Gate(weight, (hi, mid, lo), None if bias_E is None else bias_E.float(), routing, num_shared)


def route(x_TH: Tensor, gate: Gate, *, fixed: bool = False) -> tuple[Tensor, Tensor]:
    """Expert ids int32 [T, S] and weights float32 [T, S]; slots beyond top_k are the shared experts, weight 1.

    `fixed` uses the same arithmetic for any T (batch-invariant).
    """
    tokens, hidden = x_TH.shape
    slots, experts = gate.routing.top_k + gate.num_shared, gate.routing.num_experts
    ids = torch.empty(tokens, slots, dtype=torch.int32, device=x_TH.device)
    weights = torch.empty(tokens, slots, dtype=torch.float32, device=x_TH.device)
    logits = torch.empty(tokens, experts, dtype=torch.float32, device=x_TH.device)
    r = gate.routing
    choice = {
        "SOFTMAX": r.score == "softmax", "HAS_BIAS": gate.bias_E is not None, "GROUPS": r.num_groups,
        "TOP_GROUPS": r.top_groups, "TOP_K": r.top_k, "SHARED": gate.num_shared, "RENORMALIZE": r.renormalize,
        "ROUND": r.round_logits, "BLOCK_E": triton.next_power_of_2(experts),
    }  # fmt: skip
    bias = logits if gate.bias_E is None else gate.bias_E
    warps = 4
    if tokens <= FUSED_TOKENS and not fixed:
        split = 4 if experts * hidden > 1 << 16 else 16
        grid = (tokens, triton.cdiv(experts, split))
        block_h = min(1024, triton.next_power_of_2(hidden))
        # Counters of this call: kept ones would be shared by streams, and stay wrong after a broken launch.
        arrived = torch.zeros(tokens, dtype=torch.int32, device=x_TH.device)
        router_kernel[grid](x_TH, gate.weight_EH, bias, logits, arrived, ids, weights, experts, hidden, r.scaling,
                            SPLIT=split, BLOCK_H=block_h, num_warps=warps, **choice)  # fmt: skip
        return ids, weights
    block_e = min(64, max(16, triton.next_power_of_2(experts)))
    grid = (triton.cdiv(tokens, 64), triton.cdiv(experts, block_e))
    logits_kernel[grid](x_TH, *gate.parts, logits, tokens, experts, hidden, BLOCK_T=64, BLOCK_E=block_e, BLOCK_H=64,
                        num_warps=4, num_stages=3)  # fmt: skip
    choose_kernel[(tokens,)](logits, bias, ids, weights, experts, r.scaling, num_warps=warps, **choice)
    return ids, weights
