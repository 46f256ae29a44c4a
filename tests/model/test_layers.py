"""The specification equals transformers' layers on random weights."""

from typing import Any

import pytest
import torch

from coterie.model.layers import LayerWeights, Routing, choose_experts, moe_layer

SIZES: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 24, "moe_intermediate_size": 24, "hidden_act": "silu"}


def randomize(module: torch.nn.Module) -> None:
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for tensor in [*module.parameters(), *module.buffers()]:
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.3)


def weights_of(block: Any) -> LayerWeights:
    shared = getattr(block, "shared_experts", None)
    return LayerWeights(
        gate_EH=block.gate.weight,
        bias_E=getattr(block.gate, "e_score_correction_bias", None),
        w13_EJH=block.experts.gate_up_proj,
        w2_EHI=block.experts.down_proj,
        shared_w13_ZH=None if shared is None else torch.cat([shared.gate_proj.weight, shared.up_proj.weight]),
        shared_w2_HS=None if shared is None else shared.down_proj.weight,
    )


def deepseek() -> tuple[torch.nn.Module, Routing]:
    from transformers.models.deepseek_v3.modeling_deepseek_v3 import DeepseekV3Config, DeepseekV3MoE

    config = DeepseekV3Config(
        **SIZES, n_routed_experts=16, num_experts_per_tok=4, n_group=4, topk_group=2, n_shared_experts=2,
        norm_topk_prob=True, routed_scaling_factor=2.5,
    )  # fmt: skip
    return DeepseekV3MoE(config), Routing(16, 4, num_groups=4, top_groups=2, scaling=2.5)


def glm4() -> tuple[torch.nn.Module, Routing]:
    from transformers.models.glm4_moe.modeling_glm4_moe import Glm4MoeConfig, Glm4MoeMoE

    config = Glm4MoeConfig(
        **SIZES, n_routed_experts=12, num_experts_per_tok=8, n_group=1, topk_group=1, n_shared_experts=4,
        norm_topk_prob=True, routed_scaling_factor=8.0,
    )  # fmt: skip
    return Glm4MoeMoE(config), Routing(12, 8, scaling=8.0)


def qwen3() -> tuple[torch.nn.Module, Routing]:
    from transformers.models.qwen3_moe.modeling_qwen3_moe import Qwen3MoeConfig, Qwen3MoeSparseMoeBlock

    config = Qwen3MoeConfig(**SIZES, num_experts=8, num_experts_per_tok=2, norm_topk_prob=True)
    return Qwen3MoeSparseMoeBlock(config), Routing(8, 2, "softmax")


def olmoe() -> tuple[torch.nn.Module, Routing]:
    from transformers.models.olmoe.modeling_olmoe import OlmoeConfig, OlmoeSparseMoeBlock

    config = OlmoeConfig(hidden_size=32, intermediate_size=24, num_experts=8, num_experts_per_tok=3)
    return OlmoeSparseMoeBlock(config), Routing(8, 3, "softmax", renormalize=False)


@pytest.mark.parametrize("family", [deepseek, glm4, qwen3, olmoe])
@torch.no_grad()
def test_equals_transformers(family: Any) -> None:
    block, routing = family()
    randomize(block)
    x_TH = torch.randn(33, 32, generator=torch.Generator().manual_seed(1))
    expected = block(x_TH[None])
    torch.testing.assert_close(moe_layer(x_TH, weights_of(block), routing), expected[0], rtol=1e-4, atol=1e-5)


def test_groups_limit_the_choice() -> None:
    logits = torch.randn(50, 16, generator=torch.Generator().manual_seed(3))
    chosen = choose_experts(logits, None, Routing(16, 4, "softmax", num_groups=8, top_groups=2))
    assert all(len(set(row)) <= 2 for row in (chosen.ids_TK // 2).tolist())
    torch.testing.assert_close(chosen.weights_TK.sum(-1), torch.ones(50))


def test_no_tokens() -> None:
    weights = LayerWeights(torch.randn(4, 8), torch.randn(4, 12, 8), torch.randn(4, 8, 6))
    assert moe_layer(torch.empty(0, 8), weights, Routing(4, 2)).shape == (0, 8)


@pytest.mark.parametrize("fields", [{"top_k": 9}, {"top_k": 2, "num_groups": 3}, {"top_k": 5, "num_groups": 2}])
def test_impossible_routing_is_refused(fields: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"top_k|num_groups"):
        Routing(num_experts=8, **fields)
