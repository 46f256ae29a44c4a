"""The model card: what was built from what, checked now, with the scores recorded beside the trained part."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from coterie.model.config import model_of
from coterie.model.encoder import RETRIEVER, RETRIEVER_SHA256
from coterie.model.weights.adapter import WEIGHTS
from coterie.model.weights.base import require_sha256
from coterie.model.weights.build import build, read_card
from coterie.model.weights.export import TENSORS

CARD = "card.json"


def model_card(home: Path, name: str, say: Callable[[str], None]) -> dict[str, Any]:
    """Name, sizes, sha256 (recomputed; ChecksumMismatch if a file was changed) and recorded scores."""
    folder = build(home, name, say)
    built = read_card(folder)
    say("checking the weights")
    require_sha256(folder / TENSORS, built.weights_sha256)
    require_sha256(RETRIEVER, RETRIEVER_SHA256)
    ours = model_of(name)
    scores = WEIGHTS / ours.adapter / CARD if ours else None
    recorded = json.loads(scores.read_text()) if scores and scores.is_file() and built.variant == "moe" else {}
    return {
        "name": name,
        "weights_sha256": built.weights_sha256,
        "tool_encoder_sha256": RETRIEVER_SHA256,
        "total_params": built.total_params,
        "active_params": built.active_params,
        "flops_per_token": built.flops_per_token,
        "path": str(folder),
        "inputs": built.inputs,
        "scores": recorded.pop("scores", {}),
        **recorded,
    }
