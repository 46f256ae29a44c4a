"""A small network to train: sizes, random weights of a dense Llama, rows of tokens, and what it says of them."""

import numpy as np
import torch
from torch import Tensor

from coterie.model.training.attention import document_attention
from coterie.model.training.data.tokens import Rows
from coterie.model.training.network import Network, Shape

SHAPE = Shape(
    layers=2, hidden=64, heads=4, kv_heads=2, head_width=16, ffn=128, vocab=256, rope_theta=1e5, eps=1e-5,
    shared=32, experts=12, top_k=8, rank=4,
)  # fmt: skip
CPU = torch.device("cpu")


def dense_weights() -> dict[str, Tensor]:
    """Random weights of transformers' Llama, bf16, and under `expected logits` what it says of forty tokens."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=256, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, rms_norm_eps=1e-5, tie_word_embeddings=True, rope_theta=1e5,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    state = {name: tensor.to(torch.bfloat16) for name, tensor in model.state_dict().items() if name != "lm_head.weight"}
    model.load_state_dict({name: tensor.float() for name, tensor in state.items()}, strict=False)
    tokens = torch.arange(40)[None] * 5 % 256
    with torch.no_grad():
        state["expected logits"] = model.eval()(tokens).logits
    return state


def logits(network: Network, tokens: Tensor) -> Tensor:
    """Of one row of tokens [1, T], as one document: [1, T, vocab]."""
    with torch.no_grad():
        hidden, _ = network(tokens, document_attention(torch.zeros_like(tokens)), torch.float32)
    return hidden @ network.embedding.float().T


def rows(seed: int, count: int = 4) -> Rows:
    """Random rows of 64 tokens in two documents."""
    draw = np.random.default_rng(seed)
    document = np.repeat(np.arange(2, dtype=np.int16), 32)[None].repeat(count, 0)
    return Rows.apart(draw.integers(3, 256, (count, 64)).astype(np.uint32), draw.random((count, 64)) < 0.4, document)
