"""Baseline: vLLM's own Triton experts, from a copy of its kernel that is never committed (.carry/vllm_moe/).

`python -m coterie.model.kernels.bench_vllm` makes that copy from an installed vLLM. The row is generous to vLLM: its
two matrix kernels, a fused activation, our sum and our router; its block alignment is computed before the clock starts,
and the shared expert is two dense products.
Shapes: T tokens, H hidden, I expert width, J = 2I, K experts per token, P = T * K pairs.
"""

# Triton kernels carry no Python types.
# mypy: disable-error-code="no-untyped-def,untyped-decorator"

import ast
import functools
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from coterie.model.kernels.triton_layer import Layer
from coterie.model.layers import LayerWeights

CARRIED = Path(".carry/vllm_moe/fused_moe_kernel.py")
Config = dict[str, int]
Run = Callable[[Tensor], Tensor]


@functools.cache
def kernel() -> Any:
    """vLLM's `fused_moe_kernel`, or None when it was not carried along."""
    if not CARRIED.exists():
        return None
    spec = importlib.util.spec_from_file_location("carried_fused_moe", CARRIED.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["carried_fused_moe"] = module
    spec.loader.exec_module(module)
    return module.fused_moe_kernel


def default_config(tokens: int, num_experts: int) -> Config:
    """What vLLM 0.32 chooses for bf16 when no tuned file fits (`get_default_config`)."""
    block_m = 16 if tokens <= 32 else 32 if tokens <= 96 else 64 if tokens <= 512 else 128
    return {
        "BLOCK_SIZE_M": block_m, "BLOCK_SIZE_N": 64 if tokens <= 64 else 128,
        "BLOCK_SIZE_K": 128 if tokens <= 64 else 64, "GROUP_SIZE_M": 16 if tokens // num_experts > 128 else 1,
        "num_warps": 4 if tokens <= 128 else 8,
        "num_stages": 4 if tokens <= 32 else 3,
    }  # fmt: skip


def candidates(tokens: int) -> Iterator[Config]:
    """A short version of vLLM's own tuning grid."""
    sizes = (16,) if tokens <= 16 else (16, 32, 64) if tokens <= 256 else (64, 128)
    for m in sizes:
        for n, k, warps, stages in (
            (64, 128, 4, 4),
            (32, 128, 4, 4),
            (128, 64, 4, 4),
            (128, 64, 8, 3),
            (256, 64, 8, 3),
        ):
            if tokens > 64 or n <= 128:
                yield {"BLOCK_SIZE_M": m, "BLOCK_SIZE_N": n, "BLOCK_SIZE_K": k, "GROUP_SIZE_M": 16 if m >= 64 else 1,
                       "num_warps": warps, "num_stages": stages}  # fmt: skip


def align(ids_TK: Tensor, num_experts: int, block_m: int) -> tuple[Tensor, Tensor, Tensor]:
    """Pairs sorted by expert and padded to blocks, as vLLM's alignment gives them; not timed."""
    flat = ids_TK.flatten()
    counts = torch.bincount(flat, minlength=num_experts)
    padded = (counts + block_m - 1) // block_m * block_m
    rows = torch.full((int(padded.sum()),), flat.numel(), dtype=torch.int32, device=flat.device)
    order = flat.argsort(stable=True)
    shift = (padded.cumsum(0) - padded) - (counts.cumsum(0) - counts)
    rows[torch.arange(len(flat), device=flat.device) + shift[flat[order].long()]] = order.int()
    blocks = torch.repeat_interleave(torch.arange(num_experts, device=flat.device), padded // block_m).int()
    return rows, blocks, torch.tensor([len(rows)], dtype=torch.int32, device=flat.device)


def _product(a: Tensor, b_ENK: Tensor, c: Tensor, weights: Tensor, aligned: tuple[Tensor, ...], slots: int, weigh: bool,
             config: Config) -> None:  # fmt: skip
    rows, blocks, count = aligned
    n, k = b_ENK.shape[1:]
    grid = (triton.cdiv(len(rows), config["BLOCK_SIZE_M"]) * triton.cdiv(n, config["BLOCK_SIZE_N"]),)
    kernel()[grid](
        a, b_ENK, c, None, None, None, weights, rows, blocks, count, n, k, len(rows), weights.numel(), a.stride(0), 1,
        b_ENK.stride(0), 1, b_ENK.stride(1), c.stride(0), 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, naive_block_assignment=False,
        SPLIT_K=1, MUL_ROUTED_WEIGHT=weigh, top_k=slots, compute_type=tl.bfloat16, use_fp8_w8a8=False,
        use_int8_w8a8=False, use_int8_w8a16=False, per_channel_quant=False, HAS_BIAS=False, SWAP_AB=False, USE_TD=False,
        **config,
    )  # fmt: skip


def layer(weights: LayerWeights, own: Layer, config: Config) -> Run:
    """The layer on vLLM's kernels. The alignment is made on the first call with an input and kept for it."""
    from coterie.model.kernels.triton_prefill import gather_sum
    from coterie.model.kernels.triton_router import route

    kept: dict[int, tuple[Tensor, ...]] = {}
    top_k, num_experts = own.gate.routing.top_k, own.gate.routing.num_experts

    def run(x_TH: Tensor) -> Tensor:
        ids, scales = route(x_TH, own.gate)
        if x_TH.data_ptr() not in kept:
            kept[x_TH.data_ptr()] = align(ids[:, :top_k], num_experts, config["BLOCK_SIZE_M"])
        routed, weighted = ids[:, :top_k].contiguous(), scales[:, :top_k].contiguous()
        aligned, width = kept[x_TH.data_ptr()], weights.w2_EHI.shape[2]
        gate_up = x_TH.new_empty(routed.numel(), 2 * width)
        _product(x_TH, weights.w13_EJH, gate_up, weighted, aligned, top_k, False, config)
        y = x_TH.new_empty(routed.numel(), x_TH.shape[1])
        _product(activate(gate_up), weights.w2_EHI, y, weighted, aligned, 1, True, config)
        out = gather_sum(y, routed, num_experts)
        if weights.shared_w13_ZH is None or weights.shared_w2_HS is None:
            return out
        return out + activate(x_TH @ weights.shared_w13_ZH.T) @ weights.shared_w2_HS.T

    return run


@triton.jit
def activate_kernel(gate_up, out, width, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    n = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    gate = tl.load(gate_up + row * 2 * width + n, mask=n < width, other=0.0).to(tl.float32)
    up = tl.load(gate_up + row * 2 * width + width + n, mask=n < width, other=0.0).to(tl.float32)
    tl.store(out + row * width + n, (gate / (1.0 + tl.exp(-gate)) * up).to(out.dtype.element_ty), mask=n < width)


def activate(gate_up_PJ: Tensor) -> Tensor:
    """`silu(gate) * up` [P, I] in one launch, as vLLM's `silu_and_mul` does it."""
    pairs, width = len(gate_up_PJ), gate_up_PJ.shape[1] // 2
    out_PI = gate_up_PJ.new_empty(pairs, width)
    block = min(1024, triton.next_power_of_2(width))
    activate_kernel[(pairs, triton.cdiv(width, block))](gate_up_PJ, out_PI, width, BLOCK=block)
    return out_PI


def tune(
    weights: list[LayerWeights], layers: list[Layer], tokens: int, timer: Callable[..., list[float]]
) -> Config | None:
    """The fastest of the candidates on one copy's products."""
    best: tuple[float, Config] | None = None
    x = torch.randn(tokens, weights[0].gate_EH.shape[1], device="cuda").bfloat16()
    for config in candidates(tokens):
        try:
            runs = [layer(w, own, config) for w, own in zip(weights[:4], layers[:4], strict=True)]
            for run in runs:
                run(x)
            took = min(timer([lambda run=run: run(x) for run in runs] * 2, 4, 0.05))
        except Exception as failure:  # too much shared memory for this device, for instance
            print(f"vllm {config}: {str(failure)[:100]}", file=sys.stderr)
            continue
        if best is None or took < best[0]:
            best = took, config
    return best[1] if best else None


def warm(hidden: int, width: int, top_k: int, config: Config) -> None:
    """Compiles both products of a configuration, for one token and for sixteen."""
    w13 = torch.randn(2, 2 * width, hidden, device="cuda").bfloat16()
    w2 = torch.randn(2, hidden, width, device="cuda").bfloat16()
    for tokens in (1, 16):
        ids = torch.arange(tokens * top_k, device="cuda").view(tokens, top_k) % 2
        scales = torch.ones(tokens, top_k, device="cuda")
        aligned = align(ids, 2, config["BLOCK_SIZE_M"])
        gate_up = torch.empty(tokens * top_k, 2 * width, device="cuda", dtype=torch.bfloat16)
        y = torch.empty(tokens * top_k, hidden, device="cuda", dtype=torch.bfloat16)
        _product(
            torch.randn(tokens, hidden, device="cuda").bfloat16(), w13, gate_up, scales, aligned, top_k, False, config
        )
        _product(activate(gate_up), w2, y, scales, aligned, 1, True, config)


def carry() -> None:
    """Copies the kernel out of an installed vLLM: its two functions, nothing else."""
    found = importlib.util.find_spec("vllm")
    if found is None or found.origin is None:
        raise ImportError("vLLM is not installed here; the baseline rows are left out without its kernel")
    source = (Path(found.origin).parent / "model_executor/layers/fused_moe/fused_moe.py").read_text()
    wanted = {"write_zeros_to_output", "fused_moe_kernel"}
    nodes = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef) and n.name in wanted]
    text = "\n\n".join("@triton.jit\n" + (ast.get_source_segment(source, node) or "") for node in nodes)
    CARRIED.parent.mkdir(parents=True, exist_ok=True)
    CARRIED.write_text("import triton\nimport triton.language as tl\n\n" + text + "\n")


if __name__ == "__main__":
    carry()
