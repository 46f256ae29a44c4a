"""Goals over two collections: a record names another, and what is wanted is over there."""

from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments import sinks
from coterie.model.training.data.environments.records import C
from coterie.model.training.data.environments.scene import Scene, Step
from coterie.model.training.data.surface import plain


def follow(t: Scene, c: C, link: str, other: C) -> None:
    """A field of the record that this one names."""
    [r] = say.some(t, c)
    there = t.world[other.name][r[link]]
    f = say.field(t, other.fields)
    it, what = say.it(t, c, r["id"]), f.said(t.rng)
    sink = sinks.draw(t, c, f"{c.noun} {r['id']}") if t.chance(0.4) else None
    core = t.pick(
        f"{what} of the {other.noun} of {it}",
        f"{what} of the {other.noun} that belongs to {it}",
        f"{what} of the {other.noun} on {it}",
    )
    if sink:
        t.task(say.spoken(t, c, say.order(t, t.pick(f"Find {core} and {sink.asks('it')}", say.upper(sink.asks(core))))))
    else:
        t.task(say.spoken(t, c, t.pick(f"What is {core}?", f"Tell me {core}.", f"I need {core}.", f"Find out {core}.")))
    t.plan(
        Step(f"{c.name}.get", f"Look up {c.noun} {r['id']}", {"id": r["id"]}),
        Step(f"{other.name}.get", f"Look up the {other.noun} of {c.noun} {r['id']}", {}, (1,)),
        *([sink.step(2)] if sink else []),
    )
    t.call()
    t.done(t.pick(f"Its {other.noun} is {r[link]}.", f"{link.replace('_', ' ')}: {r[link]}."))
    t.call(id=r[link])
    t.done(say.fact(t, other, there, f))
    name = f.name.replace("_", " ")
    if sink:
        title = f"{say.upper(c.noun)} {r['id']}"
        sinks.deliver(t, sink, say.report(t, title, [(other.noun, r[link]), (name, there[f.name])]), title)
    t.answer(
        t.pick(
            f"{say.upper(what)} is {plain(there[f.name])}",
            f"{say.upper(other.noun)} {r[link]}: {name} {plain(there[f.name])}",
        )
        + (f"; {sink.past}." if sink else ".")
    )


def write_to_linked(t: Scene, c: C, link: str, other: C) -> None:
    """Mail the person behind a record: the address is in the other collection."""
    [r] = say.some(t, c)
    there = t.world[other.name][r[link]]
    mail = next(f for f in other.fields if f.kind == "email")
    f = say.field(t, c.fields)
    it, what = say.it(t, c, r["id"]), f.said(t.rng)
    t.task(
        say.spoken(
            t,
            c,
            say.order(
                t,
                t.pick(
                    f"Email the {other.noun} of {it} with {what}",
                    f"Tell the {other.noun} behind {it} {what} by mail",
                    f"Write a mail to the {other.noun} of {it} that says {what}",
                ),
            ),
        )
    )
    t.plan(
        Step(f"{c.name}.get", f"Look up {c.noun} {r['id']}", {"id": r["id"]}),
        Step(f"{other.name}.get", f"Get the address of its {other.noun}", {}, (1,)),
        Step("mail.send", f"Mail {what} to the {other.noun}", {}, (1, 2)),
    )
    t.call()
    t.done(f"{say.upper(other.noun)} {r[link]}; {f.name.replace('_', ' ')} {plain(r[f.name])}.")
    t.call(id=r[link])
    to = there[mail.name]
    t.done(t.pick(f"Address: {to}.", f"{r[link]} has {to}."))
    body = say.report(t, title := f"{say.upper(c.noun)} {r['id']}", [(f.name, r[f.name])])
    t.call(to=to, subject=title, body=body)
    t.check(lambda: t.world["outbox"][-1]["to"] == to)
    t.done(f"Mail sent to {to}.")
    t.answer(t.pick(f"Mailed {to}: {f.name.replace('_', ' ')} {plain(r[f.name])}.", f"Sent to {to}."))
