"""vLLM's MoE runner with the whole layer in one operation of ours; imported only inside vLLM (0.32).

The runner takes in the gate and the shared expert, keeps their weights from being packed for vLLM, and puts all of
them into the form of our kernel, the CPU's or the GPU's, once the last is loaded. A layer it cannot take runs as vLLM
would run it, or is an error (`Installed.place`).
"""

from collections.abc import Callable
from typing import Any, cast
from weakref import WeakValueDictionary

import torch
from torch import Tensor
from vllm.model_executor.custom_op import PluggableLayer
from vllm.model_executor.layers.fused_moe.activation import MoEActivation
from vllm.model_executor.layers.fused_moe.router.gate_linear import GateLinear
from vllm.model_executor.layers.fused_moe.runner.moe_runner import MoERunner
from vllm.model_executor.layers.fused_moe.unquantized_fused_moe_method import UnquantizedFusedMoEMethod
from vllm.model_executor.layers.linear import UnquantizedLinearMethod

from coterie.model.kernels import vllm_hooks, vllm_routers
from coterie.model.kernels.cpu import moe_layer, moe_layer_traced, pack
from coterie.model.kernels.vllm_choice import weight_format
from coterie.model.kernels.vllm_trace import trace
from coterie.model.layers import LayerWeights, Routing
from coterie.model.layers import moe_layer as plain_layer

_gates: WeakValueDictionary[str, "OwnGate"] = WeakValueDictionary()


@PluggableLayer.register_oot(name="GateLinear")
class OwnGate(GateLinear):  # type: ignore[misc]
    """A gate that steps aside when the runner computes the logits itself: it hands on its input."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.taken = False
        _gates[kwargs.get("prefix", "")] = self

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor | None]:
        """Logits, or the input itself once the runner has taken the gate."""
        if not self.taken:
            return super().forward(x)  # type: ignore[no-any-return]
        return (x, None) if self.return_bias else x


class OwnRunner(MoERunner):  # type: ignore[misc]
    """A drop-in MoERunner: gate, routing, routed and shared experts and their sum in one operation."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.packed: Tensor | None = None
        self.on_gpu: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None
        self.plain: tuple[LayerWeights, Routing] | None = None
        self.taken_gate: Any = self.gate or _gates.get(self.layer_name.rpartition(".")[0] + ".gate")
        refusal = self._refusal()
        vllm_hooks.installed().place(self.layer_name, refusal)
        if refusal:
            return
        cast(OwnGate, self.taken_gate).taken = True
        for module in [self.taken_gate, *self._shared_linears()]:
            module.quant_method.process_weights_after_loading = _leave_as_loaded
        self.routed_experts.quant_method.process_weights_after_loading = lambda _: self._take_weights()

    def _refusal(self) -> str | None:
        """Why this layer is not ours, or None. Checked when the model is built, before weights are loaded."""
        config, parallel = self.moe_config, self.moe_config.moe_parallel_config
        shared = self._shared_experts
        checks: list[tuple[bool, str]] = [
            (config.in_dtype == torch.bfloat16, f"its type is {config.in_dtype}, ours is bfloat16"),
            (isinstance(self.taken_gate, OwnGate), "its gate was not found"),
            (type(self._quant_method) is UnquantizedFusedMoEMethod, f"quantised: {type(self._quant_method).__name__}"),
            (config.activation == MoEActivation.SILU, f"its activation is {config.activation}"),
            (not config.has_bias and not config.is_lora_enabled, "it has expert biases or LoRA"),
            (parallel.ep_size == parallel.dp_size == parallel.pcp_size == 1, "experts are spread over machines"),
            (self.routed_experts.expert_map is None and self.eplb_state is None, "it has an expert map"),
            (not parallel.is_sequence_parallel, "it is sequence-parallel"),
            (self.routed_input_transform is None and self.routed_output_transform is None, "it transforms its input"),
            (not self.routed_experts.apply_router_weight_on_input, "router weights go on its input"),
            (self.shared_expert_gate is None, "its shared expert is gated"),
            (shared is None or len(self._shared_linears()) == 2, "its shared expert is of another form"),
        ]
        refused = next((reason for holds, reason in checks if not holds), None)
        return refused or vllm_routers.refusal(self.router) or self._refusal_on_gpu()

    def _refusal_on_gpu(self) -> str | None:
        """Why this layer is not for our GPU kernels, or None, also where they do not run."""
        if not vllm_hooks.installed().on_gpu:
            return None
        from coterie.model.kernels.triton_layer import refusal

        linears = self._shared_linears()
        shared_width = linears[1].weight.shape[1] if linears else 0
        return refusal(self._routing(), self.routed_experts.w2_weight.shape[2], shared_width)

    def _shared_linears(self) -> list[Any]:
        """The shared expert's two linears, or none when they are not plain ones."""
        block = getattr(self._shared_experts, "_layer", None)
        linears = [getattr(block, name, None) for name in ("gate_up_proj", "down_proj")]
        plain = all(isinstance(getattr(linear, "quant_method", None), UnquantizedLinearMethod) for linear in linears)
        gated = getattr(block, "expert_gate", None) is not None
        return linears if plain and not gated else []

    def _routing(self) -> Routing:
        gate = self.taken_gate
        exact = vllm_hooks.installed().on_gpu and gate.out_dtype == torch.float32  # one product with float32 out
        round_logits = gate.weight.dtype == torch.bfloat16 and not exact
        num_experts, scaling = self.moe_config.num_experts, self.routed_scaling_factor
        return vllm_routers.routing_of(self.router, num_experts, scaling, round_logits=round_logits)

    def _take_weights(self) -> None:
        """Puts the loaded tensors into our kernel's form and lets go of the originals."""
        experts, shared = self.routed_experts, self._shared_linears()
        weights = LayerWeights(
            gate_EH=self.taken_gate.weight.data,
            w13_EJH=experts.w13_weight.data,
            w2_EHI=experts.w2_weight.data,
            bias_E=vllm_routers.bias_of(self.router),
            shared_w13_ZH=shared[0].weight.data if shared else None,
            shared_w2_HS=shared[1].weight.data if shared else None,
        )
        installed = vllm_hooks.installed()
        if installed.kernels == "torch":
            self.plain = weights, self._routing()
            return
        if installed.on_gpu:
            from coterie.model.kernels.triton_op import GpuLayer

            self.on_gpu = GpuLayer(weights, self._routing())
        else:
            self.packed = pack(weights, self._routing(), weight_format())
        for parameter in [experts.w13_weight, experts.w2_weight, *(linear.weight for linear in shared)]:
            parameter.data = torch.empty(0, dtype=parameter.dtype, device=parameter.device)

    def forward(
        self,
        hidden_states: Tensor,
        router_logits: Tensor,
        input_ids: Tensor | None = None,
        shared_experts_input: Tensor | None = None,
    ) -> Tensor:
        """The layer's output; `router_logits` is not used when the layer is ours."""
        if self.packed is not None:
            out = self._run(hidden_states, self.packed)
        elif self.on_gpu is not None:
            out, ids = self.on_gpu(hidden_states)
            if (capture := self.router.capture_fn) is not None:
                capture(ids)
        elif self.plain is not None:
            out = plain_layer(hidden_states, *self.plain)
        else:
            return cast(Tensor, super().forward(hidden_states, router_logits, input_ids, shared_experts_input))
        if self.moe_config.tp_size == 1:
            return out
        return cast(Tensor, self._maybe_reduce_final_output(out, None, False))

    def _run(self, x_TH: Tensor, packed: Tensor) -> Tensor:
        capture: Callable[[Tensor], None] | None = self.router.capture_fn
        if capture is None and not trace.open:
            return moe_layer(x_TH, packed)
        out, ids = moe_layer_traced(x_TH, packed, self.router.top_k)
        if capture is not None:
            capture(ids)
        if trace.open:
            trace.add(ids, self.moe_config.num_experts)
        return out


def _leave_as_loaded(_: torch.nn.Module) -> None:
    """Instead of vLLM's packing: the runner packs these weights with the experts."""
