"""How the local server runs, as numbers; passed to its process as one JSON argument."""

import json
from dataclasses import asdict, dataclass
from typing import Any

GIB = 1 << 30
MAX_SEQUENCES = 32


@dataclass(frozen=True)
class Options:
    """What can be chosen. None: decided on the machine (`threads`: its cores; `idle_stop_s`: runs until stopped).

    `max_sequences`: how many texts are written at the same time; None for MAX_SEQUENCES.
    `expert_weights`: how our kernels keep them, bf16 or int8; None leaves it to `$COTERIE_EXPERT_WEIGHTS`.
    `batch_invariant`: the same bits for a text in any company; None leaves it to `$COTERIE_BATCH_INVARIANT`.
    `routes`: keep which experts each token used; None leaves it to `$COTERIE_ROUTES`, on unless it is 0.
    """

    max_tokens: int = 8192
    max_sequences: int | None = None
    idle_stop_s: float | None = None
    threads: int | None = None
    kernels: str = "auto"
    expert_weights: str | None = None
    batch_invariant: bool | None = None
    routes: bool | None = None


@dataclass(frozen=True)
class Launch:
    """What the server's process is told."""

    name: str
    source: str
    port: int
    socket_fd: int
    options: Options

    def dumps(self) -> str:
        """As one command-line argument."""
        return json.dumps(asdict(self))

    @staticmethod
    def loads(text: str) -> "Launch":
        """Back from the command line."""
        data: dict[str, Any] = json.loads(text)
        return Launch(**{**data, "options": Options(**data["options"])})
