# ruff: noqa: E501  (phrases and tables are read best on one line)
"""Goals whose values stand elsewhere: in what memory recalls of an earlier run, in another field of the record."""

from collections.abc import Sequence
from typing import Any

from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments.goals_write import in_words, new_value
from coterie.model.training.data.environments.records import C, F, changeable, created_fields
from coterie.model.training.data.environments.scene import Scene, Step, Unlucky
from coterie.model.training.data.surface import OpError, plain


def as_last_time(t: Scene, c: C) -> None:
    """A new record like the one of an earlier run, which memory recalls, but for a value or two."""
    fields = created_fields(c)
    if len(fields) < 2 or not c.label:
        raise Unlucky
    taken = {r[c.label] for r in t.world[c.name].values()}
    before = {f.name: f.draw(t.rng) for f in fields}
    changed = [f for f in fields if f.name == c.label] + t.rng.sample([f for f in fields if f.name != c.label], 1)
    changed = changed[: 1 + t.chance(0.3)]
    values = before | {f.name: new_value(t, f, before[f.name]) for f in changed}
    if {before[c.label], values[c.label]} & taken or len(changed) == len(fields):
        raise Unlucky

    def listed(given: dict[str, Any], chosen: Sequence[F], sep: str = " ") -> str:
        return say.conjoined([f"{f.name.replace('_', ' ')}{sep}{t.quote(in_words(given[f.name]))}" for f in chosen])

    made = t.pick("Create", "Add", "Register")
    t.recall(
        f'[solved before] "{made} {say.an(c.noun)} with {listed(before, fields)}." with {t.tool(f"{c.name}.create")}'
    )
    same = t.pick("as in the last run", "like last time", "as before", "as in the run before", "as you did last time")
    other, kept = listed(values, changed), [f for f in fields if f not in changed]
    named = say.conjoined([f.name.replace("_", " ") for f in kept])
    t.task(say.spoken(t, c, say.order(t, t.pick(
        f"{made} another {c.noun} {same}, but with {other}", f"The same {c.noun} {same} once more, only with {other}", f"{made} one more {c.noun}: {other}, everything else {same}", f"Do {same} for {say.an(c.noun)} with {other}",
        f"{made} {say.an(c.noun)} with {other} and the same {named} {same}", f"Once more {say.an(c.noun)}, {other}, the {named} {same}", f"{made} the {c.noun} of the last run again, with {other}",
    ))))  # fmt: skip
    t.plan(
        Step(
            f"{c.name}.create", t.pick(f"{made} the {c.noun} {values[c.label]}", f"Add {say.an(c.noun)} {same}"), values
        )
    )
    result = t.call()
    if isinstance(result, OpError):
        raise Unlucky
    key = result.facts["id"]
    t.check(lambda: all(t.world[c.name][key][k] == v for k, v in values.items()))
    t.done(t.pick(f"New {c.noun} {key}.", f"Created, id {key}."))
    t.answer(t.pick(f"Created {c.noun} {key}: {listed(values, changed)}.", f"The new {c.noun} has id {key}."))


def same_change(t: Scene, c: C) -> None:
    """A record is to be changed as another was in an earlier run, which memory recalls."""
    if not (fields := changeable(c)[:4]):
        raise Unlucky
    first, r = say.some(t, c, 2)
    chosen = t.rng.sample(fields, min(len(fields), 1 + t.chance(0.45)))
    values = {f.name: new_value(t, f, r[f.name]) for f in chosen}
    said = {f.name: say.plainly(t, f) for f in chosen}
    parts = say.conjoined(
        [f"the {said[k]} of {c.noun} {first['id']} to {t.quote(in_words(v))}" for k, v in values.items()]
    )
    t.recall(f'[solved before] "{t.pick("Set", "Change")} {parts}." with {t.tool(f"{c.name}.update")}')
    key, it = r["id"], say.it(t, c, r["id"])
    same = t.pick("as in the last run", "like last time", "as before", "as you did last time", "as in the run before")
    names = say.conjoined([said[k] for k in values])
    t.task(say.spoken(t, c, say.order(t, t.pick(
        f"Do the same to {it} {same}", f"Change {it} too, {same}", f"Give {it} the same {names} {same}", f"Set the {names} of {it} {same}", f"The same for {it} {same}", f"Now {it}: same {names} {same}",
    ))))  # fmt: skip
    t.plan(Step(f"{c.name}.update", t.pick(f"Set the {names} of {c.noun} {key}", f"Give {c.noun} {key} the same {names}"), {"id": key, **values}))  # fmt: skip
    if isinstance(t.call(), OpError):
        raise Unlucky
    t.check(lambda: all(t.world[c.name][key][k] == v for k, v in values.items()))
    changes = ", ".join(f"{said[k]} {plain(v)}" for k, v in values.items())
    t.done(t.pick(f"{key} now has {changes}.", f"{say.upper(c.noun)} {key}: {changes}."))
    t.answer(t.pick(f"{say.upper(c.noun)} {key} now has {changes}.", f"Done: {changes}."))


def all_of_it(t: Scene, c: C) -> None:
    """A number of the record is to be what another of its numbers is: look first, then write it."""
    numbers = [f for f in c.of("money", "count") if f.name in {g.name for g in changeable(c)[:4]}]
    sources = [f for f in c.of("money", "count") if numbers and f.name != numbers[0].name and f.kind == numbers[0].kind]
    if not numbers or not sources:
        raise Unlucky
    [r] = say.some(t, c)
    f, g = numbers[0], say.field(t, sources)
    if r[f.name] == r[g.name]:
        raise Unlucky
    key, it, to, of = r["id"], say.it(t, c, r["id"]), say.plainly(t, f), say.plainly(t, g)
    t.task(say.spoken(t, c, say.order(t, t.pick(
        f"Set the {to} of {it} to its {of}", f"Raise or lower the {to} of {it} so that it is the same as its {of}", f"Give {it} a {to} that equals its {of}", f"For {it}, make the {to} as large as the {of}",
    ))))  # fmt: skip
    t.plan(
        Step(f"{c.name}.get", t.pick(f"Look up the {of} of {c.noun} {key}", f"Get {c.noun} {key}"), {"id": key}),
        Step(f"{c.name}.update", f"Set the {to} to its {of}", {"id": key}, (1,)),
    )
    t.call()
    t.done(t.pick(f"{say.upper(of)}: {plain(r[g.name])}.", f"Its {of} is {plain(r[g.name])}."))
    value = r[g.name]
    t.call(**{f.name: value})
    t.check(lambda: t.world[c.name][key][f.name] == value)
    t.done(f"{key}: {to} is now {plain(value)}.")
    t.answer(t.pick(f"The {to} is now {plain(value)}.", f"Done: {to} {plain(value)}."))
