"""Tasks on tables of the workspace: figures, rows, groups, wrong column names, joins, reports."""

from typing import Any

from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments import sinks
from coterie.model.training.data.environments.domains_people import EMPLOYEES
from coterie.model.training.data.environments.scene import Scene, Step, Unlucky
from coterie.model.training.data.environments.tables import Table, draw_table, figure, put
from coterie.model.training.data.environments.words import between, email, file_name, pick
from coterie.model.training.data.surface import plain

_WORDS = {"sum": ("total",), "mean": ("average", "mean"), "min": ("lowest", "smallest"), "max": ("highest", "largest"), "median": ("median",), "count_distinct": ("number of different",)}


def _table(t: Scene) -> Table:
    return draw_table(t.rng, t.world)


def _column(t: Scene, table: Table) -> str:
    return t.pick(table.number, table.number, table.second)


def _said(name: str) -> str:
    return name.replace("_", " ") if name.islower() else name


def _path(t: Scene, table: Table) -> str:
    return t.mention(table.path, t.world["files"])


def _tell(t: Scene, stem: str, share: float) -> sinks.Sink | None:
    return sinks.draw(t, EMPLOYEES, stem) if t.chance(share) else None


def statistic(t: Scene) -> None:
    """One figure of a column, for all rows or for those of a group."""
    table, path = (x := _table(t)), _path(t, x)
    function, column = pick(t.rng, tuple(_WORDS)[:5]), _column(t, table)
    where = pick(t.rng, table.theme.group[1]) if t.chance(0.5) else ""
    kept = [row[column] for row in table.rows if not where or row[table.group] == where]
    if not kept:
        raise Unlucky
    word, noun = pick(t.rng, _WORDS[function]), table.theme.noun
    of = t.pick(f" where {table.group} is {t.quote(where)}", f" of the {where} {noun}", f" for {table.group} {where}") if where else t.pick("", f" of all {noun}")
    sink = _tell(t, f"{word} {_said(column)}", 0.45)
    what = f"the {word} {_said(column)}{of}"
    tail = f" and {sink.asks('it')}" if sink else ""
    t.task(say.spoken(t, None, t.pick(
        say.order(t, f"Work out {what} in {t.quote(path)}{tail}"), say.order(t, f"Use {path} to find {what}{tail}"), say.order(t, f"Calculate {what} from {path}{tail}"),
        f"What is {what} in {path}?" + (f" {say.upper(sink.asks('the answer'))}." if sink else ""),
    )))  # fmt: skip
    known: dict[str, Any] = {"path": path, "function": function, "column": column} | ({"where_column": table.group, "where_value": where} if where else {})
    if where and where not in t.text or table.group not in t.text:
        t.plan(Step("tables.describe", f"Show the columns of {path}", {"path": path}), Step("tables.aggregate", f"Calculate {what}"[:70], {k: v for k, v in known.items() if k not in ("column", "where_column")}, (1,)), *([sink.step(2)] if sink else []))
        t.call()
        t.done(f"{table.theme.noun.capitalize()} table, columns {', '.join(table.columns)}.")
        known["path"] = table.path
        value = t.call(**known)["value"]
    else:
        t.plan(Step("tables.aggregate", f"Calculate {what}"[:70], known), *([sink.step(1)] if sink else []))
        value = t.call()["value"]
    assert value == figure(function, kept)
    t.done(t.pick(f"{say.upper(word)} {_said(column)}: {value}.", f"The figure is {value}."))
    if sink:
        title = f"{say.upper(word)} {_said(column)}"
        sinks.deliver(t, sink, t.pick(f"{title}: {value}", say.report(t, title, [(of.strip() or "all rows", value)])), title)
    t.answer(t.pick(f"{say.upper(what)} is {value}", f"{value}") + (f"; {sink.past}." if sink else ""))


def how_many(t: Scene) -> None:
    """Number of rows that fit a condition."""
    table, path = (x := _table(t)), _path(t, x)
    by_group = t.chance(0.6)
    if by_group:
        value, operator, column = pick(t.rng, table.theme.group[1]), "=", table.group
        cond = t.pick(f"have {column} {t.quote(value)}", f"are marked {value} under {column}")
    else:
        column, operator = _column(t, table), t.pick("<", ">", ">=", "<=")
        value = plain(pick_row(t, table)[column])
        cond = f"have {_article(column)} {t.pick(*_COMPARED[operator])} {value}"
    t.task(say.spoken(t, None, t.pick(f"How many {table.theme.noun} in {path} {cond}?", f"Count the {table.theme.noun} in {t.quote(path)} that {cond}.", f"In {path}, how many rows {cond}?")))
    t.plan(Step("tables.aggregate", f"Count the rows of {path} that {cond}"[:75], {"path": path, "function": "count", "where_column": column, **({"where_operator": operator} if operator != "=" else {}), "where_value": value}))
    n = t.call()["value"]
    t.done(t.pick(f"{n} rows fit.", f"Count: {n}."))
    t.answer(t.pick(f"{n}", f"{n} {table.theme.noun}.", f"{n} {table.theme.noun} {cond}."))


_COMPARED = {"<": ("below", "under", "less than"), ">": ("above", "over", "more than"), ">=": ("of at least", "not below"), "<=": ("of at most", "not above")}


def _article(column: str) -> str:
    return f"a {_said(column)}"


def pick_row(t: Scene, table: Table) -> dict[str, Any]:
    """One of the rows."""
    return table.rows[int(t.rng.random() * len(table.rows))]


def look_up_row(t: Scene) -> None:
    """One cell of the row with a key."""
    table, path = (x := _table(t)), _path(t, x)
    row = pick_row(t, table)
    key, column = row[table.key], t.pick(table.label, table.number, table.date, table.second)
    if sum(r[table.key] == key for r in table.rows) > 1:
        raise Unlucky
    sink = _tell(t, f"{key}", 0.4)
    tail = f" and {sink.asks('it')}" if sink else ""
    t.task(say.spoken(t, None, say.order(t, t.pick(f"Find the {_said(column)} of {table.key} {t.quote(key)} in {path}{tail}", f"Look in {path} for {table.key} {key} and get its {_said(column)}{tail}", f"Take the row with {table.key} {key} from {path} and get the {_said(column)}{tail}"))))
    t.plan(Step("tables.filter", t.pick(f"Get the row of {path} with {table.key} {key}", f"Filter {path} for {table.key} {key}"), {"path": path, "column": table.key, "value": key}), *([sink.step(1)] if sink else []))
    t.call()
    t.done(t.pick(f"{key}: {_said(column)} {row[column]}.", f"{say.upper(_said(column))} is {row[column]}."))
    if sink:
        sinks.deliver(t, sink, t.pick(f"{key}: {_said(column)} {row[column]}", say.report(t, key, [(column, row[column])])), key)
    t.answer(t.pick(f"{row[column]}", f"The {_said(column)} of {key} is {row[column]}") + (f"; {sink.past}." if sink else ""))


def top(t: Scene) -> None:
    """The first few rows by a figure, as a short list."""
    table, path = (x := _table(t)), _path(t, x)
    column, k, most = table.number, between(t.rng, 1, 3), t.chance(0.7)
    ordered = sorted(table.rows, key=lambda r: r[column], reverse=most)[:k]
    if len({r[column] for r in table.rows}) < len(table.rows):
        raise Unlucky
    word = t.pick("highest", "largest") if most else t.pick("lowest", "smallest")
    count = ("", "two ", "three ")[k - 1] if t.chance(0.5) or k == 1 else f"{k} "
    noun = table.theme.noun if k > 1 else table.theme.noun.removesuffix("s")
    sink = _tell(t, f"top {_said(column)}", 0.55)
    what = f"the {count}{noun} with the {word} {_said(column)}"
    t.task(say.spoken(t, None, say.order(t, t.pick(f"Find {what} in {t.quote(path)}", f"Show me {what}, from {path}", f"Pick {what} from {path}") + (f" and {sink.asks('each ' + table.label + ' with the figure')}" if sink else f" and name the {table.label}"))))
    t.plan(Step("tables.filter", f"Sort {path} by {column}, {word} first", {"path": path, "sort_by": column, **({"descending": True} if most else {}), "limit": k}), *([sink.step(1)] if sink else []))
    found = t.call()["rows"]
    assert [r[column] for r in found] == [r[column] for r in ordered]
    pairs = [(r[table.label], r[column]) for r in ordered]
    listed = ", ".join(f"{a} {b}" for a, b in pairs)
    t.done(t.pick(f"{say.upper(word)}: {listed}.", f"{listed}."))
    if sink:
        title = f"{say.upper(word)} {_said(column)}"
        sinks.deliver(t, sink, say.report(t, title, pairs), title)
    t.answer(listed + (f"; {sink.past}." if sink else "."))


def by_group(t: Scene) -> None:
    """A figure for each group, then a report with all of them or the name of the first."""
    table, path = (x := _table(t)), _path(t, x)
    function, column = t.pick("sum", "sum", "mean", "count"), table.number
    per = f"per {table.group}"
    what = f"{'number of ' + table.theme.noun if function == 'count' else ('total ' if function == 'sum' else 'average ') + _said(column)} {per}"
    sink = _tell(t, what.replace("number of ", ""), 0.6)
    t.task(say.spoken(t, None, say.order(t, t.pick(f"Work out the {what} in {path}", f"Group {t.quote(path)} by {table.group} and give the {what}", f"Compute the {what} from {path}") + (f" and {sink.asks('the figures')}" if sink else t.pick("", f"; which {table.group} comes first?")))))
    known = {"path": path, "function": function, "group_by": table.group} | ({} if function == "count" else {"column": column})
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


def wrong_column(t: Scene) -> None:
    """The task calls a column by another name: the error lists the columns, the right one is taken."""
    table = _table(t)
    names = {"number": ("value", "cost_total", "figure", "revenue", "turnover"), "group": ("bucket", "class_label", "grouping")}
    wrong = pick(t.rng, names["number"])
    if wrong in [c.lower() for c in table.columns]:
        raise Unlucky
    numbers = [c for c in table.columns if isinstance(table.rows[0][c], int | float)]
    function = t.pick("sum", "mean", "max")
    word = pick(t.rng, _WORDS[function])
    hint = t.chance(0.6)
    right = table.number if hint else ""
    t.task(say.spoken(t, None, say.order(t, f"Give me the {word} of column {t.quote(wrong)} in {table.path}" + (f" (it may be called {right} by now)" if hint else ""))))
    t.plan(Step("tables.aggregate", f"Calculate the {word} of {wrong} in {table.path}", {"path": table.path, "function": function, "column": wrong}))
    t._begin()
    if not _failed(t._run("tables.aggregate", dict(t.queue[0][0].known))):
        raise Unlucky
    if hint:
        t.retry(t.pick(f"No column {wrong}; use {right}.", f"{wrong} does not exist, {right} does."))
        value = t.again(column=right)["value"]
        t.done(f"{say.upper(word)} of {right}: {value}.")
        t.answer(t.pick(f"The {word} of {right} is {value}.", f"{value} (column {right})."))
        return
    t.finish(t.pick(f"There is no column {wrong}; numbers are in {', '.join(numbers)}.", f"No column {wrong} in {table.path}."))
    t.answer(t.pick(f"{table.path} has no column {wrong}; its columns are {', '.join(table.columns)}.", f"There is no column {wrong}; with numbers there are {' and '.join(numbers)}."), "failed")


def _failed(result: Any) -> bool:
    return isinstance(result, Exception)


def unknown_columns(t: Scene) -> None:
    """The task does not name the columns: describe first, then calculate."""
    table, path = (x := _table(t)), _path(t, x)
    function = t.pick("sum", "mean", "max", "min")
    word, column = pick(t.rng, _WORDS[function]), table.number
    loose = {"total": "total", "amount": "amounts", "price": "prices"}.get(column.lower(), _said(column).lower())
    t.task(say.spoken(t, None, t.pick(f"I don't remember the columns of {path}. Have a look, then tell me the {word} {loose}.", f"See what is in {path} and give me the {word} {loose}.", f"Check the columns of {t.quote(path)} first, then work out the {word} {loose}.")))
    t.plan(Step("tables.describe", f"Show the columns of {path}", {"path": path}), Step("tables.aggregate", f"Calculate the {word} {loose}", {"path": path, "function": function}, (1,)))
    t.call()
    t.done(t.pick(f"Columns: {', '.join(table.columns)}; use {column}.", f"The column is {column}."))
    value = t.call(path=table.path, column=column)["value"]
    t.done(f"{say.upper(word)} {column}: {value}.")
    t.answer(t.pick(f"The {word} {_said(column)} is {value}.", f"{value}"))


def mail_each(t: Scene) -> None:
    """A mail for each row that fits: filter, then one step per row found."""
    table = _table(t)
    group = pick(t.rng, table.theme.group[1])
    rows = [r for r in table.rows if r[table.group] == group]
    if not 1 <= len(rows) <= 3:
        raise Unlucky
    for row in table.rows:
        row["email"] = email(t.rng, str(row[table.label]) if " " in str(row[table.label]) else "")
    put(t.world, table.path, table.rows)
    column = _said(table.number)
    t.task(say.spoken(t, None, say.order(t, t.pick(f"Mail everyone in {table.path} with {table.group} {group} their {column}", f"For each row of {table.path} whose {table.group} is {t.quote(group)}, send a mail with the {column} to its email"))))
    t.plan(Step("tables.filter", f"Get the rows of {table.path} with {table.group} {group}", {"path": table.path, "column": table.group, "value": group}))
    t.call()
    t.replan(f"{len(rows)} to mail: " + ", ".join(f"{r['email']} {r[table.number]}" for r in rows) + ".", *(Step("mail.send", f"Mail the {column} to {r['email']}", {"to": r["email"]}) for r in rows))
    for r in rows:
        t.call(subject=f"Your {column}", body=t.pick(f"Your {column}: {r[table.number]}", f"Hello {r[table.label]},\nthe {column} is {r[table.number]}."))
        t.done(f"Mailed {r['email']}.")
    t.check(lambda: [m["to"] for m in t.world["outbox"]] == [r["email"] for r in rows])
    t.answer(f"Mailed {len(rows)}: {', '.join(r['email'] for r in rows)}.")


def join(t: Scene) -> None:
    """Two tables joined on a column, then a figure of the result."""
    table = _table(t)
    extra = t.pick("city", "branch", "contact")
    keys = list(dict.fromkeys(r[table.key] for r in table.rows))
    if len(keys) < len(table.rows):
        raise Unlucky
    cities = ("Oslo", "Lyon", "Porto", "Graz")
    other = file_name(t.rng, t.pick("regions", "contacts", "lookup", "master data"), ("csv",))
    put(t.world, other, [{table.key: k, extra: pick(t.rng, cities)} for k in keys])
    out, city = file_name(t.rng, t.pick("joined", "merged", "combined"), ("csv",)), pick(t.rng, cities)
    t.task(say.spoken(t, None, say.order(t, f"Join {table.path} with {other} on {table.key} into {out}, then {t.pick('work out', 'tell me')} the total {_said(table.number)} where {extra} is {city}")))
    t.plan(
        Step("tables.join", f"Join {table.path} and {other} on {table.key}", {"left_path": table.path, "right_path": other, "left_column": table.key, "output": out}),
        Step("tables.aggregate", f"Sum {table.number} where {extra} is {city}", {"path": out, "function": "sum", "column": table.number, "where_column": extra, "where_value": city}, (1,)),
    )
    t.call()
    t.done(f"Joined into {out}.")
    value = t.call()["value"]
    t.done(f"Total {_said(table.number)} for {city}: {value}.")
    t.answer(t.pick(f"The total {_said(table.number)} for {city} is {value}; the join is in {out}.", f"{value}, saved in {out}."))


def share(t: Scene) -> None:
    """Two figures of a table and the calculator: a share, a difference or a sum with tax."""
    table = _table(t)
    group = pick(t.rng, table.theme.group[1])
    column, part = _said(table.number), [r[table.number] for r in table.rows if r[table.group] == group]
    if not part or min(r[table.number] for r in table.rows) <= 0:
        raise Unlucky
    sink = _tell(t, f"{group} share", 0.4)
    tail = f" {say.upper(sink.asks('the percentage'))}." if sink else ""
    t.task(say.spoken(t, None, t.pick(f"What percentage of the total {column} in {table.path} comes from {table.group} {group}? Round it to one digit.", f"Work out which percentage of all {column} in {table.path} has {table.group} {group}, with one digit.") + tail))
    t.plan(
        Step("tables.aggregate", f"Sum {column} for {table.group} {group}", {"path": table.path, "function": "sum", "column": table.number, "where_column": table.group, "where_value": group}),
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
        sinks.deliver(t, sink, say.report(t, f"Share of {group}", [("percent", result), (group, a), ("total", b)]), f"Share of {group}")
    t.answer(f"{result} %" + (f"; {sink.past}." if sink else ""))


GOALS = (
    ("statistic", "aggregate", statistic, 5.0), ("how_many", "aggregate", how_many, 4.0), ("look_up_row", "chain", look_up_row, 4.0), ("top", "aggregate", top, 4.0), ("by_group", "aggregate", by_group, 4.0),
    ("wrong_column", "recovery", wrong_column, 4.0), ("unknown_columns", "chain", unknown_columns, 4.0), ("mail_each", "for_each", mail_each, 4.0), ("join", "chain", join, 3.0), ("share", "compute", share, 4.0),
)  # fmt: skip
