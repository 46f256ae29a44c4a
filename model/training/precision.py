"""The number type to train in: bfloat16 where the machine multiplies it, float32 where it would only be emulated."""

import os
from functools import cache

import torch

VARIABLE = "COTERIE_TRAINING_DTYPE"


@cache
def working_dtype(device: str) -> torch.dtype:
    """bfloat16 on a GPU and on a CPU that oneDNN has kernels for it on (AVX-512 and later); else float32.

    $COTERIE_TRAINING_DTYPE, `bfloat16` or `float32`, has it otherwise. ValueError where it is anything else.

    On an AVX2 processor a product in bfloat16 takes five to seven times as long as in float32 (docs/kernels.md).
    """
    if asked := os.environ.get(VARIABLE):
        if asked not in ("bfloat16", "float32"):
            raise ValueError(f"{VARIABLE} is bfloat16 or float32, not {asked!r}")
        return torch.bfloat16 if asked == "bfloat16" else torch.float32
    has_bfloat16 = device != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.bfloat16 if has_bfloat16 else torch.float32
