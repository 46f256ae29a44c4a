"""Typed tables in an in-memory DuckDB that can reach nothing else, and bounded queries over them.

Text cells become integers, exact decimals, floats, dates, timestamps or booleans where every cell of the column
allows it. Before the first query runs, external access is switched off and the configuration is locked: SQL that
a model wrote cannot read or write a file, load an extension or use the network. Only SELECT is accepted, with a
limit on time, memory and rows.
"""

import math
import re
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from coterie.tools.builtin.context import Limits
from coterie.tools.builtin.table_files import RawTable, distinct, read_tables
from coterie.tools.errors import ToolError
from coterie.tools.workspace import Workspace

_INTEGER = r"[+-]?(0|[1-9][0-9]{0,17})"
_DECIMAL = r"[+-]?(0|[1-9][0-9]*)(\.[0-9]+)?"
_MAX_DIGITS = 38
_PADDED = r"[+-]?0[0-9].*"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIMESTAMP = _DATE + r"[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?"
_MAX_CELL_CHARS = 1_000

Row = dict[str, JsonValue]


@dataclass(frozen=True)
class Column:
    """A column of a loaded table; `kind` is DuckDB's type."""

    name: str
    kind: str

    @property
    def is_number(self) -> bool:
        """Whether it can be summed."""
        return self.kind.startswith(("BIGINT", "DECIMAL", "DOUBLE"))

    @property
    def label(self) -> str:
        """The type in plain words."""
        words = {"BIGINT": "integer", "DECIMAL": "number", "DOUBLE": "number", "VARCHAR": "text"}
        kind = self.kind.partition("(")[0]
        return words.get(kind, kind.lower())


@dataclass(frozen=True)
class Answer:
    """The rows of a query; `more` tells that there are rows beyond the limit."""

    columns: list[str]
    rows: list[Row]
    more: bool


class Engine:
    """Loaded tables and the queries over them."""

    def __init__(self, connection: Any, tables: dict[str, list[Column]], limits: Limits) -> None:
        self._connection = connection
        self.tables = tables
        self._limits = limits

    def table(self, name: str | None) -> str:
        """The table meant: the only one, or the one of this name."""
        if name is None:
            if len(self.tables) > 1:
                raise ToolError(f"the file has several tables; say which one with table: {', '.join(self.tables)}")
            return next(iter(self.tables))
        return _matched(name, list(self.tables), "table")

    def column(self, table: str, name: str) -> Column:
        """The column of this name, however it is capitalised; ToolError lists the columns."""
        columns = {column.name: column for column in self.tables[table]}
        return columns[_matched(name, list(columns), "column")]

    def select(self, sql: str, parameters: Sequence[object] = (), max_rows: int | None = None) -> Answer:
        """Run one SELECT. ToolError for anything else, for what SQL refuses, and past the limits."""
        import duckdb

        limit = max_rows or self._limits.max_rows
        timer = threading.Timer(self._limits.query_s, self._connection.interrupt)
        timer.start()
        try:
            statements = self._connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise ToolError("only one SELECT statement can be run; tables cannot be changed")
            cursor = self._connection.execute(sql, list(parameters))
            names = distinct([entry[0] for entry in cursor.description])
            rows = cursor.fetchmany(limit + 1)
        except duckdb.InterruptException:
            raise ToolError(f"the query took longer than {self._limits.query_s:g} s; make it simpler") from None
        except duckdb.Error as error:
            raise ToolError(self._explained(str(error))) from None
        finally:
            timer.cancel()
        return Answer(names, [_row(names, row) for row in rows[:limit]], len(rows) > limit)

    def _explained(self, message: str) -> str:
        lines = [line for line in message.split("\n\n")[0].splitlines() if line.strip() and "LINE " not in line]
        tables = "; ".join(f"{name}({', '.join(c.name for c in columns)})" for name, columns in self.tables.items())
        return f"the query failed: {' '.join(lines)[:500]}. Tables: {tables[:1500]}"


@contextmanager
def opened(workspace: Workspace, paths: Sequence[str], limits: Limits) -> Iterator[Engine]:
    """An engine with the tables of these files, gone afterwards."""
    import duckdb  # a fifth of a second that only a run with a table has to pay

    raw = [table for path in dict.fromkeys(paths) for table in read_tables(workspace, path)]
    _check_distinct(raw)
    settings = {"memory_limit": f"{limits.query_memory_mb}MB", "threads": 2, "autoload_known_extensions": "false"}
    settings |= {"autoinstall_known_extensions": "false", "python_enable_replacements": "false"}
    connection = duckdb.connect(":memory:", config=settings)
    try:
        tables = {table.name: _loaded(connection, table) for table in raw}
        connection.execute("SET temp_directory = ''")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield Engine(connection, tables, limits)
    finally:
        connection.close()


def quoted(name: str) -> str:
    """A name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _matched(name: str, known: list[str], what: str) -> str:
    def plain(text: str) -> str:
        return re.sub(r"[\W_]+", "", text).lower()

    for candidate in known:
        if candidate == name:
            return candidate
    alike = [candidate for candidate in known if plain(candidate) == plain(name)]
    if len(alike) == 1:
        return alike[0]
    near = get_close_matches(name.lower(), [candidate.lower() for candidate in known], n=1, cutoff=0.6)
    hint = f"did you mean {next(c for c in known if c.lower() == near[0])!r}? " if near else ""
    raise ToolError(f"no {what} {name!r}; {hint}the {what}s are {', '.join(known[:60])}")


def _check_distinct(tables: Sequence[RawTable]) -> None:
    names = [table.name.lower() for table in tables]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ToolError(f"two tables would be called {', '.join(sorted(twice))}; query the files one at a time")


def _loaded(connection: Any, table: RawTable) -> list[Column]:
    with tempfile.TemporaryDirectory(prefix="coterie-table-") as folder:
        path = Path(folder) / "table.csv"
        path.write_text(_as_csv(table), encoding="utf-8", errors="replace", newline="")
        names = "{" + ", ".join(f"{_literal(column)}: 'VARCHAR'" for column in table.columns) + "}"
        connection.execute(
            f"CREATE TEMP TABLE raw AS SELECT * FROM read_csv({_literal(str(path))}, header=false, columns={names}, "
            "auto_detect=false, delim=',', quote='\"', escape='\"', nullstr='', allow_quoted_nulls=false, "
            "new_line='\\n', max_line_size=100000000)"
        )
    columns = _typed(connection, table.columns)
    casts = ", ".join(f"CAST({quoted(column.name)} AS {column.kind}) AS {quoted(column.name)}" for column in columns)
    connection.execute(f"CREATE TABLE {quoted(table.name)} AS SELECT {casts} FROM raw")
    connection.execute("DROP TABLE raw")
    return columns


def _as_csv(table: RawTable) -> str:
    def cell(value: str | None) -> str:
        return "" if value is None else '"' + value.replace('"', '""').replace("\0", "") + '"'

    return "".join(",".join(cell(value) for value in row) + "\n" for row in table.rows)


def _typed(connection: Any, names: Sequence[str]) -> list[Column]:
    """The narrowest type that every filled cell of a column fits, found in one pass over the table."""
    found = connection.execute(f"SELECT {', '.join(_tests(name) for name in names)} FROM raw").fetchone()
    width = len(found) // len(names)
    return [Column(name, _kind(*found[i * width : (i + 1) * width])) for i, name in enumerate(names)]


def _tests(column: str) -> str:
    cell = f"trim({quoted(column)})"
    number = f"TRY_CAST({cell} AS DOUBLE)"
    tests = (
        f"regexp_full_match({cell}, '{_INTEGER}')",
        f"regexp_full_match({cell}, '{_DECIMAL}')",
        f"{number} IS NOT NULL AND isfinite({number}) AND NOT regexp_full_match({cell}, '{_PADDED}')",
        f"regexp_full_match({cell}, '{_DATE}') AND TRY_CAST({cell} AS DATE) IS NOT NULL",
        f"regexp_full_match({cell}, '{_TIMESTAMP}') AND TRY_CAST({cell} AS TIMESTAMP) IS NOT NULL",
        f"lower({cell}) IN ('true', 'false')",
    )
    lengths = f"max(length(ltrim(split_part({cell}, '.', 1), '+-'))), max(length(split_part({cell}, '.', 2)))"
    all_fit = ", ".join(f"bool_and({test}) FILTER (WHERE {quoted(column)} IS NOT NULL)" for test in tests)
    return f"{lengths}, {all_fit}"


def _kind(whole: int | None, digits: int | None, *fits: bool | None) -> str:
    if whole is None or digits is None:
        return "VARCHAR"
    exact = f"DECIMAL({whole + digits}, {digits})" if whole + digits <= _MAX_DIGITS else "DOUBLE"
    kinds = ("BIGINT", exact, "DOUBLE", "DATE", "TIMESTAMP", "BOOLEAN")
    return next((kind for fit, kind in zip(fits, kinds, strict=True) if fit), "VARCHAR")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _row(names: Sequence[str], row: Sequence[object]) -> Row:
    return {name: plain(value) for name, value in zip(names, row, strict=True)}


def plain(value: object) -> JsonValue:
    """A cell as JSON: exact decimals as short numbers, dates as ISO text, long text cut."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, float):
        return float(f"{value:.12g}") if math.isfinite(value) else str(value)
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    text = str(value) if isinstance(value, (str, timedelta)) else repr(value)
    return text if len(text) <= _MAX_CELL_CHARS else f"{text[:_MAX_CELL_CHARS]}…"


def _number(value: Decimal) -> JsonValue:
    if value == value.to_integral_value():
        return int(value)
    short = float(value)
    return short if Decimal(repr(short)) == value else str(value.normalize())
