"""Which experts a text goes to, and the rates that `coterie serve bench` reports."""

from pathlib import Path

import torch
from tests.model.small import EXPERTS, PARENT, small_adapter, small_base

from coterie.model.weights.export import experts_config, write_checkpoint
from coterie.model.weights.merge import merge
from coterie.model.weights.routes import chosen_experts

TOKENS = torch.arange(3, 23)[None]


def test_every_token_goes_to_top_k_experts_in_every_layer(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    base, adapter = small_base(), small_adapter()
    write_checkpoint(tmp_path, merge(base, adapter), experts_config(PARENT, EXPERTS), base.vocabulary)
    model = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32).eval()
    with torch.no_grad():
        chosen = chosen_experts(model, TOKENS)
    assert [tuple(layer_TK.shape) for layer_TK in chosen] == [(20, EXPERTS.top_k)] * PARENT.layers
    assert all((layer_TK.diff(dim=-1) > 0).all() for layer_TK in chosen), "sorted, none twice"
    assert all(len(set(layer_TK.flatten().tolist())) > EXPERTS.top_k for layer_TK in chosen), (
        "tokens differ in their experts"
    )
