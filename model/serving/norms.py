"""RMSNorm by vLLM's own C++ operation on the CPU, where eager mode would run seven tensor operations for it.

vLLM 0.32 offers its C operations to its norm layers on GPUs only, though its CPU build has them too.
"""

PROVIDER = "coterie_c"
PRIORITY = {name: [PROVIDER, "native"] for name in ("rms_norm", "fused_add_rms_norm")}


def register() -> None:
    """Offer the operations to vLLM under the name PROVIDER; they run where `--ir-op-priority` names it."""
    import torch
    from torch import Tensor
    from vllm import ir

    def fits(x: Tensor, weight: Tensor | None, epsilon: float, variance_size: int | None = None) -> bool:
        return variance_size is None and weight is not None and weight.dtype == x.dtype and x.is_contiguous()

    def fits_sum(
        x: Tensor, x_residual: Tensor, weight: Tensor | None, epsilon: float, variance_size: int | None = None
    ) -> bool:
        return fits(x, weight, epsilon, variance_size) and x_residual.is_contiguous()

    @ir.ops.rms_norm.register_impl(PROVIDER, supports_args=fits)  # type: ignore[untyped-decorator]
    def rms_norm(x: Tensor, weight: Tensor | None, epsilon: float, variance_size: int | None = None) -> Tensor:
        y = torch.empty_like(x)
        torch.ops._C.rms_norm(y, x, weight, epsilon)
        return y

    @ir.ops.fused_add_rms_norm.register_impl(PROVIDER, supports_args=fits_sum, inplace=True)  # type: ignore[untyped-decorator]
    def fused_add_rms_norm(
        x: Tensor, x_residual: Tensor, weight: Tensor | None, epsilon: float, variance_size: int | None = None
    ) -> tuple[Tensor, Tensor]:
        torch.ops._C.fused_add_rms_norm(x, x_residual, weight, epsilon)
        return x, x_residual
