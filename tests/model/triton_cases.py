"""Runs under TRITON_INTERPRET=1, started by test_kernels_triton.py: prints one JSON line per case, name and error."""

import json

import torch

from coterie.model.kernels.bench_vllm import activate
from coterie.model.kernels.triton_decode import PairTiles
from coterie.model.kernels.triton_group import group_pairs
from coterie.model.kernels.triton_layer import Plan, default_plan, experts, make_layer, moe_layer
from coterie.model.kernels.triton_prefill import Tiles
from coterie.model.kernels.triton_router import route
from coterie.model.layers import LayerWeights, Routing, choose_experts, gate_logits
from coterie.model.layers import moe_layer as reference

PAIRS = Plan("pairs", 0, PairTiles(16, 32, 4, 2), PairTiles(16, 32, 4, 2))
GROUPED = Plan("grouped", 16, Tiles(32, 32, 4, 3), Tiles(32, 32, 4, 3))
CASES = {
    "own": (Routing(12, 8, scaling=8.0), 96, 32, 96),
    "deepseek": (Routing(16, 4, num_groups=4, top_groups=2, scaling=2.5), 64, 48, 48),
    "lone": (Routing(8, 2, num_groups=8, top_groups=3), 32, 16, 0),  # groups of one expert, with a bias
    "softmax": (Routing(20, 3, "softmax", renormalize=False), 80, 40, 0),
}


def weights_of(routing: Routing, hidden: int, width: int, shared: int) -> LayerWeights:
    generator = torch.Generator().manual_seed(11)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator) * shape[-1] ** -0.5

    experts = routing.num_experts
    return LayerWeights(
        gate_EH=draw(experts, hidden),
        w13_EJH=draw(experts, 2 * width, hidden).bfloat16(),
        w2_EHI=draw(experts, hidden, width).bfloat16(),
        bias_E=draw(experts) if routing.score == "sigmoid" else None,
        shared_w13_ZH=draw(2 * shared, hidden).bfloat16() if shared else None,
        shared_w2_HS=draw(hidden, shared).bfloat16() if shared else None,
    )


def double(weights: LayerWeights) -> LayerWeights:
    return LayerWeights(*(None if t is None else t.double() for t in weights))


def report(name: str, value: float) -> None:
    print(json.dumps({"case": name, "value": value}), flush=True)


def check_layer(name: str) -> None:
    routing, hidden, width, shared = CASES[name]
    weights = weights_of(routing, hidden, width, shared)
    layer = make_layer(weights, routing)
    for tokens in (1, 5, 33):
        x = torch.randn(tokens, hidden, generator=torch.Generator().manual_seed(tokens)).bfloat16()
        expected = reference(x.double(), double(weights), routing)
        for plan in (PAIRS, GROUPED, default_plan(tokens, 64)):
            error = (moe_layer(x, layer, plan).double() - expected).norm() / expected.norm()
            report(f"{name} {tokens} {plan.path} {plan.block_m}", error.item())
    alone = torch.cat([moe_layer(row[None].contiguous(), layer, invariant=True) for row in x[:5]])
    report(f"{name} invariant", (moe_layer(x, layer, invariant=True)[:5] - alone).abs().max().item())


def check_router(name: str) -> None:
    routing, hidden, width, shared = CASES[name]
    weights = weights_of(routing, hidden, width, shared)
    gate = make_layer(weights, routing).gate
    for tokens in (3, 40):
        x = torch.randn(tokens, hidden, generator=torch.Generator().manual_seed(tokens)).bfloat16()
        chosen = choose_experts(gate_logits(x.double(), weights.gate_EH.double()), weights.bias_E, routing)
        ids, kept = route(x, gate)
        wrong = (ids[:, : routing.top_k].long() != chosen.ids_TK).sum().item()
        report(f"{name} router ids {tokens}", wrong)
        report(f"{name} router weights {tokens}", (kept[:, : routing.top_k] - chosen.weights_TK).abs().max().item())
        broken = x.clone()
        broken[1, 0] = float("nan")
        ids, _ = route(broken, gate)
        ids = ids[:, : routing.top_k].sort().values
        report(f"{name} router ids outside {tokens}", ((ids < 0) | (ids >= routing.num_experts)).sum().item())
        report(f"{name} router ids twice {tokens}", (ids[:, 1:] == ids[:, :-1]).sum().item())


def check_absent(name: str) -> None:
    """Ids outside the layer's experts add nothing, on either path."""
    routing, hidden, width, shared = CASES[name]
    layer = make_layer(weights_of(routing, hidden, width, shared), routing)
    x = torch.randn(5, hidden, generator=torch.Generator().manual_seed(5)).bfloat16()
    ids, weights = route(x, layer.gate)
    for plan in (PAIRS, GROUPED):
        away = ids.clone()
        away[0, 0], away[1, 1], away[2] = -1, len(layer.w2_EHI), len(layer.w2_EHI) + 1000
        expected = experts(x, layer, ids, weights.masked_fill(away != ids, 0.0), plan)
        out = experts(x, layer, away, weights, plan)
        report(f"{name} absent {plan.path}", (out - expected).abs().max().item())


def check_groups() -> None:
    for pairs, number in ((1, 3), (50, 7), (3000, 20)):
        ids = torch.randint(-1, number, (pairs, 1), generator=torch.Generator().manual_seed(pairs)).int()
        groups = group_pairs(ids, number, 16)
        kept = torch.argsort(ids[:, 0], stable=True)[int((ids < 0).sum()) :]
        report(f"groups rows {pairs}", (groups.pair_R[: len(kept)] - kept).abs().sum().item())
        ends = torch.bincount(ids[ids >= 0], minlength=number).cumsum(0)
        report(f"groups ends {pairs}", (groups.row_end_B[:number] - ends).abs().sum().item())


def check_activation() -> None:
    gate_up = torch.randn(5, 2 * 48, generator=torch.Generator().manual_seed(1)).bfloat16()
    gate, up = gate_up.double().chunk(2, dim=-1)
    expected = torch.nn.functional.silu(gate) * up
    report("activation", ((activate(gate_up).double() - expected).norm() / expected.norm()).item())


if __name__ == "__main__":
    for case in CASES:
        check_router(case)
    for case in ("own", "deepseek", "softmax"):
        check_layer(case)
    check_absent("deepseek")
    check_groups()
    check_activation()
