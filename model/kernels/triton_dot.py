"""The matrix product every kernel here uses.

Triton's interpreter (3.6 to 3.9) multiplies the bit patterns of bf16 operands, so under it they are widened first.
"""

# Triton kernels carry no Python types.
# mypy: disable-error-code="no-untyped-def,untyped-decorator"

import os

import triton
import triton.language as tl

WIDEN = tl.constexpr(os.environ.get("TRITON_INTERPRET") == "1")


@triton.jit
def dot(a_MK, b_KN, acc_MN):
    """`acc + a @ b` with float32 sums."""
    if WIDEN:
        return tl.dot(a_MK.to(tl.float32), b_KN.to(tl.float32), acc_MN, input_precision="ieee")
    return tl.dot(a_MK, b_KN, acc_MN)
