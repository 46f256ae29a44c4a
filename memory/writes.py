"""Writing what happens in a run: many records in one transaction, each an upsert, without the ORM.

The hot path of every step. `Episodes` opens the transaction; what goes into which column is in
`coterie.memory.rows`. A record written again replaces itself and keeps its place in the order.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Insert, bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from coterie.memory import rows
from coterie.memory.records import JsonObject, MemoryRead, ModelCall, ObservationResult, Plan, Step, ToolCall, now
from coterie.memory.redact import Redactor
from coterie.memory.tables import EpisodeRow, MemoryReadRow, ModelCallRow, Row, StepRow, ToolCallRow

Recorded = Plan | Step | ModelCall | MemoryRead
T = TypeVar("T", bound=Row)

_PLACED = (ToolCallRow, ModelCallRow)
_OF = "of_episode"
_KEPT = {ToolCallRow: ("position", "timestamp"), ModelCallRow: ("position",)}
_ONCE_KNOWN = ("result", "is_error", "error_kind", "wall_s")
"""Columns of a tool call that stay when it is written again without a result."""
_NEW_PLAN = update(EpisodeRow).where(EpisodeRow.id == bindparam(_OF)).values(plan=bindparam("new_plan"))


def put(connection: Connection, redactor: Redactor, episode_id: str, records: Sequence[Recorded]) -> None:
    """Write the records, of which the last plan counts. The episode must be there."""
    values: dict[type[Row], list[JsonObject]] = defaultdict(list)
    for record in records:
        match record:
            case Plan():
                connection.execute(_NEW_PLAN, {_OF: episode_id, "new_plan": redactor.data(record.to_json())})
            case Step():
                data = redactor.data(record.to_json())
                values[StepRow].append(rows.step_values(episode_id, data))
                values[ToolCallRow] += _calls(episode_id, data)
            case ModelCall():
                values[ModelCallRow].append(rows.model_call_values(episode_id, record, redactor))
            case MemoryRead():
                data = redactor.data(record.to_json())
                values[MemoryReadRow].append(data | {"episode_id": episode_id, "timestamp": record.timestamp or now()})
    for table, its_values in values.items():
        _write(connection, table, its_values)


def put_call(
    connection: Connection,
    redactor: Redactor,
    episode_id: str,
    step_id: int,
    call: ToolCall,
    result: ObservationResult | None,
) -> None:
    """Write one tool call without its step."""
    seen = redactor.data(result.to_json()) if result else None
    _write(connection, ToolCallRow, [rows.call_values(episode_id, step_id, redactor.data(call.to_json()), seen)])


def _calls(episode_id: str, step: JsonObject) -> list[JsonObject]:
    results = {result["source_call_id"]: result for result in (step["observation"] or {"results": []})["results"]}
    return [
        rows.call_values(episode_id, step["step_id"], call, results.get(call["tool_call_id"]))
        for call in step["tool_calls"]
    ]


def _write(connection: Connection, table: type[Row], values: Sequence[JsonObject]) -> None:
    if not values:
        return
    if table in _PLACED:
        values = [{**line, _OF: line["episode_id"]} for line in values]
    statement = insert(table) if table is MemoryReadRow else _upsert(table, connection.dialect.name)
    connection.execute(statement, values)


@cache
def _upsert(table: type[Row], dialect: str) -> Insert:
    """INSERT, or UPDATE of all but the keys and what is kept where the record is there already."""
    made: sqlite.Insert | postgresql.Insert = (sqlite if dialect == "sqlite" else postgresql).insert(table)
    if table in _PLACED:
        made = made.values(position=_next_position(table))
    columns = table.__table__.columns
    changes: dict[str, Any] = {
        name: made.excluded[name]
        for name, column in columns.items()
        if not column.primary_key and name not in _KEPT.get(table, ())
    }
    if table is ToolCallRow:
        changes |= {name: func.coalesce(made.excluded[name], columns[name]) for name in _ONCE_KNOWN}
    keys = [column for column in columns.values() if column.primary_key]
    return made.on_conflict_do_update(index_elements=keys, set_=changes)


def _next_position(table: type[Any]) -> Any:
    after_last = func.coalesce(func.max(table.position) + 1, 0)
    return select(after_last).where(table.episode_id == bindparam(_OF)).scalar_subquery()
