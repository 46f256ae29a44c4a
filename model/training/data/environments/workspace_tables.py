# ruff: noqa: E501  (phrases and tables are read best on one line)
"""Tasks on tables of the workspace: figures, rows, groups, wrong column names, joins, reports."""

import re
from typing import Any

from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments import sinks
from coterie.model.training.data.environments.domains_people import EMPLOYEES
from coterie.model.training.data.environments.scene import Scene, Step, Unlucky
from coterie.model.training.data.environments.tables import Table, draw_table, figure
from coterie.model.training.data.environments.words import between, pick
from coterie.model.training.data.surface import plain

WORDS = {
    "sum": ("total",),
    "mean": ("average", "mean"),
    "min": ("lowest", "smallest"),
    "max": ("highest", "largest"),
    "median": ("median",),
    "count_distinct": ("number of different",),
}


def drawn(t: Scene) -> Table:
    """A table for this task."""
    return draw_table(t.rng, t.world)


def _column(t: Scene, table: Table) -> str:
    return t.pick(table.number, table.number, table.second)


def said(name: str) -> str:
    """A column in a sentence."""
    return name.replace("_", " ") if name.islower() else name


def path_of(t: Scene, table: Table) -> str:
    """The table's path as the task spells it."""
    return t.mention(table.path, t.world["files"])


def told(t: Scene, stem: str, share: float) -> sinks.Sink | None:
    """Where the result goes, in this share of the tasks."""
    return sinks.draw(t, EMPLOYEES, stem) if t.chance(share) else None


def statistic(t: Scene) -> None:
    """One figure of a column, for all rows or for those of a group."""
    table, path = (x := drawn(t)), path_of(t, x)
    function, column = pick(t.rng, tuple(WORDS)[:5]), _column(t, table)
    where = pick(t.rng, table.theme.group[1]) if t.chance(0.5) else ""
    kept = [row[column] for row in table.rows if not where or row[table.group] == where]
    if not kept:
        raise Unlucky
    word, noun = pick(t.rng, WORDS[function]), table.theme.noun
    of = (
        t.pick(f" where {table.group} is {t.quote(where)}", f" of the {where} {noun}", f" for {table.group} {where}")
        if where
        else t.pick("", f" of all {noun}")
    )
    sink = told(t, f"{word} {said(column)}", 0.45)
    what = f"the {word} {said(column)}{of}"
    tail = f" and {sink.asks('it')}" if sink else ""
    adding = function == "sum" and t.chance(0.5)
    t.task(say.spoken(t, None, say.order(t, t.pick(
        f"Add up the {said(column)}{of} in {path}", f"Add up the {said(column)} in {path}{of}", f"Sum the {said(column)} of {path}{of}", f"Add up column {said(column)} of {t.quote(path)}{of}",
    ) + tail) if adding else t.pick(
        say.order(t, f"Work out {what} in {t.quote(path)}{tail}"), say.order(t, f"Use {path} to find {what}{tail}"), say.order(t, f"Calculate {what} from {path}{tail}"),
        f"What is {what} in {path}?" + (f" {say.upper(sink.asks('the answer'))}." if sink else ""),
    )))  # fmt: skip
    known: dict[str, Any] = {"path": path, "function": function, "column": column} | (
        {"where_column": table.group, "where_value": where} if where else {}
    )
    if (where and where not in t.text) or table.group not in t.text:
        t.plan(
            Step("tables.describe", f"Show the columns of {path}", {"path": path}),
            Step(
                "tables.aggregate",
                f"Calculate {what}"[:70],
                {k: v for k, v in known.items() if k not in ("column", "where_column")},
                (1,),
            ),
            *([sink.step(2)] if sink else []),
        )
        t.call()
        t.done(f"{table.theme.noun.capitalize()} table, columns {', '.join(table.columns)}.")
        known["path"] = table.path
        value = t.call(**known)["value"]
    else:
        t.plan(Step("tables.aggregate", f"Calculate {what}"[:70], known), *([sink.step(1)] if sink else []))
        value = t.call()["value"]
    assert value == figure(function, kept)
    t.done(t.pick(f"{say.upper(word)} {said(column)}: {value}.", f"The figure is {value}."))
    if sink:
        title = f"{say.upper(word)} {said(column)}"
        sinks.deliver(
            t, sink, t.pick(f"{title}: {value}", say.report(t, title, [(of.strip() or "all rows", value)])), title
        )
    t.answer(t.pick(f"{say.upper(what)} is {value}", f"{value}") + (f"; {sink.past}." if sink else ""))


def how_many(t: Scene) -> None:
    """Number of rows that fit a condition."""
    table, path = (x := drawn(t)), path_of(t, x)
    by_group = t.chance(0.65)
    if by_group:
        value, operator, column = pick(t.rng, table.theme.group[1]), "=", table.group
        cond = t.pick(f"have {column} {t.quote(value)}", f"are marked {value} under {column}", f"have the {column} {t.quote(value)}", f"have {t.quote(value)} as their {column}")  # fmt: skip
    else:
        column, operator = _column(t, table), t.pick("<", ">", ">=", "<=")
        value = plain(pick_row(t, table)[column])
        cond = f"have {_article(column)} {t.pick(*_COMPARED[operator])} {value}"
    t.task(
        say.spoken(
            t,
            None,
            t.pick(
                f"How many {table.theme.noun} in {path} {cond}?",
                f"Count the {table.theme.noun} in {t.quote(path)} that {cond}.",
                f"In {path}, how many rows {cond}?",
                f"How many rows of {path} {cond}?",
                f"Count the rows of {path} that {cond}.",
                f"Tell me how many rows in {t.quote(path)} {cond}.",
            ),
        )
    )
    t.plan(
        Step(
            "tables.aggregate",
            f"Count the rows of {path} that {cond}"[:75],
            {
                "path": path,
                "function": "count",
                "where_column": column,
                **({"where_operator": operator} if operator != "=" else {}),
                "where_value": value,
            },
        )
    )
    n = t.call()["value"]
    t.done(t.pick(f"{n} rows fit.", f"Count: {n}."))
    t.answer(t.pick(f"{n}", f"{n} {table.theme.noun}.", f"{n} {table.theme.noun} {cond}."))


_COMPARED = {
    "<": ("below", "under", "less than"),
    ">": ("above", "over", "more than"),
    ">=": ("of at least", "not below"),
    "<=": ("of at most", "not above"),
}


def _article(column: str) -> str:
    return f"a {said(column)}"


def pick_row(t: Scene, table: Table) -> dict[str, Any]:
    """One of the rows."""
    return table.rows[int(t.rng.random() * len(table.rows))]


def look_up_row(t: Scene) -> None:
    """One cell of the row with a key."""
    table, path = (x := drawn(t)), path_of(t, x)
    row = pick_row(t, table)
    key, column = row[table.key], t.pick(table.label, table.number, table.date, table.second)
    if sum(r[table.key] == key for r in table.rows) > 1:
        raise Unlucky
    sink = told(t, f"{key}", 0.4)
    tail = f" and {sink.asks('it')}" if sink else ""
    t.task(
        say.spoken(
            t,
            None,
            say.order(
                t,
                t.pick(
                    f"Find the {said(column)} of {table.key} {t.quote(key)} in {path}{tail}",
                    f"Look in {path} for {table.key} {key} and get its {said(column)}{tail}",
                    f"Take the row with {table.key} {key} from {path} and get the {said(column)}{tail}",
                ),
            ),
        )
    )
    t.plan(
        Step(
            "tables.filter",
            t.pick(f"Get the row of {path} with {table.key} {key}", f"Filter {path} for {table.key} {key}"),
            {"path": path, "column": table.key, "value": key},
        ),
        *([sink.step(1)] if sink else []),
    )
    t.call()
    t.done(t.pick(f"{key}: {said(column)} {row[column]}.", f"{say.upper(said(column))} is {row[column]}."))
    if sink:
        sinks.deliver(
            t, sink, t.pick(f"{key}: {said(column)} {row[column]}", say.report(t, key, [(column, row[column])])), key
        )
    t.answer(
        t.pick(f"{row[column]}", f"The {said(column)} of {key} is {row[column]}") + (f"; {sink.past}." if sink else "")
    )


def asked_of_row(t: Scene) -> None:
    """A question about the row that a name stands in; the task does not say in which column."""
    table, path = (x := drawn(t)), path_of(t, x)
    row, by = pick_row(t, table), t.pick(table.label, table.label, table.key)
    name, noun = row[by], table.theme.noun.removesuffix("s")
    named = t.pick(f"{said(by)} {name}", str(name)) if by == said(by) else str(name)
    if sum(r[by] == name for r in table.rows) > 1:
        raise Unlucky
    columns = t.rng.sample([c for c in table.columns if c != by], between(t.rng, 1, 2))
    first, wanted = said(columns[0]), " and ".join(f"the {said(c)}" for c in columns)
    second = f", and {t.pick('which', 'what')} {said(columns[1])}" if len(columns) > 1 else ""
    sink = told(t, f"{noun}", 0.3)
    end = f" {say.upper(sink.asks('it'))}." if sink else ""
    t.task(say.spoken(t, None, t.pick(
        f"In {path}, which {first} does {named} have{second}?", f"Which {first} does {named} have in {path}{second}?", f"What are {wanted} of {named} in {t.quote(path)}?" if second else f"What is {wanted} of {named} in {t.quote(path)}?",
        f"According to {path}, what {first} goes with {named}{second}?", f"I need {wanted} for {named}, it is all in {path}.", f"{path} has a line for {t.quote(str(name))}. Tell me {wanted}.", f"Which {first} stands beside {named} in {path}{second}?",
    ) + end))  # fmt: skip
    reading = {"path": path, "column": by, "value": name}
    if re.search(rf"\b{by}\b", t.text):
        t.plan(
            Step("tables.filter", f"Get the row of {path} with {by} {name}", reading), *([sink.step(1)] if sink else [])
        )
        t.call()
    else:
        t.plan(
            Step("tables.describe", f"Show the columns of {path}", {"path": path}),
            Step("tables.filter", f"Get the row with {name}", {"path": path, "value": name}, (1,)),
            *([sink.step(2)] if sink else []),
        )
        t.call()
        t.done(t.pick(f"Columns: {', '.join(table.columns)}; {name} is a {by}.", f"{name} stands under {by}."))
        t.call(path=table.path, column=by)
    facts = ", ".join(f"{said(c)} {row[c]}" for c in columns)
    t.done(t.pick(f"{name}: {facts}.", f"{say.upper(facts)}."))
    if sink:
        report = say.report(t, str(name), [(c, row[c]) for c in columns])
        sinks.deliver(t, sink, t.pick(f"{name}: {facts}", report), str(name))
    t.answer(t.pick(f"{name}: {facts}", f"{say.upper(facts)}") + (f"; {sink.past}." if sink else "."))


def top(t: Scene) -> None:
    """The first few rows by a figure, as a short list."""
    table, path = (x := drawn(t)), path_of(t, x)
    column, k, most = table.number, between(t.rng, 1, 3), t.chance(0.7)
    ordered = sorted(table.rows, key=lambda r: r[column], reverse=most)[:k]
    if len({r[column] for r in table.rows}) < len(table.rows):
        raise Unlucky
    word = t.pick("highest", "largest") if most else t.pick("lowest", "smallest")
    count = ("", "two ", "three ")[k - 1] if t.chance(0.5) or k == 1 else f"{k} "
    noun = table.theme.noun if k > 1 else table.theme.noun.removesuffix("s")
    sink = told(t, f"top {said(column)}", 0.55)
    what = f"the {count}{noun} with the {word} {said(column)}"
    t.task(
        say.spoken(
            t,
            None,
            say.order(
                t,
                t.pick(f"Find {what} in {t.quote(path)}", f"Show me {what}, from {path}", f"Pick {what} from {path}")
                + (
                    f" and {sink.asks('each ' + table.label + ' with the figure')}"
                    if sink
                    else f" and name the {table.label}"
                ),
            ),
        )
    )
    t.plan(
        Step(
            "tables.filter",
            f"Sort {path} by {column}, {word} first",
            {"path": path, "sort_by": column, **({"descending": True} if most else {}), "limit": k},
        ),
        *([sink.step(1)] if sink else []),
    )
    found = t.call()["rows"]
    assert [r[column] for r in found] == [r[column] for r in ordered]
    pairs = [(r[table.label], r[column]) for r in ordered]
    listed = ", ".join(f"{a} {b}" for a, b in pairs)
    t.done(t.pick(f"{say.upper(word)}: {listed}.", f"{listed}."))
    if sink:
        title = f"{say.upper(word)} {said(column)}"
        sinks.deliver(t, sink, say.report(t, title, pairs), title)
    t.answer(listed + (f"; {sink.past}." if sink else "."))


def by_group(t: Scene) -> None:
    """A figure for each group, then a report with all of them or the name of the first."""
    table, path = (x := drawn(t)), path_of(t, x)
    function, column = t.pick("sum", "sum", "mean", "count"), table.number
    per = f"per {table.group}"
    what = f"{'number of ' + table.theme.noun if function == 'count' else ('total ' if function == 'sum' else 'average ') + said(column)} {per}"
    sink = told(t, what.replace("number of ", ""), 0.6)
    t.task(
        say.spoken(
            t,
            None,
            say.order(
                t,
                t.pick(
                    f"Work out the {what} in {path}",
                    f"Group {t.quote(path)} by {table.group} and give the {what}",
                    f"Compute the {what} from {path}",
                )
                + (f" and {sink.asks('the figures')}" if sink else t.pick("", f"; which {table.group} comes first?")),
            ),
        )
    )
    known = {"path": path, "function": function, "group_by": table.group} | (
        {} if function == "count" else {"column": column}
    )
    t.plan(Step("tables.aggregate", f"Calculate the {what}"[:75], known), *([sink.step(1)] if sink else []))
    found = t.call()
    pairs = [(str(r[table.group]), round(r["value"], 2)) for r in found]
    exact = [(str(r[table.group]), r["value"]) for r in found]
    if pairs != exact:
        raise Unlucky
    listed = ", ".join(f"{a} {b}" for a, b in exact)
    t.done(t.pick(f"{listed}.", f"{say.upper(what)}: {listed}."))
    if sink:
        sinks.deliver(t, sink, say.report(t, say.upper(what), exact), say.upper(what))
    first = f" {exact[0][0]} comes first." if "first" in t.text else ""
    t.answer(f"{listed}" + (f"; {sink.past}." if sink else f".{first}"))


GOALS = (
    ("statistic", "aggregate", statistic, 5.0),
    ("how_many", "aggregate", how_many, 4.0),
    ("look_up_row", "chain", look_up_row, 4.0),
    ("asked_of_row", "chain", asked_of_row, 5.0),
    ("top", "aggregate", top, 4.0),
    ("by_group", "aggregate", by_group, 4.0),
)
