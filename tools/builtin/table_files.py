"""Reading table files into columns and rows of text: CSV, TSV, JSON, JSON lines, SQLite.

The first half of the table tools; `coterie.tools.builtin.table_engine` finds the types and answers the queries.
Numbers stay as they are written, so that money is summed exactly and an id such as 007 keeps its zeros.
"""

import csv
import io
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, count
from pathlib import PurePosixPath
from typing import Any

from coterie.tools.errors import ToolError
from coterie.tools.workspace import Workspace

MAX_ROWS = 500_000
MAX_COLUMNS = 500
_DELIMITERS = ",;\t|"
_SQLITE_MAGIC = b"SQLite format 3\0"
_SQLITE_TABLES = (
    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*' ORDER BY name"
)

Cell = str | None


class _Written(str):
    """A number of a JSON file, as it is written there."""

    __slots__ = ()


@dataclass(frozen=True)
class RawTable:
    """A table as text; None is an empty cell."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def read_tables(workspace: Workspace, path: str) -> list[RawTable]:
    """The tables of one file: one of a CSV or JSON file, all of a SQLite file. ToolError if it holds none."""
    content = workspace.read_bytes(path)
    suffix = PurePosixPath(path).suffix.lower()
    name = table_name(PurePosixPath(path).stem)
    if content.startswith(_SQLITE_MAGIC):
        tables = list(_sqlite(path, content))
    elif suffix in (".json", ".jsonl", ".ndjson"):
        tables = list(_json(path, name, _text(content)))
    elif suffix in (".csv", ".tsv", ".txt", ".tab"):
        tables = [_csv(path, name, _text(content))]
    else:
        raise ToolError(f"{path!r} is not a table; the table tools read .csv, .tsv, .json, .jsonl and SQLite files")
    if not tables or not any(table.columns for table in tables):
        raise ToolError(f"{path!r} holds no table: it is empty")
    return [_checked(path, table) for table in tables]


def table_name(text: str) -> str:
    """A name that SQL takes without quotes (unless it is a keyword)."""
    name = re.sub(r"\W+", "_", text).strip("_") or "table_1"
    return f"t_{name}" if name[0].isdigit() else name


def _checked(path: str, table: RawTable) -> RawTable:
    if len(table.rows) > MAX_ROWS:
        raise ToolError(f"{path!r} has more than {MAX_ROWS:,} rows, which is the limit")
    if len(table.columns) > MAX_COLUMNS:
        raise ToolError(f"{path!r} has {len(table.columns):,} columns; the limit is {MAX_COLUMNS}")
    return RawTable(table.name, distinct(table.columns), table.rows)


def distinct(columns: Sequence[str]) -> list[str]:
    """The names, each once in any case: a second `id` is `id_2`."""
    named: dict[str, str] = {}
    for number, column in enumerate(columns, start=1):
        name = column.strip() or f"column_{number}"
        choices = chain([name], (f"{name}_{i}" for i in count(2)))
        free = next(choice for choice in choices if choice.lower() not in named)
        named[free.lower()] = free
    return list(named.values())


def _text(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _csv(path: str, name: str, text: str) -> RawTable:
    header = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(_DELIMITERS, key=header.count)
    reader = csv.reader(io.StringIO(text.lstrip("\r\n"), newline=""), delimiter=delimiter)
    try:
        columns = next(reader, [])
        rows = [_fitted(path, row, len(columns), reader.line_num) for row in reader if row]
    except csv.Error as error:
        raise ToolError(f"{path!r} is not a readable CSV file: line {reader.line_num}: {error}") from None
    return RawTable(name, columns, rows)


def _fitted(path: str, row: Sequence[str], width: int, line: int) -> list[Cell]:
    if len(row) > width:
        if any(cell.strip() for cell in row[width:]):
            raise ToolError(f"{path!r}, line {line} has {len(row)} values, but there are {width} columns; fix the file")
        row = row[:width]
    cells: list[Cell] = [cell.strip() or None for cell in row]
    return cells + [None] * (width - len(row))


def _json(path: str, name: str, text: str) -> Iterator[RawTable]:
    value = _loaded(path, text)
    if isinstance(value, dict):
        lists = {key: each for key, each in value.items() if isinstance(each, list) and _records(each)}
        if lists and len(lists) == len(value):
            for key, each in lists.items():
                yield _recorded(table_name(key) if len(lists) > 1 else name, each)
            return
        if len(lists) == 1:
            value = next(iter(lists.values()))
        elif value and all(isinstance(each, dict) for each in value.values()):
            value = [{"key": key, **each} for key, each in value.items()]
        else:
            value = [value]
    if not isinstance(value, list):
        raise ToolError(f"{path!r} holds one value, not a table; a table is a list of objects")
    yield _recorded(name, [each if isinstance(each, dict) else {"value": each} for each in value])


def _loaded(path: str, text: str) -> Any:
    as_written: dict[str, Any] = {"parse_float": _Written, "parse_int": _Written, "parse_constant": _Written}
    try:
        return json.loads(text, **as_written)
    except RecursionError:
        raise ToolError(f"{path!r} is nested too deeply") from None
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            return [json.loads(line, **as_written) for line in lines]
        except ValueError:
            raise ToolError(f"{path!r} is not valid JSON: {error}") from None


def _records(values: Sequence[object]) -> bool:
    return bool(values) and all(isinstance(each, dict) for each in values)


def _recorded(name: str, records: Iterable[Mapping[str, Any]]) -> RawTable:
    flat = [dict(_flattened(record, "")) for record in records]
    columns = list(dict.fromkeys(key for record in flat for key in record))
    return RawTable(name, columns, [[record.get(column) for column in columns] for record in flat])


def _flattened(record: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Cell]]:
    for key, value in record.items():
        if isinstance(value, dict) and value:
            yield from _flattened(value, f"{prefix}{key}_")
        else:
            yield f"{prefix}{key}", _cell(value)


def _cell(value: object) -> Cell:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.hex()
    return json.dumps(_with_numbers(value), ensure_ascii=False)


def _with_numbers(value: Any) -> Any:
    if isinstance(value, _Written):
        return json.loads(value)
    if isinstance(value, list):
        return [_with_numbers(each) for each in value]
    if isinstance(value, dict):
        return {key: _with_numbers(each) for key, each in value.items()}
    return value


def _sqlite(path: str, content: bytes) -> Iterator[RawTable]:
    if content[18:20] == b"\x02\x02":  # write-ahead mode needs files beside it: read what the main file holds
        content = content[:18] + b"\x01\x01" + content[20:]
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.deserialize(content)
            for (name,) in connection.execute(_SQLITE_TABLES).fetchall():
                quoted = '"' + str(name).replace('"', '""') + '"'
                cursor = connection.execute(f"SELECT * FROM {quoted} LIMIT {MAX_ROWS + 1}")
                columns = [entry[0] for entry in cursor.description]
                yield RawTable(str(name), columns, [[_cell(cell) for cell in row] for row in cursor])
        except sqlite3.Error as error:
            raise ToolError(f"{path!r} cannot be read as a SQLite file: {error}") from None
