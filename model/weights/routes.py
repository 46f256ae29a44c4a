"""Which experts a text goes to, computed from the checkpoint itself (float32, transformers' layers).

The gates of the served model decide alike except for near ties; used by `coterie model route`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor

from coterie.model.weights.build import build


def routes(home: Path, name: str, text: str, say: Callable[[str], None]) -> dict[str, Any]:
    """Tokens, for each layer the experts of each token (`chosen`) and how often each was chosen (`counts`)."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    folder = build(home, name, say)
    say("loading the model")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer(text, return_tensors="pt").input_ids
    with torch.no_grad():
        chosen = chosen_experts(model, ids)
    number = model.config.n_routed_experts
    return {
        "tokens": tokenizer.convert_ids_to_tokens(ids[0]),
        "chosen": [layer_TK.tolist() for layer_TK in chosen],
        "counts": [torch.bincount(layer_TK.flatten(), minlength=number).tolist() for layer_TK in chosen],
    }


def chosen_experts(model: Any, ids: Tensor) -> list[Tensor]:
    """For each layer the chosen experts [tokens, top_k], sorted, while the model reads `ids` [1, tokens]."""
    found: list[Tensor] = []
    hooks = [layer.mlp.experts.register_forward_pre_hook(_keep(found)) for layer in model.model.layers]
    try:
        model.model(ids)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _keep(found: list[Tensor]) -> Callable[[Any, tuple[Any, ...]], None]:
    def keep(_: Any, inputs: tuple[Any, ...]) -> None:
        _hidden, top_k_index, *_weights = inputs
        found.append(top_k_index.sort(-1).values)

    return keep
