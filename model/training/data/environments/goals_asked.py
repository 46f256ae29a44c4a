# ruff: noqa: E501  (phrases and tables are read best on one line)
"""Simple questions about one thing or a few: what, whether, who, how many, which; things that are not there; deeds.

The answer says what the result says, also where that is no, nothing, or another thing than was asked for.
"""

from collections.abc import Sequence
from typing import Any

from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments.scene import Scene, Step, Unlucky
from coterie.model.training.data.environments.things import Deed, Fact, Thing, it_of, said
from coterie.model.training.data.environments.words import near, pick
from coterie.model.training.data.surface import OpError, plain


def _asked(t: Scene, c: Thing, key: str) -> str:
    return it_of(c, key, pick(t.rng, c.its))


def _task(t: Scene, text: str) -> None:
    t.task(say.spoken(t, None, say.upper(text)))


def _one(t: Scene, c: Thing) -> tuple[str, dict[str, Any]]:
    table: dict[str, dict[str, Any]] = t.world[c.name]
    return t.rng.choice(list(table.items()))


def _look(t: Scene, c: Thing, f: Fact, key: str, do: str) -> Step:
    role = f"{c.name}.{f.name}" if t.chance(0.45) else f"{c.name}.get"
    return Step(role, do, {"name": key})


def what(t: Scene, c: Thing) -> None:
    """One fact of one thing; a number of people now and then, and nothing where there is nothing."""
    key, record = _one(t, c)
    f = _some(t, [f for f in c.facts if f.kind != "flag"])
    value, named = record[f.name], t.mention(key, t.world[c.name])
    counts = f.kind == "names" and t.chance(0.3)
    it = _asked(t, c, named)
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
    _task(t, question)
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
    key, record = _one(t, c)
    facts = [f for f in c.facts if f.kind != "flag" and "How " not in f.asks[0]] or [*c.facts]
    if len(facts) < 2:
        raise Unlucky
    f, g = t.rng.sample(facts, 2)
    named = t.mention(key, t.world[c.name])
    it = _asked(t, c, named)
    names = [x.noun for x in (f, g)]
    _task(
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
    key, record = _one(t, c)
    f = _some(t, [f for f in c.facts if f.checks])
    value, named = record[f.name], t.mention(key, t.world[c.name])
    if f.kind == "flag":
        asked, is_so = "", bool(value)
    else:
        asked = value if t.chance(0.5) else t.rng.choice([o for o in f.options if o != value])
        is_so = asked == value
    it = _asked(t, c, named)
    question = pick(t.rng, f.checks).format(it=it, v=asked)
    _task(
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
    f = _some(t, c.facts)
    it = _asked(t, c, key)
    if c.deeds and t.chance(0.25):
        d = t.rng.choice(c.deeds)
        _task(t, say.order(t, pick(t.rng, d.asks).format(it=it)))
        t.plan(Step(f"{c.name}.{d.verbs[0]}", pick(t.rng, d.asks).format(it=it), {"name": key}))
    else:
        _task(t, pick(t.rng, f.asks).format(it=it))
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
    f = _some(t, [f for f in c.facts if f.kind == "number" or (f.kind == "state" and f.says == "{it} is {v}")])
    if table[a][f.name] == table[b][f.name]:
        raise Unlucky
    form = pick(t.rng, c.its)
    ia, ib = it_of(c, a, form), it_of(c, b, form)
    noun = f.noun
    if f.kind == "number":
        more = t.chance(0.6)
        best = (max if more else min)((a, b), key=lambda k: table[k][f.name])
        word = "higher" if more else "lower"
        _task(
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
        _task(
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
    _task(t, t.pick(f"How many {c.plural} are there?", f"How many {c.plural} do we have?", f"Count the {c.plural}.") if counts else t.pick(
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
    f = _some(t, [f for f in c.facts[:2] if f.kind == "number" or (f.kind == "state" and f.says == "{it} is {v}")])
    table = t.world[c.name]
    noun = f.noun
    if f.kind == "number":
        if len({r[f.name] for r in table.values()}) < len(table):
            raise Unlucky
        most = t.chance(0.6)
        best = (max if most else min)(table, key=lambda k: table[k][f.name])
        word = "highest" if most else "lowest"
        _task(
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
        _task(
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


def deed(t: Scene, c: Thing, d: Deed) -> None:
    """Something is done to one, or was done before."""
    key, record = _one(t, c)
    named = t.mention(key, t.world[c.name])
    was, it = record[d.fact], _asked(t, c, named)
    ask = pick(t.rng, d.asks).format(it=it)
    _task(t, say.order(t, ask))
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
    key, record = _one(t, c)
    conditions = [f for f in c.facts if f.kind in ("state", "flag") and record[f.name] != d.value]
    f = _some(t, conditions)
    it, of, value = _asked(t, c, key), it_of(c, key), record[f.name]
    if f.kind == "flag":
        wanted: Any = t.chance(0.5)
    else:
        wanted = value if t.chance(0.5) else t.rng.choice([o for o in f.options if o != value])
    if record[d.fact] == d.value:
        raise Unlucky
    ask, condition = pick(t.rng, d.asks).format(it=it), said(c, f, key, wanted, "it")
    _task(
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
    _task(t, t.pick(
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


def nearly(t: Scene, c: Thing) -> None:
    """A question after a name that is misspelt: the error names the one that is meant."""
    if any(letter.isdigit() for key in t.world[c.name] for letter in key):
        raise Unlucky  # another code is another thing
    t.mood = "typo"
    (what if t.chance(0.6) else whether)(t, c)
    if t.mood == "typo":
        raise Unlucky


def _some(t: Scene, facts: Sequence[Fact]) -> Fact:
    """One of the facts, if there is one."""
    if not facts:
        raise Unlucky
    return t.rng.choice(facts)


GOALS = (
    ("what", "single", what, 3.0), ("whether", "single", whether, 3.0), ("unknown", "not_found", unknown, 1.6), ("which", "compare", which, 1.2), ("every", "single", every, 0.4),
    ("of_all", "aggregate", of_all, 1.2), ("both", "single", both, 0.8), ("nearly", "recovery", nearly, 1.2),
)  # fmt: skip
"""Name, kind, goal and weight of what any thing may be asked."""
