"""What a tool call gave: the text the model reads, and the data the record keeps.

Made by `coterie.tools.execute` (truncated, spilled) and by `Tool.__call__` (whole), stored by the effects ledger.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import JsonValue

ErrorKind = Literal[
    "arguments",  # the call did not fit the schema; nothing was run
    "refused",  # the approval policy or the person said no; nothing was run
    "tool",  # the tool raised ToolError
    "exception",  # the tool raised anything else
    "timeout",  # the tool did not return in time; its effect may still happen
    "result",  # the tool ran but what it returned cannot be shown
    "unavailable",  # what the tool depends on is gone
    "in_doubt",  # an earlier run of this very call was cut off and nobody said it may run again
]


@dataclass(frozen=True)
class ToolResult:
    """One tool call's outcome.

    `text` is what the model sees. `data` is the same as JSON, whole; it is None when the text was truncated
    and the whole of it lies in `full_path`. For a tool that raised, `data` holds type, message and traceback.
    `printed` is what the tool wrote to stdout and stderr, bounded. `replayed` is true when the result
    was taken from the effects ledger and nothing was run.
    """

    text: str
    data: JsonValue = None
    is_error: bool = False
    error_kind: ErrorKind | None = None
    truncated: bool = False
    wall_s: float = 0.0
    full_path: Path | None = None
    printed: str = ""
    replayed: bool = False

    @classmethod
    def failure(cls, kind: ErrorKind, text: str, data: JsonValue = None, wall_s: float = 0.0) -> "ToolResult":
        """An error result of one kind."""
        return cls(text, data, is_error=True, error_kind=kind, wall_s=wall_s)

    def to_json(self) -> dict[str, JsonValue]:
        """Plain JSON, from which `from_json` makes an equal result."""
        return {
            "text": self.text,
            "data": self.data,
            "is_error": self.is_error,
            "error_kind": self.error_kind,
            "truncated": self.truncated,
            "wall_s": self.wall_s,
            "full_path": str(self.full_path) if self.full_path else None,
            "printed": self.printed,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "ToolResult":
        """The result that `to_json` wrote."""
        fields = dict(value)
        path = fields.pop("full_path", None)
        return replace(cls(**fields), full_path=Path(path) if path else None)
