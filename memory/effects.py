"""The durable effects ledger: intent before the effect, result after it, each its own commit.

Implements `coterie.tools.Ledger` on the table tool_effects. Keys are stored hashed; the arguments people
read beside them are redacted, so a secret in an argument is neither stored nor lost to the key.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from sqlalchemy import select

from coterie.memory.database import Database
from coterie.memory.records import now
from coterie.memory.redact import Redactor
from coterie.memory.tables import EffectRow
from coterie.tools import CallKey, Prior, ToolResult
from coterie.tools.ledger import canonical


class Effects:
    """A `Ledger` that survives kills and power cuts; threads and processes may share it."""

    def __init__(self, database: Database, redactor: Redactor) -> None:
        self._database = database
        self._redactor = redactor

    def find(self, key: CallKey) -> Prior | None:
        """What is known of this call; None if it was never begun."""
        with self._database.read() as session:
            row = session.get(EffectRow, hashed(key))
            return None if row is None else _prior(key, row)

    def begin(self, key: CallKey, arguments: Mapping[str, Any]) -> Prior | None:
        """Write the intent and return None; for a call begun before, write nothing and return what is known."""
        with self._database.write() as session:
            row = session.get(EffectRow, hashed(key))
            if row is not None:
                return _prior(key, row)
            session.add(self._intent(key))
        return None

    def commit(self, key: CallKey, result: ToolResult) -> None:
        """Write the result of a begun call. Raises KeyError if it was never begun."""
        with self._database.write() as session:
            row = session.get(EffectRow, hashed(key))
            if row is None:
                raise KeyError(f"no intent for {key}; call begin first")
            row.result = self._redactor.data(result.to_json())
            row.state, row.committed_at = "committed", now()

    def in_doubt(self, episode: str | None = None) -> list[CallKey]:
        """Calls begun and never committed, oldest first; secrets in their arguments read [redacted]."""
        query = select(EffectRow).where(EffectRow.state == "intent")
        if episode is not None:
            query = query.where(EffectRow.episode_id == episode)
        with self._database.read() as session:
            found = session.scalars(query.order_by(EffectRow.begun_at, EffectRow.key))
            return [CallKey(row.episode_id, row.step, row.tool, row.arguments, row.attempt) for row in found]

    def _intent(self, key: CallKey) -> EffectRow:
        return EffectRow(
            key=hashed(key),
            episode_id=key.episode,
            step=key.step,
            tool=key.tool,
            arguments=canonical(self._redactor.data(json.loads(key.arguments))),
            attempt=key.attempt,
            state="intent",
            begun_at=now(),
        )


def hashed(key: CallKey) -> str:
    """The row's key: a hash over every part of the call's key."""
    parts = (key.episode, str(key.step), key.tool, str(key.attempt), key.arguments)
    return sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _prior(key: CallKey, row: EffectRow) -> Prior:
    if row.state != "committed":
        return Prior(key, "in_doubt")
    return Prior(key, "committed", ToolResult.from_json(row.result))
