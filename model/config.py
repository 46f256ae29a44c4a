"""Which models are ours, and how large their parts are.

The dense parent's sizes come from its file; the experts' from the trained part (`weights/adapter/adapter.json`).
"""

from dataclasses import dataclass
from typing import Literal

DEFAULT_MODEL = "coterie"
Variant = Literal["moe", "dense"]
VARIANTS: dict[str, Variant] = {DEFAULT_MODEL: "moe", "coterie-dense": "dense"}


@dataclass(frozen=True)
class Parent:
    """Sizes of the dense Llama-form parent."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    ffn: int
    vocab: int
    context: int
    rope_theta: float
    eps: float

    @property
    def head_width(self) -> int:
        """Numbers per attention head."""
        return self.hidden // self.heads

    @property
    def qkv(self) -> int:
        """Rows of the query, key and value projections together."""
        return (self.heads + 2 * self.kv_heads) * self.head_width


@dataclass(frozen=True)
class Experts:
    """How each of the parent's FFNs is cut: `shared` neurons for every token, `number` experts of `width`."""

    shared: int
    width: int
    number: int
    top_k: int

    def __post_init__(self) -> None:
        if self.shared % self.width:
            raise ValueError(f"shared width {self.shared} is not a multiple of the expert width {self.width}")
        if not 1 <= self.top_k <= self.number:
            raise ValueError(f"top_k {self.top_k} is not between 1 and the {self.number} experts")

    @property
    def neurons(self) -> int:
        """Neurons of all experts, the parent's FFN width."""
        return self.shared + self.width * self.number


@dataclass(frozen=True)
class Size:
    """Parameters in all, and those a token meets (embedding and head count once each).

    `flops`: floating point operations a token, two for each weight it is multiplied with; attention over the context,
    norms and activations are left out.
    """

    total: int
    active: int
    flops: int


def size_of(parent: Parent, experts: Experts | None = None) -> Size:
    """Parameter counts of the dense parent, or of the model carved from it (its head is not tied)."""
    attention = parent.hidden * (parent.qkv + parent.heads * parent.head_width)
    per_neuron, norms = 3 * parent.hidden, 2 * parent.hidden
    words = parent.vocab * parent.hidden
    rest = parent.layers * (attention + norms) + parent.hidden
    if experts is None:
        total = words + rest + parent.layers * parent.ffn * per_neuron
        multiplied = words + parent.layers * (attention + parent.ffn * per_neuron)
        return Size(total, total, 2 * multiplied)
    gate = experts.number * (parent.hidden + 1)
    met = experts.shared + experts.top_k * experts.width
    ffns = [parent.layers * (neurons * per_neuron + gate) for neurons in (experts.neurons, met)]
    multiplied = words + parent.layers * (attention + met * per_neuron + experts.number * parent.hidden)
    return Size(2 * words + rest + ffns[0], 2 * words + rest + ffns[1], 2 * multiplied)
