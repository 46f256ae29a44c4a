"""The model's mixture-of-experts layer in plain PyTorch: the specification the kernels are tested against.

Any DeepSeek-style layer is described by a `Routing` and a `LayerWeights`: sigmoid or softmax gate, bias-corrected
choice, group-limited top-k, normalised and scaled weights, routed SwiGLU experts and an always-on shared expert.
"""

from coterie.model.layers.experts import routed_experts, swiglu
from coterie.model.layers.gate import Chosen, Routing, choose_experts, gate_logits
from coterie.model.layers.moe import LayerWeights, moe_layer

__all__ = [
    "Chosen",
    "LayerWeights",
    "Routing",
    "choose_experts",
    "gate_logits",
    "moe_layer",
    "routed_experts",
    "swiglu",
]
