# ruff: noqa: E501  (phrases and tables are read best on one line)
"""Longer goals: several look-ups into one report, a figure worked out and told twice, an action that is logged and announced."""

from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments import sinks
from coterie.model.training.data.environments.records import Action, C
from coterie.model.training.data.environments.scene import Scene, Step, Unlucky
from coterie.model.training.data.environments.words import pick
from coterie.model.training.data.surface import OpError, plain


def round_up(t: Scene, c: C) -> None:
    """Two to four records looked up independently, then one report of them."""
    rows = say.some(t, c, 2 + int(t.rng.random() * 3))
    f, keys = say.field(t, c.fields), [r["id"] for r in rows]
    what, listed = f.said(t.rng), ", ".join(keys[:-1]) + " and " + keys[-1]
    sink = sinks.draw(t, c, f"{c.plural} overview")
    n = len(rows)
    t.task(
        say.spoken(
            t,
            c,
            say.order(
                t,
                t.pick(
                    f"Look up {what} of {c.plural} {listed}, then {sink.asks('all of them')}",
                    f"{say.upper(sink.asks(f'{what} of each of the {c.plural} {listed}'))}",
                    f"Collect {what} for {listed} ({c.plural}) and {sink.asks('the list')}",
                ),
            ),
        )
    )
    t.plan(
        *(Step(f"{c.name}.get", t.pick(f"Look up {c.noun} {k}", f"Get {c.noun} {k}"), {"id": k}) for k in keys),
        sink.step(*range(1, n + 1)),
    )
    for r in rows:
        t.call()
        t.done(say.fact(t, c, r, f))
    title = t.pick(f"{say.upper(c.plural)} overview", f"{say.upper(f.name.replace('_', ' '))} of {c.plural}")
    sinks.deliver(t, sink, say.report(t, title, [(r["id"], r[f.name]) for r in rows]), title)
    t.answer(", ".join(f"{r['id']}: {plain(r[f.name])}" for r in rows) + f"; {sink.past}.")


def worked_out(t: Scene, c: C) -> None:
    """List a state, work out total or mean by tool, keep it and tell it."""
    state = c.state
    shown = [f.name for f in c.fields if f.kind in ("enum", "money", "count", "date", "email") and f.name != c.label][
        :4
    ]
    f = say.field(t, [f for f in c.of("money", "count") if f.name in shown])
    if state is None:
        raise Unlucky
    value = pick(t.rng, state.values)
    rows = [r for r in t.world[c.name].values() if r[state.name] == value]
    if not 2 <= len(rows) <= 6:
        raise Unlucky
    word, what, mean = value.replace("_", " "), say.plainly(t, f), t.chance(0.4)
    figure = "average" if mean else "total"
    keep, tell = sinks.file(t, f"{word} {c.plural}"), sinks.mail(t, c) if t.chance(0.5) else sinks.post(t, c)
    both = t.chance(0.6)
    core = t.pick(
        f"List the {word} {c.plural}, work out their {figure} {what}, {keep.asks('it')}",
        f"Calculate the {figure} {what} of all {word} {c.plural}, {keep.asks('the figure')}",
        f"I need the {figure} {what} of the {c.plural} that are {word}; {keep.asks('it')}",
    )
    text = core + (f" and {tell.asks('it too' if t.chance(0.5) else 'the figure')}" if both else "")
    t.task(say.spoken(t, c, text + "." if text.startswith("I need") else say.order(t, text)))
    t.plan(
        Step(f"{c.name}.list", f"List the {word} {c.plural}", {state.name: value}), Step("calc.evaluate", f"Calculate the {figure} {what}", {}, (1,)), keep.step(2), *([tell.step(2)] if both else []),
    )  # fmt: skip
    t.call()
    values = [r[f.name] for r in rows]
    t.done(f"{say.upper(what)}: {', '.join(map(str, values))}.")
    if mean:
        result = t.call(
            expression=f"round(mean({', '.join(map(str, values))}), 2)"
            if t.chance(0.5)
            else f"round(({' + '.join(map(str, values))}) / {len(values)}, 2)"
        )
    else:
        result = t.call(
            expression=" + ".join(map(str, values)) if t.chance(0.6) else f"sum({', '.join(map(str, values))})"
        )
    t.done(t.pick(f"{say.upper(figure)} {what}: {result}.", f"It comes to {result}."))
    title = f"{say.upper(figure)} {what} ({word})"
    sinks.deliver(
        t,
        keep,
        t.pick(
            f"{title}: {result}",
            say.report(t, title, [(c.plural, len(values)), (figure, result)])
            if str(len(values)) in "\n".join(t.context)
            else f"{title}: {result}",
        ),
        title,
    )
    if both:
        sinks.deliver(t, tell, t.pick(f"{title}: {result}", f"The {figure} {what} is {result}."), title)
    t.answer(f"{say.upper(figure)} {what}: {result}; {keep.past}" + (f" and {tell.past}." if both else "."))


def act_and_log(t: Scene, c: C, a: Action) -> None:
    """Act, write a log line, announce it; when the act is refused the log says so instead, if that was asked for."""
    [r] = say.some(t, c)
    key, it, was = r["id"], say.it(t, c, r["id"]), str(r[a.field]).replace("_", " ")
    was = f"already {was}" if r[a.field] == a.value else was
    log, tell = sinks.file(t, "log"), sinks.mail(t, c) if t.chance(0.5) else sinks.post(t, c)
    fallback = t.chance(0.5)
    asked = pick(t.rng, a.asks)
    text = f"{asked.replace('{it}', it)}, then {log.asks('that it is done')} and {tell.asks('the news')}"
    if fallback:
        text += t.pick(". If it is refused, only ", ". Should that not work, just ") + log.asks("the reason")
    t.task(say.spoken(t, c, say.order(t, text)))
    t.plan(Step(f"{c.name}.{a.name}", asked.replace("{it}", f"{c.noun} {key}"), {"id": key}), log.step(1), tell.step(1))
    result = t.call()
    noun = say.upper(c.noun)
    if isinstance(result, OpError):
        if not fallback:
            t.finish(t.pick(f"Refused: {key} is {was}. Nothing to log or tell.", f"Not possible while {was}."))
            t.answer(f"Not possible: {c.noun} {key} is {was}. Nothing was written or sent.", "failed")
            return
        t.replan(t.pick(f"Refused, it is {was}: only log the reason.", f"Not {a.past}: {was}."), log.step(t.here))
        sinks.deliver(t, log, f"{noun} {key}: refused, it is {was}", f"{noun} {key}")
        t.answer(f"Refused: {c.noun} {key} is {was}; {log.past}.")
        return
    t.check(lambda: t.world[c.name][key][a.field] == a.value)
    t.done(f"{noun} {key} {a.past}.")
    sinks.deliver(t, log, t.pick(f"{noun} {key} {a.past}", f"Done: {noun} {key} {a.past}."), f"{noun} {key}")
    sinks.deliver(t, tell, t.pick(f"{noun} {key} is {a.past}.", f"{noun} {key}: {a.past}"), f"{noun} {key} {a.past}")
    t.answer(f"{noun} {key} is {a.past}; {log.past} and {tell.past}.")


def found_and_changed(t: Scene, c: C) -> None:
    """Search by name, read, tell one field and note another: four steps."""
    [r] = say.some(t, c)
    others = [f for f in c.fields if f.name != c.label]
    if len(others) < 2:
        raise Unlucky
    f, g = t.rng.sample(others, 2)
    label = str(r[c.label])
    one, two = (
        sinks.mail(t, c) if t.chance(0.5) else sinks.post(t, c),
        sinks.file(t, c.noun) if t.chance(0.6) else sinks.memo(t, c.noun),
    )
    a, b = f.said(t.rng), g.said(t.rng)
    t.task(
        say.spoken(
            t, c, say.order(t, f"Find the {c.noun} {t.quote(label)}. {say.upper(one.asks(a))}, and {two.asks(b)}") + "."
        )
    )
    t.plan(
        Step(f"{c.name}.search", f"Search {c.plural} for {label}", {"query": label}),
        Step(f"{c.name}.get", f"Read the details of the {c.noun} found", {}, (1,)),
        one.step(2),
        two.step(2),
    )
    result = t.call()
    if isinstance(result, OpError) or len(result.rows) != 1:
        raise Unlucky
    t.done(f"{label} has id {r['id']}.")
    t.call(id=r["id"])
    t.done(say.fact(t, c, r, f, g))
    for sink, field in ((one, f), (two, g)):
        name = field.name.replace("_", " ")
        sinks.deliver(
            t,
            sink,
            t.pick(f"{label}: {name} {plain(r[field.name])}", say.report(t, label, [(name, r[field.name])])),
            label,
        )
    t.answer(
        f"{label}: {f.name.replace('_', ' ')} {plain(r[f.name])} ({one.past}), {g.name.replace('_', ' ')} {plain(r[g.name])} ({two.past})."
    )
