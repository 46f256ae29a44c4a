# ruff: noqa: E501  (phrases and tables are read best on one line)
"""Simple questions about one thing or a few: what, whether, who, how many, which; things that are not there.

The answer says what the result says, also where that is no, nothing, or another thing than was asked for.
"""

from collections.abc import Sequence
from typing import Any

from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments.scene import Scene, Step, Unlucky
from coterie.model.training.data.environments.things import Fact, Thing, it_of, said
from coterie.model.training.data.environments.words import near, pick
from coterie.model.training.data.surface import OpError, plain


def in_question(t: Scene, c: Thing, key: str) -> str:
    """The thing in a question: one of the forms that people use."""
    return it_of(c, key, pick(t.rng, c.its))


def say_task(t: Scene, text: str) -> None:
    """The task, as somebody might say it."""
    t.task(say.spoken(t, None, say.upper(text)))


def one_of(t: Scene, c: Thing) -> tuple[str, dict[str, Any]]:
    """One of the things: its name and its record."""
    table: dict[str, dict[str, Any]] = t.world[c.name]
    return t.rng.choice(list(table.items()))


def _look(t: Scene, c: Thing, f: Fact, key: str, do: str) -> Step:
    role = f"{c.name}.{f.name}" if t.chance(0.45) else f"{c.name}.get"
    return Step(role, do, {"name": key})


def what(t: Scene, c: Thing) -> None:
    """One fact of one thing; a number of people now and then, and nothing where there is nothing."""
    key, record = one_of(t, c)
    f = some_fact(t, [f for f in c.facts if f.kind != "flag"])
    value, named = record[f.name], t.mention(key, t.world[c.name])
    counts = f.kind == "names" and t.chance(0.3)
    it = in_question(t, c, named)
    question = pick(t.rng, f.asks).format(it=it)
    if counts:
        question = t.pick(
            f"{question} I only need to know how many.",
            f"{question} Just the number.",
            f"{question} How many are there?",
        )
    elif t.chance(0.15):
        question = t.pick(
            f"Tell me: {say.lower(question)}",
            f"Can you find out? {question}",
            f"I'd like to know: {say.lower(question)}",
            f"{question} Please look it up.",
        )
    say_task(t, question)
    t.plan(_look(t, c, f, named, t.pick(f"Look up {it}", f"Find the {f.noun} of {it}")))
    if isinstance(t.call(), OpError):
        raise Unlucky
    sentence = say.upper(said(c, f, key, value))
    t.done(f"{sentence}.")
    if counts:
        t.answer(
            t.pick(f"{len(value)}.", f"{len(value)}: {say.conjoined(value)}.")
            if value
            else t.pick(f"0: {said(c, f, key, value)}.", f"None: {said(c, f, key, value)}.")
        )
        return
    if value is None or value == [] or t.chance(0.75):
        t.answer(f"{sentence}.")
        return
    bare = say.conjoined(value) if isinstance(value, list) else plain(value)
    t.answer(f"{say.upper(bare)}{f' {f.unit}' if f.unit and t.chance(0.6) else ''}.")


def both(t: Scene, c: Thing) -> None:
    """Two facts of one thing, told together."""
    key, record = one_of(t, c)
    facts = [f for f in c.facts if f.kind != "flag" and "How " not in f.asks[0]] or [*c.facts]
    if len(facts) < 2:
        raise Unlucky
    f, g = t.rng.sample(facts, 2)
    named = t.mention(key, t.world[c.name])
    it = in_question(t, c, named)
    names = [x.noun for x in (f, g)]
    say_task(
        t,
        t.pick(
            f"Tell me the {names[0]} and the {names[1]} of {it}.",
            f"I need {names[0]} and {names[1]} of {it}.",
            f"{pick(t.rng, f.asks).format(it=it)} And the {names[1]}?",
            f"What are {names[0]} and {names[1]} of {it}?",
        ),
    )
    t.plan(Step(f"{c.name}.get", t.pick(f"Look up {it}", f"Find {names[0]} and {names[1]} of {it}"), {"name": named}))
    if isinstance(t.call(), OpError):
        raise Unlucky
    first, second = (said(c, x, key, record[x.name]) for x in (f, g))
    t.done(f"{say.upper(first)}, {second}.")
    t.answer(t.pick(f"{say.upper(first)}, and {second}.", f"{say.upper(first)}. {say.upper(second)}."))


def whether(t: Scene, c: Thing) -> None:
    """A question that is answered by yes or no."""
    key, record = one_of(t, c)
    f = some_fact(t, [f for f in c.facts if f.checks])
    value, named = record[f.name], t.mention(key, t.world[c.name])
    if f.kind == "flag":
        asked, is_so = "", bool(value)
    else:
        asked = value if t.chance(0.5) else t.rng.choice([o for o in f.options if o != value])
        is_so = asked == value
    it = in_question(t, c, named)
    question = pick(t.rng, f.checks).format(it=it, v=asked)
    say_task(
        t,
        question
        if t.chance(0.85)
        else t.pick(
            f"{question} Yes or no?", f"Can you check: {say.lower(question)}", f"I need to know: {say.lower(question)}"
        ),
    )
    t.plan(_look(t, c, f, named, t.pick(f"Look up {it}", f"Check {it}")))
    if isinstance(t.call(), OpError):
        raise Unlucky
    sentence = said(c, f, key, value)
    t.done(f"{say.upper(sentence)}.")
    if is_so:
        t.answer(t.pick(f"Yes, {sentence}.", f"Yes, {sentence}.", "Yes.", f"{say.upper(sentence)}."))
    else:
        t.answer(t.pick(f"No, {sentence}.", f"No, {sentence}.", f"No: {sentence}."))


def unknown(t: Scene, c: Thing) -> None:
    """A thing that is not there, whatever else there is."""
    table = list(t.world[c.name])
    absent = [k for k in c.called if k not in table and not near(k, table)]
    if not absent:
        raise Unlucky
    key = t.rng.choice(absent)
    f = some_fact(t, c.facts)
    it = in_question(t, c, key)
    if c.deeds and t.chance(0.25):
        d = t.rng.choice(c.deeds)
        say_task(t, say.order(t, pick(t.rng, d.asks).format(it=it)))
        t.plan(Step(f"{c.name}.{d.verbs[0]}", pick(t.rng, d.asks).format(it=it), {"name": key}))
    else:
        say_task(t, pick(t.rng, f.asks).format(it=it))
        t.plan(_look(t, c, f, key, t.pick(f"Look up {it}", f"Check {it}")))
    result = t.call()
    if not isinstance(result, OpError):
        raise Unlucky
    t.finish(
        t.pick(
            f"There is no {c.noun} {key}.",
            f"No {c.noun} {key} here; nothing more can be done.",
            f"{say.upper(c.noun)} {key} is not known.",
        )
    )
    others = f"; there are {say.conjoined(table)}" if t.chance(0.4) and all(k in str(result) for k in table) else ""
    t.answer(
        t.pick(
            f"There is no {c.noun} {key}{others}.",
            f"I cannot say: there is no {c.noun} {key}.",
            f"I found no {c.noun} {key}{others}.",
            f"{say.upper(c.noun)} {key} does not exist{others}.",
        ),
        "failed",
    )


def which(t: Scene, c: Thing) -> None:
    """One of two: the one in a state, or with more of something."""
    table = t.world[c.name]
    a, b = t.rng.sample(list(table), 2)
    f = some_fact(t, [f for f in c.facts if f.kind == "number" or (f.kind == "state" and f.says == "{it} is {v}")])
    if table[a][f.name] == table[b][f.name]:
        raise Unlucky
    form = pick(t.rng, c.its)
    ia, ib = it_of(c, a, form), it_of(c, b, form)
    noun = f.noun
    if f.kind == "number":
        more = t.chance(0.6)
        best = (max if more else min)((a, b), key=lambda k: table[k][f.name])
        word = "higher" if more else "lower"
        say_task(
            t,
            t.pick(
                f"Which has the {word} {noun}, {ia} or {ib}?",
                f"{ia} or {ib}: whose {noun} is {word}?",
                f"Compare {ia} with {ib}. Where is the {noun} {word}?",
            ),
        )
    else:
        best = t.rng.choice((a, b))
        value = table[best][f.name]
        say_task(
            t,
            t.pick(
                f"Which of {ia} and {ib} is {value}?",
                f"{ia} or {ib}, which one is {value}?",
                f"Is it {ia} or {ib} that is {value}?",
            ),
        )
    t.plan(*(_look(t, c, f, key, t.pick(f"Look up {it}", f"Check {it}")) for key, it in ((a, ia), (b, ib))))
    for key in (a, b):
        t.call()
        t.done(f"{say.upper(said(c, f, key, table[key][f.name]))}.")
    sentence = say.upper(said(c, f, best, table[best][f.name]))
    other = b if best == a else a
    t.answer(
        t.pick(
            f"{sentence}.", f"{say.upper(it_of(c, best))}.", f"{sentence}; {said(c, f, other, table[other][f.name])}."
        )
    )


def every(t: Scene, c: Thing) -> None:
    """Which there are, or how many."""
    there = list(t.world[c.name])
    counts = t.chance(0.4)
    say_task(t, t.pick(f"How many {c.plural} are there?", f"How many {c.plural} do we have?", f"Count the {c.plural}.") if counts else t.pick(
        f"Which {c.plural} are there?", f"List the {c.plural}.", f"What are the {c.plural} called?", f"Name all {c.plural}.", f"Which {c.plural} do we have?",
    ))  # fmt: skip
    t.plan(Step(f"{c.name}.all", f"List the {c.plural}"))
    t.call()
    listed = say.conjoined(there)
    t.done(f"There are {len(there)} {c.plural}: {listed}.")
    t.answer(
        t.pick(f"There are {len(there)} {c.plural}.", f"{len(there)}.", f"{len(there)}: {listed}.")
        if counts
        else t.pick(f"{listed}.", f"There are {listed}.", f"The {c.plural} are {listed}.")
    )


def of_all(t: Scene, c: Thing) -> None:
    """Those of all in a state, or the one with the most; perhaps none."""
    f = some_fact(t, [f for f in c.facts[:2] if f.kind == "number" or (f.kind == "state" and f.says == "{it} is {v}")])
    table = t.world[c.name]
    noun = f.noun
    if f.kind == "number":
        if len({r[f.name] for r in table.values()}) < len(table):
            raise Unlucky
        most = t.chance(0.6)
        best = (max if most else min)(table, key=lambda k: table[k][f.name])
        word = "highest" if most else "lowest"
        say_task(
            t,
            t.pick(
                f"Which {c.noun} has the {word} {noun}?",
                f"Of all {c.plural}, whose {noun} is the {word}?",
                f"Find the {c.noun} with the {word} {noun}.",
            ),
        )
        note = answer = say.upper(said(c, f, best, table[best][f.name])) + "."
        answers = (answer, answer, f"{say.upper(it_of(c, best))}.")
    else:
        value = t.rng.choice(f.options)
        fitting = [k for k, r in table.items() if r[f.name] == value]
        counts = t.chance(0.4)
        say_task(
            t,
            t.pick(f"How many {c.plural} are {value}?", f"How many of the {c.plural} are {value}?")
            if counts
            else t.pick(
                f"Which {c.plural} are {value}?", f"Is any {c.noun} {value}?", f"Are there {c.plural} that are {value}?"
            ),
        )
        note = f"{say.upper(value)}: {say.conjoined(fitting)}." if fitting else f"No {c.noun} is {value}."
        named = say.conjoined([it_of(c, k) for k in fitting]) if fitting else ""
        if not fitting:
            answers = (
                f"None: no {c.noun} is {value}.",
                f"No {c.noun} is {value}.",
                f"None of the {c.plural} is {value}.",
            )
        elif counts:
            answers = (f"{len(fitting)}.", f"{len(fitting)}: {named}.", f"{len(fitting)} of the {c.plural}.")
        else:
            verb = "is" if len(fitting) == 1 else "are"
            answers = (
                f"{say.upper(named)} {verb} {value}.",
                f"{say.upper(named)}.",
                f"{say.upper(value)} {verb} {named}.",
            )
    t.plan(Step(f"{c.name}.rows", t.pick(f"List the {c.plural}", f"Get the {noun} of all {c.plural}")))
    t.call()
    t.done(note)
    t.answer(t.pick(*answers))


def nearly(t: Scene, c: Thing) -> None:
    """A question after a name that is misspelt: the error names the one that is meant."""
    if any(letter.isdigit() for key in t.world[c.name] for letter in key):
        raise Unlucky  # another code is another thing
    t.mood = "typo"
    (what if t.chance(0.6) else whether)(t, c)
    if t.mood == "typo":
        raise Unlucky


def some_fact(t: Scene, facts: Sequence[Fact]) -> Fact:
    """One of the facts, if there is one."""
    if not facts:
        raise Unlucky
    return t.rng.choice(facts)


GOALS = (
    ("what", "single", what, 3.0), ("whether", "single", whether, 3.0), ("unknown", "not_found", unknown, 1.6), ("which", "compare", which, 1.2), ("every", "single", every, 0.4),
    ("of_all", "aggregate", of_all, 1.2), ("both", "single", both, 0.8), ("nearly", "recovery", nearly, 1.2),
)  # fmt: skip
"""Name, kind, goal and weight of what any thing may be asked."""
