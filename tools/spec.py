"""What is known of a tool without running it, and the face of what runs behind it."""

import hashlib
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pydantic import JsonValue

from coterie.model.chat import JsonSchema
from coterie.tools.ledger import canonical

Effect = Literal["read", "write", "dangerous"]
DEFAULT_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class ToolSpec:
    """What is known of a tool without running it.

    `effect`: "read" changes nothing, "write" changes things that can be put right, "dangerous" runs code or
    changes what cannot. `idempotent`: doing it twice is as good as once, so a call in doubt may be repeated.
    `source` says where it was defined (`orders.py:12`, `mcp:server`, `builtin`).
    """

    name: str
    description: str
    parameters: JsonSchema
    returns: JsonSchema | None = None
    effect: Effect = "write"
    idempotent: bool = False
    timeout_s: float = DEFAULT_TIMEOUT_S
    source: str = ""

    @property
    def repeatable(self) -> bool:
        """Whether a second run of the same call does no harm."""
        return self.idempotent or self.effect == "read"

    @property
    def digest(self) -> str:
        """Changes whenever what a model sees of the tool changes."""
        text = canonical({"name": self.name, "description": self.description, "parameters": self.parameters})
        return hashlib.sha256(text.encode()).hexdigest()


class Body(Protocol):
    """What runs behind a tool: a Python function, or a tool of an MCP server."""

    def check(self, arguments: object) -> dict[str, Any]:
        """The validated arguments; ArgumentError names everything that is wrong."""
        ...

    async def run(self, checked: dict[str, Any]) -> JsonValue:
        """Do it. Whatever it raises is translated by `coterie.tools.execute`."""
        ...
