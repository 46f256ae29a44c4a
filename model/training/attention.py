"""Causal attention that stays inside a document, for packed rows: flex attention on CUDA, SDPA elsewhere."""

from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from coterie.model.training.network import Attention


def document_attention(document_BT: Tensor) -> Attention:
    """Attention over rows whose tokens belong to the given documents."""
    return _flex(document_BT) if document_BT.is_cuda else _masked(document_BT)


def _masked(document_BT: Tensor) -> Attention:
    tokens = document_BT.shape[1]
    causal = torch.ones(tokens, tokens, dtype=torch.bool, device=document_BT.device).tril()
    allowed = (document_BT[:, None, :, None] == document_BT[:, None, None, :]) & causal

    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(q, k, v, attn_mask=allowed, enable_gqa=True)

    return attend


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
