"""Causal attention that stays inside a document, for packed rows: flex attention on CUDA, plain products elsewhere."""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from coterie.model.training.data.tokens import NO_HEAD
from coterie.model.training.network import Attention

BLOCK = 256


def document_attention(document_BT: Tensor, head_BT: Tensor | None = None) -> Attention:
    """Attention over rows whose tokens belong to the given documents, negative numbers for padding. A token also sees
    the whole document that its `head` names, if that is in its row (see `data.tokens.Rows`)."""
    if document_BT.is_cuda:
        return _flex(document_BT, head_BT)
    return _by_document(document_BT, head_BT)


class _Block(NamedTuple):
    """Queries start..end of a row, which see the keys of the head of their document and its own first..end."""

    row: int
    head: slice
    first: int
    start: int
    end: int

    def keys(self, k: Tensor) -> Tensor:
        """What of k [B, K, T, C] is seen: [K, head + own, C]."""
        own = k[self.row, :, self.first : self.end]
        return torch.cat([k[self.row, :, self.head], own], dim=1) if self.head.stop else own

    def add_to(self, dk: Tensor, part: Tensor) -> None:
        """Add gradients of what was seen to those of all keys."""
        size = self.head.stop - self.head.start
        dk[self.row, :, self.head] += part[:, :size]
        dk[self.row, :, self.first : self.end] += part[:, size:]


def _by_document(document_BT: Tensor, head_BT: Tensor | None) -> Attention:
    """One document after the other: nothing is computed across documents, which a mask over the row would do."""
    blocks = list(_blocks(document_BT, head_BT))

    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return _ByDocument.apply(q * q.shape[-1] ** -0.5, k, v, blocks)  # type: ignore[no-any-return, no-untyped-call]

    outside_graphs: Attention = torch.compiler.disable(attend)  # type: ignore[no-untyped-call]
    return outside_graphs


def _blocks(document_BT: Tensor, head_BT: Tensor | None) -> Iterator[_Block]:
    for row, documents in enumerate(document_BT):
        numbers, lengths = torch.unique_consecutive(documents, return_counts=True)
        first, places = 0, dict[int, slice]()
        for number, length in zip(numbers.tolist(), lengths.tolist(), strict=True):
            places[number] = slice(first, first + length)
            head = places.get(int(head_BT[row, first]), slice(0, 0)) if head_BT is not None else slice(0, 0)
            if number >= 0:
                for start in range(first, first + length, BLOCK):
                    yield _Block(row, head, first, start, min(start + BLOCK, first + length))
            first += length


class _ByDocument(torch.autograd.Function):
    """softmax(q k') v with q scaled already; q [B, H, T, C], k and v [B, K, T, C], query heads grouped over K."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, blocks: list[_Block]) -> Tensor:
        out, chances = torch.zeros_like(q), []
        for block in blocks:
            scores = torch.bmm(_grouped(q, k, block), block.keys(k).transpose(1, 2))
            count = block.end - block.start
            scores.view(*scores.shape[:1], -1, count, scores.shape[-1])[..., -count:] += _causal(count, q.dtype)
            chances.append(torch.softmax(scores, dim=-1))
            mixed = torch.bmm(chances[-1], block.keys(v))
            out[block.row, :, block.start : block.end] = mixed.view(q.shape[1], count, -1)
        ctx.save_for_backward(q, k, v, out, *chances)
        ctx.blocks = blocks
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        q, k, v, out, *chances = ctx.saved_tensors
        (dout,) = grads
        dq, dk, dv = torch.zeros_like(q), torch.zeros_like(k), torch.zeros_like(v)
        inner = (dout * out).sum(-1, keepdim=True)
        for block, p in zip(ctx.blocks, chances, strict=True):
            queries, d = _grouped(q, k, block), _grouped(dout, k, block)
            block.add_to(dv, torch.bmm(p.transpose(1, 2), d))
            ds = torch.bmm(d, block.keys(v).transpose(1, 2))
            ds.sub_(_grouped(inner, k, block)).mul_(p)
            dq[block.row, :, block.start : block.end] = torch.bmm(ds, block.keys(k)).view(
                q.shape[1], block.end - block.start, -1
            )
            block.add_to(dk, torch.bmm(ds.transpose(1, 2), queries))
        return dq, dk, dv, None


def _grouped(x: Tensor, k: Tensor, block: _Block) -> Tensor:
    """The block's rows of x [B, H, T, C] with the heads of a group behind one another: [K, H/K * count, C]."""
    return x[block.row, :, block.start : block.end].reshape(k.shape[1], -1, x.shape[-1])


@cache
def _causal(count: int, dtype: torch.dtype) -> Tensor:
    return torch.full((count, count), float("-inf"), dtype=dtype).triu(1)


def _flex(document_BT: Tensor, head_BT: Tensor | None) -> Attention:
    flex, build_mask = _compiled_flex()
    heads = torch.full_like(document_BT, NO_HEAD) if head_BT is None else head_BT

    def inside(b: Tensor, _: Tensor, q: Tensor, k: Tensor) -> Tensor:
        other = document_BT[b, k]
        return (q >= k) & ((document_BT[b, q] == other) | (heads[b, q] == other))

    rows, tokens = document_BT.shape
    mask = build_mask(inside, rows, None, tokens, tokens, device=document_BT.device)

    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return flex(q, k, v, block_mask=mask, enable_gqa=True)  # type: ignore[no-any-return]

    return attend


@cache
def _compiled_flex() -> tuple[Any, Any]:
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    return flex_attention, torch.compile(create_block_mask)
