# ruff: noqa: E501  (phrases and tables are read best on one line)
"""Something to do to a thing: done or not, done only where a condition holds, or something else where it was done before."""

from typing import Any

from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments.goals_asked import in_question, one_of, say_task, some_fact
from coterie.model.training.data.environments.scene import Scene, Step, Unlucky
from coterie.model.training.data.environments.things import Deed, Thing, it_of, said
from coterie.model.training.data.environments.words import pick
from coterie.model.training.data.surface import OpError


def deed(t: Scene, c: Thing, d: Deed) -> None:
    """Something is done to one, or was done before."""
    key, record = one_of(t, c)
    named = t.mention(key, t.world[c.name])
    was, it = record[d.fact], in_question(t, c, named)
    ask = pick(t.rng, d.asks).format(it=it)
    say_task(t, say.order(t, ask))
    t.plan(Step(f"{c.name}.{d.verbs[0]}", ask, {"name": named}))
    result, of = t.call(), it_of(c, key)
    f = next(f for f in c.facts if f.name == d.fact)
    now = said(c, f, key, d.value)
    if isinstance(result, OpError):
        if was != d.value:
            raise Unlucky
        t.finish(t.pick(f"{say.upper(of)} is already {d.value}.", f"Nothing to do: already {d.value}."))
        t.answer(
            t.pick(
                f"Nothing was done: {of} is already {d.value}.",
                f"That is not possible: {of} is already {d.value}.",
                f"{say.upper(of)} was already {d.value}; I changed nothing.",
            ),
            "failed",
        )
        return
    t.check(lambda: t.world[c.name][key][d.fact] == d.value)
    t.done(f"{say.upper(now)}.")
    t.answer(t.pick(f"{say.upper(now)} now.", f"{say.upper(now)}.", f"Done: {now}."))


def deed_if(t: Scene, c: Thing, d: Deed) -> None:
    """Look first; done where what was looked up is as the task wants it, else left."""
    key, record = one_of(t, c)
    conditions = [f for f in c.facts if f.kind in ("state", "flag") and record[f.name] != d.value]
    f = some_fact(t, conditions)
    it, of, value = in_question(t, c, key), it_of(c, key), record[f.name]
    if f.kind == "flag":
        wanted: Any = t.chance(0.5)
    else:
        wanted = value if t.chance(0.5) else t.rng.choice([o for o in f.options if o != value])
    if record[d.fact] == d.value:
        raise Unlucky
    ask, condition = pick(t.rng, d.asks).format(it=it), said(c, f, key, wanted, "it")
    say_task(
        t,
        t.pick(
            f"Look up {it} and {say.lower(pick(t.rng, d.asks).format(it='it'))} if {condition}.",
            f"{ask}, but only if {condition}.",
            f"If {said(c, f, key, wanted, it)}, {say.lower(pick(t.rng, d.asks).format(it='it'))}.",
        ),
    )
    t.plan(
        Step(f"{c.name}.get", t.pick(f"Look up {it}", f"Check {it}"), {"name": key}),
        Step(f"{c.name}.{d.verbs[0]}", f"{ask} if {condition}", {"name": key}, (1,)),
    )
    if isinstance(t.call(), OpError):
        raise Unlucky
    is_so = said(c, f, key, value)
    if value != wanted:
        t.finish(t.pick(f"{say.upper(is_so)}, so nothing is to be done.", f"{say.upper(is_so)}: stop here."))
        t.answer(t.pick(f"Nothing was done: {is_so}.", f"{say.upper(is_so)}, so I left it.", f"Not done, as {is_so}."))
        return
    t.done(t.pick(f"{say.upper(is_so)}: go on.", f"{say.upper(is_so)}, as wanted."))
    if isinstance(t.call(), OpError):
        raise Unlucky
    t.check(lambda: t.world[c.name][key][d.fact] == d.value)
    changed = next(x for x in c.facts if x.name == d.fact)
    now = said(c, changed, key, d.value)
    t.done(f"{say.upper(now)}.")
    t.answer(
        t.pick(
            f"{say.upper(now)} now.",
            f"{say.upper(is_so)} before; {now} now." if f is not changed else f"{say.upper(now)} now.",
            f"Done: {of} is {d.value}.",
        )
    )


def deed_else(t: Scene, c: Thing, d: Deed) -> None:
    """Something is done to one, and to another, or something else, only where it was done before."""
    table = t.world[c.name]
    a, b = t.rng.sample(list(table), 2)
    refused = table[a][d.fact] == d.value
    other = t.rng.choice(c.deeds) if t.chance(0.3) else d
    last = a if other is not d else b
    if table[last][other.fact] == other.value or (not refused and t.chance(0.5)):
        raise Unlucky
    form = pick(t.rng, c.its)
    first, second = pick(t.rng, d.asks), pick(t.rng, other.asks)
    instead = say.lower(second.format(it=it_of(c, last, form)))
    of = it_of(c, a, form)
    say_task(t, t.pick(
        f"{first.format(it=of)}. If that is not possible, {instead}.", f"{first.format(it=of)}. If {of} is already {d.value}, {instead}.", f"{first.format(it=of)}, or if that cannot be done, {instead}.",
        f"{first.format(it=of)}. If that does not work, {instead} instead.", f"{first.format(it=of)}. Should it be {d.value} already, {instead}.",
    ))  # fmt: skip
    t.plan(Step(f"{c.name}.{d.verbs[0]}", first.format(it=of), {"name": a}))
    facts = {f.name: f for f in c.facts}
    was = said(c, facts[d.fact], a, d.value)
    if not isinstance(t.call(), OpError):
        t.check(lambda: table[a][d.fact] == d.value)
        t.done(t.pick(f"{say.upper(was)}.", f"{say.upper(was)}; nothing else is needed."))
        t.answer(t.pick(f"{say.upper(was)} now.", f"Done: {was}."))
        return
    if not refused:
        raise Unlucky
    step = Step(f"{c.name}.{other.verbs[0]}", say.upper(instead), {"name": last})
    t.replan(
        t.pick(f"{say.upper(of)} is already {d.value}, so the other thing.", f"Already {d.value}: {instead}."), step
    )
    if isinstance(t.call(), OpError):
        raise Unlucky
    t.check(lambda: table[last][other.fact] == other.value)
    now = said(c, facts[other.fact], last, other.value)
    t.done(f"{say.upper(now)}.")
    t.answer(
        t.pick(
            f"{say.upper(it_of(c, a))} was already {d.value}, so {now} now.", f"{say.upper(now)} now.", f"Done: {now}."
        )
    )


GOALS = (("", "action", deed, 1.0), ("_if", "conditional", deed_if, 1.0), ("_else", "recovery", deed_else, 1.5))
"""End of the name, kind, goal and weight of what is to be done to any thing."""
