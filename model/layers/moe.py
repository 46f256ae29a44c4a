"""The whole layer: gate, routed experts, shared expert, combine.

Shapes: T tokens, H hidden, E experts, I expert width, J = 2I, S shared width, Z = 2S.
"""

from typing import NamedTuple

from torch import Tensor

from coterie.model.layers.experts import routed_experts, swiglu
from coterie.model.layers.gate import Routing, choose_experts, gate_logits


class LayerWeights(NamedTuple):
    """One layer's tensors; in `w13` tensors the gate rows come first, then the up rows."""

    gate_EH: Tensor
    w13_EJH: Tensor
    w2_EHI: Tensor
    bias_E: Tensor | None = None
    shared_w13_ZH: Tensor | None = None
    shared_w2_HS: Tensor | None = None


def moe_layer(x_TH: Tensor, weights: LayerWeights, routing: Routing) -> Tensor:
    """The layer's output, in the dtype of `x_TH`; routing is computed in float32 at least."""
    chosen = choose_experts(gate_logits(x_TH, weights.gate_EH), weights.bias_E, routing)
    out_TH = routed_experts(x_TH, weights.w13_EJH, weights.w2_EHI, chosen)
    if weights.shared_w13_ZH is None or weights.shared_w2_HS is None:
        return out_TH
    return out_TH + swiglu(x_TH, weights.shared_w13_ZH, weights.shared_w2_HS)
