"""The table tools: types found, figures exact, wrong names explained, and SQL that can reach nothing else."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from coterie.tools import Limits, Registry, ToolContext, builtin_tools

from .conftest import Run

SPENT = """SELECT name, sum(qty * "unit price") AS total
    FROM orders JOIN customers ON customer = id GROUP BY 1 ORDER BY 2 DESC;"""


async def test_describe(run: Run) -> None:
    [table] = (await run("describe_table", path="orders.csv")).data
    assert table["columns"] == {
        "Order ID": "text",
        "customer": "text",
        "qty": "integer",
        "unit price": "number",
        "status": "text",
        "date": "date",
    }
    assert table["num_rows"] == 4
    assert table["sample"][0] == {
        "Order ID": "A-1",
        "customer": "C1",
        "qty": 2,
        "unit price": 19.99,
        "status": "late",
        "date": "2025-01-03",
    }


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ({"column": "status", "value": "LATE"}, ["A-1", "A-3"]),
        ({"column": "status", "operator": "!=", "value": "late"}, ["A-2", "A-4"]),
        ({"column": "qty", "operator": ">", "value": 1, "sort_by": "qty", "descending": True}, ["A-3", "A-4", "A-1"]),
        ({"column": "unit_price", "operator": "<=", "value": "0.2"}, ["A-3", "A-4"]),
        ({"column": "date", "operator": ">=", "value": "2025-01-04"}, ["A-2", "A-4"]),
        ({"column": "date", "operator": "is_empty"}, ["A-3"]),
        ({"column": "customer", "operator": "in", "value": "c2, C3"}, ["A-2", "A-4"]),
        ({"column": "order id", "operator": "contains", "value": "-4"}, ["A-4"]),
        ({"sort_by": "date", "limit": 2}, ["A-1", "A-2"]),
    ],
)
async def test_filter(run: Run, condition: dict[str, Any], ids: list[str]) -> None:
    result = await run("filter_table", path="orders.csv", columns=["Order ID"], **condition)
    assert not result.is_error, result.text
    assert [row["Order ID"] for row in result.data["rows"]] == ids


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ({"function": "sum", "column": "unit price"}, {"value": 25.39, "num_rows": 4}),
        ({"function": "count"}, {"value": 4, "num_rows": 4}),
        ({"function": "count", "column": "date"}, {"value": 3, "num_rows": 4}),
        ({"function": "count_distinct", "column": "customer"}, {"value": 3, "num_rows": 4}),
        ({"function": "max", "column": "date"}, {"value": "2025-02-01", "num_rows": 4}),
        (
            {"function": "mean", "column": "qty", "where_column": "status", "where_value": "late"},
            {"value": 6, "num_rows": 2},
        ),
        (
            {"function": "sum", "column": "qty", "where_column": "status", "where_value": "x"},
            {"value": None, "num_rows": 0},
        ),
        (
            {"function": "sum", "column": "qty", "group_by": "customer"},
            [{"customer": c, "value": v, "num_rows": n} for c, v, n in (("C1", 12, 2), ("C3", 3, 1), ("C2", 1, 1))],
        ),
    ],
)
async def test_aggregate(run: Run, query: dict[str, Any], answer: object) -> None:
    result = await run("aggregate_table", path="orders.csv", **query)
    assert result.data == answer, result.text


async def test_money_is_summed_exactly(run: Run, workspace: Path) -> None:
    (workspace / "cents.csv").write_text("amount\n" + "0.1\n" * 1000 + "1234567890123.45\n")
    result = await run("aggregate_table", path="cents.csv", function="sum", column="amount")
    assert result.data["value"] == 1234567890223.45


async def test_types_keep_what_is_written(run: Run, workspace: Path) -> None:
    rows = [{"zip": "00123", "big": 12345678901234567890, "x": 1.5e3, "ok": True, "n": None, "in": {"a": 1}, "l": [1]}]
    (workspace / "t.json").write_text(json.dumps(rows))
    [table] = (await run("describe_table", path="t.json")).data
    assert table["columns"]["zip"] == "text"
    assert table["columns"]["ok"] == "boolean"
    assert table["sample"] == [
        {"zip": "00123", "big": 12345678901234567890, "x": 1500, "ok": True, "n": None, "in_a": 1, "l": "[1]"}
    ]


async def test_join_and_query(run: Run, workspace: Path) -> None:
    joined = await run(
        "join_tables",
        left_path="orders.csv",
        right_path="customers.json",
        left_column="customer",
        right_column="id",
        output="out/joined.csv",
        keep_unmatched=True,
    )
    assert "wrote 4 rows to out/joined.csv" in joined.text
    lines = (workspace / "out/joined.csv").read_text().splitlines()
    assert lines[0] == "Order ID,customer,qty,unit price,status,date,id,name,zip"
    assert lines[1] == "A-1,C1,2,19.99,late,2025-01-03,C1,Ada,00123"
    result = await run("query_table", paths=["orders.csv", "customers.json"], sql=SPENT)
    assert result.data["rows"] == [{"name": "Ada", "total": 40.98}, {"name": "Bo", "total": 5.1}]
    assert (result.data["total"], result.data["note"]) == (2, "")


async def test_columns_of_one_name_are_kept_apart(run: Run) -> None:
    sql = "SELECT 1 AS id, 2 AS ID, 3 AS id_2, name FROM customers WHERE id = 'C1'"
    result = await run("query_table", paths=["customers.json"], sql=sql)
    assert result.data["rows"] == [{"id": 1, "ID_2": 2, "id_2_2": 3, "name": "Ada"}]
    pairs = "SELECT a.*, b.* FROM customers a JOIN customers b ON a.id < b.id"
    result = await run("query_table", paths=["customers.json"], sql=pairs)
    assert [(row["name"], row["name_2"]) for row in result.data["rows"]] == [("Ada", "Bo")]


async def test_sqlite(run: Run, workspace: Path) -> None:
    with sqlite3.connect(workspace / "shop.db") as shop:
        shop.execute("PRAGMA journal_mode=wal")
        shop.execute("CREATE TABLE items(id INTEGER, price REAL, photo BLOB)")
        shop.execute("INSERT INTO items VALUES (1, 2.5, x'00ff'), (2, NULL, NULL)")
        shop.execute("CREATE TABLE empty(a)")
    shop.close()
    assert [table["table"] for table in (await run("describe_table", path="shop.db")).data] == ["empty", "items"]
    mean = await run("aggregate_table", path="shop.db", table="ITEMS", function="mean", column="price")
    assert mean.data == {"value": 2.5, "num_rows": 2}
    assert "several tables" in (await run("filter_table", path="shop.db")).text
    assert (await run("query_table", paths="shop.db", sql="SELECT photo FROM items")).data["rows"][0] == {
        "photo": "00ff"
    }


@pytest.mark.parametrize(
    ("name", "text", "columns"),
    [
        ("semi.csv", "a;b\n1;2\n", ["a", "b"]),
        ("tab.tsv", "a\tb\n1\t2\n", ["a", "b"]),
        ("bom.csv", "\ufeffa,b\n1,2\n", ["a", "b"]),
        ("twice.csv", "a,A,,a\n1,2,3,4\n", ["a", "A_2", "column_3", "a_3"]),
        ("short.csv", "a,b\n1\n\n2,3,\n", ["a", "b"]),
        ("lines.jsonl", '{"a": 1}\n{"b": 2}\n', ["a", "b"]),
        ("wrapped.json", '{"note": "x", "rows": [{"a": 1, "b": 2}]}', ["a", "b"]),
        ("keyed.json", '{"x": {"a": 1}, "y": {"a": 2}}', ["key", "a"]),
        ("scalars.json", "[1, 2]", ["value"]),
        ("quotes.csv", 'a,b\n"x, ""y""\nz",2\n', ["a", "b"]),
        ("unicode.csv", "名前,é\nあ,ü\n", ["名前", "é"]),
    ],
)
async def test_shapes_of_files(run: Run, workspace: Path, name: str, text: str, columns: list[str]) -> None:
    (workspace / name).write_text(text, encoding="utf-8")
    result = await run("describe_table", path=name)
    assert not result.is_error, result.text
    assert list(result.data[0]["columns"]) == columns


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("ragged.csv", b"a,b\n1,2,3\n", "line 2 has 3 values, but there are 2 columns"),
        ("empty.csv", b"", "holds no table"),
        ("bad.json", b"{", "not valid JSON"),
        ("one.json", b"3", "holds one value"),
        ("deep.json", b"[" * 100_000, "nested too deeply"),
        ("x.pdf", b"%PDF", "read .csv, .tsv, .json"),
        ("broken.db", b"SQLite format 3\0" + b"x" * 200, "cannot be read as a SQLite file"),
    ],
)
async def test_broken_files(run: Run, workspace: Path, name: str, content: bytes, told: str) -> None:
    (workspace / name).write_bytes(content)
    result = await run("describe_table", path=name)
    assert result.error_kind == "tool", result.text
    assert told in result.text


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        (
            "filter_table",
            {"column": "state", "value": "x"},
            "did you mean 'status'? the columns are Order ID, customer",
        ),
        ("filter_table", {"column": "qty", "value": "many"}, "column 'qty' needs a number, not 'many'"),
        ("filter_table", {"column": "date", "value": "May"}, "needs a date as YYYY-MM-DD"),
        ("filter_table", {"column": "qty"}, "no value to compare"),
        ("filter_table", {"value": "late"}, "no column to compare"),
        ("filter_table", {"column": "qty", "operator": "==", "value": 1}, "argument 'operator' is \"==\""),
        ("filter_table", {"columns": ["nope"]}, "no column 'nope'"),
        (
            "aggregate_table",
            {"function": "sum", "column": "status"},
            "holds text, for example 'late'; the columns with numbers are qty, unit price",
        ),
        ("aggregate_table", {"function": "sum"}, "sum needs a column"),
        ("aggregate_table", {"function": "average", "column": "qty"}, "'mean'"),
        ("aggregate_table", {"function": "sum", "column": "qty", "table": "x"}, "no table 'x'; the tables are orders"),
    ],
)
async def test_errors_state_the_fix(run: Run, name: str, arguments: dict[str, Any], told: str) -> None:
    result = await run(name, path="orders.csv", **arguments)
    assert result.is_error
    assert told in result.text


async def test_nothing_found_says_what_there_is(run: Run) -> None:
    result = await run("filter_table", path="orders.csv", column="status", value="lost")
    assert result.data == {"rows": [], "total": 0, "note": "no row fits; values in column 'status': late, ok"}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/*')",
        "COPY orders TO 'out.csv'",
        "ATTACH '/tmp/x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "PRAGMA database_list",
        "CREATE TABLE x(a int)",
        "DELETE FROM orders",
        "SELECT 1; DROP TABLE orders",
        "EXPORT DATABASE 'x'",
        "SELECT getenv('HOME')",
        "",
        "SELEC",
    ],
)
async def test_sql_is_locked_in(run: Run, workspace: Path, sql: str) -> None:
    result = await run("query_table", paths=["orders.csv"], sql=sql)
    assert result.error_kind == "tool", result.text
    assert "root:" not in result.text
    assert not (workspace / "out.csv").exists()


async def test_sql_errors_name_the_tables(run: Run) -> None:
    result = await run("query_table", paths=["orders.csv"], sql="SELECT qantity FROM orders")
    assert "orders(Order ID, customer, qty, unit price, status, date)" in result.text


async def test_queries_are_bounded(workspace: Path) -> None:
    context = ToolContext(workspace, limits=Limits(query_s=0.5, max_rows=3))
    query = Registry(builtin_tools(context)).get("query_table")
    endless = await query({"paths": ["orders.csv"], "sql": "SELECT count(*) FROM range(1000000000000) a, range(99) b"})
    assert "took longer than 0.5 s" in endless.text
    many = await query({"paths": ["orders.csv"], "sql": "SELECT * FROM range(1000)"})
    assert (len(many.data["rows"]), many.data["total"], many.data["note"]) == (
        3,
        None,
        "only the first 3 rows are shown",
    )


async def test_two_files_of_one_table_name(run: Run, workspace: Path) -> None:
    (workspace / "sub").mkdir()
    (workspace / "sub" / "orders.csv").write_text("a\n1\n")
    result = await run("query_table", paths=["orders.csv", "sub/orders.csv"], sql="SELECT 1")
    assert "two tables would be called orders" in result.text
