"""The experts: SwiGLU feed-forward networks, one loop iteration per expert that has tokens.

Shapes: T tokens, H hidden, E experts, K experts per token, I expert width, J = 2I (gate rows, then up rows).
"""

import torch
from torch import Tensor
from torch.nn.functional import silu

from coterie.model.layers.gate import Chosen


def swiglu(x_TH: Tensor, w13_JH: Tensor, w2_HI: Tensor) -> Tensor:
    """One expert: `w2 @ (silu(gate) * up)`, [T, H]."""
    gate_TI, up_TI = (x_TH @ w13_JH.T).chunk(2, dim=-1)
    return (silu(gate_TI) * up_TI) @ w2_HI.T


def routed_experts(x_TH: Tensor, w13_EJH: Tensor, w2_EHI: Tensor, chosen: Chosen) -> Tensor:
    """Weighted sum of each token's experts, accumulated in float32 at least, in `x_TH`'s dtype."""
    dtype = torch.promote_types(x_TH.dtype, torch.float32)
    out_TH = torch.zeros(x_TH.shape, dtype=dtype, device=x_TH.device)
    for expert in torch.unique(chosen.ids_TK).tolist():
        token, slot = (chosen.ids_TK == expert).nonzero(as_tuple=True)
        y_tH = swiglu(x_TH[token], w13_EJH[expert], w2_EHI[expert])
        out_TH.index_add_(0, token, y_tH.to(dtype) * chosen.weights_TK[token, slot, None].to(dtype))
    return out_TH.to(x_TH.dtype)
