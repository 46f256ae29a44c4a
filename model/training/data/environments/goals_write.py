# ruff: noqa: E501  (phrases and tables are read best on one line)
"""Goals that change the world: update, create, delete, act, on one record, on several, on a condition, within a rule."""

from typing import Any

from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments import sinks
from coterie.model.training.data.environments.records import C, F, changeable, created_fields
from coterie.model.training.data.environments.scene import Scene, Step, Unlucky
from coterie.model.training.data.environments.words import pick
from coterie.model.training.data.surface import OpError, plain


def new_value(t: Scene, f: F, old: Any) -> Any:
    """A value of the field that it does not have yet."""
    for _ in range(8):
        if (value := f.draw(t.rng)) != old:
            return value
    raise Unlucky


def in_words(value: Any) -> str:
    """A value as it is said."""
    return plain(value).replace("_", " ")


def update(t: Scene, c: C) -> None:
    """Set one or two fields of a record."""
    [r] = say.some(t, c)
    fields = t.rng.sample(pool := changeable(c)[:4], min(len(pool), 1 + (t.rng.random() < 0.3)))
    values = {f.name: new_value(t, f, r[f.name]) for f in fields}
    it = say.it(t, c, r["id"])
    parts = [
        f"{f.said(t.rng)} of {it if i == 0 else 'it'} to {t.quote(in_words(values[f.name]))}"
        for i, f in enumerate(fields)
    ]
    single = fields[0].said(t.rng)
    forms = [
        f"Set {' and '.join(parts)}",
        f"Change {' and '.join(parts)}",
        f"Update {it}: " + ", ".join(f"{f.name.replace('_', ' ')} is now {in_words(values[f.name])}" for f in fields),
    ]
    if len(fields) == 1:
        forms.append(f"Make {in_words(values[fields[0].name])} {single} of {it}")
    t.task(say.spoken(t, c, say.order(t, t.pick(*forms))))
    listed = " and ".join(f.name.replace("_", " ") for f in fields)
    t.plan(
        Step(
            f"{c.name}.update",
            t.pick(f"Set {listed} of {c.noun} {r['id']}", f"Update {listed} of {c.noun} {r['id']}"),
            {"id": r["id"], **values},
        )
    )
    t.call()
    t.check(lambda: all(t.world[c.name][r["id"]][k] == v for k, v in values.items()))
    changes = ", ".join(f"{k.replace('_', ' ')} {plain(v)}" for k, v in values.items())
    t.done(t.pick(f"{r['id']} now has {changes}.", f"Updated {r['id']}: {changes}."))
    t.answer(
        t.pick(f"{say.upper(c.noun)} {r['id']} now has {changes}.", f"Done: {changes}.", f"Updated {c.noun} {r['id']}.")
    )


def update_by_label(t: Scene, c: C) -> None:
    """Find a record by name, then change it."""
    [r] = say.some(t, c)
    f = say.field(t, changeable(c)[:4])
    new, label = new_value(t, f, r[f.name]), t.mention(str(r[c.label]), say.labels(t, c))
    what, old_id = f.said(t.rng), r["id"]
    t.task(say.spoken(t, c, say.order(t, t.pick(
        f"Change {what} of {t.quote(label)} to {t.quote(in_words(new))}", f"For the {c.noun} {t.quote(label)}, set {what} to {in_words(new)}", f"Find the {c.noun} {label} and set {what} to {in_words(new)}",
    ))))  # fmt: skip
    t.plan(
        Step(f"{c.name}.search", t.pick(f"Find the {c.noun} {label}", f"Search for {label}"), {"query": label}),
        Step(f"{c.name}.update", f"Set its {what.removeprefix('the ')}", {f.name: new}, (1,)),
    )
    result = t.call()
    if isinstance(result, OpError) or len(result.rows) != 1:
        raise Unlucky
    t.done(t.pick(f"{r[c.label]} is {c.noun} {old_id}.", f"Id of {r[c.label]}: {old_id}."))
    t.call(id=old_id)
    t.check(lambda: t.world[c.name][old_id][f.name] == new)
    t.done(f"{old_id}: {f.name.replace('_', ' ')} {plain(new)}.")
    t.answer(
        t.pick(
            f"{say.upper(what)} of {r[c.label]} is now {plain(new)}.",
            f"Done: {r[c.label]} ({old_id}) has {what.removeprefix('the ')} {plain(new)}.",
        )
    )


def update_if(t: Scene, c: C) -> None:
    """Change a record only when a condition on it holds; otherwise stop."""
    [r] = say.some(t, c)
    f, state = say.field(t, [f for f in changeable(c)[:4] if f.kind != "enum"]), c.state
    if state is None:
        raise Unlucky
    wanted = str(r[state.name]) if t.chance(0.55) else pick(t.rng, state.values)
    holds, new = r[state.name] == wanted, new_value(t, f, r[f.name])
    s, what, it = state.name.replace("_", " "), f.said(t.rng), say.it(t, c, r["id"])
    t.task(say.spoken(t, c, t.pick(
        f"If {it} has {s} {in_words(wanted)}, set {what} to {in_words(new)}; otherwise leave it.", f"Check {it}. Only when its {s} is {in_words(wanted)}, change {what} to {in_words(new)}.",
        f"Set {what} of {it} to {in_words(new)}, but only if the {s} is {t.quote(in_words(wanted))}.", f"Is {it} {in_words(wanted)}? Then set {what} to {in_words(new)}, else do nothing.",
    )))  # fmt: skip
    t.plan(
        Step(
            f"{c.name}.get",
            t.pick(f"Look up {c.noun} {r['id']}", f"Check the {s} of {c.noun} {r['id']}"),
            {"id": r["id"]},
        ),
        Step(f"{c.name}.update", f"Set {what} if the {s} is {in_words(wanted)}", {"id": r["id"], f.name: new}, (1,)),
    )
    t.call()
    now = in_words(r[state.name])
    if not holds:
        t.finish(
            t.pick(
                f"{say.upper(s)} is {now}, not {in_words(wanted)}; nothing to change.", f"Condition fails: {s} {now}."
            )
        )
        t.answer(
            t.pick(
                f"Nothing changed: {s} of {c.noun} {r['id']} is {now}.",
                f"{say.upper(c.noun)} {r['id']} has {s} {now}, so {what} was left as it is.",
            )
        )
        return
    t.done(t.pick(f"{say.upper(s)} is {now}, so change {what}.", f"{s} {now}: the condition holds."))
    t.call()
    t.check(lambda: t.world[c.name][r["id"]][f.name] == new)
    t.done(f"{r['id']}: {f.name.replace('_', ' ')} is now {plain(new)}.")
    t.answer(
        t.pick(
            f"{say.upper(s)} was {now}, so {what} is now {plain(new)}.",
            f"Done: {c.noun} {r['id']} has {what.removeprefix('the ')} {plain(new)}.",
        )
    )


def either(t: Scene, c: C) -> None:
    """One thing if a condition holds and another if not: the rest is planned after looking."""
    [r] = say.some(t, c)
    state, f = c.state, say.field(t, [f for f in changeable(c)[:4] if f.kind != "enum"])
    if state is None:
        raise Unlucky
    wanted = str(r[state.name]) if t.chance(0.5) else pick(t.rng, state.values)
    new, sink, it = new_value(t, f, r[f.name]), sinks.draw(t, c, f"{c.noun} {r['id']}"), say.it(t, c, r["id"])
    s, what = state.name.replace("_", " "), f.said(t.rng)
    flip = t.chance(0.5)
    change, tell = f"set {what} to {in_words(new)}", sink.asks(f"its {s}")
    then, other = (tell, change) if flip else (change, tell)
    t.task(say.spoken(t, c, t.pick(
        f"Look at {it}. If its {s} is {in_words(wanted)}, {then}; otherwise {other}.", f"If the {s} of {it} is {in_words(wanted)}, {then}. If not, {other}.",
        f"Depending on {it}: with {s} {in_words(wanted)} {then}, else {other}.",
    )))  # fmt: skip
    t.plan(
        Step(
            f"{c.name}.get", t.pick(f"Look up {c.noun} {r['id']}", f"Check {s} of {c.noun} {r['id']}"), {"id": r["id"]}
        )
    )
    t.call()
    now, hit = in_words(r[state.name]), r[state.name] == wanted
    telling = hit == flip
    step = (
        sink.step(t.here)
        if telling
        else Step(f"{c.name}.update", f"Set {what} of {c.noun} {r['id']}", {"id": r["id"], f.name: new})
    )
    t.replan(
        t.pick(
            f"{say.upper(s)} is {now}: {tell if telling else change}.",
            f"{s} {now}, so {'tell' if telling else 'change it'}.",
        ),
        step,
    )
    if telling:
        title = f"{say.upper(c.noun)} {r['id']}"
        sinks.deliver(
            t,
            sink,
            t.pick(
                f"{title}: {s} {now}",
                say.report(t, title, [(s, now)]),
                f"{say.upper(s)} of {c.noun} {r['id']} is {now}.",
            ),
            title,
        )
        t.answer(f"{say.upper(s)} is {now}; {sink.past}.")
    else:
        t.call()
        t.check(lambda: t.world[c.name][r["id"]][f.name] == new)
        t.done(f"{r['id']}: {f.name.replace('_', ' ')} {plain(new)}.")
        t.answer(f"{say.upper(s)} is {now}; {what} of {c.noun} {r['id']} is now {plain(new)}.")


def create(t: Scene, c: C) -> None:
    """A new record, from values in the task; then perhaps somebody is told its id."""
    fields = created_fields(c)
    if not fields:
        raise Unlucky
    taken = {r[c.label] for r in t.world[c.name].values()} if c.label else set()
    values = {f.name: f.draw(t.rng) for f in fields}
    clash = c.label and t.chance(0.08)
    if clash:
        values[c.label] = t.rng.choice(list(t.world[c.name].values()))[c.label]
    elif values.get(c.label, "") in taken:
        raise Unlucky
    sink = sinks.draw(t, c, f"new {c.noun}") if t.chance(0.4) else None
    noun = pick(t.rng, (c.noun, *(n.replace("_", " ") for n in c.nouns)))
    pairs = [f"{f.name.replace('_', ' ')} {t.quote(in_words(values[f.name]))}" for f in fields]
    if t.chance(0.3):
        t.rng.shuffle(pairs)
    listed = say.conjoined(pairs)
    tail = f", then {sink.asks('its id')}" if sink else ""
    t.task(
        say.spoken(
            t,
            c,
            say.order(
                t,
                t.pick(
                    f"Create a new {noun} with {listed}{tail}",
                    f"Add {say.an(noun)}: {listed}{tail}",
                    f"Register {say.an(noun)} ({listed}){tail}",
                    f"Set up a new {noun}, {listed}{tail}",
                ),
            ),
        )
    )
    named = f" {values[c.label]}" if c.label else ""
    t.plan(
        Step(f"{c.name}.create", t.pick(f"Create the {c.noun}{named}", f"Add {say.an(c.noun)}{named}"), values),
        *([sink.step(1)] if sink else []),
    )
    made = t.call()
    if isinstance(made, OpError):
        t.finish(
            t.pick(
                f"{say.upper(say.an(c.noun))} of that {c.label.replace('_', ' ')} exists already; not created.",
                f"Refused: {values[c.label]} is already there.",
            )
        )
        t.answer(
            t.pick(
                f"Not created: there is already {say.an(c.noun)} {values[c.label]}.",
                f"{values[c.label]} already exists, so nothing was added.",
            ),
            "failed",
        )
        return
    key = made.facts["id"]
    t.check(lambda: all(t.world[c.name][key][k] == v for k, v in values.items()))
    t.done(t.pick(f"New {c.noun} {key}.", f"Created, id {key}."))
    if sink:
        title = f"New {c.noun} {key}"
        sinks.deliver(
            t,
            sink,
            t.pick(
                f"{title}{': ' + named.strip() if named else ''}",
                f"{say.upper(c.noun)} id: {key}",
                say.report(t, title, [("id", key), *values.items()]),
            ),
            title,
        )
    t.answer(t.pick(f"Created {c.noun} {key}", f"The new {c.noun} has id {key}") + (f"; {sink.past}." if sink else "."))


def delete(t: Scene, c: C) -> None:
    """Remove one record, or two."""
    rows = say.some(t, c, 1 + (t.rng.random() < 0.25))
    keys = [r["id"] for r in rows]
    listed = " and ".join(say.it(t, c, k) if i == 0 else t.quote(k) for i, k in enumerate(keys))
    t.task(
        say.spoken(
            t,
            c,
            say.order(
                t,
                t.pick(
                    f"Delete {listed}",
                    f"Remove {listed}",
                    f"Get rid of {listed}",
                    f"Take {listed} out of the system",
                    f"Erase {listed}",
                ),
            ),
        )
    )
    t.plan(*(Step(f"{c.name}.delete", t.pick(f"Delete {c.noun} {k}", f"Remove {c.noun} {k}"), {"id": k}) for k in keys))
    for key in keys:
        t.call()
        t.done(t.pick(f"{key} is deleted.", f"Removed {c.noun} {key}."))
    t.check(lambda: not any(k in t.world[c.name] for k in keys))
    t.answer(t.pick(f"Deleted {c.noun} {' and '.join(keys)}.", f"{' and '.join(keys)} removed.", "Done."))


def change_each(t: Scene, c: C) -> None:
    """Set a field of every record of a state."""
    state, f = c.state, say.field(t, [f for f in changeable(c)[:4] if f.kind not in ("enum", "email")])
    if state is None:
        raise Unlucky
    value, new = pick(t.rng, state.values), f.draw(t.rng)
    keys = [r["id"] for r in t.world[c.name].values() if r[state.name] == value]
    if not 1 <= len(keys) <= 4:
        raise Unlucky
    what, word = f.said(t.rng), in_words(value)
    t.task(
        say.spoken(
            t,
            c,
            say.order(
                t,
                t.pick(
                    f"Set {what} of every {word} {c.noun} to {in_words(new)}",
                    f"For all {c.plural} with {state.name.replace('_', ' ')} {word}, change {what} to {t.quote(in_words(new))}",
                    f"All {word} {c.plural} get {in_words(new)} as {what.removeprefix('the ')}",
                ),
            ),
        )
    )
    t.plan(Step(f"{c.name}.list", f"List the {word} {c.plural}", {state.name: value}))
    t.call()
    t.replan(
        t.pick(f"{len(keys)} found: {', '.join(keys)}.", f"To change: {', '.join(keys)}."),
        *(Step(f"{c.name}.update", f"Set {what} of {c.noun} {k}", {"id": k, f.name: new}) for k in keys),
    )
    for key in keys:
        t.call()
        t.done(f"{key}: {f.name.replace('_', ' ')} {plain(new)}.")
    t.check(lambda: all(t.world[c.name][k][f.name] == new for k in keys))
    t.answer(f"{say.upper(what)} is now {plain(new)} for {', '.join(keys)}.")


def copy_value(t: Scene, c: C) -> None:
    """Give one record the value another has."""
    a, b = say.some(t, c, 2)
    f = say.field(t, changeable(c)[:4])
    if a[f.name] == b[f.name]:
        raise Unlucky
    what, name = f.said(t.rng), f.name.replace("_", " ")
    t.task(
        say.spoken(
            t,
            c,
            say.order(
                t,
                t.pick(
                    f"Give {c.noun} {b['id']} the same {name} as {c.noun} {a['id']}",
                    f"Copy {what} from {say.it(t, c, a['id'])} to {b['id']}",
                    f"Set {what} of {b['id']} to whatever {a['id']} has",
                    f"Take {what} of {a['id']} and use it for {c.noun} {b['id']} too",
                ),
            ),
        )
    )
    t.plan(
        Step(f"{c.name}.get", f"Look up {name} of {c.noun} {a['id']}", {"id": a["id"]}),
        Step(f"{c.name}.update", f"Set the same {name} on {c.noun} {b['id']}", {"id": b["id"]}, (1,)),
    )
    value = a[f.name]
    t.call()
    t.done(say.fact(t, c, a, f))
    t.call(**{f.name: value})
    t.check(lambda: t.world[c.name][b["id"]][f.name] == value)
    t.done(f"{b['id']} now has {name} {plain(value)}.")
    t.answer(
        t.pick(
            f"{say.upper(c.noun)} {b['id']} now has {name} {plain(value)}, like {a['id']}.",
            f"Done: {name} {plain(value)}.",
        )
    )
