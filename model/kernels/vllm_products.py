"""vLLM's dense layers on our product, on processors where vLLM has no quick one for bf16 (vLLM 0.32).

A layer it takes keeps a row's bits in any batch, so batch invariance has nothing to add to it.
"""

from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from coterie.model.kernels.cpu.linear import PackedLinear, is_wanted


def take_products(utils: ModuleType) -> None:
    """Have the linear layers that vLLM prepares for the CPU multiply on ours, where that is wanted."""
    prepare = utils.dispatch_cpu_unquantized_gemm

    def prepare_on_ours(layer: Any, remove_weight: bool) -> None:
        if layer.weight.is_meta or not is_wanted(layer.weight):
            prepare(layer, remove_weight)
            return
        ours = PackedLinear(layer.weight.data)

        def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
            return ours(x, bias)

        layer.cpu_linear = product
        if remove_weight:
            layer.weight = nn.Parameter(torch.empty(0, dtype=torch.bfloat16), requires_grad=False)

    utils.dispatch_cpu_unquantized_gemm = prepare_on_ours  # type: ignore[attr-defined]
