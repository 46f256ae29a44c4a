"""Base + trained part -> the tensors of a `Glm4MoeForCausalLM` checkpoint (bf16; routers stay float32).

The first `shared` neurons of each permuted FFN become the shared expert, the others the routed experts in turn.
vLLM's Glm4Moe does not tie its head, so it is written out.
"""

import torch
from torch import Tensor

from coterie.model.weights.adapter import Adapter, require_fit
from coterie.model.weights.base import Base


def merge(base: Base, adapter: Adapter) -> dict[str, Tensor]:
    """All tensors of the checkpoint; raises AdapterInvalid where the trained part does not fit the base."""
    require_fit(adapter, base.parent)
    words = base.weights["model.embed_tokens.weight"]
    tensors = {
        "model.embed_tokens.weight": _added(words, adapter.delta("embed")),
        "lm_head.weight": _added(words, adapter.delta("lm_head")),
        "model.norm.weight": adapter.tensors["norm"].to(torch.bfloat16),
    }
    for i in range(base.parent.layers):
        tensors |= _attention(base, adapter, i) | _experts(base, adapter, i)
    return {name: tensor.clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()}


def _attention(base: Base, adapter: Adapter, i: int) -> dict[str, Tensor]:
    at, mine, parent = f"model.layers.{i}.", f"layers.{i}.", base.parent
    dense = torch.cat([base.weights[f"{at}self_attn.{name}_proj.weight"] for name in "qkv"])
    qkv = _added(dense, adapter.delta(mine + "qkv"))
    k_at, v_at = parent.heads * parent.head_width, (parent.heads + parent.kv_heads) * parent.head_width
    biases = {name: tensor for name, tensor in base.weights.items() if name.startswith(at) and name.endswith(".bias")}
    return biases | {
        at + "input_layernorm.weight": adapter.tensors[mine + "norm1"].to(torch.bfloat16),
        at + "post_attention_layernorm.weight": adapter.tensors[mine + "norm2"].to(torch.bfloat16),
        at + "self_attn.q_proj.weight": qkv[:k_at],
        at + "self_attn.k_proj.weight": qkv[k_at:v_at],
        at + "self_attn.v_proj.weight": qkv[v_at:],
        at + "self_attn.o_proj.weight": _added(base.weights[f"{at}self_attn.o_proj.weight"], adapter.delta(mine + "o")),
    }


def _experts(base: Base, adapter: Adapter, i: int) -> dict[str, Tensor]:
    at, mine, e = f"model.layers.{i}.mlp.", f"layers.{i}.", adapter.experts
    order = adapter.tensors[mine + "permutation"].long()
    gate_up = torch.cat([base.weights[f"{at}{name}_proj.weight"][order] for name in ("gate", "up")])
    gate, up = _added(gate_up, adapter.delta(mine + "gate_up")).chunk(2)
    down = _added(base.weights[f"{at}down_proj.weight"][:, order], adapter.delta(mine + "down"))
    tensors = {
        at + "gate.weight": adapter.tensors[mine + "router"].float(),
        at + "gate.e_score_correction_bias": adapter.tensors[mine + "bias"].float(),
    }
    tensors |= _slice(at + "shared_experts.", gate, up, down, slice(0, e.shared))
    for n in range(e.number):
        first = e.shared + n * e.width
        tensors |= _slice(f"{at}experts.{n}.", gate, up, down, slice(first, first + e.width))
    return tensors


def _slice(at: str, gate: Tensor, up: Tensor, down: Tensor, neurons: slice) -> dict[str, Tensor]:
    return {
        at + "gate_proj.weight": gate[neurons],
        at + "up_proj.weight": up[neurons],
        at + "down_proj.weight": down[:, neurons],
    }


def _added(weight: Tensor, delta: Tensor | None) -> Tensor:
    return weight if delta is None else (weight.float() + delta).to(torch.bfloat16)
