"""A layer's tensors as the one blob the compiled function reads; the format is described in moe.h.

Shapes: E experts, H hidden, I expert width, J = 2I, N outputs, K inputs; p after a letter: padded to 32.
"""

import struct
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import pad

from coterie.model.layers import LayerWeights, Routing

WeightFormat = Literal["bf16", "int8"]
MAGIC = 0x31454F4D45544F43
HEADER = struct.Struct("<Q12if3i11q")


def pack(weights: LayerWeights, routing: Routing, weight_format: WeightFormat = "bf16") -> Tensor:
    """The layer as a uint8 tensor on the CPU; int8 keeps one float scale per output (absolute maximum / 127)."""
    num_experts, hidden = weights.gate_EH.shape
    width = weights.w2_EHI.shape[2]
    shared = 0 if weights.shared_w2_HS is None else weights.shared_w2_HS.shape[1]
    _check(weights, routing, hidden, width, shared)
    parts = [weights.gate_EH.float(), torch.zeros(num_experts) if weights.bias_E is None else weights.bias_E.float()]
    matrices = [_interleave(weights.w13_EJH), _pad32(weights.w2_EHI)]
    if weights.shared_w13_ZH is not None and weights.shared_w2_HS is not None:
        matrices += [_interleave(weights.shared_w13_ZH[None]), _pad32(weights.shared_w2_HS[None])]
    scales = [_scales(matrix) for matrix in matrices] if weight_format == "int8" else []
    packed = [panels(m, scales[n] if scales else None) for n, m in enumerate(matrices)]
    empty = torch.empty(0)
    tensors = [*parts, *packed, *[empty] * (4 - len(packed)), *scales, *[empty] * (4 - len(scales))]
    offsets, size = _offsets(tensors)
    header = HEADER.pack(
        MAGIC, hidden, num_experts, routing.top_k, width, shared, routing.score == "softmax", routing.num_groups,
        routing.top_groups, routing.renormalize, weights.bias_E is not None, routing.round_logits,
        weight_format == "int8", routing.scaling, _up32(hidden), _up32(width), _up32(shared), *offsets, size,
    )  # fmt: skip
    return _join(header, tensors, offsets, size)


def _check(weights: LayerWeights, routing: Routing, hidden: int, width: int, shared: int) -> None:
    experts = routing.num_experts
    expected = {
        "gate": (weights.gate_EH, (experts, hidden)),
        "bias": (weights.bias_E, (experts,)),
        "w13": (weights.w13_EJH, (experts, 2 * width, hidden)),
        "w2": (weights.w2_EHI, (experts, hidden, width)),
        "shared w13": (weights.shared_w13_ZH, (2 * shared, hidden)),
        "shared w2": (weights.shared_w2_HS, (hidden, shared)),
    }
    for name, (tensor, shape) in expected.items():
        if tensor is not None and tensor.shape != shape:
            raise ValueError(
                f"{name} is {tuple(tensor.shape)}; for {experts} experts of width {width} it must be {shape}"
            )
    if hidden > 16384 or routing.num_experts > 2048 or routing.num_groups > 512:
        raise ValueError(
            f"hidden {hidden}, {routing.num_experts} experts: the CPU kernel takes up to 16384 and 2048; "
            "set COTERIE_KERNELS=vllm"
        )


def _up32(n: int) -> int:
    return (n + 31) // 32 * 32


def _pad32(matrix_ENK: Tensor) -> Tensor:
    _, n, k = matrix_ENK.shape
    return pad(matrix_ENK, (0, _up32(k) - k, 0, _up32(n) - n))


def _interleave(w13_EJH: Tensor) -> Tensor:
    """Sixteen gate rows, sixteen up rows, and so on, so that one matrix call sees both halves of an activation."""
    gate, up = (_pad32(half) for half in w13_EJH.chunk(2, dim=1))
    experts, rows, k = gate.shape
    blocks = [half.reshape(experts, rows // 16, 1, 16, k) for half in (gate, up)]
    return torch.cat(blocks, dim=2).reshape(experts, 2 * rows, k)


def _scales(matrix_ENK: Tensor) -> Tensor:
    return matrix_ENK.float().abs().amax(-1).clamp(min=1e-12) / 127


def panels(matrix_ENK: Tensor, scale_EN: Tensor | None = None) -> Tensor:
    """Matrices in panels of 16 outputs: bf16 [E, N/16, K/2, 16, 2], or with scales uint8 [E, N/16, K/4, 16, 4]."""
    experts, n, k = matrix_ENK.shape
    if scale_EN is None:
        cut = matrix_ENK.to(torch.bfloat16).reshape(experts, n // 16, 16, k // 2, 2)
    else:
        quantized = (matrix_ENK.float() / scale_EN[..., None]).round() + 128
        cut = quantized.to(torch.uint8).reshape(experts, n // 16, 16, k // 4, 4)
    return cut.transpose(2, 3).contiguous()


def _offsets(tensors: list[Tensor]) -> tuple[list[int], int]:
    """Where each tensor starts, 64-byte aligned; 1 KB at the end may be read (not used) by the widest loads."""
    offsets, at = [], (HEADER.size + 63) // 64 * 64
    for tensor in tensors:
        offsets.append(at)
        at += (tensor.numel() * tensor.element_size() + 63) // 64 * 64
    return offsets, at + 1024


def _join(header: bytes, tensors: list[Tensor], offsets: list[int], size: int) -> Tensor:
    blob = torch.zeros(size, dtype=torch.uint8)
    blob[: len(header)] = torch.frombuffer(bytearray(header), dtype=torch.uint8)
    for tensor, offset in zip(tensors, offsets, strict=True):
        data = tensor.contiguous().view(-1).view(torch.uint8)
        blob[offset : offset + data.numel()] = data
    return blob
