"""Dense products in bf16 on the experts' matrix kernel, for processors on which torch has no quick ones.

oneDNN multiplies bf16 from AVX-512 on; on an AVX2 processor, as most laptops have, it falls back to a loop several
times slower than float. Ours widens weights to float in registers, so that a step still reads two bytes a weight.
`coterie model bench --device cpu --shape coterie/qkv` compares them.

Shapes: T rows, N outputs, K inputs, both multiples of 32.
"""

import torch
from torch import Tensor

from coterie.model.kernels.cpu.extension import in_use, isa, product
from coterie.model.kernels.cpu.op import threads_for
from coterie.model.kernels.cpu.pack import panels

SET_WITHOUT_PRODUCTS = "avx2"


def is_wanted(weight_NK: Tensor) -> bool:
    """Whether torch would be slow at products with this weight here and ours can take them."""
    whole = weight_NK.dim() == 2 and not any(size % 32 for size in weight_NK.shape)
    return whole and weight_NK.dtype == torch.bfloat16 and in_use() == SET_WITHOUT_PRODUCTS


class PackedLinear:
    """x W' for a weight [N, K], which is copied; a row has the same bits in any batch and on any number of threads."""

    def __init__(self, weight_NK: Tensor) -> None:
        self.outputs, self.inputs = weight_NK.shape
        if weight_NK.dtype != torch.bfloat16 or self.outputs % 32 or self.inputs % 32:
            raise ValueError(
                f"the product takes a bfloat16 weight whose sizes are multiples of 32, not {weight_NK.dtype} "
                f"{list(weight_NK.shape)}"
            )
        self.panels = panels(weight_NK[None])

    def __call__(self, x: Tensor, bias_N: Tensor | None = None) -> Tensor:
        """x [.., K] in bfloat16 -> [.., N]."""
        if x.dtype != torch.bfloat16 or x.shape[-1] != self.inputs or not x.is_cpu:
            raise ValueError(
                f"the product takes bfloat16 rows of {self.inputs} on the CPU, "
                f"not {x.dtype} {list(x.shape)} on {x.device}"
            )
        rows_TK = x.reshape(-1, self.inputs).contiguous()
        out_TN = torch.empty(len(rows_TK), self.outputs, dtype=torch.bfloat16)
        failed = product()(
            rows_TK.data_ptr(), self.panels.data_ptr(), out_TN.data_ptr(), len(rows_TK), self.inputs, self.outputs,
            isa(), threads_for(len(rows_TK), self.panels),
        )  # fmt: skip
        if failed:
            raise RuntimeError("the instruction set is not available here: unset COTERIE_CPU_ISA")
        out = out_TN.view(*x.shape[:-1], self.outputs)
        return out if bias_N is None else out + bias_N
