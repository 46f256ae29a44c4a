"""The effects ledger: what was begun, what was done, so that a resumed run never does it twice.

A call is intent -> result -> commit: `begin` writes the intent before the effect, `commit` writes the result
after it. A call with an intent and no commit is in doubt: the process died somewhere in between. `execute`
(the only caller) returns a committed result instead of running again, and runs a call in doubt again only if
the tool says it is idempotent or the person agrees. The durable ledger lives in `coterie.memory`; the one here
is for single processes and tests.

Source: write-ahead intents as in durable execution engines (Temporal, DBOS).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Literal, Protocol

from coterie.tools.result import ToolResult


def canonical(arguments: Mapping[str, Any]) -> str:
    """The one JSON text of these arguments: sorted keys, no spaces, Unicode as it is."""
    return json.dumps(arguments, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


@dataclass(frozen=True)
class CallKey:
    """Which call this is, the same before and after a crash.

    `step` is the logical step of the plan, not a counter of tries. `attempt` counts the deliberate repeats of
    one call within one step (the judge said "retry"), so that a retry is a new effect and a resume is not.
    """

    episode: str
    step: int
    tool: str
    arguments: str
    attempt: int = 1

    @classmethod
    def of(cls, episode: str, step: int, tool: str, arguments: Mapping[str, Any], attempt: int = 1) -> "CallKey":
        """The key of a call with these arguments."""
        return cls(episode, step, tool, canonical(arguments), attempt)


@dataclass(frozen=True)
class Prior:
    """What the ledger knows of a call that was begun before; `result` is there when it was committed."""

    key: CallKey
    state: Literal["committed", "in_doubt"]
    result: ToolResult | None = None


class Ledger(Protocol):
    """Where effects are written down. Each method is atomic and returns only when the entry is durable.

    Methods are synchronous and may block on a disk: `execute` calls them off the event loop, one at a time
    for one call, concurrently for several.
    """

    def find(self, key: CallKey) -> Prior | None:
        """What is known of this call; None if it was never begun. Writes nothing."""
        ...

    def begin(self, key: CallKey, arguments: Mapping[str, Any]) -> Prior | None:
        """Write the intent to run this call. None: it is new. Else what is known of it, and nothing is written."""
        ...

    def commit(self, key: CallKey, result: ToolResult) -> None:
        """Write the result of a begun call and mark it done, in one transaction. KeyError if it was never begun."""
        ...

    def in_doubt(self, episode: str | None = None) -> list[CallKey]:
        """Calls begun and never committed, oldest first, of one episode or of all."""
        ...


class MemoryLedger:
    """A ledger that lives and dies with the process."""

    def __init__(self) -> None:
        self._entries: dict[CallKey, ToolResult | None] = {}
        self._lock = Lock()

    def find(self, key: CallKey) -> Prior | None:
        """See `Ledger.find`."""
        with self._lock:
            return self._prior(key)

    def begin(self, key: CallKey, arguments: Mapping[str, Any]) -> Prior | None:
        """See `Ledger.begin`; the arguments are in the key already."""
        with self._lock:
            prior = self._prior(key)
            if prior is None:
                self._entries[key] = None
            return prior

    def commit(self, key: CallKey, result: ToolResult) -> None:
        """See `Ledger.commit`."""
        with self._lock:
            if key not in self._entries:
                raise KeyError(f"no intent for {key}; call begin first")
            self._entries[key] = result

    def in_doubt(self, episode: str | None = None) -> list[CallKey]:
        """See `Ledger.in_doubt`."""
        with self._lock:
            open_keys = [key for key, result in self._entries.items() if result is None]
        return [key for key in open_keys if episode is None or key.episode == episode]

    def _prior(self, key: CallKey) -> Prior | None:
        if key not in self._entries:
            return None
        result = self._entries[key]
        return Prior(key, "in_doubt" if result is None else "committed", result)
