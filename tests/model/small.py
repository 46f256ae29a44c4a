"""A small random parent and adapter: the shapes of the real ones at a thousandth of their size."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from coterie.model.config import Experts, Parent
from coterie.model.weights.adapter import Adapter
from coterie.model.weights.base import Base, Vocabulary

PARENT = Parent(
    layers=2, hidden=32, heads=4, kv_heads=2, ffn=48, vocab=260, context=64, rope_theta=1e4, eps=1e-5
)  # fmt: skip
EXPERTS = Experts(shared=16, width=8, number=4, top_k=3)
RANK = 3


QWEN_PARENT = replace(PARENT, qkv_bias=True)


def small_base(parent: Parent = PARENT, seed: int = 0) -> Base:
    """Random bf16 weights under the names of a Llama or Qwen2 checkpoint, a vocabulary of bytes."""
    p, generator = parent, torch.Generator().manual_seed(seed)

    def matrix(rows: int, columns: int) -> Tensor:
        return torch.randn(rows, columns, generator=generator).div(columns**0.5).bfloat16()

    weights = {"model.embed_tokens.weight": matrix(p.vocab, p.hidden), "model.norm.weight": _norm(generator)}
    kv_rows = p.kv_heads * p.head_width
    for i in range(p.layers):
        at = f"model.layers.{i}."
        weights |= {
            at + "self_attn.q_proj.weight": matrix(p.hidden, p.hidden),
            at + "self_attn.k_proj.weight": matrix(kv_rows, p.hidden),
            at + "self_attn.v_proj.weight": matrix(kv_rows, p.hidden),
            at + "self_attn.o_proj.weight": matrix(p.hidden, p.hidden),
            at + "mlp.gate_proj.weight": matrix(p.ffn, p.hidden),
            at + "mlp.up_proj.weight": matrix(p.ffn, p.hidden),
            at + "mlp.down_proj.weight": matrix(p.hidden, p.ffn),
            at + "input_layernorm.weight": _norm(generator),
            at + "post_attention_layernorm.weight": _norm(generator),
        }
        for name, size in (("q", p.hidden), ("k", kv_rows), ("v", kv_rows)) if p.qkv_bias else ():
            weights[f"{at}self_attn.{name}_proj.bias"] = torch.randn(size, generator=generator).bfloat16()
    return Base(p, weights, byte_vocabulary())


def byte_vocabulary() -> Vocabulary:
    """The special tokens, one token for each byte, and one merge."""
    from tokenizers.pre_tokenizers import ByteLevel

    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    return Vocabulary([*special, *sorted(ByteLevel.alphabet()), "he"], ["h e"], special)


def small_adapter(top_k: int = EXPERTS.top_k, rank: int = RANK, seed: int = 1) -> Adapter:
    """Random permutations, routers and low-rank pairs for every matrix."""
    p, e = PARENT, Experts(EXPERTS.shared, EXPERTS.width, EXPERTS.number, top_k)
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator) * 0.2

    tensors = {"norm": _norm(generator).float()}
    for i in range(p.layers):
        at = f"layers.{i}."
        tensors |= {
            at + "permutation": torch.randperm(p.ffn, generator=generator).to(torch.int16),
            at + "router": normal(e.number, p.hidden),
            at + "bias": normal(e.number),
            at + "norm1": _norm(generator).float(),
            at + "norm2": _norm(generator).float(),
        }
        out_in = {"qkv": (p.qkv, p.hidden), "o": (p.hidden,) * 2, "gate_up": (2 * p.ffn, p.hidden)}
        for name, (out, inner) in (out_in | {"down": (p.hidden, p.ffn)}).items():
            tensors |= {f"{at}{name}.A": normal(rank, inner), f"{at}{name}.B": normal(out, rank)}
    return Adapter(e, 0.5, tensors)


def _norm(generator: torch.Generator) -> Tensor:
    return torch.randn(PARENT.hidden, generator=generator).mul(0.1).add(1.0).bfloat16()


def untrained(parent: Parent, weights: Mapping[str, Tensor], experts: Experts) -> Adapter:
    """The parent cut in place: neurons in order, routers at zero, no deltas. Equal to the parent if top_k = number."""
    tensors = {"norm": weights["model.norm.weight"].float()}
    for i in range(parent.layers):
        at, mine = f"model.layers.{i}.", f"layers.{i}."
        tensors |= {
            mine + "permutation": torch.arange(parent.ffn),
            mine + "router": torch.zeros(experts.number, parent.hidden),
            mine + "bias": torch.zeros(experts.number),
            mine + "norm1": weights[at + "input_layernorm.weight"].float(),
            mine + "norm2": weights[at + "post_attention_layernorm.weight"].float(),
        }
    return Adapter(experts, 1.0, tensors)
