# ruff: noqa: E501  (phrases and tables are read best on one line)
"""Goals of doing what a domain does (cancel, approve, lend): directly, after a look, for each, within a written rule."""

from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments import sinks
from coterie.model.training.data.environments.goals_write import in_words
from coterie.model.training.data.environments.records import Action, C
from coterie.model.training.data.environments.scene import Scene, Step, Unlucky
from coterie.model.training.data.environments.words import REASONS, pick
from coterie.model.training.data.surface import OpError


def act(t: Scene, c: C, a: Action) -> None:
    """A domain action; refused by the world when the record's state does not allow it."""
    [r] = say.some(t, c)
    reason = pick(t.rng, REASONS) if a.reason and t.chance(0.6) else ""
    key, it = r["id"], say.it(t, c, r["id"])
    sink = sinks.draw(t, c, f"{c.noun} {key}") if t.chance(0.35) else None
    asked = pick(t.rng, a.asks).replace("{it}", it) + (
        t.pick(f", reason: {reason}", f" because of {t.quote(reason)}", f" ({reason})") if reason else ""
    )
    tail = (
        t.pick(" and ", ", then ") + sink.asks(t.pick("a confirmation with the id", f"that {c.noun} {key} is {a.past}"))
        if sink
        else ""
    )
    t.task(say.spoken(t, c, say.order(t, asked + tail)))
    known = {"id": key, **({"reason": reason} if reason else {})}
    t.plan(
        Step(f"{c.name}.{a.name}", pick(t.rng, a.asks).replace("{it}", f"{c.noun} {key}"), known),
        *([sink.step(1)] if sink else []),
    )
    was = f"already {in_words(r[a.field])}" if r[a.field] == a.value else in_words(r[a.field])
    if isinstance(t.call(), OpError):
        t.finish(t.pick(f"Refused: {c.noun} {key} is {was}.", f"Not allowed while {was}; nothing was done."))
        t.answer(t.pick(f"Not possible: {c.noun} {key} is {was}.", f"Nothing done: {c.noun} {key} is {was}."), "failed")
        return
    t.check(lambda: t.world[c.name][key][a.field] == a.value)
    t.done(t.pick(f"{say.upper(c.noun)} {key} {a.past}.", f"{key} is {a.past}."))
    if sink:
        sinks.deliver(
            t,
            sink,
            t.pick(f"{say.upper(c.noun)} {key} is {a.past}.", f"{say.upper(c.noun)} {key}: {a.past}"),
            f"{say.upper(c.noun)} {key} {a.past}",
        )
    t.answer(
        t.pick(f"{say.upper(c.noun)} {key} is {a.past}", f"Done: {key} {a.past}") + (f"; {sink.past}." if sink else ".")
    )


def act_by_label(t: Scene, c: C, a: Action) -> None:
    """The record is only named: find its id, then act on it."""
    [r] = say.some(t, c)
    key, label = r["id"], t.mention(str(r[c.label]), say.labels(t, c))
    asked = pick(t.rng, a.asks)
    named = t.pick(t.quote(label), f"{c.noun} {t.quote(label)}", f"the {c.noun} {label}", label)
    looking = t.pick(f"Find the {c.noun} {label} and {say.lower(asked.replace('{it}', 'it'))}", "")
    t.task(say.spoken(t, c, say.order(t, looking or asked.replace("{it}", named))))
    t.plan(
        Step(f"{c.name}.search", t.pick(f"Find the {c.noun} {label}", f"Search for {label}"), {"query": label}),
        Step(f"{c.name}.{a.name}", asked.replace("{it}", t.pick(f"the {c.noun} {label}", "it")), {}, (1,)),
    )
    result = t.call()
    if isinstance(result, OpError) or len(result.rows) != 1:
        raise Unlucky
    t.done(t.pick(f"{r[c.label]} is {c.noun} {key}.", f"Id of {r[c.label]}: {key}.", f"It has the id {key}."))
    was = f"already {in_words(r[a.field])}" if r[a.field] == a.value else in_words(r[a.field])
    if isinstance(t.call(id=key), OpError):
        t.finish(t.pick(f"Refused: {r[c.label]} is {was}.", f"Not allowed while {was}; nothing was done."))
        t.answer(t.pick(f"Not possible: {r[c.label]} is {was}.", f"Nothing done: {r[c.label]} is {was}."), "failed")
        return
    t.check(lambda: t.world[c.name][key][a.field] == a.value)
    t.done(t.pick(f"{say.upper(c.noun)} {key} {a.past}.", f"{key} is {a.past}."))
    t.answer(t.pick(f"{r[c.label]} ({key}) is {a.past}.", f"Done: {r[c.label]} {a.past}."))


def act_after_look(t: Scene, c: C, a: Action) -> None:
    """Look first, act only if the record's state allows it, else say why not."""
    [r] = say.some(t, c)
    key, it, field = r["id"], say.it(t, c, r["id"]), a.field.replace("_", " ")
    allowed, asked = r[a.field] in a.allowed, pick(t.rng, a.asks)
    states = " or ".join(in_words(v) for v in a.allowed)
    t.task(say.spoken(t, c, t.pick(
        f"Check {it} first. If its {field} is {states}, {say.lower(asked.replace('{it}', 'it'))}; if not, tell me its {field}.", f"{asked.replace('{it}', it)}, but only if the {field} is {states}. Look before you act.",
        f"See what {field} {it} has and {say.lower(asked.replace('{it}', 'it'))} when it is {states}.",
    )))  # fmt: skip
    t.plan(
        Step(f"{c.name}.get", f"Check {field} of {c.noun} {key}", {"id": key}),
        Step(f"{c.name}.{a.name}", f"{asked.replace('{it}', f'{c.noun} {key}')} if allowed", {"id": key}, (1,)),
    )
    was = in_words(r[a.field])
    t.call()
    if not allowed:
        t.finish(t.pick(f"{say.upper(field)} is {was}; not to be {a.past}.", f"It is {was}, so stop here."))
        t.answer(
            t.pick(
                f"{say.upper(c.noun)} {key} is {was}, so it was not {a.past}.", f"Not {a.past}: its {field} is {was}."
            )
        )
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
    word = in_words(value)
    asked = pick(t.rng, a.asks)
    sink = sinks.draw(t, c, f"{a.past} {c.plural}") if t.chance(0.45) and len(rows) < 4 else None
    tail = f", then {sink.asks('their ids')}" if sink else ""
    core = t.pick(
        asked.replace("{it}", f"all {c.plural} that are {word}"),
        asked.replace("{it}", f"every {c.noun} with {a.field.replace('_', ' ')} {word}"),
        f"List the {word} {c.plural}, then {say.lower(asked.replace('{it}', 'each of them'))}",
    )
    t.task(say.spoken(t, c, say.order(t, core + tail)))
    t.plan(
        Step(
            f"{c.name}.list",
            t.pick(f"List the {word} {c.plural}", f"Find all {c.plural} that are {word}"),
            {a.field: value},
        )
    )
    keys = [r["id"] for r in rows]
    t.call()
    if not keys:
        t.finish(f"No {c.plural} are {word}; nothing to do.")
        t.answer(t.pick(f"There are no {word} {c.plural}.", f"Nothing to do: no {c.plural} are {word}."))
        return
    t.replan(
        t.pick(f"{len(keys)} {word}: {', '.join(keys)}. One step for each.", f"Found {', '.join(keys)}."),
        *(Step(f"{c.name}.{a.name}", asked.replace("{it}", f"{c.noun} {k}"), {"id": k}) for k in keys),
        *([sink.step(t.here)] if sink else []),
    )
    for key in keys:
        t.call()
        t.done(t.pick(f"{key} {a.past}.", f"{say.upper(c.noun)} {key} is {a.past}."))
    if sink:
        sinks.deliver(
            t,
            sink,
            t.pick(f"{say.upper(a.past)}: {', '.join(keys)}", "\n".join([f"{say.upper(c.plural)} {a.past}:", *keys])),
            f"{say.upper(c.plural)} {a.past}",
        )
    t.check(lambda: all(t.world[c.name][k][a.field] == a.value for k in keys))
    t.answer(
        t.pick(f"{say.counted(c, len(keys))} {a.past}: {', '.join(keys)}", f"{say.upper(a.past)}: {', '.join(keys)}")
        + (f"; {sink.past}." if sink else ".")
    )


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
    t.task(
        say.spoken(
            t,
            c,
            t.pick(
                f"{asked} if the policy '{topic}' allows it.",
                f"First read the policy on {t.quote(topic)}. {asked} only if it fits.",
                f"{asked}, but keep to the rules on {topic}.",
            ),
        )
    )
    t.plan(
        Step("docs.policy", f"Read the policy {topic}", {"topic": topic}),
        Step(f"{c.name}.get", f"Look up {c.noun} {key}", {"id": key}),
        Step(
            f"{c.name}.{a.name}",
            f"{pick(t.rng, a.asks).replace('{it}', f'{c.noun} {key}')} if allowed",
            {"id": key},
            (1, 2),
        ),
    )
    t.call()
    t.done(t.pick(f"Allowed up to {name} {limit}.", f"The limit for {name} is {limit}."))
    t.call()
    if not fine:
        t.finish(
            t.pick(
                f"{say.upper(name)} {amount} is above the limit {limit}: not allowed.",
                f"{amount} > {limit}; the policy forbids it.",
            )
        )
        t.answer(
            t.pick(
                f"Not {a.past}: {name} {amount} is above the limit of {limit}.",
                f"The policy allows at most {limit}; {c.noun} {key} has {amount}.",
            ),
            "failed",
        )
        t.check(lambda: t.world[c.name][key][a.field] in a.allowed)
        return
    t.done(t.pick(f"{say.upper(name)} {amount} is within {limit}.", f"{amount} is at most {limit}: go on."))
    t.call()
    t.check(lambda: t.world[c.name][key][a.field] == a.value)
    t.done(f"{say.upper(c.noun)} {key} {a.past}.")
    t.answer(
        t.pick(
            f"{say.upper(c.noun)} {key} is {a.past}; its {name} {amount} is within the limit of {limit}.",
            f"Done: {key} {a.past}.",
        )
    )
