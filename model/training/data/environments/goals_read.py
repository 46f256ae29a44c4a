# ruff: noqa: E501  (phrases and tables are read best on one line)
"""Goals that look things up and tell: one value, several, a list, a comparison, a sum, a stretch of days."""

from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments import sinks
from coterie.model.training.data.environments.records import C
from coterie.model.training.data.environments.scene import Scene, Step, Unlucky
from coterie.model.training.data.environments.words import near, pick
from coterie.model.training.data.surface import OpError, plain


def value(t: Scene, c: C) -> None:
    """One field of one record."""
    [r] = say.some(t, c)
    f = say.field(t, c.fields)
    key = t.mention(r["id"], t.world[c.name])
    it = say.it(t, c, key)
    what = f.said(t.rng)
    if f.asks and t.chance(0.6):
        text = pick(t.rng, f.asks).replace("{it}", it)
    else:
        text = t.pick(
            f"What is {what} of {it}?", f"Tell me {what} of {it}.", f"{say.upper(it)}: {what.removeprefix('the ')}?", f"I need {what} for {it}.",
            f"Look up {it} and give me {what}.", f"Can you check {what} on {it}?", f"what's {what} for {it}", f"Find out {what} of {it}",
        )  # fmt: skip
    t.task(say.spoken(t, c, text))
    t.plan(
        Step(
            f"{c.name}.get",
            t.pick(
                f"Look up {c.noun} {key}", f"Get {c.noun} {key}", f"Read {f.name.replace('_', ' ')} of {c.noun} {key}"
            ),
            {"id": key},
        )
    )
    t.call()
    t.done(say.fact(t, c, r, f))
    t.answer(say.answer(t, f"{c.noun} {r['id']}", what, r[f.name]))


def missing(t: Scene, c: C) -> None:
    """A record that is not there: said so, nothing else is done."""
    [r] = say.some(t, c)
    key = _absent(t, c)
    f = say.field(t, c.fields)
    sink = sinks.draw(t, c, c.noun)
    two = t.chance(0.5)
    it, what = say.it(t, c, key), f.said(t.rng)
    goal = (
        f"Look up {it} and {sink.asks(what)}"
        if two
        else t.pick(f"Give me {what} of {it}", f"Tell me {what} of {it}", f"Check {what} on {it}")
    )
    t.task(say.spoken(t, c, say.order(t, goal)))
    get = Step(f"{c.name}.get", f"Look up {c.noun} {key}", {"id": key})
    t.plan(*([get, sink.step(1)] if two else [get]))
    result = t.call()
    if not isinstance(result, OpError):
        raise Unlucky
    t.finish(
        t.pick(f"There is no {c.noun} {key}.", f"{say.upper(c.noun)} {key} does not exist; nothing more can be done.")
    )
    t.answer(
        t.pick(
            f"There is no {c.noun} {key}.", f"{say.upper(c.noun)} {key} was not found.", f"I found no {c.noun} {key}."
        ),
        "failed",
    )
    del r


def _absent(t: Scene, c: C) -> str:
    table = t.world[c.name]
    for _ in range(8):
        key = str(t.world[f"{c.name}#ids"](t.rng))
        if key not in table and not near(key, list(table)):
            return key
    raise Unlucky


def two_values(t: Scene, c: C) -> None:
    """Two or three fields of one record."""
    [r] = say.some(t, c)
    fields = t.rng.sample(c.fields, min(len(c.fields), 2 + (t.rng.random() < 0.3)))
    it = say.it(t, c, key := t.mention(r["id"], t.world[c.name]))
    names = [f.said(t.rng) for f in fields]
    listed = ", ".join(names[:-1]) + " and " + names[-1]
    t.task(
        say.spoken(
            t,
            c,
            say.order(
                t,
                t.pick(
                    f"Tell me {listed} of {it}",
                    f"Give me {listed} for {it}",
                    f"Check {it} for {listed}",
                    f"From {it} I need {listed}",
                ),
            ),
        )
    )
    t.plan(Step(f"{c.name}.get", t.pick(f"Look up {c.noun} {key}", f"Get {c.noun} {key}"), {"id": key}))
    t.call()
    t.done(say.fact(t, c, r, *fields))
    values = [f"{n.removeprefix('the ')} {plain(r[f.name])}" for n, f in zip(names, fields, strict=True)]
    t.answer(t.pick(f"{say.upper(c.noun)} {r['id']}: {', '.join(values)}.", f"{say.upper('; '.join(values))}."))


def by_label(t: Scene, c: C) -> None:
    """A record people call by name: search first, then read."""
    [r] = say.some(t, c)
    f = say.field(t, [f for f in c.fields if f.name != c.label])
    label = t.mention(str(r[c.label]), say.labels(t, c))
    noun, what, named = c.noun, f.said(t.rng), t.quote(label)
    it = t.pick(f"the {noun} {named}", f"{named}", f"the {noun} called {named}", f"{noun} {named}")
    text = pick(t.rng, f.asks).replace("{it}", it) if f.asks and t.chance(0.5) else t.pick(
        f"What is {what} of {it}?", f"Find {it} and tell me {what}.", f"I only know it as {named}: what is {what}?", f"{say.upper(what.removeprefix('the '))} of {it}?",
        f"I don't have the id. Please find {it} and give me {what}.",
    )  # fmt: skip
    t.task(say.spoken(t, c, text))
    t.plan(
        Step(
            f"{c.name}.search",
            t.pick(f"Find the {noun} {label}", f"Search {c.plural} for {label}", f"Search for {label}"),
            {"query": label},
        ),
        Step(f"{c.name}.get", t.pick(f"Read the details of the {noun} found", f"Get the {noun} by its id"), {}, (1,)),
    )
    result = t.call()
    if isinstance(result, OpError) or len(result.rows) != 1:
        raise Unlucky
    t.done(
        t.pick(
            f"{r[c.label]} has id {r['id']}.",
            f"Id of {r[c.label]}: {r['id']}.",
            f"Found {noun} {r['id']} ({r[c.label]}).",
        )
    )
    t.call(id=r["id"])
    t.done(say.fact(t, c, r, f))
    t.answer(say.answer(t, str(r[c.label]), what, r[f.name]))


def count(t: Scene, c: C) -> None:
    """How many records are in a state."""
    state = _state(c)
    value = pick(t.rng, state.values)
    word = value.replace("_", " ")
    s = state.name.replace("_", " ")
    t.task(say.spoken(t, c, t.pick(
        f"How many {c.plural} are {word}?" if s == "status" else f"How many {c.plural} have {s} {word}?", f"Count the {c.plural} with {s} {t.quote(word)}.",
        f"Number of {c.plural} whose {s} is {word}?", f"how many {word} {c.plural} do we have", f"Tell me how many {c.plural} have the {s} {word}.",
    )))  # fmt: skip
    t.plan(
        Step(
            f"{c.name}.count",
            t.pick(f"Count {c.plural} with {s} {word}", f"Count the {word} {c.plural}"),
            {state.name: value},
        )
    )
    n = t.call()["count"]
    t.done(t.pick(f"{n} {c.plural} with {s} {word}.", f"Count of {word} {c.plural}: {n}."))
    t.answer(t.pick(f"{n} {c.plural} with {s} {word}.", f"{n}", f"There are {n}.", f"{n} {word} {c.plural}."))


def listing(t: Scene, c: C) -> None:
    """Which records are in a state."""
    state = _state(c)
    value = pick(t.rng, state.values)
    word, s = value.replace("_", " "), state.name.replace("_", " ")
    t.task(say.spoken(t, c, t.pick(
        f"Which {c.plural} have {s} {word}?", f"List the {c.plural} with {s} {t.quote(word)}.", f"Show me all {word} {c.plural}.", f"Give me the ids of all {c.plural} that are {word}.",
        f"what {c.plural} are {word} right now?",
    )))  # fmt: skip
    t.plan(
        Step(
            f"{c.name}.list",
            t.pick(f"List {c.plural} with {s} {word}", f"List the {word} {c.plural}"),
            {state.name: value},
        )
    )
    rows = t.call().rows
    if len(rows) > 5:
        raise Unlucky
    ids = [name_and_id(c, r) for r in rows]
    t.done(f"{len(rows)} {word}: {', '.join(r['id'] for r in rows)}." if rows else f"No {c.plural} are {word}.")
    t.answer(
        t.pick(f"{', '.join(ids)}.", f"{say.counted(c, len(ids))}: {', '.join(ids)}.")
        if ids
        else t.pick(f"None: no {c.plural} are {word}.", f"There are no {word} {c.plural}.")
    )


def name_and_id(c: C, r: dict[str, object]) -> str:
    """A record in an enumeration."""
    return f"{r[c.label]} ({r['id']})" if c.label else str(r["id"])


def _state(c: C):  # type: ignore[no-untyped-def]
    if c.state is None:
        raise Unlucky
    return c.state


def tell(t: Scene, c: C) -> None:
    """Look one up, then tell somebody or keep it."""
    [r] = say.some(t, c)
    fields = t.rng.sample(c.fields, min(len(c.fields), 1 + (t.rng.random() < 0.5)))
    key = t.mention(r["id"], t.world[c.name])
    it, sink = say.it(t, c, key), sinks.draw(t, c, f"{c.noun} {r['id']}" if key == r["id"] else c.noun)
    names = [f.said(t.rng) for f in fields]
    listed = " and ".join(names)
    t.task(say.spoken(t, c, say.order(t, t.pick(
        f"Look up {it} and {sink.asks(listed)}", f"{say.upper(sink.asks(f'{listed} of {it}'))}", f"Get {listed} of {it}, then {sink.asks('it')}", f"Check {it}, then {sink.asks(listed)}",
    ))))  # fmt: skip
    t.plan(
        Step(
            f"{c.name}.get",
            t.pick(f"Look up {c.noun} {key}", f"Get {fields[0].name.replace(chr(95), ' ')} of {c.noun} {key}"),
            {"id": key},
        ),
        sink.step(1),
    )
    t.call()
    t.done(say.fact(t, c, r, *fields))
    title = f"{say.upper(c.noun)} {r['id']}"
    sinks.deliver(t, sink, say.report(t, title, [(f.name, r[f.name]) for f in fields]), title)
    values = ", ".join(f"{f.name.replace('_', ' ')} {plain(r[f.name])}" for f in fields)
    t.answer(
        t.pick(
            f"{title}: {values}; {sink.past}.", f"{say.upper(sink.past)}: {values}.", f"Done: {values}, {sink.past}."
        )
    )


def compare(t: Scene, c: C) -> None:
    """Two records, which has more (or is earlier)."""
    a, b = say.some(t, c, 2)
    f = say.field(t, c.of("money", "count", "date"))
    if a[f.name] == b[f.name]:
        raise Unlucky
    more = t.chance(0.6)
    low, high = sorted((a, b), key=lambda r: r[f.name])
    best = high if more else low
    adjective = {"date": ("later", "earlier")}.get(f.kind, ("higher", "lower"))[0 if more else 1]
    what = say.plainly(t, f)
    ia, ib = (f"{c.noun} {r['id']}" for r in (a, b))
    t.task(say.spoken(t, c, t.pick(
        f"Which has the {adjective} {what}: {ia} or {ib}?", f"Compare {ia} and {ib}: which one has the {adjective} {what}?", f"{say.upper(ia)} or {ib}, whose {what} is {adjective}?",
        f"Look at {ia} and {ib} and tell me which {what} is {adjective}, and what it is.",
    )))  # fmt: skip
    t.plan(*(Step(f"{c.name}.get", f"Look up {c.noun} {r['id']}", {"id": r["id"]}) for r in (a, b)))
    for r in (a, b):
        t.call()
        t.done(say.fact(t, c, r, f))
    t.answer(t.pick(
        f"{say.upper(c.noun)} {best['id']} has the {adjective} {what}: {best[f.name]} against {(a if best is b else b)[f.name]}.", f"{best['id']} ({what} {best[f.name]}).", f"{best['id']}, with {best[f.name]}.",
    ))  # fmt: skip


def extreme(t: Scene, c: C) -> None:
    """The record of a state with the highest or lowest figure."""
    state = _state(c)
    f = say.field(t, [f for f in c.of("money", "count", "date") if f.name in _listed(c)])
    value = pick(t.rng, state.values)
    word, what, s = value.replace("_", " "), say.plainly(t, f), state.name.replace("_", " ")
    rows = [r for r in t.world[c.name].values() if r[state.name] == value]
    if not 2 <= len(rows) <= 6 or len({r[f.name] for r in rows}) < len(rows):
        raise Unlucky
    most = t.chance(0.6)
    word_most = ("latest" if most else "earliest") if f.kind == "date" else ("highest" if most else "lowest")
    best = (max if most else min)(rows, key=lambda r: r[f.name])
    sink = sinks.draw(t, c, f"{word_most} {what}") if t.chance(0.4) else None
    goal = t.pick(
        f"Find the {c.noun} with the {word_most} {what} among those with {s} {word}",
        f"Of all {c.plural} with {s} {word}, find the one with the {word_most} {what}",
    )
    ask = f"{goal} and {sink.asks('its id and ' + what)}" if sink else goal
    t.task(
        say.spoken(
            t,
            c,
            say.order(t, ask)
            if sink or t.chance(0.6)
            else f"Which {c.noun} with {s} {word} has the {word_most} {what}?",
        )
    )
    t.plan(
        Step(f"{c.name}.list", f"List {c.plural} with {s} {word}", {state.name: value}),
        *([sink.step(1)] if sink else []),
    )
    t.call()
    t.done(
        t.pick(
            f"{say.upper(word_most)} {what}: {best[f.name]}, {c.noun} {best['id']}.",
            f"{best['id']} has the {word_most} {what}, {best[f.name]}.",
        )
    )
    if sink:
        sinks.deliver(
            t,
            sink,
            say.report(t, f"{say.upper(word_most)} {what}", [(c.noun, best["id"]), (what, best[f.name])]),
            f"{say.upper(word_most)} {what}",
        )
    t.answer(
        t.pick(f"{best['id']} ({what} {best[f.name]})", f"{say.upper(c.noun)} {best['id']}, {what} {best[f.name]}")
        + (f"; {sink.past}." if sink else ".")
    )


def _listed(c: C) -> list[str]:
    return [f.name for f in c.fields if f.kind in ("enum", "money", "count", "date", "email") and f.name != c.label][:4]


def state_report(t: Scene, c: C) -> None:
    """A short report on all records of a state."""
    state = _state(c)
    f = say.field(t, [f for f in c.of("money", "count", "date") if f.name in _listed(c)])
    value = pick(t.rng, state.values)
    rows = [r for r in t.world[c.name].values() if r[state.name] == value]
    if not 1 <= len(rows) <= 4:
        raise Unlucky
    word, what = value.replace("_", " "), say.plainly(t, f)
    sink = sinks.draw(t, c, f"{word} {c.plural}")
    t.task(say.spoken(t, c, say.order(t, t.pick(
        f"List the {word} {c.plural} and {sink.asks(f'each id with its {what}')}", f"Make a short overview of the {c.plural} that are {word}, with {what}, and {sink.asks('it')}",
        f"{say.upper(sink.asks(f'a list of all {word} {c.plural} with their {what}'))}",
    ))))  # fmt: skip
    t.plan(
        Step(
            f"{c.name}.list", t.pick(f"List the {word} {c.plural}", f"Get all {word} {c.plural}"), {state.name: value}
        ),
        sink.step(1),
    )
    t.call()
    t.done(f"{say.upper(word)}: " + ", ".join(f"{r['id']} {r[f.name]}" for r in rows) + ".")
    title = f"{say.upper(word)} {c.plural}"
    sinks.deliver(t, sink, say.report(t, title, [(r["id"], r[f.name]) for r in rows]), title)
    t.answer(
        t.pick(
            f"{say.counted(c, len(rows))} {word}: "
            + ", ".join(f"{r['id']} ({r[f.name]})" for r in rows)
            + f"; {sink.past}.",
            f"Done, {say.counted(c, len(rows))} {sink.past}.",
        )
    )
