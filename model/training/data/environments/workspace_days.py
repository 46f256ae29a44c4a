# ruff: noqa: E501  (phrases and tables are read best on one line)
"""Tasks on sums, dates and memory with the runtime's own tools."""

from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments import sinks
from coterie.model.training.data.environments import words as w
from coterie.model.training.data.environments.builtin import as_day, day_of, shifted
from coterie.model.training.data.environments.domains_people import EMPLOYEES
from coterie.model.training.data.environments.scene import Scene, Step
from coterie.model.training.data.environments.workspace_files import FACTS, clutter


def calculate(t: Scene) -> None:
    """A sum put in words or figures."""
    a, b, n, p = w.money(t.rng), w.money(t.rng), w.between(t.rng, 2, 60), w.between(t.rng, 1, 18) * 5
    item = w.pick(t.rng, w.ITEMS)
    asked, expression, what = t.rng.choice([
        (f"What is {a} + {b}?", f"{a} + {b}", "sum"), (f"Calculate {n} * {a}.", f"{n} * {a}", "product"), (f"How much are {n} {item}s at {a} each?", f"{n} * {a}", "price"),
        (f"What is {p}% of {b}?", f"{p}% of {b}", "percentage"), (f"A {item} costs {a}. What does it cost with {p} percent off? Round to cents.", f"round({a} * (100 - {p}) / 100, 2)", "price"),
        (f"Split {b} equally among {n} people, rounded to 2 digits.", f"round({b} / {n}, 2)", "share"), (f"I bought a {item} for {a} and another for {b}. How much is that together?", f"{a} + {b}", "total"),
        (f"What is the difference between {max(a, b)} and {min(a, b)}?", f"{max(a, b)} - {min(a, b)}", "difference"), (f"Compute ({a} + {b}) * {n}.", f"({a} + {b}) * {n}", "result"),
        (f"{n} boxes hold {p} pieces each, plus {n} loose ones. How many pieces?", f"{n} * {p} + {n}", "number"),
    ])  # fmt: skip
    sink = sinks.draw(t, EMPLOYEES, what) if t.chance(0.4) else None
    t.task(say.spoken(t, None, asked + (f" {say.upper(sink.asks('the result'))}." if sink else "")))
    t.plan(
        Step("calc.evaluate", t.pick(f"Calculate the {what}", f"Calculate {expression}"), {}),
        *([sink.step(1)] if sink else []),
    )
    result = t.call(expression=expression)
    t.done(t.pick(f"Result {result}.", f"The {what} is {result}."))
    if sink:
        sinks.deliver(
            t, sink, t.pick(f"The {what} is {result}.", f"{say.upper(what)}: {result}", f"{result}"), say.upper(what)
        )
    t.answer(t.pick(f"{result}", f"{result}.", f"The {what} is {result}.") if not sink else f"{result}; {sink.past}.")


def date_sum(t: Scene) -> None:
    """A date some time away, its weekday, then kept or told."""
    start, n = w.day(t.rng), w.between(t.rng, 2, 60)
    unit = t.pick("days", "days", "weeks", "months", "business_days")
    back = t.chance(0.2)
    when = as_day(shifted(day_of(start), -n if back else n, unit))
    spoken = f"{n} {unit.replace('_', ' ')}"
    sink = sinks.draw(t, EMPLOYEES, "date") if t.chance(0.45) else None
    want_day = t.chance(0.4)
    what = "date and weekday" if want_day else "date"
    core = t.pick(
        f"Which {what} is {spoken} {'before' if back else 'after'} {start}?",
        f"Go {spoken} {'back' if back else 'on'} from {start}; which {what} is that?",
        f"{start} {'minus' if back else 'plus'} {spoken}: which {what}?",
    )
    t.task(say.spoken(t, None, core + (f" {say.upper(sink.asks('the ' + what))}." if sink else "")))
    unit_known = {} if unit == "days" else {"unit": unit}
    t.plan(
        Step(
            "dates.add",
            f"{'Subtract' if back else 'Add'} {spoken} {'from' if back else 'to'} {start}",
            {"date": start, "days": -n if back else n, **unit_known},
        ),
        *([sink.step(1)] if sink else []),
    )
    t.call()
    shown = f"{when['date']}, {when['weekday']}" if want_day else when["date"]
    t.done(f"It is {shown}.")
    if sink:
        sinks.deliver(
            t,
            sink,
            t.pick(shown, f"Date: {shown}", f"{spoken} {'before' if back else 'after'} {start} is {shown}."),
            "Date",
        )
    t.answer(shown + (f"; {sink.past}." if sink else ""))


def from_today(t: Scene) -> None:
    """Something counted from today: ask for the day first."""
    n, today = w.between(t.rng, 2, 90), t.world["today"]
    if t.chance(0.5):
        other = w.later(today, w.between(t.rng, 3, 200))
        t.task(
            say.spoken(
                t,
                None,
                t.pick(
                    f"How many days are left until {other}?",
                    f"How long is it from today to {other}, in days?",
                    f"Count the days from today until {other}.",
                ),
            )
        )
        t.plan(
            Step("dates.today", "Get today's date", {}),
            Step("dates.between", f"Count the days from today to {other}", {"end": other}, (1,)),
        )
        t.call()
        t.done(f"Today is {today}.")
        days = t.call(start=today)
        t.done(f"{days} days.")
        t.answer(t.pick(f"{days} days.", f"{days}", f"There are {days} days left."))
        return
    sink = sinks.draw(t, EMPLOYEES, "due date")
    t.task(
        say.spoken(
            t,
            None,
            say.order(
                t,
                t.pick(
                    f"Work out the date {n} days from today and {sink.asks('it')}",
                    f"{say.upper(sink.asks(f'the date {n} days from now'))}",
                ),
            ),
        )
    )
    t.plan(
        Step("dates.today", "Get today's date", {}),
        Step("dates.add", f"Add {n} days to today", {"days": n}, (1,)),
        sink.step(2),
    )
    t.call()
    t.done(f"Today is {today}.")
    when = t.call(date=today)["date"]
    t.done(f"{n} days later: {when}.")
    sinks.deliver(t, sink, t.pick(when, f"Date: {when}", f"{n} days from {today}: {when}"), "Date")
    t.answer(f"{when}; {sink.past}.")


def written_date(t: Scene) -> None:
    """A date as people write it, turned into ISO or asked for its weekday."""
    iso = w.day(t.rng)
    written = day_of(iso).strftime(t.pick("%d %B %Y", "%B %d, %Y", "%d %b %Y")).lstrip("0")
    n, mode = w.between(t.rng, 3, 40), t.pick("weekday", "iso", "add")
    ask = {
        "weekday": t.pick(f"Which day of the week was {written}?", f"{written}: what weekday is that?"),
        "iso": t.pick(f"Write {written} as YYYY-MM-DD.", f"Turn '{written}' into the form YYYY-MM-DD."),
        "add": t.pick(f"Which date is {n} days after {written}?", f"Add {n} days to {written}."),
    }[mode]
    t.task(say.spoken(t, None, ask))
    first = Step("dates.parse", f"Read the date {written}", {"text": written})
    t.plan(first, *([Step("dates.add", f"Add {n} days to it", {"days": n}, (1,))] if mode == "add" else []))
    day = t.call()
    t.done(f"{written} is {day['date']}, a {day['weekday']}.")
    if mode == "add":
        when = t.call(date=day["date"])["date"]
        t.done(f"{n} days later: {when}.")
        t.answer(when)
    else:
        t.answer(day["weekday"] if mode == "weekday" else day["date"])


def keep_fact(t: Scene) -> None:
    """Remember something for later tasks."""
    name, (what, draw) = w.person(t.rng), t.rng.choice(FACTS)
    fact = t.pick(
        f"{name}'s {what} is {draw(t.rng)}",
        f"The {what} for the {w.pick(t.rng, w.TOPICS)} is {draw(t.rng)}",
        f"{name} prefers {w.pick(t.rng, ('trains', 'short mails', 'morning calls', 'green tea', 'PDF files'))}",
    )
    t.task(
        say.spoken(
            t,
            None,
            t.pick(
                f"Remember that {fact}.",
                f"Keep in mind for later: {fact}.",
                f"Please note for next time: {fact}",
                f"Store this in your memory: {fact}.",
            ),
        )
    )
    t.plan(Step("memory.remember", "Store the fact in memory", {"text": fact}))
    t.call()
    t.check(lambda: t.world["facts"][-1] == fact)
    t.done(t.pick("The fact is stored.", "Remembered."))
    t.answer(t.pick("I will remember it.", "Remembered.", f"Noted: {fact}."))


def use_fact(t: Scene) -> None:
    """Something known from an earlier task: recall it, then use it."""
    topic, (what, draw) = w.pick(t.rng, w.TOPICS), t.rng.choice(FACTS)
    value = draw(t.rng)
    fact = t.pick(f"The {what} for the {topic} is {value}", f"{say.upper(topic)}: {what} {value}")
    others = [
        f"{w.person(t.rng)} moved to {w.pick(t.rng, w.CITIES)}",
        f"The {w.pick(t.rng, w.TOPICS)} was moved to {w.day(t.rng)}",
    ]
    t.world["facts"].extend([*others, fact])
    known = t.chance(0.85)
    if not known:
        t.world["facts"].remove(fact)
    sink = sinks.draw(t, EMPLOYEES, topic) if t.chance(0.5) else None
    t.task(
        say.spoken(
            t,
            None,
            (
                say.order(
                    t,
                    t.pick(
                        f"Look up in your memory the {what} for the {topic} and {sink.asks('it')}",
                        f"Recall the {what} for the {topic}, then {sink.asks('it')}",
                    ),
                )
                if sink
                else t.pick(
                    f"What do you remember about the {what} for the {topic}?",
                    f"I told you the {what} for the {topic} once. What was it?",
                )
            ),
        )
    )
    query = t.pick(f"{what} for the {topic}", f"{what} {topic}", f"{topic} {what}")
    t.plan(
        Step("memory.recall", f"Recall the {what} for the {topic}", {"query": query}), *([sink.step(1)] if sink else [])
    )
    t.call()
    if not known:
        t.finish(f"Memory has nothing on the {what} for the {topic}.")
        t.answer(
            t.pick(
                f"I have nothing in memory about the {what} for the {topic}.",
                f"I do not remember the {what} for the {topic}.",
            ),
            "failed",
        )
        return
    t.done(f"{say.upper(what)} for the {topic}: {value}.")
    if sink:
        sinks.deliver(
            t, sink, t.pick(f"{say.upper(what)}: {value}", f"The {what} for the {topic} is {value}."), say.upper(topic)
        )
    t.answer(f"{value}" + (f"; {sink.past}." if sink else ""))


def folder_known(t: Scene) -> None:
    """Memory recalled where files of a kind go: the path follows from it."""
    topic, folder = (
        w.pick(t.rng, w.TOPICS),
        t.pick("projects/", "shared/", "customers/", "docs/") + t.pick("2024", "2025", "2026", "north", "alpha"),
    )
    path = f"{folder}/{topic.replace(' ', '-')}.txt"
    facts = [(n, d(t.rng)) for n, d in t.rng.sample(FACTS, 2)]
    t.world["files"][path] = "\n".join(f"{say.upper(k)}: {v}" for k, v in facts) + "\n"
    clutter(t)
    t.recall(
        t.pick(
            f"[fact] the {topic} file is {path}",
            f"[fact] what concerns the {topic} is kept in {path}",
            f"[lesson] read {path} for the {topic}",
        )
    )
    name, value = facts[0]
    t.task(
        say.spoken(
            t,
            None,
            t.pick(
                f"What {name} do we have for the {topic}?",
                f"Look up the {name} of the {topic}.",
                f"Tell me the {name} for the {topic}, you know which file.",
            ),
        )
    )
    t.plan(Step("files.read", f"Read {path}", {"path": path}))
    t.call()
    t.done(f"{say.upper(name)}: {value}.")
    t.answer(t.pick(f"{value}", f"The {name} is {value}."))


GOALS = (
    ("calculate", "compute", calculate, 6.0),
    ("date_sum", "compute", date_sum, 5.0),
    ("from_today", "compute", from_today, 4.0),
    ("written_date", "compute", written_date, 3.0),
    ("keep_fact", "memory", keep_fact, 3.0),
    ("use_fact", "memory", use_fact, 4.0),
    ("folder_known", "memory", folder_known, 4.0),
)
