"""Products with the frozen matrices, by numpy's OpenBLAS where that is quicker than torch's MKL: float32 on AVX2.

What it gains, the `speed` command shows with the variable set to one and to the other (docs/experiments.md, 27). The
matrices are not learned, so the backward pass is one product as well.
"""

import os
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

VARIABLE = "COTERIE_TRAINING_PRODUCTS"


def by_openblas() -> bool:
    """On AVX2 alone; $COTERIE_TRAINING_PRODUCTS, `openblas` or `torch`, has it otherwise. ValueError for another."""
    if asked := os.environ.get(VARIABLE):
        if asked not in ("openblas", "torch"):
            raise ValueError(f"{VARIABLE} is openblas or torch, not {asked!r}")
        return asked == "openblas"
    return torch.backends.cpu.get_cpu_capability() == "AVX2"


def can_take(x: Tensor, weight: Tensor) -> bool:
    """Whether these are what OpenBLAS multiplies: float32 on the CPU."""
    return x.device.type == "cpu" and x.dtype == weight.dtype == torch.float32


def frozen_linear(x_TK: Tensor, weight_NK: Tensor) -> Tensor:
    """x @ weight.T -> [T, N] in float32; the gradient goes to `x` alone."""
    out: Tensor = _product(x_TK, weight_NK.T)
    return out


def linear(x_TK: Tensor, weight_NK: Tensor) -> Tensor:
    """x @ weight.T -> [T, N] by whichever is quicker here; the gradient goes to `x` alone."""
    if by_openblas() and can_take(x_TK, weight_NK):
        return frozen_linear(x_TK, weight_NK)
    return F.linear(x_TK, weight_NK.detach())


@torch.library.custom_op("coterie::training_product", mutates_args=())
def _product(left_MK: Tensor, right_KN: Tensor) -> Tensor:
    out_MN = left_MK.new_empty(left_MK.shape[0], right_KN.shape[1])
    np.matmul(left_MK.detach().numpy(), right_KN.detach().numpy(), out=out_MN.numpy())
    return out_MN


@_product.register_fake
def _(left_MK: Tensor, right_KN: Tensor) -> Tensor:
    return left_MK.new_empty(left_MK.shape[0], right_KN.shape[1])


def _keep(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
    ctx.save_for_backward(inputs[1])


def _backward(ctx: Any, gradient_MN: Tensor) -> tuple[Tensor, None]:
    (right_KN,) = ctx.saved_tensors
    return _product(gradient_MN.contiguous(), right_KN.T), None


_product.register_autograd(_backward, setup_context=_keep)
