"""Batch invariance of what is not ours in vLLM's forward on a CPU: the same text gets the same bits in any company.

Our expert kernels give a row the same result in any batch. vLLM's own matrix products choose their blocking by the
number of rows, so here they are always asked for the same number: rows go in blocks of 32, the last filled up with
zeros. Attention must not divide a sequence among threads by how busy the batch is (VLLM_CPU_ATTN_SPLIT_KV=0), and it
cuts a long context into tiles whose size depends on how many tokens ask at once, which is how a prompt was cut and how
much of it the prefix cache held: here tokens ask in pieces so small that there is one size of tile. Norms, rotations
and activations are row by row anyway. Asked for by $COTERIE_BATCH_INVARIANT; it costs time in long prompts and in a
single sequence's steps (docs/experiments.md).
"""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from types import ModuleType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

BLOCK = 32
HEADS_AT_ONCE = {"amx": 32}
FEWEST_HEADS_AT_ONCE = 8
"""Query heads that vLLM's attention multiplies at once, by the instructions it uses; 8 is the least of any."""
Linear = Callable[[Tensor, Tensor, Tensor | None], Tensor]


def fix_rows(utils: ModuleType) -> None:
    """Have every linear layer that vLLM prepares for the CPU multiply in blocks of a fixed number of rows."""
    prepare = utils.dispatch_cpu_unquantized_gemm

    def prepare_in_blocks(layer: Any, remove_weight: bool) -> None:
        prepare(layer, remove_weight)
        if hasattr(layer, "cpu_linear"):
            layer.cpu_linear = in_blocks(layer.cpu_linear)

    utils.dispatch_cpu_unquantized_gemm = prepare_in_blocks  # type: ignore[attr-defined]


def in_blocks(linear: Linear, block: int = BLOCK) -> Linear:
    """The linear function, asked for `block` rows at a time whatever the input [.., K] has."""

    def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        rows_TK = x.reshape(-1, x.shape[-1])
        count = len(rows_TK)
        filled_TK = F.pad(rows_TK, (0, 0, 0, -count % block))
        parts = [linear(part, weight, bias) for part in torch.split(filled_TK, block)]
        out_TN = parts[0] if len(parts) == 1 else torch.cat(parts)
        return out_TN[:count].view(*x.shape[:-1], out_TN.shape[-1])

    return product


def fix_attention(backend: ModuleType) -> None:
    """Have vLLM's attention on the CPU take the tokens of a prompt in pieces of one tile each."""
    build = backend.CPUAttentionMetadataBuilder.build

    @wraps(build)
    def build_in_pieces(self: Any, common_prefix_len: int, common: Any, fast_build: bool = False) -> Any:
        if common.causal is True and not self.is_encoder_only_attention and not self.is_cross_attention:
            at_once = HEADS_AT_ONCE.get(self.isa, FEWEST_HEADS_AT_ONCE)
            common = in_pieces(common, max(1, at_once // (self.num_heads // self.num_kv_heads)))
        return build(self, common_prefix_len, common, fast_build)

    backend.CPUAttentionMetadataBuilder.build = build_in_pieces


def in_pieces(common: Any, size: int) -> Any:
    """vLLM's metadata of a batch of causal requests, in which at most `size` tokens of one request ask at once.

    Each piece is a request of its own that sees the context up to its last token: `query_start_loc` [R + 1], `seq_lens`
    [R] and `block_table_tensor` [R, blocks] come back with as many rows as there are pieces.
    """
    starts = common.query_start_loc
    lengths_R = starts.diff()
    pieces_R = (lengths_R + size - 1) // size
    request_P = torch.repeat_interleave(torch.arange(len(lengths_R)), pieces_R)
    before_P = (torch.arange(len(request_P)) - (pieces_R.cumsum(0) - pieces_R)[request_P]) * size
    tokens_P = (lengths_R[request_P] - before_P).clamp(max=size)
    ends_P = (common.seq_lens - lengths_R)[request_P] + before_P + tokens_P
    return replace(
        common,
        num_reqs=len(request_P),
        query_start_loc=torch.cat((starts[:1], starts[0] + tokens_P.cumsum(0))).to(starts.dtype),
        seq_lens=ends_P.to(common.seq_lens.dtype),
        block_table_tensor=common.block_table_tensor[request_P],
    )
