# ruff: noqa: E501  (phrases are read best on one line)
"""Tasks over tables, files and the calculator in one: a row worked on, a rule from a document applied to a row."""

from dataclasses import dataclass, replace
from typing import Any

from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments import sinks
from coterie.model.training.data.environments import words as w
from coterie.model.training.data.environments.domains_people import EMPLOYEES
from coterie.model.training.data.environments.scene import Scene, Step, Unlucky
from coterie.model.training.data.environments.tables import Row, Table
from coterie.model.training.data.environments.workspace_tables import drawn, pick_row, said

_RESULTS = (
    *(
        "discount",
        "surcharge",
        "bonus",
        "fee",
        "rebate",
        "levy",
        "deposit",
        "share",
        "commission",
        "tax",
        "tip",
        "markup",
    ),
    *("penalty", "raise", "premium", "allowance", "reserve", "royalty", "credit", "toll", "duty", "interest", "saving"),
)


@dataclass(frozen=True)
class Rules:
    """A document in the workspace: a result is so many percent of a row's figure, by another of its columns."""

    path: str
    result: str
    percent: int
    why: str
    brief: str


def keyed(t: Scene) -> tuple[Table, Row, str, str]:
    """A table, a row that its key finds, the key and what a row is called."""
    table = drawn(t)
    row = pick_row(t, table)
    if sum(r[table.key] == row[table.key] for r in table.rows) > 1:
        raise Unlucky
    return table, row, str(row[table.key]), _one(table.theme.noun)


def _one(noun: str) -> str:
    return {"people": "person"}.get(noun, noun[:-3] + "y" if noun.endswith("ies") else noun.removesuffix("s"))


def lookup(t: Scene, table: Table, key: str, do: str, *needs: int) -> list[Step]:
    """The planned steps that get the row of a key: its column is looked at first where the task does not name it."""
    if table.key in t.text.split():
        return [Step("tables.filter", do, {"path": table.path, "column": table.key, "value": key}, needs)]
    at = (needs[-1] if needs else 0) + 1
    return [
        Step("tables.describe", f"Show the columns of {table.path}", {"path": table.path}),
        Step("tables.filter", do, {"path": table.path, "value": key}, (*needs, at)),
    ]


def looked_up(t: Scene, table: Table, key: str, note: str) -> None:
    """Call what `lookup` planned; a key that the task spells differently is found among those there are."""
    columns = f"Columns: {', '.join(table.columns)}; the key is {table.key}."
    if t.queue[0][0].role == "tables.describe":
        t.call()
        t.done(t.pick(columns, f"{table.key} is the column to look in."))
    said_key = str(t.queue[0][0].known["value"])
    found = t.call(column=table.key)
    if not found["rows"]:
        if key not in found["note"]:
            raise Unlucky
        t.retry(
            t.pick(
                f"No {said_key}; it is {key}.",
                f"{said_key} is not there; {key} is meant.",
                f"No row {said_key}, the nearest is {key}.",
            )
        )
        t.again(column=table.key, value=key)
    t.done(note)


def spelled(t: Scene, key: str) -> str:
    """The key as people write it: without its hyphen, with a space, in small letters."""
    if not t.chance(0.2) or "-" not in key:
        return key
    return t.pick(key.replace("-", ""), key.replace("-", " "), key.replace("-", "").lower())


def row_figure(t: Scene) -> None:
    """A figure of one row, calculated with, and kept or told; a document may be read first, the figure may get a name."""
    table, row, key, noun = keyed(t)
    column, value = table.number, row[table.number]
    if value <= 0:
        raise Unlucky
    named = t.pick(*_RESULTS) if t.chance(0.5) else ""
    rules = _rules(t, table, row, named or t.pick(*_RESULTS)) if t.chance(0.3) else None
    n = rules.percent if rules else w.between(t.rng, 2, 40)
    percents = [
        (f"{n} percent of {{it}}", f"{n}% of {value}", f"{n} percent"),
        (f"{n} % of {{it}}", f"{n}% of {value}", f"{n} %"),
    ]
    others = [
        (f"{n} times {{it}}", f"{value} * {n}", f"{n} times"),
        (f"{{it}} plus {n} percent", f"{value} * (100 + {n}) / 100", f"plus {n} percent"),
        (f"{{it}} less {n} percent", f"{value} * (100 - {n}) / 100", f"less {n} percent"),
        (f"{{it}} divided by {n}", f"{value} / {n}", f"divided by {n}"),
        (f"{{it}} and {n} more", f"{value} + {n}", f"plus {n}"),
    ]
    what, expression, word = t.rng.choice(percents if named or rules else percents + others)
    name, path = spelled(t, key), table.path
    of_row = t.chance(0.5)  # the row is asked for, and only the sum says which of its figures counts
    what = what.replace("{it}", f"its {said(column)}" if of_row else t.pick("that", f"the {said(column)}"))
    sink = sinks.draw(t, EMPLOYEES, f"{noun} {named or word}") if t.chance(0.8) else None
    get = (
        t.pick(
            f"Fetch the {noun} whose {table.key} is {name} from {path}",
            f"Find the row where {table.key} is {name} in {path}",
            f"Look up {table.key} {t.quote(name)} in {path}",
            f"Get the row of {noun} {name} from {path}",
        )
        if of_row
        else t.pick(
            f"Find the {said(column)} of {noun} {name} in {path}",
            f"Look up the {said(column)} of {name} in {path}",
            f"Get the {said(column)} of {table.key} {name} from {path}",
            f"Take the {said(column)} of {noun} {t.quote(name)} from {path}",
        )
    )
    end = sink.asks(f"the {named}" if named else t.pick("the result", "it", "the figure")) if sink else ""
    work = t.pick("calculate", "work out")
    before = f"Read {rules.path}. " if rules else ""
    t.task(
        say.spoken(
            t,
            None,
            t.pick(
                before + say.order(t, f"{get}, {work} {what}" + (f" and {end}" if end else "")),
                before + f"{get}. {say.upper(work)} {what}." + (f" {say.upper(end)}." if end else ""),
                before + f"{get}. {say.upper(work)} {what}." + (f" {say.upper(end)}." if end else ""),
                before + f"{get}, then {work} {what}" + (f", then {end}." if end else "."),
                f"{before}{get} and {t.pick('tell me', 'give me', 'calculate')} {what}."
                + (f" {say.upper(end)}." if end else ""),
            ),
        )
    )
    read = [Step("files.read", f"Read {rules.path}", {"path": rules.path})] if rules else []
    found = lookup(
        t, table, name, t.pick(f"Look up the {said(column)} of {name} in {path}", f"Get the row of {name} from {path}")
    )
    steps = [*read, *(replace(step, needs=tuple(n + len(read) for n in step.needs)) for step in found)]
    last = len(steps)
    t.plan(
        *steps,
        Step("calc.evaluate", t.pick(f"Calculate {what}", f"Work out {what}"), {}, (last,)),
        *([sink.step(last + 1)] if sink else []),
    )
    if rules:
        t.call()
        t.done(
            t.pick(
                rules.brief, f"The {rules.result} goes by {rules.why}.", f"{n} percent for some; {rules.why} counts."
            )
        )
    looked_up(t, table, key, t.pick(f"{key}: {said(column)} {value}.", f"{say.upper(said(column))} of {key}: {value}."))
    result = t.call(expression=expression)
    t.done(
        t.pick(
            f"{say.upper(named or word)}: {result}.", f"The {named or 'result'} is {result}.", f"It comes to {result}."
        )
    )
    if sink:
        label = named or word
        text = t.pick(
            f"{result}",
            f"{say.upper(label)} for {key}: {result}",
            f"{say.upper(label)}: {result}",
            f"{key}: {label} {result}" if named else f"{key}: {result}",
            f"The {named or 'result'} is {result}.",
            say.report(t, key, [(column, value), (label, result)]),
        )
        sinks.deliver(t, sink, text, key)
    t.answer(
        t.pick(f"{result}", f"{say.upper(word)} of {value} is {result}", f"The {named or 'result'} is {result}")
        + (f"; {sink.past}." if sink else "")
    )


def by_rule(t: Scene) -> None:
    """A rule in a document says how much of one column a row gets, by another column."""
    table, row, key, noun = keyed(t)
    base, result = table.number, t.pick(*_RESULTS)
    value = row[base]
    if value <= 0:
        raise Unlucky
    document = _rules(t, table, row, result)
    rules, percent, why, brief = document.path, document.percent, document.why, document.brief
    sink = sinks.draw(t, EMPLOYEES, f"{noun} {result}") if t.chance(0.8) else None
    name, path = spelled(t, key), table.path
    end = sink.asks(t.pick(f"the {result}", "it", "the result")) if sink else f"tell me the {result}"
    row_words = t.pick(f"the {said(base)} and the {why}", f"the row of the {noun}", f"its {said(base)} and {why}")
    t.task(
        say.spoken(
            t,
            None,
            t.pick(
                f"{say.upper(noun)} {name} gets a {result}. Read {rules}, look up {row_words} in {path}, calculate the {result} and {end}.",
                f"Read {rules} and get the row of {noun} {name} from {path}. Work out the {result}. {say.upper(end)}.",
                f"Work out the {result} of {noun} {name}: the rules are in {rules}, the {said(base)} and {why} in {path}. {say.upper(end)}.",
                f"Look up {noun} {name} in {path}, read {rules}, work out the {result}, and {end}.",
                f"How much {result} does {noun} {name} get? See {rules} and {path}. Calculate it and {end}.",
            ),
        )
    )
    do = t.pick(f"Look up the {said(base)} of {name} in {path}", f"Get the row of {noun} {name} from {path}")
    read = Step("files.read", f"Read {rules}", {"path": rules})
    first = t.text.index(rules) < t.text.index(path)
    found = lookup(t, table, name, do, *([1] if first else []))
    found = [Step(s.role, s.do, s.known, tuple(n for n in s.needs if n != 1 or not first)) for s in found]
    steps = [read, *found] if first else [*found, read]
    at = len(steps)
    t.plan(
        *steps,
        Step("calc.evaluate", f"Calculate the {result}", {}, (1, at) if first else (at - 1, at)),
        *([sink.step(at + 1)] if sink else []),
    )
    note = t.pick(
        f"{key}: {said(base)} {value}, {why} {row[_said_back(table, why)]}.",
        f"{say.upper(said(base))} {value}, {why} {row[_said_back(table, why)]}.",
    )
    if first:
        t.call()
        t.done(brief)
    looked_up(t, table, key, note)
    if not first:
        t.call()
        t.done(t.pick(f"For {key}: {percent} percent.", f"{percent} percent of the {said(base)}."))
    amount = t.call(expression=f"{percent}% of {value}")
    t.done(t.pick(f"The {result} is {amount}.", f"{say.upper(result)}: {amount}."))
    if sink:
        text = t.pick(
            f"{say.upper(result)} for {key}: {amount}",
            f"{key}: {amount}",
            say.report(t, f"{say.upper(result)} {key}", [(base, value), ("percent", percent), (result, amount)]),
        )
        sinks.deliver(t, sink, text, f"{say.upper(result)} for {key}")
    t.answer(t.pick(f"The {result} is {amount}", f"{amount}") + (f"; {sink.past}." if sink else "."))


def _rules(t: Scene, table: Table, row: Row, result: str) -> Rules:
    """A document among the files that says how much of the table's figure each row gets."""
    lines, percent, why = _groups(t, table, row, result) if t.chance(0.4) else _tiers(t, table, row)
    path = w.file_name(
        t.rng, t.pick("rules", f"{result} rules", "terms", f"{result} policy", "conditions", "guidelines")
    )
    heading = t.pick(f"{result.upper()}", f"{say.upper(result)} rules", f"How the {result} is set")
    closing = t.pick("", "", f"\n{w.pick(t.rng, w.SENTENCES)}")
    t.world["files"][path] = f"{heading}\n" + "\n".join(lines) + closing + "\n"
    brief = "; ".join(line.strip("-* ").rstrip(".") for line in lines) + "."
    if len(brief.split()) > 30 or t.chance(0.4):
        brief = f"The {result} goes by {why}."
    return Rules(path, result, percent, why, brief)


def _tiers(t: Scene, table: Table, row: Row) -> tuple[list[str], int, str]:
    column = table.second
    limit, more = w.between(t.rng, 2, 40), w.between(t.rng, 2, 40)
    top = limit + more
    rates = t.rng.sample(range(2, 41), 3)
    name, count = said(column), row[column]
    three = t.chance(0.6)
    form = w.between(t.rng, 0, 3)
    cuts = [(0, limit), (limit, top), (top, None)] if three else [(0, limit), (limit, None)]
    lines = [
        _line(form, name, low, high, rate, said(table.number)) for (low, high), rate in zip(cuts, rates, strict=False)
    ]
    at = (
        next(i for i, (low, high) in enumerate(cuts) if count >= low and (high is None or count < high))
        if count >= 0
        else None
    )
    if at is None:
        raise Unlucky
    return lines, rates[at], name


def _line(form: int, name: str, low: int, high: int | None, rate: int, base: str) -> str:
    match form:
        case 0:
            span = (
                f"{name} below {high}"
                if not low
                else f"{name} {low} or more"
                if high is None
                else f"{name} {low} to {high - 1}"
            )
            return f"- {span}: {rate} percent of the {base}"
        case 1:
            span = (
                f"Up to {high - 1}"
                if not low and high
                else f"From {low} on"
                if high is None
                else f"From {low} to {high - 1}"
            )
            return f"{span} {name}: {rate} % of the {base}."
        case 2:
            span = f"under {high}" if not low else f"{low} and over" if high is None else f"{low} to under {high}"
            return f"{rate} percent of the {base} where the {name} is {span}."
    span = f"{name} < {high}" if not low else f"{name} >= {low}" if high is None else f"{low} <= {name} < {high}"
    return f"* {span}: {rate} %"


def _groups(t: Scene, table: Table, row: Row, result: str) -> tuple[list[str], int, str]:
    values = list(table.theme.group[1])
    rates = t.rng.sample(range(2, 41), len(values))
    form = t.pick(
        "- {v}: {p} percent",
        "{v} has a {r} of {p} percent of the {b}.",
        "* {p} % for {v}",
        "{v} = {p} percent of the {b}",
    )
    lines = [form.format(v=v, p=p, r=result, b=said(table.number)) for v, p in zip(values, rates, strict=True)]
    return lines, rates[values.index(row[table.group])], said(table.group)


def _said_back(table: Table, name: str) -> Any:
    return table.second if said(table.second) == name else table.group


def row_values(t: Scene) -> None:
    """One or two cells of a row, told or kept; the task may spell its key differently."""
    table, row, key, noun = keyed(t)
    columns = t.rng.sample([table.label, table.number, table.date, table.second, table.group], w.between(t.rng, 1, 2))
    name, path = spelled(t, key), table.path
    names = " and the ".join(said(column) for column in columns)
    sink = sinks.draw(t, EMPLOYEES, f"{noun} {key}") if t.chance(0.5) else None
    end = sink.asks(t.pick("it", "what you find", f"the {names}")) if sink else ""
    t.task(
        say.spoken(
            t,
            None,
            t.pick(
                f"What is the {names} of {noun} {name} in {path}?" + (f" {say.upper(end)}." if end else ""),
                say.order(t, f"Look up the {names} of {noun} {t.quote(name)} in {path}" + (f" and {end}" if end else "")),
                say.order(t, f"From {path}, tell me the {names} of {name}" if not end else f"Get the {names} of {name} from {path} and {end}"),
                say.order(t, f"Find {table.key} {name} in {path} and {end or f'give me its {names}'}"),
            ),
        )
    )  # fmt: skip
    steps = lookup(
        t, table, name, t.pick(f"Look up the {names} of {name} in {path}", f"Get the row of {name} from {path}")
    )
    t.plan(*steps, *([sink.step(len(steps))] if sink else []))
    shown = columns if names in t.text else [table.label, table.number]
    facts = ", ".join(f"{said(column)} {row[column]}" for column in shown)
    looked_up(t, table, key, f"{key}: {facts}.")
    if sink:
        sinks.deliver(
            t, sink, t.pick(f"{key}: {facts}", say.report(t, key, [(column, row[column]) for column in shown])), key
        )
    t.answer(t.pick(f"{say.upper(facts)}", f"{key}: {facts}") + (f"; {sink.past}." if sink else "."))


GOALS = (
    ("row_then_figure", "chain", row_figure, 24.0),
    ("by_rule", "policy", by_rule, 12.0),
    ("row_values", "chain", row_values, 6.0),
)
