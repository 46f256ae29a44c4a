# ruff: noqa: E501  (phrases and tables are read best on one line)
"""Questions after a log and a tally: what was done to a thing today, and how often it was used on which day.

The answer is one of several entries, the first or the last, their number, or that there is none.
"""

from typing import Any

from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments.scene import Scene, Step, Unlucky
from coterie.model.training.data.environments.thing_tools import DEEDS_DONE, USED_ON
from coterie.model.training.data.environments.things import Thing, it_of
from coterie.model.training.data.environments.words import clock, pick
from coterie.model.training.data.surface import OpError

_TIMES = ("never", "once", "twice", "three times", "four times", "five times", "six times")


def _some(t: Scene, c: Thing, table: str) -> tuple[str, Any]:
    """One thing and what its `table` has."""
    entries: dict[str, Any] = t.world[f"{c.name}.{table}"]
    return t.rng.choice(list(entries.items()))


def _read(t: Scene, c: Thing, table: str, key: str, question: str, do: str) -> str:
    """Ask `question` of one thing, with `{it}` in it, and read its `table`; its name in a sentence."""
    named = t.mention(key, t.world[c.name])
    it = it_of(c, named, pick(t.rng, c.its))
    t.task(say.spoken(t, None, say.upper(question.format(it=it))))
    t.plan(Step(f"{c.name}.{table}", do.format(it=it), {"name": named}))
    if isinstance(t.call(), OpError):
        raise Unlucky
    return it_of(c, key)


def _yes(t: Scene, sentence: str) -> str:
    return t.pick(f"Yes, {sentence}.", f"Yes: {sentence}.", f"{say.upper(sentence)}.")


def _no(t: Scene, sentence: str) -> str:
    return t.pick(f"No, {sentence}.", f"No: {sentence}.", f"No, {sentence}.")


def entry(t: Scene, c: Thing) -> None:
    """When something was done, by whom, how often, or whether at all."""
    key, log = _some(t, c, "log")
    done = [e["what"] for e in log]
    deed = pick(t.rng, done) if done and t.chance(0.55) else pick(t.rng, DEEDS_DONE)
    about = t.pick("when", "when", "who", "whether", "whether", "often")
    question = {
        "when": t.pick(f"When was {{it}} {deed} today?", f"At what time was {{it}} {deed}?"),
        "who": t.pick(f"Who {deed} {{it}} today?", f"By whom was {{it}} {deed}?"),
        "whether": t.pick(f"Was {{it}} {deed} today?", f"Has {{it}} been {deed} today?", f"Has anybody {deed} {{it}}?"),
        "often": t.pick(f"How often was {{it}} {deed} today?", f"How many times has {{it}} been {deed}?"),
    }[about]
    of = _read(t, c, "log", key, question, t.pick("Read what was done to {it} today", "Look up the log of {it}"))
    found = [e for e in log if e["what"] == deed]
    if not found:
        never = f"{of} was not {deed} today"
        t.done(f"{say.upper(never)}.")
        t.answer(
            {"when": f"{say.upper(never)}.", "who": f"Nobody: {never}.", "whether": _no(t, never), "often": t.pick(f"Never: {never}.", f"0 times: {never}.")}[about]
        )  # fmt: skip
        return
    times, people = [e["at"] for e in found], sorted({e["by"] for e in found})
    when = f"{of} was {deed} at {say.conjoined(times)}"
    whole = f"{when} by {say.conjoined(people)}"
    t.done(f"{say.upper(whole)}.")
    match about:
        case "when":
            t.answer(t.pick(f"{say.upper(when)}.", f"At {say.conjoined(times)}.", f"{say.upper(whole)}."))
        case "who":
            by = f"{say.conjoined(people)} {deed} {of}"
            t.answer(t.pick(f"{by}.", f"{say.conjoined(people)}.", f"{say.upper(whole)}."))
        case "whether":
            t.answer(_yes(t, when))
        case _:
            often = _TIMES[len(found)]
            t.answer(t.pick(f"{say.upper(often)}.", f"{say.upper(often)}, at {say.conjoined(times)}."))


def at_the_end(t: Scene, c: Thing) -> None:
    """What was done first or last, when, how much in all, or what was done at a time."""
    about = t.pick("last", "last", "first", "count", "at")
    key, log = _some(t, c, "log")
    at = t.rng.choice([e["at"] for e in log]) if log and t.chance(0.8) else clock(t.rng)
    question = {
        "last": t.pick("What was done to {it} last?", "What is the last thing that was done to {it}?", "What happened to {it} last today?"),
        "first": t.pick("What was done to {it} first today?", "What was the first thing done to {it} today?"),
        "count": t.pick("How many entries has the log of {it} today?", "How many things were done to {it} today?"),
        "at": t.pick(f"What was done to {{it}} at {at}?", f"What happened to {{it}} at {at}?"),
    }[about]  # fmt: skip
    of = _read(t, c, "log", key, question, t.pick("Read what was done to {it} today", "Read the log of {it}"))
    if about == "at":
        log = [e for e in log if e["at"] == at]
        nothing = f"nothing was done to {of} at {at}"
    else:
        nothing = f"nothing was done to {of} today"
    if not log:
        t.done(f"{say.upper(nothing)}.")
        t.answer(
            t.pick(f"0: {nothing}.", f"None: {nothing}.") if about == "count" else t.pick(f"{say.upper(nothing)}.", f"Nothing: {nothing}.")
        )  # fmt: skip
        return
    if about == "count":
        t.done(f"{len(log)} entries today.")
        t.answer(t.pick(f"{len(log)}.", f"{say.upper(of)} has {len(log)} entries today.", f"{len(log)} today."))
        return
    e = log[0] if about == "first" else log[-1]
    sentence = f"{of} was {e['what']} at {e['at']}"
    t.done(f"{say.upper(sentence)} by {e['by']}.")
    t.answer(t.pick(f"{say.upper(sentence)}.", f"{say.upper(sentence)} by {e['by']}.", f"It was {e['what']}."))


def tally(t: Scene, c: Thing) -> None:
    """How often on a day, on which day most or least, or on which of two days more."""
    about = t.pick("on", "on", "on", "most", "two", "any")
    key, uses = _some(t, c, "uses")
    a, b = t.rng.sample(USED_ON, 2)
    most = t.chance(0.6)
    word = "most" if most else "least"
    question = {
        "on": t.pick(f"How often was {{it}} asked for on {a}?", f"How many times was {{it}} wanted on {a}?", f"What does the count of {{it}} say for {a}?"),
        "most": t.pick(f"On which day was {{it}} asked for {word}?", f"On what day was {{it}} wanted the {word}?"),
        "two": t.pick(f"Was {{it}} asked for more often on {a} than on {b}?", f"Did {{it}} have more requests on {a} than on {b}?"),
        "any": t.pick(f"Did anybody ask for {{it}} on {a}?", f"Was {{it}} asked for on {a} at all?"),
    }[about]  # fmt: skip
    of = _read(t, c, "uses", key, question, t.pick("Count the requests for {it}", "Get the counts of {it} by day"))
    if about == "most":
        if not uses:
            t.done("No day has a count.")
            t.answer(t.pick(f"On none: no requests for {of} are counted.", f"There are no counts for {of}."))
            return
        best = (max if most else min)(uses, key=lambda d: uses[d])
        if sorted(uses.values()).count(uses[best]) > 1:
            raise Unlucky
        t.done(f"The {word} on {best}, {uses[best]}.")
        t.answer(t.pick(f"On {best}, {uses[best]} times.", f"On {best}.", f"{best}, with {uses[best]}."))
        return
    if about == "two":
        if a not in uses or b not in uses:
            raise Unlucky
        both = f"{uses[a]} on {a} and {uses[b]} on {b}"
        t.done(f"{both}.")
        if uses[a] == uses[b]:
            t.answer(t.pick(f"No, {both}: the same.", f"No, equally often: {both}."))
        else:
            t.answer(_yes(t, both) if uses[a] > uses[b] else _no(t, both))
        return
    if a not in uses:
        t.done(f"There is no count for {a}.")
        t.answer(
            t.pick(
                f"No requests are counted for {a}.",
                f"There is no count for {a}.",
                f"None: {a} is not among the counts.",
            )
        )
        return
    count = f"{of} was asked for {uses[a]} times on {a}"
    t.done(f"{uses[a]} on {a}.")
    if about == "any":
        t.answer(_yes(t, count) if uses[a] else _no(t, f"{of} was not asked for on {a}"))
    elif uses[a]:
        t.answer(t.pick(f"{uses[a]} times.", f"{uses[a]}.", f"{say.upper(count)}."))
    else:
        t.answer(t.pick(f"Never: 0 times on {a}.", f"0 times on {a}.", f"{say.upper(of)} was not asked for on {a}."))


GOALS = (
    ("entry", "single", entry, 1.8), ("at_the_end", "single", at_the_end, 1.2), ("tally", "single", tally, 1.4),
)  # fmt: skip
"""Name, kind, goal and weight of what any thing's log and counts may be asked."""
