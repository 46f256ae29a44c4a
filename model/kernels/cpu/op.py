"""The CPU layer as torch operations, `torch.ops.coterie.*`, so that compiled graphs can hold it.

Shapes: T tokens, H hidden, K experts per token. `packed` is what `pack` made. bf16 in and out.
"""

import functools

import torch
from torch import Tensor

from coterie.model.kernels.cpu.extension import forward, has_pool, isa
from coterie.model.kernels.cpu.pack import HEADER

ROUTED, SHARED, BOTH = 1, 2, 3
ERRORS = {
    -1: "not a packed layer (or one of another version): pack it again",
    -2: "the instruction set is not available here: unset COTERIE_CPU_ISA",
    -3: "out of memory for the workspace",
}
WRONG_SHAPE = -4
HIDDEN, TOP_K = 1, 3  # fields of the header


def num_threads() -> int:
    """Threads a layer of some size runs on; one where the process has no pool to run more."""
    return torch.get_num_threads() if has_pool() else 1


def threads_for(num_rows: int, packed: Tensor) -> int:
    """One thread where up to 256 KB of weights are read: too little work to wake a second one for.

    The limit was not measured by a command that is here."""
    return 1 if packed.nbytes * min(num_rows, 8) < 1 << 18 else num_threads()


def _run(x_TH: Tensor, packed: Tensor, ids: Tensor | None, given: tuple[Tensor, Tensor] | None, parts: int) -> Tensor:
    if not all(tensor.is_cpu for tensor in (x_TH, packed, *(given or ()))):
        raise ValueError(
            f"the CPU kernel takes tensors on the CPU; rows are on {x_TH.device}, the layer on {packed.device}"
            + (f", the routing on {given[0].device} and {given[1].device}" if given else "")
        )
    if x_TH.dtype != torch.bfloat16:
        raise ValueError(f"the CPU kernel takes bfloat16, not {x_TH.dtype}; set COTERIE_KERNELS=vllm for other types")
    if x_TH.dim() != 2 or packed.dtype != torch.uint8 or not packed.is_contiguous():
        raise ValueError(
            f"the CPU kernel takes rows [T, H] and a layer as `pack` made it, not {list(x_TH.shape)} and "
            f"{packed.dtype} {list(packed.shape)}: flatten the rows, pack the layer"
        )
    x_TH = x_TH.contiguous()
    out_TH = torch.empty_like(x_TH)
    named = given[0] if given else ids
    top_k = 0 if named is None else named.shape[1]
    failed = forward()(
        packed.data_ptr(), packed.numel(), x_TH.data_ptr(), out_TH.data_ptr(), len(x_TH), x_TH.shape[1], top_k,
        None if ids is None else ids.data_ptr(), None if given is None else given[0].data_ptr(),
        None if given is None else given[1].data_ptr(), parts, isa(), threads_for(len(x_TH), packed),
    )  # fmt: skip
    if failed == WRONG_SHAPE:
        fields = HEADER.unpack(bytes(packed[: HEADER.size].tolist()))
        raise ValueError(
            f"the layer takes rows of {fields[HIDDEN]} and chooses {fields[TOP_K]} experts a token; "
            f"given were rows of {x_TH.shape[1]}" + (f" and {top_k} experts" if named is not None else "")
        )
    if failed:
        raise RuntimeError(f"CPU MoE layer: {ERRORS[failed]}")
    return out_TH


def _moe_layer(x_TH: Tensor, packed: Tensor) -> Tensor:
    return _run(x_TH, packed, None, None, BOTH)


def _moe_layer_traced(x_TH: Tensor, packed: Tensor, top_k: int) -> tuple[Tensor, Tensor]:
    ids_TK = torch.empty(len(x_TH), top_k, dtype=torch.int32)
    return _run(x_TH, packed, ids_TK, None, BOTH), ids_TK


def _routed_experts(x_TH: Tensor, packed: Tensor, ids_TK: Tensor, weights_TK: Tensor) -> Tensor:
    if ids_TK.dim() != 2 or len(ids_TK) != len(x_TH) or ids_TK.shape != weights_TK.shape:
        raise ValueError(
            f"ids {list(ids_TK.shape)} and weights {list(weights_TK.shape)} for {len(x_TH)} rows; both must be [T, K]"
        )
    given = ids_TK.to(torch.int32).contiguous(), weights_TK.float().contiguous()
    return _run(x_TH, packed, None, given, ROUTED)


@functools.cache
def _library() -> torch.library.Library:
    """Registers the operations; once per process, on first use."""
    ops = torch.library.Library("coterie", "DEF")  # type: ignore[no-untyped-call]
    ops.define("moe_layer(Tensor x, Tensor packed) -> Tensor")  # type: ignore[no-untyped-call]
    ops.define("moe_layer_traced(Tensor x, Tensor packed, int top_k) -> (Tensor, Tensor)")  # type: ignore[no-untyped-call]
    ops.define("routed_experts(Tensor x, Tensor packed, Tensor ids, Tensor weights) -> Tensor")  # type: ignore[no-untyped-call]
    ops.impl("moe_layer", _moe_layer, "CPU")  # type: ignore[no-untyped-call]
    ops.impl("moe_layer_traced", _moe_layer_traced, "CPU")  # type: ignore[no-untyped-call]
    ops.impl("routed_experts", _routed_experts, "CPU")  # type: ignore[no-untyped-call]
    torch.library.register_fake("coterie::moe_layer", lambda x, packed: torch.empty_like(x), lib=ops)
    torch.library.register_fake(
        "coterie::moe_layer_traced",
        lambda x, packed, top_k: (torch.empty_like(x), x.new_empty(x.shape[0], top_k, dtype=torch.int32)),
        lib=ops,
    )
    torch.library.register_fake("coterie::routed_experts", lambda x, packed, ids, weights: torch.empty_like(x), lib=ops)
    return ops


def register() -> None:
    """Makes `torch.ops.coterie.*` exist."""
    _library()


def moe_layer(x_TH: Tensor, packed: Tensor) -> Tensor:
    """The whole layer [T, H]: gate, routed and shared experts, combined. In eager mode without the dispatcher."""
    if torch.compiler.is_compiling():
        result: Tensor = torch.ops.coterie.moe_layer(x_TH, packed)
        return result
    return _moe_layer(x_TH, packed)


def moe_layer_traced(x_TH: Tensor, packed: Tensor, top_k: int) -> tuple[Tensor, Tensor]:
    """`moe_layer` and the experts chosen, int32 [T, K]."""
    if torch.compiler.is_compiling():
        result: tuple[Tensor, Tensor] = torch.ops.coterie.moe_layer_traced(x_TH, packed, top_k)
        return result
    return _moe_layer_traced(x_TH, packed, top_k)


def routed_experts(x_TH: Tensor, packed: Tensor, ids_TK: Tensor, weights_TK: Tensor) -> Tensor:
    """The routed experts for a routing made elsewhere; an id outside the layer's (such as -1) is no expert."""
    if torch.compiler.is_compiling():
        result: Tensor = torch.ops.coterie.routed_experts(x_TH, packed, ids_TK, weights_TK)
        return result
    return _routed_experts(x_TH, packed, ids_TK, weights_TK)
