"""The sentence encoder on torch, in the number type that is quickest here, without padding.

The data command ranks tools for every step of every run, and most of its time was spent here.

Scores differ from the runtime's encoder, which must load in a tenth of a second, by less than 0.01.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from coterie.model.encoder import EPS, HEADS, LAYERS, WIDTH, Array, Encoder
from coterie.model.training.precision import working_dtype


class TorchEncoder(Encoder):
    """`coterie.model.encoder.Encoder`, many times as fast on many texts.

    The tokens of all texts are rows of one matrix, N in all; only attention takes the texts one by one.
    """

    @torch.no_grad()
    def _pool(self, ids: list[list[int]]) -> Array:
        sizes = [len(row) for row in ids]
        tokens_N = torch.tensor([token for row in ids for token in row])
        places_N = torch.cat([torch.arange(size) for size in sizes])
        words, places, kinds = (self._tensor(f"embeddings.{name}_embeddings.weight") for name in _EMBEDDED)
        x_ND = self._normed("embeddings.", words[tokens_N] + places[places_N] + kinds[0])
        for i in range(LAYERS):
            at = f"encoder.layer.{i}."
            mixed_ND = self._mixed(at + "attention.self.", x_ND, sizes)
            x_ND = self._normed(at + "attention.output.", x_ND + self._product(at + "attention.output.dense", mixed_ND))
            inner = F.gelu(self._product(at + "intermediate.dense", x_ND))
            x_ND = self._normed(at + "output.", x_ND + self._product(at + "output.dense", inner))
        means = torch.stack([part.mean(0) for part in torch.split(x_ND, sizes)])
        unit: Array = F.normalize(means, dim=1).numpy()
        return unit

    def _mixed(self, at: str, x_ND: Tensor, sizes: list[int]) -> Tensor:
        """Attention within each text."""
        q, k, v = (
            torch.split(self._product(at + name, x_ND).view(-1, HEADS, WIDTH // HEADS).transpose(0, 1), sizes, dim=1)
            for name in ("query", "key", "value")
        )
        parts = [F.scaled_dot_product_attention(*text[:3]) for text in zip(q, k, v, strict=True)]
        return torch.cat(parts, dim=1).transpose(0, 1).reshape(-1, WIDTH)

    def _product(self, name: str, x: Tensor) -> Tensor:
        weight, bias = (self._tensor(f"{name}.{part}", working_dtype("cpu")) for part in ("weight", "bias"))
        return F.linear(x.to(weight.dtype), weight, bias).float()

    def _normed(self, at: str, x: Tensor) -> Tensor:
        weight, bias = (self._tensor(f"{at}LayerNorm.{part}") for part in ("weight", "bias"))
        return F.layer_norm(x, (WIDTH,), weight, bias, EPS)

    def _tensor(self, name: str, dtype: torch.dtype = torch.float32) -> Tensor:
        kept: dict[str, Tensor] = self.__dict__.setdefault("tensors", {})
        if name not in kept:
            kept[name] = torch.from_numpy(self.weights[name]).to(dtype)
        return kept[name]


_EMBEDDED = ("word", "position", "token_type")
