# ruff: noqa: E501  (phrases and tables are read best on one line)
"""Tasks on tables that take more than one figure: wrong and unknown columns, a mail for each row, joins, shares."""

from typing import Any

from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments import sinks
from coterie.model.training.data.environments.scene import Scene, Step, Unlucky
from coterie.model.training.data.environments.tables import put
from coterie.model.training.data.environments.words import email, file_name, pick
from coterie.model.training.data.environments.workspace_tables import WORDS, drawn, path_of, said, told


def wrong_column(t: Scene) -> None:
    """The task calls a column by another name: the error lists the columns, the right one is taken."""
    table = drawn(t)
    names = {
        "number": ("value", "cost_total", "figure", "revenue", "turnover"),
        "group": ("bucket", "class_label", "grouping"),
    }
    wrong = pick(t.rng, names["number"])
    if wrong in [c.lower() for c in table.columns]:
        raise Unlucky
    numbers = [c for c in table.columns if isinstance(table.rows[0][c], int | float)]
    function = t.pick("sum", "mean", "max")
    word = pick(t.rng, WORDS[function])
    hint = t.chance(0.6)
    right = table.number if hint else ""
    t.task(
        say.spoken(
            t,
            None,
            say.order(
                t,
                f"Give me the {word} of column {t.quote(wrong)} in {table.path}"
                + (f" (it may be called {right} by now)" if hint else ""),
            ),
        )
    )
    t.plan(
        Step(
            "tables.aggregate",
            f"Calculate the {word} of {wrong} in {table.path}",
            {"path": table.path, "function": function, "column": wrong},
        )
    )
    t._begin()
    if not _failed(t._run("tables.aggregate", dict(t.queue[0][0].known))):
        raise Unlucky
    if hint:
        t.retry(t.pick(f"No column {wrong}; use {right}.", f"{wrong} does not exist, {right} does."))
        value = t.again(column=right)["value"]
        t.done(f"{say.upper(word)} of {right}: {value}.")
        t.answer(t.pick(f"The {word} of {right} is {value}.", f"{value} (column {right})."))
        return
    t.finish(
        t.pick(
            f"There is no column {wrong}; numbers are in {', '.join(numbers)}.", f"No column {wrong} in {table.path}."
        )
    )
    t.answer(
        t.pick(
            f"{table.path} has no column {wrong}; its columns are {', '.join(table.columns)}.",
            f"There is no column {wrong}; with numbers there are {' and '.join(numbers)}.",
        ),
        "failed",
    )


def _failed(result: Any) -> bool:
    return isinstance(result, Exception)


def unknown_columns(t: Scene) -> None:
    """The task does not name the columns: describe first, then calculate."""
    table, path = (x := drawn(t)), path_of(t, x)
    function = t.pick("sum", "mean", "max", "min")
    word, column = pick(t.rng, WORDS[function]), table.number
    loose = {"total": "total", "amount": "amounts", "price": "prices"}.get(column.lower(), said(column).lower())
    t.task(
        say.spoken(
            t,
            None,
            t.pick(
                f"I don't remember the columns of {path}. Have a look, then tell me the {word} {loose}.",
                f"See what is in {path} and give me the {word} {loose}.",
                f"Check the columns of {t.quote(path)} first, then work out the {word} {loose}.",
            ),
        )
    )
    t.plan(
        Step("tables.describe", f"Show the columns of {path}", {"path": path}),
        Step("tables.aggregate", f"Calculate the {word} {loose}", {"path": path, "function": function}, (1,)),
    )
    t.call()
    t.done(t.pick(f"Columns: {', '.join(table.columns)}; use {column}.", f"The column is {column}."))
    value = t.call(path=table.path, column=column)["value"]
    t.done(f"{say.upper(word)} {column}: {value}.")
    t.answer(t.pick(f"The {word} {said(column)} is {value}.", f"{value}"))


def mail_each(t: Scene) -> None:
    """A mail for each row that fits: filter, then one step per row found."""
    table = drawn(t)
    group = pick(t.rng, table.theme.group[1])
    rows = [r for r in table.rows if r[table.group] == group]
    if not 1 <= len(rows) <= 3:
        raise Unlucky
    for row in table.rows:
        row["email"] = email(t.rng, str(row[table.label]) if " " in str(row[table.label]) else "")
    put(t.world, table.path, table.rows)
    column = said(table.number)
    t.task(
        say.spoken(
            t,
            None,
            say.order(
                t,
                t.pick(
                    f"Mail everyone in {table.path} with {table.group} {group} their {column}",
                    f"For each row of {table.path} whose {table.group} is {t.quote(group)}, send a mail with the {column} to its email",
                ),
            ),
        )
    )
    t.plan(
        Step(
            "tables.filter",
            f"Get the rows of {table.path} with {table.group} {group}",
            {"path": table.path, "column": table.group, "value": group},
        )
    )
    t.call()
    t.replan(
        f"{len(rows)} to mail: " + ", ".join(f"{r['email']} {r[table.number]}" for r in rows) + ".",
        *(Step("mail.send", f"Mail the {column} to {r['email']}", {"to": r["email"]}) for r in rows),
    )
    for r in rows:
        t.call(
            subject=f"Your {column}",
            body=t.pick(
                f"Your {column}: {r[table.number]}", f"Hello {r[table.label]},\nthe {column} is {r[table.number]}."
            ),
        )
        t.done(f"Mailed {r['email']}.")
    t.check(lambda: [m["to"] for m in t.world["outbox"]] == [r["email"] for r in rows])
    t.answer(f"Mailed {len(rows)}: {', '.join(r['email'] for r in rows)}.")


def join(t: Scene) -> None:
    """Two tables joined on a column, then a figure of the result."""
    table = drawn(t)
    extra = t.pick("city", "branch", "contact")
    keys = list(dict.fromkeys(r[table.key] for r in table.rows))
    if len(keys) < len(table.rows):
        raise Unlucky
    cities = ("Oslo", "Lyon", "Porto", "Graz")
    other = file_name(t.rng, t.pick("regions", "contacts", "lookup", "master data"), ("csv",))
    put(t.world, other, [{table.key: k, extra: pick(t.rng, cities)} for k in keys])
    out, city = file_name(t.rng, t.pick("joined", "merged", "combined"), ("csv",)), pick(t.rng, cities)
    t.task(
        say.spoken(
            t,
            None,
            say.order(
                t,
                f"Join {table.path} with {other} on {table.key} into {out}, then {t.pick('work out', 'tell me')} the total {said(table.number)} where {extra} is {city}",
            ),
        )
    )
    t.plan(
        Step(
            "tables.join",
            f"Join {table.path} and {other} on {table.key}",
            {"left_path": table.path, "right_path": other, "left_column": table.key, "output": out},
        ),
        Step(
            "tables.aggregate",
            f"Sum {table.number} where {extra} is {city}",
            {"path": out, "function": "sum", "column": table.number, "where_column": extra, "where_value": city},
            (1,),
        ),
    )
    t.call()
    t.done(f"Joined into {out}.")
    value = t.call()["value"]
    t.done(f"Total {said(table.number)} for {city}: {value}.")
    t.answer(
        t.pick(
            f"The total {said(table.number)} for {city} is {value}; the join is in {out}.", f"{value}, saved in {out}."
        )
    )


def share(t: Scene) -> None:
    """Two figures of a table and the calculator: a share, a difference or a sum with tax."""
    table = drawn(t)
    group = pick(t.rng, table.theme.group[1])
    column, part = said(table.number), [r[table.number] for r in table.rows if r[table.group] == group]
    if not part or min(r[table.number] for r in table.rows) <= 0:
        raise Unlucky
    sink = told(t, f"{group} share", 0.4)
    tail = f" {say.upper(sink.asks('the percentage'))}." if sink else ""
    t.task(
        say.spoken(
            t,
            None,
            t.pick(
                f"What percentage of the total {column} in {table.path} comes from {table.group} {group}? Round it to one digit.",
                f"Work out which percentage of all {column} in {table.path} has {table.group} {group}, with one digit.",
            )
            + tail,
        )
    )
    t.plan(
        Step(
            "tables.aggregate",
            f"Sum {column} for {table.group} {group}",
            {
                "path": table.path,
                "function": "sum",
                "column": table.number,
                "where_column": table.group,
                "where_value": group,
            },
        ),
        Step("tables.aggregate", f"Sum all {column}", {"path": table.path, "function": "sum", "column": table.number}),
        Step("calc.evaluate", "Calculate the percentage", {}, (1, 2)),
        *([sink.step(3)] if sink else []),
    )
    a = t.call()["value"]
    t.done(f"{say.upper(group)}: {a}.")
    b = t.call()["value"]
    t.done(f"Total {column}: {b}.")
    result = t.call(expression=f"round({a} / {b} * 100, 1)")
    t.done(f"{say.upper(group)} share: {result} percent.")
    if sink:
        sinks.deliver(
            t,
            sink,
            say.report(t, f"Share of {group}", [("percent", result), (group, a), ("total", b)]),
            f"Share of {group}",
        )
    t.answer(f"{result} %" + (f"; {sink.past}." if sink else ""))


GOALS = (
    ("wrong_column", "recovery", wrong_column, 4.0),
    ("unknown_columns", "chain", unknown_columns, 4.0),
    ("mail_each", "for_each", mail_each, 4.0),
    ("join", "chain", join, 3.0),
    ("share", "compute", share, 4.0),
)
