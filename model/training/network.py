"""The trainable form of the model: dense weights frozen, a low-rank delta, routers and norms learned.

Every expert is computed and multiplied by its gate (zero when not chosen): the arithmetic of the served
sparse model with the throughput of a dense one, which at these widths is the quicker way to train.
The delta that is shipped has exactly rank r.

Shapes: B batch, T tokens, D hidden, F dense FFN width, S shared width, N experts, E expert width,
H heads, K kv heads, C head width, r rank.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from coterie.model.config import Experts, Parent
from coterie.model.training import products

Attention = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Shape:
    """Sizes of the dense parent and of the experts carved from it, and what the low-rank deltas are."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_width: int
    ffn: int
    vocab: int
    rope_theta: float
    eps: float
    shared: int
    experts: int
    top_k: int
    rank: int = 64
    scaling: float = 0.5

    @staticmethod
    def of(parent: Parent, experts: Experts) -> "Shape":
        """That of a parent carved so."""
        p, e = parent, experts
        sizes = (p.layers, p.hidden, p.heads, p.kv_heads, p.head_width, p.ffn, p.vocab, p.rope_theta, p.eps)
        return Shape(*sizes, e.shared, e.number, e.top_k)

    @property
    def expert_width(self) -> int:
        """Neurons of one routed expert."""
        return (self.ffn - self.shared) // self.experts


class Routed(NamedTuple):
    """Gates per expert [.., N] (zero where not chosen) and the share of tokens each expert got [N]."""

    gates: Tensor
    load_N: Tensor


class LowRank(nn.Module):
    """A frozen matrix [out, in], with a frozen bias `added` [out] or none, and a delta of rank r, zero at first."""

    weight: Tensor
    added: Tensor | None

    def __init__(self, weight: Tensor, rank: int, scaling: float, added: Tensor | None = None) -> None:
        super().__init__()
        self.register_buffer("weight", weight, persistent=False)
        self.register_buffer("added", added, persistent=False)
        self.A = nn.Parameter(torch.randn(rank, weight.shape[1]) / math.sqrt(weight.shape[1]))
        self.B = nn.Parameter(torch.zeros(weight.shape[0], rank))
        self.scaling = scaling
        self.by_openblas = products.by_openblas()

    def forward(self, x: Tensor) -> Tensor:
        """x [..., in] -> [..., out]. A GPU multiplies by the merged weight; a CPU, whose batches are small, is
        quicker with the factors apart, because then no gradient of a full matrix is formed."""
        if x.is_cuda:
            return F.linear(x, self.effective(x.dtype), self._added(x.dtype))
        rows = x.flatten(0, -2)
        inner = F.linear(rows, self.A.to(x.dtype))
        if self.by_openblas and products.can_take(rows, self.weight):
            plain = products.frozen_linear(rows, self.weight)
        else:
            plain = F.linear(rows, self.weight.to(x.dtype))
        y = torch.addmm(plain, inner, self.B.to(x.dtype).T, alpha=self.scaling)
        added = self._added(x.dtype)
        return (y if added is None else y + added).view(*x.shape[:-1], -1)

    def effective(self, dtype: torch.dtype) -> Tensor:
        """W + scaling * B @ A, the weight that is served."""
        delta = self.B.to(dtype) @ self.A.to(dtype)
        return torch.add(self.weight.to(dtype), delta, alpha=self.scaling)

    def _added(self, dtype: torch.dtype) -> Tensor | None:
        return None if self.added is None else self.added.to(dtype)


class Layer(nn.Module):
    """One transformer block: grouped-query attention, then shared + routed experts."""

    bias: Tensor

    def __init__(
        self, shape: Shape, dense: Mapping[str, Tensor], carved: "LayerCarve", dtype: torch.dtype = torch.bfloat16
    ) -> None:
        super().__init__()
        self.shape = shape
        order = carved.permutation.long()
        gate, up, down, o = (
            dense[name].to(dtype) for name in ("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj", "self_attn.o_proj")
        )
        qkv = torch.cat([dense[f"self_attn.{name}_proj"] for name in "qkv"]).to(dtype)
        self.norm1 = nn.Parameter(dense["input_layernorm"].float().clone())
        self.norm2 = nn.Parameter(dense["post_attention_layernorm"].float().clone())
        biases = [dense[f"self_attn.{name}_proj.bias"] for name in "qkv" if f"self_attn.{name}_proj.bias" in dense]
        self.qkv = LowRank(qkv, shape.rank, shape.scaling, torch.cat(biases).to(dtype) if biases else None)
        self.o = LowRank(o, shape.rank, shape.scaling)
        self.gate_up = LowRank(torch.cat([gate[order], up[order]]), shape.rank, shape.scaling)
        self.down = LowRank(down[:, order], shape.rank, shape.scaling)
        self.router = nn.Parameter(carved.router.float().clone())
        self.register_buffer("bias", carved.bias.float().clone())

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, attend: Attention) -> tuple[Tensor, Tensor]:
        """x [B, T, D] -> (x [B, T, D], expert load [N])."""
        x = x + self.attention(self.norm(x, self.norm1), cos, sin, attend)
        y, load_N = self.experts(self.norm(x, self.norm2))
        return x + y, load_N

    def norm(self, x: Tensor, weight: Tensor) -> Tensor:
        """RMSNorm."""
        return F.rms_norm(x, (x.shape[-1],), weight.to(x.dtype), self.shape.eps)

    def attention(self, x: Tensor, cos: Tensor, sin: Tensor, attend: Attention) -> Tensor:
        """Rotary attention over grouped heads."""
        s, (b, t, _) = self.shape, x.shape
        qkv = self.qkv(x).view(b, t, s.heads + 2 * s.kv_heads, s.head_width)
        q, k, v = qkv.transpose(1, 2).split([s.heads, s.kv_heads, s.kv_heads], dim=1)
        y = attend(rotate(q, cos, sin), rotate(k, cos, sin), v)
        out: Tensor = self.o(y.transpose(1, 2).reshape(b, t, -1))
        return out

    def experts(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Shared and routed experts in one FFN whose routed columns are scaled by their gates."""
        s = self.shape
        gate, up = self.gate_up(x).chunk(2, dim=-1)
        inner = F.silu(gate) * up
        routed = self.route(x)
        wide = routed.gates.to(x.dtype).repeat_interleave(s.expert_width, dim=-1)
        inner = torch.cat([inner[..., : s.shared], inner[..., s.shared :] * wide], dim=-1)
        return self.down(inner), routed.load_N

    def route(self, x: Tensor) -> Routed:
        """Normalised sigmoid gating; the bias decides who is chosen, not how much it counts (DeepSeek-V3, 2.1.2)."""
        s = self.shape
        if s.top_k == s.experts and not self.router.requires_grad:
            ones = torch.ones(*x.shape[:-1], s.experts, device=x.device, dtype=x.dtype)
            return Routed(ones, ones.new_ones(s.experts).float())
        scores = torch.sigmoid(F.linear(x.float(), self.router))
        threshold = (scores.detach() + self.bias).topk(s.top_k, dim=-1).values[..., -1:]
        chosen = (scores.detach() + self.bias) >= threshold
        kept = torch.where(chosen, scores, 0.0)
        gates = kept / kept.sum(-1, keepdim=True) * s.top_k
        return Routed(gates, chosen.float().flatten(0, -2).mean(0))


class LayerCarve(NamedTuple):
    """How one dense FFN is cut: neuron order [F] (shared first, then expert by expert), router [N, D], bias [N]."""

    permutation: Tensor
    router: Tensor
    bias: Tensor


class Network(nn.Module):
    """The language model up to its last hidden state; the tied head is applied by the losses.

    The frozen weights are kept, and unless told otherwise multiplied, in `dtype` (see `precision`).
    """

    cos: Tensor
    sin: Tensor
    embedding: Tensor

    def __init__(
        self,
        shape: Shape,
        dense: Mapping[str, Tensor],
        carve: list[LayerCarve],
        max_tokens: int = 8192,
        dtype: torch.dtype = torch.bfloat16,
    ) -> None:
        super().__init__()
        self.shape = shape
        self.register_buffer("embedding", dense["model.embed_tokens.weight"].to(dtype), persistent=False)
        self.layers = nn.ModuleList(Layer(shape, layer_of(dense, i), carve[i], dtype) for i in range(shape.layers))
        self.norm = nn.Parameter(dense["model.norm.weight"].float().clone())
        angles = torch.arange(max_tokens)[:, None] / shape.rope_theta ** (
            torch.arange(0, shape.head_width, 2) / shape.head_width
        )
        angles = torch.cat([angles, angles], dim=-1)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(
        self,
        tokens: Tensor,
        attend: Attention,
        dtype: torch.dtype | None = None,
        positions: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """tokens and positions [B, T] -> (last hidden state [B, T, D], expert loads [layers, N]); from 0 on where no
        positions are given."""
        dtype = dtype or self.embedding.dtype
        x = F.embedding(tokens, self.embedding.to(dtype))
        at = torch.arange(tokens.shape[1], device=tokens.device)[None] if positions is None else positions
        cos, sin = (table[at][:, None].to(dtype) for table in (self.cos, self.sin))
        loads = []
        for layer in self.layers:
            x, load_N = layer(x, cos, sin, attend)
            loads.append(load_N)
        return F.rms_norm(x, (x.shape[-1],), self.norm.to(dtype), self.shape.eps), torch.stack(loads)

    @torch.no_grad()
    def balance(self, loads: Tensor, rate: float) -> None:
        """Move every expert's selection bias against its load (auxiliary-loss-free balancing, arXiv 2408.15664)."""
        for layer, load_N in zip(self.layers, loads, strict=True):
            assert isinstance(layer, Layer)
            layer.bias += rate * torch.sign(load_N.mean() - load_N)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding, half-split layout, over the last axis; x [B, heads, T, C]."""
    left, right = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-right, left], dim=-1) * sin


def layer_of(dense: Mapping[str, Tensor], i: int) -> dict[str, Tensor]:
    """The tensors of layer i under their short names (`mlp.up_proj`, `input_layernorm`)."""
    prefix = f"model.layers.{i}."
    return {
        name.removeprefix(prefix).removesuffix(".weight"): tensor
        for name, tensor in dense.items()
        if name.startswith(prefix)
    }


def uncarved(shape: Shape) -> list[LayerCarve]:
    """The dense parent seen as one: neurons in place, every expert on with gate one."""
    return [
        LayerCarve(torch.arange(shape.ffn), torch.zeros(shape.experts, shape.hidden), torch.zeros(shape.experts))
        for _ in range(shape.layers)
    ]
