"""Goals that change the world: update, create, delete, act, on one record, on several, on a condition, within a rule."""

from typing import Any

from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments import sinks
from coterie.model.training.data.environments.records import Action, C, F, changeable, created_fields
from coterie.model.training.data.environments.scene import Scene, Step, Unlucky
from coterie.model.training.data.environments.words import REASONS, between, later, pick
from coterie.model.training.data.surface import OpError, plain


def _new(t: Scene, f: F, old: Any) -> Any:
    for _ in range(8):
        if (value := f.draw(t.rng)) != old:
            return value
    raise Unlucky


def _word(value: Any) -> str:
    return plain(value).replace("_", " ")


def update(t: Scene, c: C) -> None:
    """Set one or two fields of a record."""
    [r] = say.some(t, c)
    fields = t.rng.sample(pool := changeable(c)[:4], min(len(pool), 1 + (t.rng.random() < 0.3)))
    values = {f.name: _new(t, f, r[f.name]) for f in fields}
    it = say.it(t, c, r["id"])
    parts = [f"{f.said(t.rng)} of {it if i == 0 else 'it'} to {t.quote(_word(values[f.name]))}" for i, f in enumerate(fields)]
    single = fields[0].said(t.rng)
    forms = [f"Set {' and '.join(parts)}", f"Change {' and '.join(parts)}", f"Update {it}: " + ", ".join(f"{f.name.replace('_', ' ')} is now {_word(values[f.name])}" for f in fields)]
    if len(fields) == 1:
        forms.append(f"Make {_word(values[fields[0].name])} {single} of {it}")
    t.task(say.spoken(t, c, say.order(t, t.pick(*forms))))
    listed = " and ".join(f.name.replace("_", " ") for f in fields)
    t.plan(Step(f"{c.name}.update", t.pick(f"Set {listed} of {c.noun} {r['id']}", f"Update {listed} of {c.noun} {r['id']}"), {"id": r["id"], **values}))
    t.call()
    t.check(lambda: all(t.world[c.name][r["id"]][k] == v for k, v in values.items()))
    changes = ", ".join(f"{k.replace('_', ' ')} {plain(v)}" for k, v in values.items())
    t.done(t.pick(f"{r['id']} now has {changes}.", f"Updated {r['id']}: {changes}."))
    t.answer(t.pick(f"{say.upper(c.noun)} {r['id']} now has {changes}.", f"Done: {changes}.", f"Updated {c.noun} {r['id']}."))


def update_by_label(t: Scene, c: C) -> None:
    """Find a record by name, then change it."""
    [r] = say.some(t, c)
    f = say.field(t, changeable(c)[:4])
    new, label = _new(t, f, r[f.name]), t.mention(str(r[c.label]), say.labels(t, c))
    what, old_id = f.said(t.rng), r["id"]
    t.task(say.spoken(t, c, say.order(t, t.pick(
        f"Change {what} of {t.quote(label)} to {t.quote(_word(new))}", f"For the {c.noun} {t.quote(label)}, set {what} to {_word(new)}", f"Find the {c.noun} {label} and set {what} to {_word(new)}",
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
    t.answer(t.pick(f"{say.upper(what)} of {r[c.label]} is now {plain(new)}.", f"Done: {r[c.label]} ({old_id}) has {what.removeprefix('the ')} {plain(new)}."))


def update_if(t: Scene, c: C) -> None:
    """Change a record only when a condition on it holds; otherwise stop."""
    [r] = say.some(t, c)
    f, state = say.field(t, [f for f in changeable(c)[:4] if f.kind != "enum"]), c.state
    if state is None:
        raise Unlucky
    wanted = str(r[state.name]) if t.chance(0.55) else pick(t.rng, state.values)
    holds, new = r[state.name] == wanted, _new(t, f, r[f.name])
    s, what, it = state.name.replace("_", " "), f.said(t.rng), say.it(t, c, r["id"])
    t.task(say.spoken(t, c, t.pick(
        f"If {it} has {s} {_word(wanted)}, set {what} to {_word(new)}; otherwise leave it.", f"Check {it}. Only when its {s} is {_word(wanted)}, change {what} to {_word(new)}.",
        f"Set {what} of {it} to {_word(new)}, but only if the {s} is {t.quote(_word(wanted))}.", f"Is {it} {_word(wanted)}? Then set {what} to {_word(new)}, else do nothing.",
    )))  # fmt: skip
    t.plan(
        Step(f"{c.name}.get", t.pick(f"Look up {c.noun} {r['id']}", f"Check the {s} of {c.noun} {r['id']}"), {"id": r["id"]}),
        Step(f"{c.name}.update", f"Set {what} if the {s} is {_word(wanted)}", {"id": r["id"], f.name: new}, (1,)),
    )
    t.call()
    now = _word(r[state.name])
    if not holds:
        t.finish(t.pick(f"{say.upper(s)} is {now}, not {_word(wanted)}; nothing to change.", f"Condition fails: {s} {now}."))
        t.answer(t.pick(f"Nothing changed: {s} of {c.noun} {r['id']} is {now}.", f"{say.upper(c.noun)} {r['id']} has {s} {now}, so {what} was left as it is."))
        return
    t.done(t.pick(f"{say.upper(s)} is {now}, so change {what}.", f"{s} {now}: the condition holds."))
    t.call()
    t.check(lambda: t.world[c.name][r["id"]][f.name] == new)
    t.done(f"{r['id']}: {f.name.replace('_', ' ')} is now {plain(new)}.")
    t.answer(t.pick(f"{say.upper(s)} was {now}, so {what} is now {plain(new)}.", f"Done: {c.noun} {r['id']} has {what.removeprefix('the ')} {plain(new)}."))


def either(t: Scene, c: C) -> None:
    """One thing if a condition holds and another if not: the rest is planned after looking."""
    [r] = say.some(t, c)
    state, f = c.state, say.field(t, [f for f in changeable(c)[:4] if f.kind != "enum"])
    if state is None:
        raise Unlucky
    wanted = str(r[state.name]) if t.chance(0.5) else pick(t.rng, state.values)
    new, sink, it = _new(t, f, r[f.name]), sinks.draw(t, c, f"{c.noun} {r['id']}"), say.it(t, c, r["id"])
    s, what = state.name.replace("_", " "), f.said(t.rng)
    flip = t.chance(0.5)
    change, tell = f"set {what} to {_word(new)}", sink.asks(f"its {s}")
    then, other = (tell, change) if flip else (change, tell)
    t.task(say.spoken(t, c, t.pick(
        f"Look at {it}. If its {s} is {_word(wanted)}, {then}; otherwise {other}.", f"If the {s} of {it} is {_word(wanted)}, {then}. If not, {other}.",
        f"Depending on {it}: with {s} {_word(wanted)} {then}, else {other}.",
    )))  # fmt: skip
    t.plan(Step(f"{c.name}.get", t.pick(f"Look up {c.noun} {r['id']}", f"Check {s} of {c.noun} {r['id']}"), {"id": r["id"]}))
    t.call()
    now, hit = _word(r[state.name]), r[state.name] == wanted
    telling = hit == flip
    step = sink.step() if telling else Step(f"{c.name}.update", f"Set {what} of {c.noun} {r['id']}", {"id": r["id"], f.name: new})
    t.replan(t.pick(f"{say.upper(s)} is {now}: {tell if telling else change}.", f"{s} {now}, so {'tell' if telling else 'change it'}."), step)
    if telling:
        title = f"{say.upper(c.noun)} {r['id']}"
        sinks.deliver(t, sink, t.pick(f"{title}: {s} {now}", say.report(t, title, [(s, now)]), f"{say.upper(s)} of {c.noun} {r['id']} is {now}."), title)
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
    pairs = [f"{f.name.replace('_', ' ')} {t.quote(_word(values[f.name]))}" for f in fields]
    if t.chance(0.3):
        t.rng.shuffle(pairs)
    listed = ", ".join(pairs[:-1]) + (" and " if len(pairs) > 1 else "") + pairs[-1]
    tail = f", then {sink.asks('its id')}" if sink else ""
    t.task(say.spoken(t, c, say.order(t, t.pick(f"Create a new {noun} with {listed}{tail}", f"Add {say.an(noun)}: {listed}{tail}", f"Register {say.an(noun)} ({listed}){tail}", f"Set up a new {noun}, {listed}{tail}"))))
    named = f" {values[c.label]}" if c.label else ""
    t.plan(Step(f"{c.name}.create", t.pick(f"Create the {c.noun}{named}", f"Add {say.an(c.noun)}{named}"), values), *([sink.step(1)] if sink else []))
    made = t.call()
    if isinstance(made, OpError):
        t.finish(t.pick(f"{say.upper(say.an(c.noun))} of that {c.label.replace('_', ' ')} exists already; not created.", f"Refused: {values[c.label]} is already there."))
        t.answer(t.pick(f"Not created: there is already {say.an(c.noun)} {values[c.label]}.", f"{values[c.label]} already exists, so nothing was added."), "failed")
        return
    key = made.facts["id"]
    t.check(lambda: all(t.world[c.name][key][k] == v for k, v in values.items()))
    t.done(t.pick(f"New {c.noun} {key}.", f"Created, id {key}."))
    if sink:
        title = f"New {c.noun} {key}"
        sinks.deliver(t, sink, t.pick(f"{title}{': ' + named.strip() if named else ''}", f"{say.upper(c.noun)} id: {key}", say.report(t, title, [("id", key), *values.items()])), title)
    t.answer(t.pick(f"Created {c.noun} {key}", f"The new {c.noun} has id {key}") + (f"; {sink.past}." if sink else "."))


def delete(t: Scene, c: C) -> None:
    """Remove one record, or two."""
    rows = say.some(t, c, 1 + (t.rng.random() < 0.25))
    keys = [r["id"] for r in rows]
    listed = " and ".join(say.it(t, c, k) if i == 0 else t.quote(k) for i, k in enumerate(keys))
    t.task(say.spoken(t, c, say.order(t, t.pick(f"Delete {listed}", f"Remove {listed}", f"Get rid of {listed}", f"Take {listed} out of the system", f"Erase {listed}"))))
    t.plan(*(Step(f"{c.name}.delete", t.pick(f"Delete {c.noun} {k}", f"Remove {c.noun} {k}"), {"id": k}) for k in keys))
    for key in keys:
        t.call()
        t.done(t.pick(f"{key} is deleted.", f"Removed {c.noun} {key}."))
    t.check(lambda: not any(k in t.world[c.name] for k in keys))
    t.answer(t.pick(f"Deleted {c.noun} {' and '.join(keys)}.", f"{' and '.join(keys)} removed.", "Done."))


def act(t: Scene, c: C, a: Action) -> None:
    """A domain action; refused by the world when the record's state does not allow it."""
    [r] = say.some(t, c)
    reason = pick(t.rng, REASONS) if a.reason and t.chance(0.6) else ""
    key, it = r["id"], say.it(t, c, r["id"])
    sink = sinks.draw(t, c, f"{c.noun} {key}") if t.chance(0.35) else None
    asked = pick(t.rng, a.asks).replace("{it}", it) + (t.pick(f", reason: {reason}", f" because of {t.quote(reason)}", f" ({reason})") if reason else "")
    tail = t.pick(" and ", ", then ") + sink.asks(t.pick("a confirmation with the id", f"that {c.noun} {key} is {a.past}")) if sink else ""
    t.task(say.spoken(t, c, say.order(t, asked + tail)))
    known = {"id": key, **({"reason": reason} if reason else {})}
    t.plan(Step(f"{c.name}.{a.name}", pick(t.rng, a.asks).replace("{it}", f"{c.noun} {key}"), known), *([sink.step(1)] if sink else []))
    was = f"already {_word(r[a.field])}" if r[a.field] == a.value else _word(r[a.field])
    if isinstance(t.call(), OpError):
        t.finish(t.pick(f"Refused: {c.noun} {key} is {was}.", f"Not allowed while {was}; nothing was done."))
        t.answer(t.pick(f"Not possible: {c.noun} {key} is {was}.", f"Nothing done: {c.noun} {key} is {was}."), "failed")
        return
    t.check(lambda: t.world[c.name][key][a.field] == a.value)
    t.done(t.pick(f"{say.upper(c.noun)} {key} {a.past}.", f"{key} is {a.past}."))
    if sink:
        sinks.deliver(t, sink, t.pick(f"{say.upper(c.noun)} {key} is {a.past}.", f"{say.upper(c.noun)} {key}: {a.past}"), f"{say.upper(c.noun)} {key} {a.past}")
    t.answer(t.pick(f"{say.upper(c.noun)} {key} is {a.past}", f"Done: {key} {a.past}") + (f"; {sink.past}." if sink else "."))


def act_after_look(t: Scene, c: C, a: Action) -> None:
    """Look first, act only if the record's state allows it, else say why not."""
    [r] = say.some(t, c)
    key, it, field = r["id"], say.it(t, c, r["id"]), a.field.replace("_", " ")
    allowed, asked = r[a.field] in a.allowed, pick(t.rng, a.asks)
    states = " or ".join(_word(v) for v in a.allowed)
    t.task(say.spoken(t, c, t.pick(
        f"Check {it} first. If its {field} is {states}, {say.lower(asked.replace('{it}', 'it'))}; if not, tell me its {field}.", f"{asked.replace('{it}', it)}, but only if the {field} is {states}. Look before you act.",
        f"See what {field} {it} has and {say.lower(asked.replace('{it}', 'it'))} when it is {states}.",
    )))  # fmt: skip
    t.plan(Step(f"{c.name}.get", f"Check {field} of {c.noun} {key}", {"id": key}), Step(f"{c.name}.{a.name}", f"{asked.replace('{it}', f'{c.noun} {key}')} if allowed", {"id": key}, (1,)))
    was = _word(r[a.field])
    t.call()
    if not allowed:
        t.finish(t.pick(f"{say.upper(field)} is {was}; not to be {a.past}.", f"It is {was}, so stop here."))
        t.answer(t.pick(f"{say.upper(c.noun)} {key} is {was}, so it was not {a.past}.", f"Not {a.past}: its {field} is {was}."))
        return
    t.done(t.pick(f"{say.upper(field)} is {was}: go on.", f"It is {was}, which is allowed."))
    t.call()
    t.check(lambda: t.world[c.name][key][a.field] == a.value)
    t.done(f"{say.upper(c.noun)} {key} {a.past}.")
    t.answer(t.pick(f"{say.upper(c.noun)} {key} was {was} and is now {a.past}.", f"Done, {key} {a.past}."))


def act_each(t: Scene, c: C, a: Action) -> None:
    """Do something to every record of a state: list, then one step for each found."""
    if c.state is None or c.state.name != a.field:
        raise Unlucky
    value = pick(t.rng, a.allowed)
    rows = [r for r in t.world[c.name].values() if r[a.field] == value]
    if len(rows) > 4:
        raise Unlucky
    word = _word(value)
    asked = pick(t.rng, a.asks)
    sink = sinks.draw(t, c, f"{a.past} {c.plural}") if t.chance(0.45) and len(rows) < 4 else None
    tail = f", then {sink.asks('their ids')}" if sink else ""
    core = t.pick(
        asked.replace("{it}", f"all {c.plural} that are {word}"),
        asked.replace("{it}", f"every {c.noun} with {a.field.replace('_', ' ')} {word}"),
        f"List the {word} {c.plural}, then {say.lower(asked.replace('{it}', 'each of them'))}",
    )
    t.task(say.spoken(t, c, say.order(t, core + tail)))
    t.plan(Step(f"{c.name}.list", t.pick(f"List the {word} {c.plural}", f"Find all {c.plural} that are {word}"), {a.field: value}))
    keys = [r["id"] for r in rows]
    t.call()
    if not keys:
        t.finish(f"No {c.plural} are {word}; nothing to do.")
        t.answer(t.pick(f"There are no {word} {c.plural}.", f"Nothing to do: no {c.plural} are {word}."))
        return
    t.replan(t.pick(f"{len(keys)} {word}: {', '.join(keys)}. One step for each.", f"Found {', '.join(keys)}."), *(Step(f"{c.name}.{a.name}", asked.replace("{it}", f"{c.noun} {k}"), {"id": k}) for k in keys), *([sink.step()] if sink else []))
    for key in keys:
        t.call()
        t.done(t.pick(f"{key} {a.past}.", f"{say.upper(c.noun)} {key} is {a.past}."))
    if sink:
        sinks.deliver(t, sink, t.pick(f"{say.upper(a.past)}: {', '.join(keys)}", "\n".join([f"{say.upper(c.plural)} {a.past}:", *keys])), f"{say.upper(c.plural)} {a.past}")
    t.check(lambda: all(t.world[c.name][k][a.field] == a.value for k in keys))
    t.answer(t.pick(f"{say.counted(c, len(keys))} {a.past}: {', '.join(keys)}", f"{say.upper(a.past)}: {', '.join(keys)}") + (f"; {sink.past}." if sink else "."))


def change_each(t: Scene, c: C) -> None:
    """Set a field of every record of a state."""
    state, f = c.state, say.field(t, [f for f in changeable(c)[:4] if f.kind not in ("enum", "email")])
    if state is None:
        raise Unlucky
    value, new = pick(t.rng, state.values), f.draw(t.rng)
    keys = [r["id"] for r in t.world[c.name].values() if r[state.name] == value]
    if not 1 <= len(keys) <= 4:
        raise Unlucky
    what, word = f.said(t.rng), _word(value)
    t.task(say.spoken(t, c, say.order(t, t.pick(f"Set {what} of every {word} {c.noun} to {_word(new)}", f"For all {c.plural} with {state.name.replace('_', ' ')} {word}, change {what} to {t.quote(_word(new))}", f"All {word} {c.plural} get {_word(new)} as {what.removeprefix('the ')}"))))
    t.plan(Step(f"{c.name}.list", f"List the {word} {c.plural}", {state.name: value}))
    t.call()
    t.replan(t.pick(f"{len(keys)} found: {', '.join(keys)}.", f"To change: {', '.join(keys)}."), *(Step(f"{c.name}.update", f"Set {what} of {c.noun} {k}", {"id": k, f.name: new}) for k in keys))
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
    t.task(say.spoken(t, c, say.order(t, t.pick(f"Give {c.noun} {b['id']} the same {name} as {c.noun} {a['id']}", f"Copy {what} from {say.it(t, c, a['id'])} to {b['id']}", f"Set {what} of {b['id']} to whatever {a['id']} has", f"Take {what} of {a['id']} and use it for {c.noun} {b['id']} too"))))
    t.plan(Step(f"{c.name}.get", f"Look up {name} of {c.noun} {a['id']}", {"id": a["id"]}), Step(f"{c.name}.update", f"Set the same {name} on {c.noun} {b['id']}", {"id": b["id"]}, (1,)))
    value = a[f.name]
    t.call()
    t.done(say.fact(t, c, a, f))
    t.call(**{f.name: value})
    t.check(lambda: t.world[c.name][b["id"]][f.name] == value)
    t.done(f"{b['id']} now has {name} {plain(value)}.")
    t.answer(t.pick(f"{say.upper(c.noun)} {b['id']} now has {name} {plain(value)}, like {a['id']}.", f"Done: {name} {plain(value)}."))


def shift_date(t: Scene, c: C) -> None:
    """Move a date by some days, worked out by the date tool."""
    [r] = say.some(t, c)
    f = say.field(t, [f for f in changeable(c)[:4] if f.kind == "date"])
    days = pick_days(t)
    what, it, forward = f.said(t.rng), say.it(t, c, r["id"]), t.chance(0.75)
    how = t.pick("later", "back") if forward else "earlier"
    t.task(say.spoken(t, c, say.order(t, t.pick(f"Move {what} of {it} {days} days {how}", f"Shift {what} of {it} by {days} days ({how})", f"Make {what} of {it} {days} days {how}") if how != "back" else f"Push {what} of {it} back by {days} days")))
    delta = days if forward else -days
    t.plan(
        Step(f"{c.name}.get", f"Look up {c.noun} {r['id']}", {"id": r["id"]}),
        Step("dates.add", f"Work out the date {days} days {'later' if forward else 'earlier'}", {"days": delta}, (1,)),
        Step(f"{c.name}.update", f"Set {what} of {c.noun} {r['id']}", {"id": r["id"]}, (2,)),
    )
    old = r[f.name]
    t.call()
    t.done(say.fact(t, c, r, f))
    new = t.call(date=old)["date"]
    t.done(t.pick(f"New date: {new}.", f"{old} becomes {new}."))
    t.call(**{f.name: new})
    t.check(lambda: t.world[c.name][r["id"]][f.name] == new == later(old, delta))
    t.done(f"{r['id']}: {f.name.replace('_', ' ')} {new}.")
    t.answer(t.pick(f"{say.upper(what)} of {c.noun} {r['id']} is now {new}.", f"Moved to {new}.", f"{new}"))


def pick_days(t: Scene) -> int:
    """A stretch of days people use."""
    return (2, 3, 5, 7, 10, 14, 21, 30, 45)[between(t.rng, 0, 8)]


PRICES = ("total", "unit_price", "balance", "daily_limit", "amount", "price", "fare", "value", "salary", "fee", "fines", "cost", "insured_value")


def percentage(t: Scene, c: C) -> None:
    """Raise or cut an amount by some percent, worked out by the calculator, and store or tell it."""
    [r] = say.some(t, c)
    f = say.field(t, [f for f in c.of("money") if f.name in PRICES])
    percent, up = (5, 8, 10, 12, 15, 20, 25, 30)[between(t.rng, 0, 7)], t.chance(0.5)
    what, it, name = f.said(t.rng), say.it(t, c, r["id"]), f.name.replace("_", " ")
    store = f in changeable(c)[:4] and t.chance(0.6)
    if store:
        asked = t.pick(f"{'Raise' if up else 'Lower'} {what} of {it} by {percent}%", f"{'Increase' if up else 'Reduce'} {what} of {it} by {percent} percent", f"Put {what} of {it} {'up' if up else 'down'} {percent}%")
        t.task(say.spoken(t, c, say.order(t, asked)))
    else:
        t.task(say.spoken(t, c, t.pick(f"What is {percent}% of {what} of {it}?", f"Work out {percent} percent of {what} of {it}.", f"Calculate {percent}% on {what} of {it}.")))
    steps = [Step(f"{c.name}.get", f"Look up {name} of {c.noun} {r['id']}", {"id": r["id"]}), Step("calc.evaluate", f"Calculate the {'new ' + name if store else str(percent) + ' percent'}", {}, (1,))]
    t.plan(*steps, *([Step(f"{c.name}.update", f"Set the new {name} of {c.noun} {r['id']}", {"id": r["id"]}, (2,))] if store else []))
    old = r[f.name]
    t.call()
    t.done(say.fact(t, c, r, f))
    sign = "+" if up else "-"
    exact = f"{old} * (100 {sign} {percent}) / 100" if store else t.pick(f"{old} * {percent} / 100", f"{percent}% of {old}")
    result = t.call(expression=f"round({exact}, 2)" if store else exact)
    t.done(t.pick(f"Result: {result}.", f"It comes to {result}."))
    if store:
        new = float(result)
        t.call(**{f.name: new})
        t.check(lambda: t.world[c.name][r["id"]][f.name] == new)
        t.done(f"{r['id']}: {name} {result}.")
    t.answer(t.pick(f"{say.upper(what)} of {c.noun} {r['id']} is now {result}.", f"Now {result} (was {old}).") if store else t.pick(f"{result}", f"{percent}% of {old} is {result}.", f"It is {result}."))


def policy_limit(t: Scene, c: C, a: Action) -> None:
    """A rule page says up to which figure it may be done: read it, look, then act or decline."""
    [r] = say.some(t, c)
    f = say.field(t, c.of("money", "count"))
    amount = r[f.name]
    if r[a.field] not in a.allowed or amount < 4:
        raise Unlucky
    limit = max(1, int(amount * (0.5 + t.rng.random()))) if t.chance(0.8) else int(amount) + 50
    fine, name, topic = amount <= limit, f.name.replace("_", " "), f"{c.noun} {a.name}".replace("_", " ")
    t.world["policies"].update({
        topic: t.pick(f"{say.upper(c.plural)} may be {a.past} only when the {name} is at most {limit}. Above that a manager decides.", f"Rule: {a.name.replace('_', ' ')} is allowed up to a {name} of {limit}, never above.", f"Limit for this: {name} {limit}. Anything higher must be declined."),
        "opening hours": "Monday to Friday, 9 to 17.",
    })  # fmt: skip
    key, it = r["id"], say.it(t, c, r["id"])
    asked = pick(t.rng, a.asks).replace("{it}", it)
    t.task(say.spoken(t, c, t.pick(f"{asked} if the policy '{topic}' allows it.", f"First read the policy on {t.quote(topic)}. {asked} only if it fits.", f"{asked}, but keep to the rules on {topic}.")))
    t.plan(
        Step("docs.policy", f"Read the policy {topic}", {"topic": topic}),
        Step(f"{c.name}.get", f"Look up {c.noun} {key}", {"id": key}),
        Step(f"{c.name}.{a.name}", f"{pick(t.rng, a.asks).replace('{it}', f'{c.noun} {key}')} if allowed", {"id": key}, (1, 2)),
    )
    t.call()
    t.done(t.pick(f"Allowed up to {name} {limit}.", f"The limit for {name} is {limit}."))
    t.call()
    if not fine:
        t.finish(t.pick(f"{say.upper(name)} {amount} is above the limit {limit}: not allowed.", f"{amount} > {limit}; the policy forbids it."))
        t.answer(t.pick(f"Not {a.past}: {name} {amount} is above the limit of {limit}.", f"The policy allows at most {limit}; {c.noun} {key} has {amount}."), "failed")
        t.check(lambda: t.world[c.name][key][a.field] in a.allowed)
        return
    t.done(t.pick(f"{say.upper(name)} {amount} is within {limit}.", f"{amount} is at most {limit}: go on."))
    t.call()
    t.check(lambda: t.world[c.name][key][a.field] == a.value)
    t.done(f"{say.upper(c.noun)} {key} {a.past}.")
    t.answer(t.pick(f"{say.upper(c.noun)} {key} is {a.past}; its {name} {amount} is within the limit of {limit}.", f"Done: {key} {a.past}."))
