# ruff: noqa: E501  (phrases and tables are read best on one line)
"""Goals of which a part cannot be done: what still can be is done and told, and what stands in the way is moved first."""

from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments import sinks
from coterie.model.training.data.environments.goals_write import in_words
from coterie.model.training.data.environments.records import Action, C
from coterie.model.training.data.environments.scene import Scene, Step, Unlucky
from coterie.model.training.data.environments.words import pick
from coterie.model.training.data.surface import OpError, plain


def act_and_tell(t: Scene, c: C, a: Action) -> None:
    """Do something to a record and say one of its values, also where it cannot be done."""
    [r] = say.some(t, c)
    f = say.field(t, [f for f in c.fields if f.name not in (a.field, c.label)])
    key, what, it = r["id"], f.said(t.rng), say.it(t, c, r["id"])
    own = f"its {what.removeprefix('the ')}"
    asked = pick(t.rng, a.asks)
    whether = t.pick("", "", " and whether that worked", " and say if it could not be done", " and if it was refused")
    wish = f"{t.pick('tell me', 'give me', 'let me know', 'say')} {own}{whether}"
    apart = t.pick(say.upper(wish), f"I also want to know {own}{whether}", f"And {wish}")
    order = asked.replace("{it}", it)
    t.task(say.spoken(t, c, t.pick(f"{order}. {apart}.", f"{order}, then {wish}.", f"{order} and {wish}.", f"{say.upper(wish)} and {say.lower(order)}.")))  # fmt: skip
    doing = Step(f"{c.name}.{a.name}", asked.replace("{it}", f"{c.noun} {key}"), {"id": key})
    looking = Step(f"{c.name}.get", t.pick(f"Look up {what} of {c.noun} {key}", f"Get {own}", say.upper(wish)), {"id": key})  # fmt: skip
    forgotten = t.chance(0.4)
    t.plan(doing, *([] if forgotten else [looking]))
    broken = t.breaks() if t.chance(0.3) else None
    result = None if broken else t.call()
    worked = not broken and not isinstance(result, OpError)
    why = broken or str(result)
    if worked:
        note = t.pick(f"{say.upper(c.noun)} {key} {a.past}.", f"{key} is {a.past}.")
    else:
        note = t.pick(f"Refused: {why}.", f"Not possible: {why}.", f"{why}; it stays as it is.").replace("..", ".")
    if forgotten and not worked and t.chance(0.7):
        t.finish(note)
    else:
        t.done(note)
    if forgotten:
        t.left(looking)
    t.call()
    value = plain(r[f.name])
    t.done(t.pick(f"{say.upper(what)} is {value}.", f"{key}: {what.removeprefix('the ')} {value}."))
    if worked:
        t.check(lambda: t.world[c.name][key][a.field] == a.value)
        t.answer(t.pick(f"{say.upper(c.noun)} {key} is {a.past}; {own} is {value}.", f"Done: {a.past}. {say.upper(own)} is {value}."))  # fmt: skip
        return
    failed = t.pick(f"{say.upper(c.noun)} {key} could not be {a.past}: {why}", f"Not {a.past}: {why}").rstrip(".")
    t.answer(t.pick(f"{failed}. {say.upper(own)} is {value}.", f"{say.upper(own)} is {value}. {failed}."), "failed")


def told_twice(t: Scene, c: C) -> None:
    """A value goes to somebody else and to the user, who hears it also where the sending fails."""
    [r] = say.some(t, c)
    f = say.field(t, [f for f in c.fields if f.name != c.label])
    key, what, it, sink = r["id"], f.said(t.rng), say.it(t, c, r["id"]), sinks.draw(t, c, f"{c.noun} {r['id']}")
    value, own = plain(r[f.name]), what.removeprefix("the ")
    whether = t.pick("", " and whether that worked", " and if it arrived there", " and say if that could not be done")
    t.task(say.spoken(t, c, t.pick(
        f"Look up {it}, {sink.asks(what)}, and tell me the {own}{whether}.", f"{say.upper(sink.asks(f'{what} of {it}'))}. Tell me the {own} too{whether}.",
        f"What is {what} of {it}? {say.upper(sink.asks('it'))} and let me know it as well{whether}.", f"Get {it}, then {sink.asks(f'its {own}')}. I want to hear the {own} myself{whether}.",
    )))  # fmt: skip
    t.plan(Step(f"{c.name}.get", t.pick(f"Look up {c.noun} {key}", f"Get {what} of {c.noun} {key}"), {"id": key}), sink.step(1))  # fmt: skip
    t.call()
    t.done(t.pick(f"{say.upper(own)} of {key} is {value}.", f"{key}: {own} {value}."))
    if t.chance(0.45):
        why = t.breaks(**{sink.text: f"{say.upper(own)} of {c.noun} {key}: {value}"} | ({sink.title: f"{say.upper(c.noun)} {key}"} if sink.title else {}))  # fmt: skip
        t.finish(t.pick(f"It could not be {sink.past}: {why}.", f"Not possible now: {why}.", f"Failed: {why}."))
        t.answer(t.pick(f"{say.upper(what)} is {value}. It was not {sink.past}: {why}.", f"{say.upper(own)} {value}, but it could not be {sink.past}: {why}."), "failed")  # fmt: skip
        return
    sinks.deliver(t, sink, t.pick(f"{say.upper(own)} of {c.noun} {key}: {value}", f"{say.upper(c.noun)} {key}: {own} {value}"), f"{say.upper(own)} of {key}")  # fmt: skip
    t.answer(t.pick(f"{say.upper(what)} is {value}; {sink.past}.", f"{say.upper(own)} of {key}: {value}. It is {sink.past}."))  # fmt: skip


def move_out_of_the_way(t: Scene, c: C, a: Action, b: Action) -> None:
    """An action that the record's state may forbid; the task says what to do first in that case."""
    blocked = t.chance(0.7)
    states = [s for s in b.allowed if s not in a.allowed and s != a.value]
    rows = [r for r in t.world[c.name].values() if r[a.field] in (states if blocked else a.allowed)]
    if not rows:
        raise Unlucky
    r = t.rng.choice(rows)
    key, it, asked, before = r["id"], say.it(t, c, r["id"]), pick(t.rng, a.asks), pick(t.rng, b.asks)
    state = in_words(r[a.field] if blocked else pick(t.rng, states))
    first = say.lower(before.replace("{it}", "it"))
    t.task(say.spoken(t, c, t.pick(
        f"{asked.replace('{it}', it)}. If it is {state}, {first} first.", f"{asked.replace('{it}', it)}. Should it be {state}, {first} before that.",
        f"{asked.replace('{it}', it)}; where that needs it, {first} first.", f"{asked.replace('{it}', it)}. In case it is still {state}, {first} and try again.",
    )))  # fmt: skip
    doing = Step(f"{c.name}.{a.name}", asked.replace("{it}", f"{c.noun} {key}"), {"id": key})
    t.plan(doing)
    result = t.call()
    if isinstance(result, OpError) != blocked:
        raise Unlucky
    if blocked:
        opening = Step(f"{c.name}.{b.name}", before.replace("{it}", f"{c.noun} {key}"), {"id": key})
        t.replan(
            t.pick(f"It is {state}: {first} first, then again.", f"Refused: {result}. First {first}.", f"{state}, so {first} before that."),
            opening,
            Step(doing.role, doing.do, doing.known, (t.here + 1,)),
        )  # fmt: skip
        if isinstance(t.call(), OpError):
            raise Unlucky
        t.done(t.pick(f"{key} is {b.past}; now the other.", f"{say.upper(c.noun)} {key} {b.past}."))
        if isinstance(t.call(), OpError):
            raise Unlucky
    t.check(lambda: t.world[c.name][key][a.field] == a.value)
    t.done(t.pick(f"{say.upper(c.noun)} {key} {a.past}.", f"{key} is {a.past}."))
    t.answer(
        t.pick(f"{say.upper(c.noun)} {key} was {state}; it is {b.past} and then {a.past}.", f"Done: {key} {b.past}, then {a.past}.")
        if blocked
        else t.pick(f"{say.upper(c.noun)} {key} is {a.past}.", f"Done: {key} {a.past}.")
    )  # fmt: skip


def opens(a: Action, b: Action) -> bool:
    """Whether `b` brings a record from a state that forbids `a` to one that allows it."""
    states = [s for s in b.allowed if s not in a.allowed and s != a.value]
    return a is not b and a.field == b.field and b.value in a.allowed and bool(states)
