"""Causal attention that stays inside a document, for packed rows: flex attention on CUDA, plain products elsewhere."""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from coterie.model.training.network import Attention

BLOCK = 256


def document_attention(document_BT: Tensor) -> Attention:
    """Attention over rows whose tokens belong to the given documents; negative numbers are padding."""
    return _flex(document_BT) if document_BT.is_cuda else _by_document(document_BT)


class _Block(NamedTuple):
    """Queries start..end of a row, which see the keys first..end of their document."""

    row: int
    first: int
    start: int
    end: int


def _by_document(document_BT: Tensor) -> Attention:
    """One document after the other: nothing is computed across documents, which a mask over the row would do."""
    blocks = list(_blocks(document_BT))

    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return _ByDocument.apply(q * q.shape[-1] ** -0.5, k, v, blocks)  # type: ignore[no-any-return, no-untyped-call]

    outside_graphs: Attention = torch.compiler.disable(attend)  # type: ignore[no-untyped-call]
    return outside_graphs


def _blocks(document_BT: Tensor) -> Iterator[_Block]:
    for row, documents in enumerate(document_BT):
        numbers, lengths = torch.unique_consecutive(documents, return_counts=True)
        first = 0
        for number, length in zip(numbers.tolist(), lengths.tolist(), strict=True):
            if number >= 0:
                for start in range(first, first + length, BLOCK):
                    yield _Block(row, first, start, min(start + BLOCK, first + length))
            first += length


class _ByDocument(torch.autograd.Function):
    """softmax(q k') v with q scaled already; q [B, H, T, C], k and v [B, K, T, C], query heads grouped over K."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, blocks: list[_Block]) -> Tensor:
        out, chances = torch.zeros_like(q), []
        for block in blocks:
            queries, keys = _grouped(q, k, block), k[block.row, :, block.first : block.end]
            scores = torch.bmm(queries, keys.transpose(1, 2))
            count = block.end - block.start
            scores.view(*scores.shape[:1], -1, count, scores.shape[-1])[..., -count:] += _causal(count, q.dtype)
            chances.append(torch.softmax(scores, dim=-1))
            mixed = torch.bmm(chances[-1], v[block.row, :, block.first : block.end])
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
            queries, seen = _grouped(q, k, block), slice(block.first, block.end)
            d = _grouped(dout, k, block)
            dv[block.row, :, seen] += torch.bmm(p.transpose(1, 2), d)
            ds = torch.bmm(d, v[block.row, :, seen].transpose(1, 2))
            ds.sub_(_grouped(inner, k, block)).mul_(p)
            dq[block.row, :, block.start : block.end] = torch.bmm(ds, k[block.row, :, seen]).view(
                q.shape[1], block.end - block.start, -1
            )
            dk[block.row, :, seen] += torch.bmm(ds.transpose(1, 2), queries)
        return dq, dk, dv, None


def _grouped(x: Tensor, k: Tensor, block: _Block) -> Tensor:
    """The block's rows of x [B, H, T, C] with the heads of a group behind one another: [K, H/K * count, C]."""
    return x[block.row, :, block.start : block.end].reshape(k.shape[1], -1, x.shape[-1])


@cache
def _causal(count: int, dtype: torch.dtype) -> Tensor:
    return torch.full((count, count), float("-inf"), dtype=dtype).triu(1)


def _flex(document_BT: Tensor) -> Attention:
    flex, build_mask = _compiled_flex()

    def inside(b: Tensor, _: Tensor, q: Tensor, k: Tensor) -> Tensor:
        return (q >= k) & (document_BT[b, q] == document_BT[b, k])

    rows, tokens = document_BT.shape
    mask = build_mask(inside, rows, None, tokens, tokens, device=document_BT.device)

    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return flex(q, k, v, block_mask=mask, enable_gqa=True)  # type: ignore[no-any-return]

    return attend


@cache
def _compiled_flex() -> tuple[Any, Any]:
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    return flex_attention, torch.compile(create_block_mask)
