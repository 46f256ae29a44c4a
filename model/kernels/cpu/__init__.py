"""The whole MoE layer as one CPU operation: packed weights, one compiled function per instruction set.

`pack` turns a layer's tensors into one blob, `moe_layer` runs it; `available` builds the extension when it must.
"""

from coterie.model.kernels.cpu.extension import KernelUnavailable, available, in_use
from coterie.model.kernels.cpu.op import moe_layer, moe_layer_traced, num_threads, routed_experts
from coterie.model.kernels.cpu.pack import WeightFormat, pack

__all__ = [
    "KernelUnavailable",
    "WeightFormat",
    "available",
    "in_use",
    "moe_layer",
    "moe_layer_traced",
    "num_threads",
    "pack",
    "routed_experts",
]
