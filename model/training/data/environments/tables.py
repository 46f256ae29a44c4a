# ruff: noqa: E501  (phrases and tables are read best on one line)
"""The runtime's table tools over CSV files: describe, filter, aggregate, join, with its results and error messages."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from coterie.model.training.data.environments import words as w
from coterie.model.training.data.environments.builtin import text_of
from coterie.model.training.data.environments.services import TEXT, words
from coterie.model.training.data.surface import Op, OpError, Param, World, csv_text

Row = dict[str, Any]
Cell = Callable[[random.Random], Any]
OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "contains", "in", "is_empty", "is_not_empty")
FUNCTIONS = ("count", "sum", "mean", "median", "min", "max", "count_distinct")


@dataclass(frozen=True)
class Theme:
    """What a table is about: its key, columns by kind (names with alternatives), and what a row is called."""

    stem: str
    noun: str
    key: tuple[str, Callable[[random.Random], Cell]]
    label: tuple[str, Cell]
    group: tuple[str, tuple[str, ...]]
    number: tuple[str, Cell]
    second: tuple[str, Cell]
    date: str


def _some(values: str) -> tuple[str, ...]:
    return tuple(values.split("|"))


THEMES = (
    Theme("orders", "orders", ("order_id|id|order_no", lambda r: _bound(w.code("ord", "A")(r))), ("customer|buyer|client", w.person), ("status|state", _some("open|paid|late|shipped")), ("total|amount|price", w.money), ("quantity|pieces|items", lambda r: w.between(r, 1, 12)), "date|ordered_on|placed"),
    Theme("expenses", "expenses", ("receipt|no|entry", lambda r: _bound(w.code("ex", "R")(r))), ("vendor|shop|paid_to", lambda r: w.pick(r, w.COMPANIES)), ("category|kind|type", _some("travel|food|office|software|training")), ("amount|cost|eur", w.money), ("vat|tax_percent", lambda r: w.pick_number(r, (0, 7, 19, 21, 25))), "date|day|spent_on"),
    Theme("staff", "people", ("emp_id|nr|id", lambda r: _bound(w.code("emp", "E")(r))), ("name|employee|person", w.person), ("department|team|unit", tuple(w.DEPARTMENTS[:5])), ("salary|monthly_pay|wage", lambda r: w.between(r, 20, 90) * 100), ("leave_days|days_off", lambda r: w.between(r, 0, 30)), "hired|start_date|joined"),
    Theme("stock", "articles", ("sku|code|article_no", lambda r: _bound(w.code("sku", "P")(r))), ("article|product|item", lambda r: w.pick(r, w.ITEMS)), ("warehouse|site|depot", _some("north|south|harbour|airport")), ("unit_price|price|cost", w.money), ("quantity|in_stock|units", lambda r: w.between(r, 0, 400)), "last_count|checked_on|updated"),
    Theme("readings", "readings", ("sensor|device|probe", lambda r: _bound(w.code("s", "dev")(r))), ("place|site|location", lambda r: w.pick(r, w.CITIES)), ("quality|flag|state", _some("good|suspect|missing")), ("temperature|temp_c|value", lambda r: round(r.random() * 45 - 9, 1)), ("humidity|battery|level", lambda r: w.between(r, 5, 100)), "day|measured|date"),
    Theme("grades", "students", ("student_id|matric|id", lambda r: _bound(w.code("stu", "M")(r))), ("student|name|pupil", w.person), ("course|subject|class", _some("algebra|biology|history|music|physics")), ("score|points|mark", lambda r: w.between(r, 20, 100)), ("absences|missed", lambda r: w.between(r, 0, 15)), "exam_date|date|taken_on"),
    Theme("deliveries", "deliveries", ("parcel|tracking|id", lambda r: _bound(w.code("pk", "T")(r))), ("recipient|customer|name", w.person), ("region|zone|city", _some("Oslo|Lyon|Porto|Graz|Leeds")), ("weight_kg|weight|kg", lambda r: round(r.random() * 30 + 0.3, 1)), ("stops|attempts|pieces", lambda r: w.between(r, 1, 20)), "delivered|due|date"),
    Theme("members", "members", ("member_no|card|id", lambda r: _bound(w.code("mem", "C")(r))), ("name|member|full_name", w.person), ("plan|tier|level", _some("basic|plus|family|student")), ("fee|dues|yearly_fee", w.money), ("visits|bookings", lambda r: w.between(r, 0, 90)), "joined|since|member_since"),
    Theme("tickets", "tickets", ("ticket|case|id", lambda r: _bound(w.code("t", "HD")(r))), ("assignee|owner|agent", w.person), ("priority|urgency|severity", _some("low|normal|high|critical")), ("hours|time_spent|effort", lambda r: round(r.random() * 16, 1)), ("replies|messages", lambda r: w.between(r, 0, 40)), "opened|created|reported"),
    Theme("invoices", "invoices", ("invoice|number|ref", lambda r: _bound(w.code("inv", "RE")(r))), ("client|company|debtor", lambda r: w.pick(r, w.COMPANIES)), ("status|state", _some("draft|sent|paid|overdue")), ("gross|amount|sum", w.money), ("reminders|items", lambda r: w.between(r, 0, 6)), "due|due_date|payable_by"),
)  # fmt: skip


def _bound(draw: object) -> Cell:
    return draw  # type: ignore[return-value]


@dataclass(frozen=True)
class Table:
    """A drawn table: where it lies, what its columns are called by role, its rows."""

    path: str
    theme: Theme
    key: str
    label: str
    group: str
    number: str
    second: str
    date: str
    rows: list[Row]

    @property
    def columns(self) -> list[str]:
        """Names of the columns in order."""
        return list(self.rows[0])


def draw_table(rng: random.Random, world: World) -> Table:
    """A CSV file with 5 to 32 rows in the workspace, its columns named and ordered by chance."""
    theme = THEMES[int(rng.random() * len(THEMES))]
    names = {
        role: w.pick(rng, spec[0].split("|"))
        for role, spec in (
            ("key", theme.key),
            ("label", theme.label),
            ("group", theme.group),
            ("number", theme.number),
            ("second", theme.second),
        )
    }
    names["date"] = w.pick(rng, theme.date.split("|"))
    case = rng.random()
    if case < 0.2:
        names = {role: name.capitalize() for role, name in names.items()}
    make_key = theme.key[1](rng)
    draws: dict[str, Cell] = {
        "key": make_key, "label": theme.label[1], "group": lambda r: w.pick(r, theme.group[1]), "number": theme.number[1], "second": theme.second[1], "date": w.day,
    }  # fmt: skip
    roles = list(draws)
    if rng.random() < 0.6:
        rng.shuffle(roles)
    rows = [{names[role]: draws[role](rng) for role in roles} for _ in range(w.between(rng, 5, 32))]
    folder = w.pick(rng, ("", "", "", "data/", "tables/", "exports/", "2025/", "in/"))
    stem = w.pick(
        rng,
        (
            theme.stem,
            theme.stem,
            f"{theme.stem}_{w.between(rng, 2022, 2026)}",
            f"{theme.stem}-{w.pick(rng, ('q1', 'q2', 'may', 'june', 'north', 'all', 'export'))}",
            f"{w.pick(rng, ('my', 'all', 'new', 'raw'))}_{theme.stem}",
        ),
    )
    path = f"{folder}{stem}.csv"
    put(world, path, rows)
    return Table(
        path, theme, names["key"], names["label"], names["group"], names["number"], names["second"], names["date"], rows
    )


def put(world: World, path: str, rows: list[Row]) -> None:
    """Keep a table as a CSV file."""
    world["files"][path] = csv_text(rows) + "\n"
    world["tables"][path] = rows


def rows_of(world: World, path: str) -> list[Row]:
    """The rows of a table file."""
    text_of(world, path)
    if path not in world["tables"]:
        raise OpError(f"{path!r} is not a table; give a CSV, JSON or SQLite file")
    found: list[Row] = world["tables"][path]
    return found


def _column(rows: list[Row], name: str, role: str) -> str:
    columns = list(rows[0])
    for column in columns:
        if column.lower() == name.lower():
            return column
    close = get_close_matches(name, columns, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]!r}?" if close else ";"
    raise OpError(f"no column {name!r}{hint} the columns are {', '.join(columns)}", {role: close[0]} if close else {})


def _label(value: Any) -> str:
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    return "date" if len(str(value)) == 10 and str(value)[4:5] == "-" and str(value)[7:8] == "-" else "text"


def _describe(world: World, a: dict[str, Any]) -> list[Row]:
    rows = rows_of(world, a["path"])
    name = a["path"].rpartition("/")[2].removesuffix(".csv")
    return [
        {
            "table": name,
            "num_rows": len(rows),
            "columns": {k: _label(v) for k, v in rows[0].items()},
            "sample": rows[:3],
        }
    ]


def _fits(column: str, operator: str, value: str | None) -> Callable[[Row], bool]:
    if operator in ("is_empty", "is_not_empty"):
        return lambda row: (row[column] in (None, "")) == (operator == "is_empty")
    if value is None:
        raise OpError(f"no value to compare column {column!r} with; use is_empty to find empty cells")
    if operator == "contains":
        return lambda row: value.lower() in str(row[column]).lower()
    if operator == "in":
        values = {v.strip().lower() for v in value.split(",")}
        return lambda row: str(row[column]).lower() in values
    return lambda row: _compare(row[column], operator, value)


def _compare(cell: Any, operator: str, value: str) -> bool:
    left: Any
    right: Any
    if isinstance(cell, int | float):
        left, right = float(cell), float(value)
    else:
        left, right = str(cell).lower(), value.lower()
    return bool(
        {
            "=": left == right,
            "!=": left != right,
            "<": left < right,
            "<=": left <= right,
            ">": left > right,
            ">=": left >= right,
        }[operator]
    )


def _chosen(rows: list[Row], a: Mapping[str, Any], column: str, operator: str, value: str) -> list[Row]:
    if a.get(column) is None:
        return rows
    fits = _fits(_column(rows, a[column], column), a.get(operator, "="), a.get(value))
    return [row for row in rows if fits(row)]


def _filter(world: World, a: dict[str, Any]) -> Row:
    rows = rows_of(world, a["path"])
    found = _chosen(rows, a, "column", "operator", "value")
    if a.get("sort_by"):
        sort = _column(rows, a["sort_by"], "sort_by")
        found = sorted(found, key=lambda row: row[sort], reverse=a.get("descending", False))
    limit = a.get("limit", 20)
    names = [_column(rows, name, "columns") for name in a.get("columns") or rows[0]]
    note = f"only the first {limit} rows are shown" if len(found) > limit else ""
    if not found and a.get("column"):
        column = _column(rows, a["column"], "column")
        values = sorted({str(row[column]) for row in rows})
        note = f"no row fits; values in column {column!r}: {', '.join(values[:10])}{', …' if len(values) > 10 else ''}"
    return {"rows": [{name: row[name] for name in names} for row in found[:limit]], "total": len(found), "note": note}


def figure(function: str, values: list[Any]) -> Any:
    """One figure of a column; sums are exact to the cent."""
    match function:
        case "count":
            return len(values)
        case "sum":
            return _tidy(round(sum(values), 4))
        case "mean":
            return _tidy(round(sum(values) / len(values), 10)) if values else None
        case "median":
            ordered, n = sorted(values), len(values)
            return _tidy(round((ordered[(n - 1) // 2] + ordered[n // 2]) / 2, 4)) if values else None
        case "count_distinct":
            return len(set(values))
    return (min if function == "min" else max)(values, default=None)


def _tidy(value: float) -> float:
    return int(value) if value == int(value) else value


def _aggregate(world: World, a: dict[str, Any]) -> Any:
    rows = rows_of(world, a["path"])
    function = a["function"]
    if a.get("column") is None and function != "count":
        raise OpError(f"{function} needs a column; the columns are {', '.join(rows[0])}")
    column = _column(rows, a["column"], "column") if a.get("column") else next(iter(rows[0]))
    if function in ("sum", "mean", "median") and not isinstance(rows[0][column], int | float):
        numbers = ", ".join(k for k, v in rows[0].items() if isinstance(v, int | float))
        raise OpError(
            f"column {column!r} holds {_label(rows[0][column])}, for example {rows[0][column]!r}; the columns with numbers are {numbers}"
        )
    kept = _chosen(rows, a, "where_column", "where_operator", "where_value")
    if not a.get("group_by"):
        return {"value": figure(function, [row[column] for row in kept]), "num_rows": len(kept)}
    group = _column(rows, a["group_by"], "group_by")
    parts: dict[Any, list[Any]] = {}
    for row in kept:
        parts.setdefault(row[group], []).append(row[column])
    figures = [
        {group: name, "value": figure(function, values), "num_rows": len(values)} for name, values in parts.items()
    ]
    return sorted(
        figures, key=lambda row: (-row["value"] if isinstance(row["value"], int | float) else 0, str(row[group]))
    )


def _join(world: World, a: dict[str, Any]) -> str:
    left, right = rows_of(world, a["left_path"]), rows_of(world, a["right_path"])
    on_left = _column(left, a["left_column"], "left_column")
    on_right = _column(right, a.get("right_column") or a["left_column"], "right_column")
    partners: dict[Any, list[Row]] = {}
    for row in right:
        partners.setdefault(row[on_right], []).append(row)
    joined = [
        row | {k: v for k, v in other.items() if k not in row}
        for row in left
        for other in partners.get(row[on_left], [])
    ]
    columns = list(joined[0]) if joined else list(left[0])
    if joined:
        put(world, a["output"], joined)
    return f"wrote {len(joined)} rows to {a['output']}; columns: {', '.join(columns)}"


_PATH = Param(
    "path",
    ("path", "file", "table_path", "csv", "filename"),
    TEXT,
    ("a CSV, JSON or SQLite file in the workspace",),
    True,
    ("dataset",),
)
_COLUMN = {"type": "string"}
_TABLE = Param("table", ("table", "sheet"), TEXT, ("the table of a SQLite file with several tables",), False)
TABLES: dict[str, Op] = {op.role: op for op in (
    Op("tables.describe", ("describe_table", *words("describe|inspect csv|table|data", "get|show schema|columns", "table info|schema")),
       ("Describe a table file: the names and types of its columns, and a sample of it.", "Columns of a table.", "Describe a CSV file."),
       (Param("path", _PATH.names, TEXT, ("a CSV, JSON or SQLite file in the workspace, for example orders.csv",), True, ("dataset",)),), _describe, "tables", words("survey dataset"), True),
    Op("tables.filter", ("filter_table", *words("filter|select|find|get rows|table|csv", "table filter|rows", "where_rows")),
       ("Find, look up or get rows of a table by the value of a column, for example id = 7 or status = late.", "Filter the rows of a table.", "Rows of a CSV file that fit a condition, sorted if wanted."),
       (_PATH, Param("column", ("column", "col", "field"), _COLUMN, ("the column of the condition; leave it out to get all rows",), False),
        Param("operator", ("operator", "op", "comparison"), {"enum": list(OPERATORS), "default": "="}, ("how the column is compared with the value; in takes several values separated by commas",), False),
        Param("value", ("value", "equals", "compare_to"), TEXT, ("what the column is compared with",), False),
        Param("columns", ("columns", "show", "select"), {"type": "array", "items": TEXT}, ("the columns to show; leave it out to show all",), False),
        Param("sort_by", ("sort_by", "order_by", "sort"), TEXT, ("the column to sort the rows by",), False),
        Param("descending", ("descending", "desc", "reverse"), {"type": "boolean", "default": False}, ("true to put the largest first",), False),
        Param("limit", ("limit", "max_rows", "top"), {"type": "integer", "minimum": 1, "maximum": 500, "default": 20}, ("how many rows to show at most",), False), _TABLE),
       _filter, "tables", words("winnow dataset"), True),
    Op("tables.aggregate", ("aggregate_table", *words("aggregate|summarise column|csv", "column stats", "table aggregate|stats", "calc column")),
       ("Count rows or calculate one figure from a table, such as the sum of a column, for all, for some or by group.", "One figure of a column.", "Sum, mean, count or another figure of a CSV column, also by group."),
       (_PATH, Param("function", ("function", "func", "statistic", "how"), {"enum": list(FUNCTIONS)}, ("what to calculate",)),
        Param("column", ("column", "col", "field"), _COLUMN, ("the column to calculate from; may be left out to count rows",), False),
        Param("group_by", ("group_by", "by", "per"), TEXT, ("calculate one figure for each value of this column",), False),
        Param("where_column", ("where_column", "filter_column", "if_column"), TEXT, ("use only the rows where this column fits the condition",), False),
        Param("where_operator", ("where_operator", "filter_op", "if_op"), {"enum": list(OPERATORS), "default": "="}, ("how where_column is compared with where_value",), False),
        Param("where_value", ("where_value", "filter_value", "if_value"), TEXT, ("what where_column is compared with",), False), _TABLE),
       _aggregate, "tables", words("distil dataset"), True),
    Op("tables.join", ("join_tables", *words("join|merge csv|tables", "table join")),
       ("Join two tables where a column of one equals a column of the other, and save the result as a CSV file.", "Join two tables.", "Merge two CSV files on a column."),
       (Param("left_path", ("left_path", "left", "first_file"), TEXT, ("the first file, for example orders.csv",)), Param("right_path", ("right_path", "right", "second_file"), TEXT, ("the second file, for example customers.csv",)),
        Param("left_column", ("left_column", "on", "left_on"), TEXT, ("the column of the first file to join on",)), Param("output", ("output", "out", "output_path"), TEXT, ("the CSV file to write, for example joined.csv",)),
        Param("right_column", ("right_column", "right_on"), TEXT, ("the column of the second file, if its name is different",), False),
        Param("keep", ("keep_unmatched", "outer"), {"type": "boolean", "default": False}, ("true to keep rows of the first file that have no partner",), False)),
       _join, "tables", words("wed datasets"), True, writes=True),
)}  # fmt: skip
