"""Losses over a frozen output head, chunk by chunk, without ever holding all logits.

The head is the frozen embedding, so only the hidden state needs a gradient: it is computed together with
the loss, one chunk of positions at a time, and the backward pass is a multiplication.

Shapes: P positions, D hidden, V vocabulary.
"""

from typing import Any

import torch
from torch import Tensor

from coterie.model.training.products import linear

CHUNK = 4096


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden_PD: Tensor, head_VD: Tensor, target_P: Tensor, weight_P: Tensor) -> Tensor:
        grad_PD, losses = torch.empty_like(hidden_PD), []
        for start in range(0, hidden_PD.shape[0], CHUNK):
            part = slice(start, start + CHUNK)
            logits = linear(hidden_PD[part], head_VD)
            loss, dlogits = _cross_entropy_chunk(logits, target_P[part], weight_P[part])
            grad_PD[part] = linear(dlogits, head_VD.T)
            losses.append(loss)
        ctx.save_for_backward(grad_PD)
        return torch.stack(losses).sum()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None, None]:
        (grad_PD,) = ctx.saved_tensors
        return grad_PD * grads[0].to(grad_PD.dtype), None, None, None


class _Distillation(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden_PD: Tensor, teacher_PD: Tensor, head_VD: Tensor) -> Tensor:
        grad_PD, losses = torch.empty_like(hidden_PD), []
        for start in range(0, hidden_PD.shape[0], CHUNK):
            part = slice(start, start + CHUNK)
            student, teacher = (linear(rows_PD[part], head_VD) for rows_PD in (hidden_PD, teacher_PD))
            loss, dlogits = _distillation_chunk(student, teacher)
            grad_PD[part] = linear(dlogits, head_VD.T) / hidden_PD.shape[0]
            losses.append(loss)
        ctx.save_for_backward(grad_PD)
        return torch.stack(losses).sum() / hidden_PD.shape[0]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        (grad_PD,) = ctx.saved_tensors
        return grad_PD * grads[0].to(grad_PD.dtype), None, None


def cross_entropy(hidden_PD: Tensor, head_VD: Tensor, target_P: Tensor, weight_P: Tensor) -> Tensor:
    """Weighted mean negative log-likelihood (nats) of the targets; weights need not sum to one."""
    return _CrossEntropy.apply(hidden_PD, head_VD, target_P, weight_P / weight_P.sum())  # type: ignore[no-any-return, no-untyped-call]


def distillation(hidden_PD: Tensor, teacher_PD: Tensor, head_VD: Tensor) -> Tensor:
    """Mean KL(teacher || student) in nats a position; both read by the same head."""
    return _Distillation.apply(hidden_PD, teacher_PD, head_VD)  # type: ignore[no-any-return, no-untyped-call]


def _cross_entropy_chunk(logits: Tensor, target_P: Tensor, weight_P: Tensor) -> tuple[Tensor, Tensor]:
    log_probs = torch.log_softmax(logits.float(), dim=-1)
    loss = -(log_probs.gather(-1, target_P[:, None])[:, 0] * weight_P).sum()
    one_hot = torch.arange(logits.shape[-1], device=logits.device) == target_P[:, None]
    dlogits = (log_probs.exp() - one_hot.float()) * weight_P[:, None]
    return loss, dlogits.to(logits.dtype)


def _distillation_chunk(student: Tensor, teacher: Tensor) -> tuple[Tensor, Tensor]:
    log_p = torch.log_softmax(student.float(), dim=-1)
    log_q = torch.log_softmax(teacher.float(), dim=-1)
    q = log_q.exp()
    return (q * (log_q - log_p)).sum(), (log_p.exp() - q).to(student.dtype)


def compile_losses() -> None:
    """Fuse the element-wise parts (worth it on CUDA only)."""
    global _cross_entropy_chunk, _distillation_chunk
    _cross_entropy_chunk = torch.compile(_cross_entropy_chunk, dynamic=True)
    _distillation_chunk = torch.compile(_distillation_chunk, dynamic=True)
