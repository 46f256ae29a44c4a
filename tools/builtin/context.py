"""What the built-in tools are given: a workspace, what is allowed, a clock, a memory, limits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol, TypedDict

from coterie.tools.sandbox import SandboxLimits
from coterie.tools.workspace import MAX_FILE_BYTES


class Recalled(TypedDict):
    """One thing the memory gave back. `why` says in words why it was found."""

    text: str
    source_id: str
    score: float
    why: str


class MemoryAccess(Protocol):
    """The agent's long-term memory, as far as a tool may use it. Methods block: they are called off the event loop."""

    def remember(self, text: str) -> str:
        """Store one fact; its id. A fact known already is not stored twice."""
        ...

    def recall(self, query: str, k: int) -> Sequence[Recalled]:
        """The k things nearest to the query, best first."""
        ...


@dataclass(frozen=True)
class Limits:
    """How much one call of a built-in tool may take."""

    max_file_bytes: int = MAX_FILE_BYTES
    max_rows: int = 50
    query_s: float = 10.0
    query_memory_mb: int = 512
    fetch_s: float = 15.0
    fetch_bytes: int = 2_000_000
    sandbox: SandboxLimits = field(default_factory=SandboxLimits)


@dataclass(frozen=True)
class ToolContext:
    """Everything the built-in tools depend on.

    `allow_network` offers http_fetch at all; `allow_private_addresses` lets it reach loopback and private networks.
    `clock` is today's date, so that a replay can pin it.
    """

    workspace: Path
    allow_network: bool = False
    allow_private_addresses: bool = False
    memory: MemoryAccess | None = None
    limits: Limits = field(default_factory=Limits)
    clock: Callable[[], date] = date.today
