"""The durable effects ledger: intent before the effect, result after it, each its own commit.

Implements `coterie.tools.Ledger` on the table tool_effects. Keys are stored hashed; the arguments people
read beside them are redacted, so a secret in an argument is neither stored nor lost to the key.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from coterie.memory.database import Database
from coterie.memory.records import now
from coterie.memory.redact import Redactor
from coterie.memory.tables import EffectRow
from coterie.tools import CallKey, Prior, ToolResult
from coterie.tools.ledger import canonical

_ROW = EffectRow.key == bindparam("of_key")
_FIND = select(EffectRow.state, EffectRow.result).where(_ROW)
_BEGIN = insert(EffectRow)
_COMMIT = (
    update(EffectRow)
    .where(_ROW)
    .values(
        state="committed", result=bindparam("new_result", type_=EffectRow.result.type), committed_at=bindparam("at")
    )
)


class Effects:
    """A `Ledger` that survives kills and power cuts; threads and processes may share it."""

    def __init__(self, database: Database, redactor: Redactor) -> None:
        self._database = database
        self._redactor = redactor

    def find(self, key: CallKey) -> Prior | None:
        """What is known of this call; None if it was never begun."""
        with self._database.read() as session:
            return _known(session.connection(), key)

    def begin(self, key: CallKey, arguments: Mapping[str, Any]) -> Prior | None:
        """Write the intent and return None; for a call begun before, write nothing and return what is known."""
        intent = self._intent(key)
        with self._database.connect() as connection:
            prior = _known(connection, key)
            if prior is None:
                connection.execute(_BEGIN, intent)
            return prior

    def commit(self, key: CallKey, result: ToolResult) -> None:
        """Write the result of a begun call. Raises KeyError if it was never begun."""
        done = {"new_result": self._redactor.data(result.to_json()), "at": now(), "of_key": hashed(key)}
        with self._database.connect() as connection:
            if connection.execute(_COMMIT, done).rowcount == 0:
                raise KeyError(f"no intent for {key}; call begin first")

    def in_doubt(self, episode: str | None = None) -> list[CallKey]:
        """Calls begun and never committed, oldest first; secrets in their arguments read [redacted]."""
        query = select(EffectRow).where(EffectRow.state == "intent")
        if episode is not None:
            query = query.where(EffectRow.episode_id == episode)
        with self._database.read() as session:
            found = session.scalars(query.order_by(EffectRow.begun_at, EffectRow.key))
            return [CallKey(row.episode_id, row.step, row.tool, row.arguments, row.attempt) for row in found]

    def _intent(self, key: CallKey) -> dict[str, Any]:
        return {
            "key": hashed(key),
            "episode_id": key.episode,
            "step": key.step,
            "tool": key.tool,
            "arguments": canonical(self._redactor.data(json.loads(key.arguments))),
            "attempt": key.attempt,
            "state": "intent",
            "begun_at": now(),
        }


def hashed(key: CallKey) -> str:
    """The row's key: a hash over every part of the call's key."""
    parts = (key.episode, str(key.step), key.tool, str(key.attempt), key.arguments)
    return sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _known(connection: Connection, key: CallKey) -> Prior | None:
    row = connection.execute(_FIND, {"of_key": hashed(key)}).one_or_none()
    if row is None:
        return None
    if row.state != "committed":
        return Prior(key, "in_doubt")
    return Prior(key, "committed", ToolResult.from_json(row.result))
