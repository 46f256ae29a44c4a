"""How fast a training step is, and what makes it so: attention by document against one masked call, eager against
compiled, measured in turn in one run on rows of a data set.

The printed figures are medians of `repeats` forward and backward passes, in tokens a second of this process.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from coterie.model.training import finetune
from coterie.model.training.attention import document_attention
from coterie.model.training.data.tokens import Rows
from coterie.model.training.network import Attention, Network


def speed(network: Network, rows: Rows, repeats: int = 3) -> list[dict[str, Any]]:
    """One row for each way: tokens a second, and how many times the first way's rate that is."""
    table: list[dict[str, Any]] = []
    for compiled in (False, True):
        if compiled:
            for layer in network.layers:
                layer.compile()
        for name, attention in (("masked", masked_attention), ("by document", document_attention)):
            rate = rows.tokens.size / median(_seconds(network, rows, attention, repeats))
            ratio = rate / table[0]["tokens_per_s"] if table else 1.0
            table.append({"attention": name, "compiled": compiled, "tokens_per_s": rate, "ratio": round(ratio, 2)})
    return [{**row, "tokens_per_s": round(row["tokens_per_s"])} for row in table]


def masked_attention(document_BT: Tensor, head_BT: Tensor) -> Attention:
    """The baseline: torch's attention over the whole row, other documents masked out."""
    tokens = document_BT.shape[1]
    causal = torch.ones(tokens, tokens, dtype=torch.bool, device=document_BT.device).tril()
    own = document_BT[:, None, :, None] == document_BT[:, None, None, :]
    allowed = (own | (head_BT[:, None, :, None] == document_BT[:, None, None, :])) & causal

    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(q, k, v, attn_mask=allowed, enable_gqa=True)

    return attend


def _seconds(
    network: Network, rows: Rows, attention: Callable[[Tensor, Tensor], Attention], repeats: int
) -> list[float]:
    """Seconds of each pass after a first one that warms up."""
    taken = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        loss, _ = finetune.task_loss(network, rows, attention)
        loss.backward()  # type: ignore[no-untyped-call]
        network.zero_grad(set_to_none=True)
        taken.append(time.perf_counter() - started)
    return taken[1:]
