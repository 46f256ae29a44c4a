"""The table tools: describe, filter, aggregate, join, and SQL for the rest, over CSV, JSON and SQLite files."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal, TypedDict

from pydantic import BeforeValidator, Field, JsonValue

from coterie.tools.builtin.context import Limits
from coterie.tools.builtin.table_engine import Answer, Column, Engine, Row, opened, quoted
from coterie.tools.errors import ToolError
from coterie.tools.tool import Tool, tool
from coterie.tools.workspace import Workspace

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "contains", "in", "is_empty", "is_not_empty"]
Function = Literal["count", "sum", "mean", "median", "min", "max", "count_distinct"]
Names = Annotated[list[str], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)]
RowLimit = Annotated[int, Field(ge=1, le=500)]

_SAMPLE_ROWS = 3
_MAX_GROUPS = 200
_MAX_JOINED = 200_000
_SQL = {
    "count": "count({0})",
    "sum": "sum({0})",
    "mean": "avg({0})",
    "median": "median({0})",
    "min": "min({0})",
    "max": "max({0})",
    "count_distinct": "count(DISTINCT {0})",
}


class Description(TypedDict):
    """One table of a file."""

    table: str
    num_rows: JsonValue
    columns: dict[str, str]
    sample: list[Row]


class Rows(TypedDict):
    """Rows of a table; `total` counts all that fit, shown or not. `note` says what to know about them."""

    rows: list[Row]
    total: JsonValue
    note: str


class Aggregate(TypedDict):
    """One value and the number of rows it was taken from."""

    value: JsonValue
    num_rows: JsonValue


class Tables:
    """The table tools of one workspace."""

    def __init__(self, workspace: Workspace, limits: Limits) -> None:
        self._workspace = workspace
        self._limits = limits

    def tools(self) -> list[Tool]:
        """The tools, ready to be offered."""
        read = (self.describe_table, self.filter_table, self.aggregate_table, self.query_table)
        return [
            *(tool(effect="read")(function) for function in read),
            tool(effect="write", idempotent=True)(self.join_tables),
        ]

    def describe_table(self, path: str) -> list[Description]:
        """Describe a table file: the names and types of its columns, and a sample of it.

        Args:
            path: a CSV, JSON or SQLite file in the workspace, for example orders.csv
        """
        with opened(self._workspace, [path], self._limits) as engine:
            return [_described(engine, name) for name in engine.tables]

    def filter_table(
        self,
        path: str,
        column: str | None = None,
        operator: Operator = "=",
        value: str | None = None,
        columns: Names | None = None,
        sort_by: str | None = None,
        descending: bool = False,
        limit: RowLimit = 20,
        table: str | None = None,
    ) -> Rows:
        """Find, look up or get rows of a table by the value of a column, for example id = 7 or status = late.

        Args:
            path: a CSV, JSON or SQLite file in the workspace
            column: the column of the condition; leave it out to get all rows
            operator: how the column is compared with the value; in takes several values separated by commas
            value: what the column is compared with
            columns: the columns to show; leave it out to show all
            sort_by: the column to sort the rows by
            descending: true to put the largest first
            limit: how many rows to show at most
            table: the table of a SQLite file with several tables
        """
        with opened(self._workspace, [path], self._limits) as engine:
            name = engine.table(table)
            where, parameters = _where(engine, name, column, operator, value)
            shown = ", ".join(quoted(engine.column(name, each).name) for each in columns or []) or "*"
            order = _order(engine.column(name, sort_by).name, descending) if sort_by else ""
            total = _single(engine.select(f"SELECT count(*) FROM {quoted(name)}{where}", parameters))
            answer = engine.select(f"SELECT {shown} FROM {quoted(name)}{where}{order}", parameters, limit)
            note = _none_found(engine, name, column, operator) if total == 0 else _cut(answer, limit)
        return {"rows": answer.rows, "total": total, "note": note}

    def aggregate_table(
        self,
        path: str,
        function: Function,
        column: str | None = None,
        group_by: str | None = None,
        where_column: str | None = None,
        where_operator: Operator = "=",
        where_value: str | None = None,
        table: str | None = None,
    ) -> Aggregate | list[Row]:
        """Count rows or calculate one figure from a table, such as the sum of a column, for all, for some or by group.

        Args:
            path: a CSV, JSON or SQLite file in the workspace
            function: what to calculate
            column: the column to calculate from; may be left out to count rows
            group_by: calculate one figure for each value of this column
            where_column: use only the rows where this column fits the condition
            where_operator: how where_column is compared with where_value
            where_value: what where_column is compared with
            table: the table of a SQLite file with several tables
        """
        with opened(self._workspace, [path], self._limits) as engine:
            name = engine.table(table)
            figure = _figure(engine, name, function, column)
            where, parameters = _where(engine, name, where_column, where_operator, where_value)
            if group_by is None:
                row = engine.select(f"SELECT {figure} AS v, count(*) AS n FROM {quoted(name)}{where}", parameters).rows[
                    0
                ]
                return {"value": row["v"], "num_rows": row["n"]}
            group = quoted(engine.column(name, group_by).name)
            sql = f"SELECT {group}, {figure} AS value, count(*) AS num_rows FROM {quoted(name)}{where} GROUP BY {group}"
            return engine.select(f"{sql} ORDER BY 2 DESC NULLS LAST, 1", parameters, _MAX_GROUPS).rows

    def query_table(self, paths: Names, sql: str) -> Rows:
        """Answer a question about one or several tables with a SQL SELECT statement.

        Args:
            paths: the CSV, JSON or SQLite files to query; orders.csv becomes the table orders
            sql: one SELECT statement, for example SELECT city, count(*) FROM orders GROUP BY city
        """
        if not paths:
            raise ToolError("paths is empty; name the files to query")
        with opened(self._workspace, paths, self._limits) as engine:
            answer = engine.select(sql.strip().rstrip(";"))
        note = _cut(answer, self._limits.max_rows)
        return {"rows": answer.rows, "total": None if answer.more else len(answer.rows), "note": note}

    def join_tables(
        self,
        left_path: str,
        right_path: str,
        left_column: str,
        output: str,
        right_column: str | None = None,
        keep_unmatched: bool = False,
    ) -> str:
        """Join two tables where a column of one equals a column of the other, and save the result as a CSV file.

        Args:
            left_path: the first file, for example orders.csv
            right_path: the second file, for example customers.csv
            left_column: the column of the first file to join on
            output: the CSV file to write, for example joined.csv
            right_column: the column of the second file, if its name is different
            keep_unmatched: true to keep rows of the first file that have no partner
        """
        with opened(self._workspace, [left_path, right_path], self._limits) as engine:
            if len(engine.tables) != 2:
                raise ToolError("join_tables needs one table in each file; for others use query_table")
            names = list(engine.tables)
            sql = _join(engine, names[0], names[1], left_column, right_column or left_column, keep_unmatched)
            answer = engine.select(sql, max_rows=_MAX_JOINED)
        if answer.more:
            raise ToolError(
                f"the join has more than {_MAX_JOINED:,} rows; check that {left_column!r} is the right column"
            )
        self._workspace.write_bytes(output, _csv(answer))
        return (
            f"wrote {len(answer.rows)} rows to {self._workspace.relative(output)}; columns: {', '.join(answer.columns)}"
        )


def _described(engine: Engine, name: str) -> Description:
    sample = engine.select(f"SELECT * FROM {quoted(name)} LIMIT {_SAMPLE_ROWS}")
    return {
        "table": name,
        "num_rows": _single(engine.select(f"SELECT count(*) FROM {quoted(name)}")),
        "columns": {column.name: column.label for column in engine.tables[name]},
        "sample": sample.rows,
    }


def _figure(engine: Engine, table: str, function: Function, name: str | None) -> str:
    if name is None or name.strip() in ("", "*"):
        if function != "count":
            raise ToolError(f"{function} needs a column; {_columns(engine, table)}")
        return "count(*)"
    column = engine.column(table, name)
    if function in ("sum", "mean", "median") and not column.is_number:
        sample = engine.select(
            f"SELECT {quoted(column.name)} FROM {quoted(table)} WHERE {quoted(column.name)} IS NOT NULL LIMIT 1"
        )
        example = f", for example {_single(sample)!r}" if sample.rows else ""
        numbers = ", ".join(each.name for each in engine.tables[table] if each.is_number) or "none"
        raise ToolError(f"column {column.name!r} holds {column.label}{example}; the columns with numbers are {numbers}")
    return _SQL[function].format(quoted(column.name))


def _where(
    engine: Engine, table: str, name: str | None, operator: Operator, value: str | None
) -> tuple[str, list[object]]:
    if name is None:
        if value is not None:
            raise ToolError(f"there is a value but no column to compare it with; {_columns(engine, table)}")
        return "", []
    column = engine.column(table, name)
    cell = quoted(column.name)
    if operator in ("is_empty", "is_not_empty"):
        return f" WHERE {cell} IS {'NOT ' if operator == 'is_not_empty' else ''}NULL", []
    if value is None:
        raise ToolError(f"no value to compare column {column.name!r} with; use is_empty to find empty cells")
    if operator == "contains":
        return f" WHERE contains(lower(CAST({cell} AS VARCHAR)), lower(?))", [value]
    values = [each.strip() for each in value.split(",")] if operator == "in" else [value]
    return _compared(column, operator, [_converted(column, each) for each in values])


def _compared(column: Column, operator: str, values: Sequence[object]) -> tuple[str, list[object]]:
    cell, mark = quoted(column.name), "?"
    if column.kind == "VARCHAR" and operator in ("=", "!=", "in"):
        cell, mark = f"lower({cell})", "lower(?)"
    if operator == "in":
        return f" WHERE {cell} IN ({', '.join([mark] * len(values))})", list(values)
    compare = "IS DISTINCT FROM" if operator == "!=" else operator
    return f" WHERE {cell} {compare} {mark}", list(values)


def _converted(column: Column, value: str) -> object:
    kind = column.kind.partition("(")[0]
    converters: dict[str, Callable[[str], object]] = {
        "BIGINT": Decimal,
        "DECIMAL": Decimal,
        "DOUBLE": float,
        "DATE": date.fromisoformat,
        "TIMESTAMP": datetime.fromisoformat,
        "BOOLEAN": _boolean,
    }
    try:
        return converters[kind](value.strip()) if kind in converters else value
    except (ValueError, InvalidOperation):
        wanted = {"DATE": "a date as YYYY-MM-DD", "TIMESTAMP": "a time as YYYY-MM-DD HH:MM", "BOOLEAN": "true or false"}
        raise ToolError(f"column {column.name!r} needs {wanted.get(kind, 'a number')}, not {value!r}") from None


def _boolean(value: str) -> bool:
    if value.lower() not in ("true", "yes", "1", "false", "no", "0"):
        raise ValueError(value)
    return value.lower() in ("true", "yes", "1")


def _order(column: str, descending: bool) -> str:
    return f" ORDER BY {quoted(column)} {'DESC' if descending else 'ASC'} NULLS LAST"


def _none_found(engine: Engine, table: str, name: str | None, operator: Operator) -> str:
    if name is None or operator not in ("=", "in", "contains"):
        return "no row fits"
    column = engine.column(table, name)
    found = engine.select(f"SELECT DISTINCT {quoted(column.name)} FROM {quoted(table)} ORDER BY 1", max_rows=10)
    values = ", ".join(str(row[column.name]) for row in found.rows)
    return f"no row fits; values in column {column.name!r}: {values}{', …' if found.more else ''}"


def _cut(answer: Answer, limit: int) -> str:
    return f"only the first {limit} rows are shown" if answer.more else ""


def _columns(engine: Engine, table: str) -> str:
    return f"the columns are {', '.join(column.name for column in engine.tables[table])}"


def _single(answer: Answer) -> JsonValue:
    return next(iter(answer.rows[0].values()))


def _join(engine: Engine, left: str, right: str, left_name: str, right_name: str, keep_unmatched: bool) -> str:
    on_left, on_right = engine.column(left, left_name), engine.column(right, right_name)
    taken = {column.name.lower() for column in engine.tables[left]}
    shown = ["l.*"]
    for column in engine.tables[right]:
        if column != on_right or column.name.lower() not in taken:
            name = f"{right}_{column.name}" if column.name.lower() in taken else column.name
            shown.append(f"r.{quoted(column.name)} AS {quoted(name)}")
    sides = f"l.{quoted(on_left.name)}", f"r.{quoted(on_right.name)}"
    if on_left.kind != on_right.kind and not (on_left.is_number and on_right.is_number):
        sides = f"CAST({sides[0]} AS VARCHAR)", f"CAST({sides[1]} AS VARCHAR)"
    kind = "LEFT JOIN" if keep_unmatched else "JOIN"
    return f"SELECT {', '.join(shown)} FROM {quoted(left)} l {kind} {quoted(right)} r ON {sides[0]} = {sides[1]}"


def _csv(answer: Answer) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows(row.values() for row in answer.rows)
    return text.getvalue().encode("utf-8", "replace")
