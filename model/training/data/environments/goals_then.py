# ruff: noqa: E501  (phrases and tables are read best on one line)
"""Goals of two sentences: look and then a question, look and then an act on a number, try and then something else."""

from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments import sinks
from coterie.model.training.data.environments.goals_write import in_words, new_value
from coterie.model.training.data.environments.records import Action, C, changeable, created_fields
from coterie.model.training.data.environments.scene import Scene, Step, Unlucky
from coterie.model.training.data.environments.words import pick
from coterie.model.training.data.surface import OpError, plain

_LOOKING = ("Look up", "Read", "Check", "Open", "Get", "Look at", "Show me")


def look_and_ask(t: Scene, c: C) -> None:
    """One to three records to look at, then a question about them: the question is answered, not a step."""
    count = t.rng.choice((1, 2, 2, 2, 3))
    rows = say.some(t, c, count)
    f = say.field(t, c.fields)
    look, what = pick(t.rng, _LOOKING), say.plainly(t, f)
    things = [f"{c.noun} {r['id']}" for r in rows]
    grouped = count > 1 and t.chance(0.3)
    listed = f"the {c.plural} {say.conjoined([r['id'] for r in rows])}" if grouped else say.conjoined(things)
    question = (
        t.pick(f"What is its {what}?", f"How about the {what}?", f"Which {what} does it have?", f"What does it say about the {what}?", f"Tell me its {what}.")
        if count == 1
        else t.pick(f"What is the {what} of each?", f"Which {what} do they have?", f"What {what} does each of them have?", f"Tell me the {what} of each.", f"How do they compare in {what}?", f"I want to know the {what} of all of them.")
    )  # fmt: skip
    order = t.pick(f"{look} {listed}.", f"{look} {listed}.", f"Please {say.lower(look)} {listed}.")
    t.task(say.spoken(t, c, f"{order} {question}"))
    t.plan(*(Step(f"{c.name}.get", f"{look} {thing}", {"id": r["id"]}) for thing, r in zip(things, rows, strict=True)))
    for r in rows:
        t.call()
        t.done(say.fact(t, c, r, f))
    values = [f"{r['id']} {plain(r[f.name])}" for r in rows]
    t.answer(
        say.answer(t, things[0], what, rows[0][f.name])
        if count == 1
        else t.pick(
            f"{say.upper(what)}: {', '.join(values)}.",
            f"The {what}: {say.conjoined(values)}.",
            f"{say.conjoined(values)}.",
        )
    )


def act_on_number(t: Scene, c: C) -> None:
    """Change a record, or say something, only where a number of it is above or below a limit."""
    [r] = say.some(t, c)
    measured = say.field(t, c.of("money", "count"))
    f = say.field(t, [f for f in changeable(c)[:4] if f.name != measured.name])
    value = r[measured.name]
    limit = max(1, round(value * (0.6 + 0.8 * t.rng.random())))
    if limit == value:
        raise Unlucky
    below, new = t.chance(0.5), new_value(t, f, r[f.name])
    holds = value < limit if below else value > limit
    word = t.pick("below", "under", "less than") if below else t.pick("above", "over", "more than")
    it, what, number = say.it(t, c, r["id"]), f.said(t.rng), say.plainly(t, measured)
    change = t.pick(
        f"set {what} to {in_words(new)}",
        f"change {what} to {in_words(new)}",
        f"set its {what.removeprefix('the ')} to {in_words(new)}",
    )
    look = pick(t.rng, _LOOKING)
    t.task(say.spoken(t, c, t.pick(
        f"{look} {it}. If its {number} is {word} {limit}, {change}.", f"{look} {it} and, if the {number} is {word} {limit}, {change}.",
        f"If the {number} of {it} is {word} {limit}, {change}.", f"{say.upper(change)} for {it} if its {number} is {word} {limit}.",
    )))  # fmt: skip
    t.plan(
        Step(f"{c.name}.get", f"{look} {c.noun} {r['id']}", {"id": r["id"]}),
        Step(f"{c.name}.update", f"If the {number} is {word} {limit}, {change}", {"id": r["id"], f.name: new}, (1,)),
    )
    t.call()
    if not holds:
        t.finish(
            t.pick(
                f"The {number} is {plain(value)}, not {word} {limit}.",
                f"{plain(value)} is not {word} {limit}: nothing to do.",
            )
        )
        t.answer(
            t.pick(
                f"The {number} is {plain(value)}, not {word} {limit}, so nothing was changed.",
                f"Nothing changed: {number} {plain(value)}.",
            )
        )
        t.check(lambda: t.world[c.name][r["id"]][f.name] == r[f.name])
        return
    t.done(t.pick(f"The {number} is {plain(value)}, {word} {limit}: go on.", f"{plain(value)} is {word} {limit}."))
    t.call()
    t.check(lambda: t.world[c.name][r["id"]][f.name] == new)
    t.done(f"{r['id']}: {f.name.replace('_', ' ')} is now {plain(new)}.")
    t.answer(
        t.pick(
            f"The {number} was {plain(value)}, so {what} is now {plain(new)}.",
            f"Done: {what.removeprefix('the ')} {plain(new)}.",
        )
    )


def or_else(t: Scene, c: C, a: Action) -> None:
    """Try an action; only where it is refused, do something else instead."""
    refused = t.chance(0.65)
    rows = [r for r in t.world[c.name].values() if (r[a.field] in a.allowed) != refused]
    if not rows:
        raise Unlucky
    r = t.rng.choice(rows)
    key, it = r["id"], say.it(t, c, r["id"])
    fields = [f for f in changeable(c)[:4] if f.kind != "enum"]
    sink = sinks.draw(t, c, f"{c.noun} {key}") if t.chance(0.4) or not fields else None
    asked = pick(t.rng, a.asks)
    if sink:
        instead, step = sink.asks(t.pick("a note about it", "that it could not be done", "the reason")), sink.step(1)
    else:
        f = say.field(t, fields)
        new = new_value(t, f, r[f.name])
        instead = t.pick(
            f"set its {say.plainly(t, f)} to {in_words(new)}", f"change {f.said(t.rng)} to {in_words(new)}"
        )
        step = Step(f"{c.name}.update", say.upper(instead), {"id": key, f.name: new}, (1,))
    why = t.pick(
        "If that is not possible",
        "If that fails",
        "If it cannot be done",
        "Should that be refused",
        "If that does not work",
        f"If it is {in_words(r[a.field])}",
    )
    t.task(say.spoken(t, c, t.pick(
        f"{asked.replace('{it}', it)}. {why}, {instead}.", f"{asked.replace('{it}', it)}. {why}, then {instead}.", f"{asked.replace('{it}', it)}, or {say.lower(why)}, {instead}.",
    )))  # fmt: skip
    t.plan(Step(f"{c.name}.{a.name}", asked.replace("{it}", f"{c.noun} {key}"), {"id": key}))
    if not isinstance(result := t.call(), OpError):
        if refused:
            raise Unlucky
        t.check(lambda: t.world[c.name][key][a.field] == a.value)
        t.done(t.pick(f"{say.upper(c.noun)} {key} {a.past}.", f"{key} is {a.past}; nothing else is needed."))
        t.answer(t.pick(f"{say.upper(c.noun)} {key} is {a.past}.", f"Done: {key} {a.past}."))
        return
    if not refused:
        raise Unlucky
    t.replan(t.pick(f"Refused: {result}", f"Not possible: {result}", f"{result}; so the other thing."), step)
    if sink:
        text = t.pick(f"{say.upper(c.noun)} {key} could not be {a.past}: {result}", f"{key} was not {a.past}. {result}")
        sinks.deliver(t, sink, text, f"{say.upper(c.noun)} {key}")
        t.answer(f"{say.upper(c.noun)} {key} could not be {a.past}; {sink.past}.")
    else:
        t.call()
        t.check(lambda: t.world[c.name][key][f.name] == new)
        t.done(f"{key}: {f.name.replace('_', ' ')} is now {plain(new)}.")
        t.answer(f"{say.upper(c.noun)} {key} could not be {a.past}, so {f.name.replace('_', ' ')} is now {plain(new)}.")


def create_or_else(t: Scene, c: C) -> None:
    """A new record under a name, and under another where that is taken: the same step again."""
    fields = created_fields(c)
    if not any(f.name == c.label for f in fields):
        raise Unlucky
    label = next(f for f in fields if f.name == c.label)
    taken = {r[c.label] for r in t.world[c.name].values()}
    values = {f.name: f.draw(t.rng) for f in fields}
    spare = label.draw(t.rng)
    if t.chance(0.65):
        values[c.label] = t.rng.choice(sorted(taken))
    if spare in taken or spare == values[c.label]:
        raise Unlucky
    rest = [f"{f.name.replace('_', ' ')} {t.quote(in_words(values[f.name]))}" for f in fields if f.name != c.label]
    name, other, what = t.quote(str(values[c.label])), t.quote(str(spare)), str(c.label).replace("_", " ")
    tail = f", {say.conjoined(rest)}" if rest else ""
    why = t.pick(
        f"If there is one of that {what} already, call it {other}",
        f"If that {what} is taken, use {other}",
        f"If it exists already, take {other} as the {what} instead",
        f"Should {values[c.label]} be taken, make it {other}",
    )
    t.task(say.spoken(t, c, t.pick(
        f"Add {say.an(c.noun)} with {what} {name}{tail}. {why}.", f"Create the {c.noun} {name}{tail}. {why}.", f"Register {say.an(c.noun)}, {what} {name}{tail}. {why}.",
    )))  # fmt: skip
    t.plan(Step(f"{c.name}.create", t.pick(f"Add the {c.noun} {values[c.label]}", f"Create {say.an(c.noun)} {values[c.label]}"), values))  # fmt: skip
    made = t.call()
    if isinstance(made, OpError):
        t.retry(t.pick(f"{values[c.label]} is taken; use {spare}.", f"There is one already, so {spare} instead.", f"Again with {spare}."))  # fmt: skip
        made = t.again(**{c.label: spare})
        values[c.label] = spare
        if isinstance(made, OpError):
            raise Unlucky
    key = made.facts["id"]
    t.check(lambda: all(t.world[c.name][key][k] == v for k, v in values.items()))
    t.done(t.pick(f"New {c.noun} {key}: {values[c.label]}.", f"{values[c.label]} has id {key}."))
    t.answer(t.pick(f"Created {c.noun} {values[c.label]} ({key}).", f"{values[c.label]} is added, id {key}."))
