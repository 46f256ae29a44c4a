# ruff: noqa: E501  (phrases and tables are read best on one line)
"""Goals with a figure or a date that a tool works out."""

from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments import sinks
from coterie.model.training.data.environments.records import C, changeable
from coterie.model.training.data.environments.scene import Scene, Step
from coterie.model.training.data.environments.words import between, later


def shift_date(t: Scene, c: C) -> None:
    """Move a date by some days, worked out by the date tool."""
    [r] = say.some(t, c)
    f = say.field(t, [f for f in changeable(c)[:4] if f.kind == "date"])
    days = pick_days(t)
    what, it, forward = f.said(t.rng), say.it(t, c, r["id"]), t.chance(0.75)
    how = t.pick("later", "back") if forward else "earlier"
    t.task(
        say.spoken(
            t,
            c,
            say.order(
                t,
                t.pick(
                    f"Move {what} of {it} {days} days {how}",
                    f"Shift {what} of {it} by {days} days ({how})",
                    f"Make {what} of {it} {days} days {how}",
                )
                if how != "back"
                else f"Push {what} of {it} back by {days} days",
            ),
        )
    )
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


PRICES = (
    "total",
    "unit_price",
    "balance",
    "daily_limit",
    "amount",
    "price",
    "fare",
    "value",
    "salary",
    "fee",
    "fines",
    "cost",
    "insured_value",
)


def percentage(t: Scene, c: C) -> None:
    """Raise or cut an amount by some percent, worked out by the calculator, and store or tell it."""
    [r] = say.some(t, c)
    f = say.field(t, [f for f in c.of("money") if f.name in PRICES])
    percent, up = (5, 8, 10, 12, 15, 20, 25, 30)[between(t.rng, 0, 7)], t.chance(0.5)
    what, it, name = f.said(t.rng), say.it(t, c, r["id"]), f.name.replace("_", " ")
    store = f in changeable(c)[:4] and t.chance(0.6)
    if store:
        asked = t.pick(
            f"{'Raise' if up else 'Lower'} {what} of {it} by {percent}%",
            f"{'Increase' if up else 'Reduce'} {what} of {it} by {percent} percent",
            f"Put {what} of {it} {'up' if up else 'down'} {percent}%",
        )
        t.task(say.spoken(t, c, say.order(t, asked)))
    else:
        t.task(
            say.spoken(
                t,
                c,
                t.pick(
                    f"What is {percent}% of {what} of {it}?",
                    f"Work out {percent} percent of {what} of {it}.",
                    f"Calculate {percent}% on {what} of {it}.",
                ),
            )
        )
    steps = [
        Step(f"{c.name}.get", f"Look up {name} of {c.noun} {r['id']}", {"id": r["id"]}),
        Step("calc.evaluate", f"Calculate the {'new ' + name if store else str(percent) + ' percent'}", {}, (1,)),
    ]
    t.plan(
        *steps,
        *(
            [Step(f"{c.name}.update", f"Set the new {name} of {c.noun} {r['id']}", {"id": r["id"]}, (2,))]
            if store
            else []
        ),
    )
    old = r[f.name]
    t.call()
    t.done(say.fact(t, c, r, f))
    sign = "+" if up else "-"
    exact = f"{old} * (100 {sign} {percent}) / 100" if store else f"{percent}% of {old}"
    result = t.call(expression=f"round({exact}, 2)" if store else exact)
    t.done(t.pick(f"Result: {result}.", f"It comes to {result}."))
    if store:
        new = float(result)
        t.call(**{f.name: new})
        t.check(lambda: t.world[c.name][r["id"]][f.name] == new)
        t.done(f"{r['id']}: {name} {result}.")
    t.answer(
        t.pick(f"{say.upper(what)} of {c.noun} {r['id']} is now {result}.", f"Now {result} (was {old}).")
        if store
        else t.pick(f"{result}", f"{percent}% of {old} is {result}.", f"It is {result}.")
    )


def total(t: Scene, c: C) -> None:
    """A figure of two or three records, added up by a tool."""
    n = 2 + (t.rng.random() < 0.4)
    rows = say.some(t, c, n)
    f = say.field(t, c.of("money", "count"))
    what, keys = say.plainly(t, f), [r["id"] for r in rows]
    listed = ", ".join(keys[:-1]) + " and " + keys[-1]
    sink = sinks.draw(t, c, f"{what} total") if t.chance(0.45) else None
    tail = f", and {sink.asks('the total')}" if sink else ""
    t.task(
        say.spoken(
            t,
            c,
            say.order(
                t,
                t.pick(
                    f"Add up {what} of {c.plural} {listed}{tail}",
                    f"Work out the total {what} of {c.plural} {listed}{tail}",
                    f"Sum the {what} of {c.noun} {listed}{tail}",
                ),
            ),
        )
    )
    add = t.pick("calc.sum", "calc.evaluate")
    steps = [Step(f"{c.name}.get", f"Look up {c.noun} {k}", {"id": k}) for k in keys]
    steps.append(Step(add, f"Add up the {what} values", {}, tuple(range(1, n + 1))))
    t.plan(*steps, *([sink.step(n + 1)] if sink else []))
    for r in rows:
        t.call()
        t.done(say.fact(t, c, r, f))
    values = [r[f.name] for r in rows]
    result = t.call(numbers=values) if add == "calc.sum" else t.call(expression=" + ".join(map(str, values)))
    t.done(t.pick(f"Total {what}: {result}.", f"The {what} add up to {result}."))
    if sink:
        sinks.deliver(
            t,
            sink,
            say.report(t, f"Total {what}", [*zip(keys, values, strict=True), ("total", result)]),
            f"Total {what}",
        )
    t.answer(
        t.pick(f"The total {what} is {result}.", f"{result}", f"Total: {result}.")
        if not sink
        else f"Total {what}: {result}; {sink.past}."
    )


def stretch(t: Scene, c: C) -> None:
    """Days between a record's date and another date, through the date tool."""
    [r] = say.some(t, c)
    f = say.field(t, c.of("date"))
    other = later(r[f.name], between(t.rng, 1, 90) * (1 if t.chance(0.7) else -1))
    first, second = (r[f.name], other) if other > r[f.name] else (other, r[f.name])
    it, what = say.it(t, c, r["id"]), f.said(t.rng)
    t.task(say.spoken(t, c, t.pick(
        f"How many days lie between {what} of {it} and {other}?", f"Take {what} of {it} and count the days to {other}." if other > r[f.name] else f"Count the days from {other} to {what} of {it}.",
        f"Days between {other} and {what} of {it}?",
    )))  # fmt: skip
    t.plan(
        Step(f"{c.name}.get", f"Look up {c.noun} {r['id']}", {"id": r["id"]}),
        Step("dates.between", f"Count days between that date and {other}", {}, (1,)),
    )
    t.call()
    t.done(say.fact(t, c, r, f))
    n = t.call(start=first, end=second)
    t.done(t.pick(f"{n} days from {first} to {second}.", f"Between them: {n} days."))
    t.answer(t.pick(f"{n} days.", f"{n}", f"There are {n} days between {first} and {second}."))
