# ruff: noqa: E501  (phrases and tables are read best on one line)
"""The tools of things: one looked up whole or by one fact, its log and counts, all of them listed, what can be done to one."""

import random
from collections.abc import Mapping
from functools import partial
from typing import Any

from coterie.model.protocol import dumps
from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments.services import TEXT, words
from coterie.model.training.data.environments.things import Deed, Fact, Thing, it_of, said
from coterie.model.training.data.environments.words import FIRST, between, clock, near, pick
from coterie.model.training.data.surface import Ack, Op, OpError, Param, Rows, World

LACKING = 0.15
DEEDS_DONE = (
    "cleaned",
    "checked",
    "moved",
    "measured",
    "repaired",
    "photographed",
    "labelled",
    "inspected",
    "counted",
    "painted",
)
"""What a log may say was done to any thing."""
USED_ON = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
UNKNOWN = (
    "no {noun} {key!r}; there are {listed}", "No {noun} {key}.", "unknown {noun} {key!r}: expected one of {listed}", "{noun} {key!r} not found",
    "There is no {noun} called {key}. Known {plural}: {listed}.", "not found: {key}", "404 no such {noun}", "{key!r} is not in the list ({listed})",
    "cannot find {key}; did you want {listed}?",
)  # fmt: skip


def rows(c: Thing, rng: random.Random, world: World) -> dict[str, dict[str, Any]]:
    """Three to six things by what they are called; each lacks now and then what it may lack."""
    called = rng.sample(c.called, min(len(c.called) - 1, rng.randint(3, 6)))
    return {key: {f.name: _drawn(f, rng) for f in c.facts} for key in called}


def _drawn(f: Fact, rng: random.Random) -> Any:
    return None if f.may_lack and f.kind != "names" and rng.random() < LACKING else f.draw(rng)


def logs(c: Thing, rng: random.Random, world: World) -> dict[str, list[dict[str, Any]]]:
    """What was done to each thing today, in order of time; to some nothing."""
    return {key: _log(rng) for key in world[c.name]}


def _log(rng: random.Random) -> list[dict[str, Any]]:
    deeds = rng.sample(DEEDS_DONE, 4)
    times = sorted({clock(rng) for _ in range(rng.choice((0, 1, 2, 3, 4, 5, 5, 6)))})
    return [{"at": at, "what": pick(rng, deeds), "by": pick(rng, FIRST)} for at in times]


def uses(c: Thing, rng: random.Random, world: World) -> dict[str, dict[str, int]]:
    """How often each thing was asked for, by day; of some nothing was counted, of some not every day."""
    return {key: _uses(rng) for key in world[c.name]}


def _uses(rng: random.Random) -> dict[str, int]:
    days = rng.choice((0, 3, 5, 5, 7, 7, 7, 7))
    return {day: 0 if rng.random() < LACKING else between(rng, 1, 40) for day in USED_ON[:days]}


def _found(c: Thing, w: World, key: Any, of: str = "") -> Any:
    table: dict[str, Any] = w[of or c.name]
    if key in table:
        return table[key]
    close = near(str(key), list(table))
    text = UNKNOWN[w["manner"] % len(UNKNOWN)].format(noun=c.noun, plural=c.plural, key=key, listed=", ".join(table))
    raise OpError(f"{text} Did you mean {close[0]}?" if close else text, {"name": close[0]} if close else {})


def _get(c: Thing, w: World, a: Mapping[str, Any]) -> Any:
    record = _found(c, w, a["name"])
    match w["manner"] % 5:
        case 0:
            return say.upper("; ".join(said(c, f, a["name"], record[f.name]) for f in c.facts)) + "."
        case 1:
            first, *others = c.facts
            return dumps(
                {c.name: a["name"], first.name: record[first.name], "details": {f.name: record[f.name] for f in others}}
            )
    return {c.name: a["name"], **record}


def _get_log(c: Thing, w: World, a: Mapping[str, Any]) -> Any:
    log = _found(c, w, a["name"], f"{c.name}.log")
    match w["manner"] % 7:
        case 0:
            return "; ".join(f"{e['at']} {e['what']} ({e['by']})" for e in log) or "no entries today"
        case 1:
            return dumps([f"{e['at']} {e['what']} by {e['by']}" for e in log])
        case 2:
            return "\n".join(f"[{e['at']}] {e['by']} {e['what']} it" for e in log) or "nothing logged"
        case 3:
            return dumps({c.name: a["name"], "entries": log})
    return Rows(log, "entries")


def _do(c: Thing, d: Deed, w: World, a: Mapping[str, Any]) -> Ack:
    record = _found(c, w, a["name"])
    if record[d.fact] == d.value:
        raise OpError(f"{c.noun} {a['name']} is already {d.value}")
    record[d.fact] = d.value
    return Ack(f"{say.upper(it_of(c, a['name']))} is {d.value}.", {c.name: a["name"], d.fact: d.value})


def ops_of(c: Thing) -> dict[str, Op]:
    """Look one up whole or by one fact, read its log and counts, list them all, and what can be done to one."""
    n, an, reads = c.name, say.an(c.noun), f"{c.name}.reads"
    name = Param(
        "name",
        (n, "name", f"{n}_name", f"{n}_id", "which"),
        TEXT,
        (f"Which {c.noun}", f"Name of the {c.noun}", f"The {c.noun}, such as {c.called[-1]}"),
        True,
        (f"{n}_label",),
    )
    ops = [
        Op(
            f"{n}.get", words(f"get|find|check|show|read|look_up|inspect {n}", f"{n} state|report|info|status|details", f"about {n}"),
            (f"Look up {an}.", f"Say how {an} is doing.", f"What is known of {an}: {', '.join(f.noun for f in c.facts)}.", f"Report on {an}.", f"Check {an}."),
            (name,), partial(_get, c), n, words(f"describe|examine {n}"), alike=reads,
        ),
        Op(
            f"{n}.all", words(f"list|all|get_all|show {c.plural.replace(' ', '_')}"), (f"List the {c.plural}.", f"Names of all {c.plural}.", f"Which {c.plural} there are."),
            (), lambda w, a: list(w[c.name]), n, alike=reads,
        ),
        Op(
            f"{n}.rows", words(f"list|report_on|overview_of|survey {c.plural.replace(' ', '_')}", f"{c.plural.replace(' ', '_')} overview|report"),
            (f"List all {c.plural} with {c.facts[0].noun} and {c.facts[1].noun}.", f"An overview of the {c.plural}."),
            (), lambda w, a: Rows([{n: key, c.facts[0].name: r[c.facts[0].name], c.facts[1].name: r[c.facts[1].name]} for key, r in w[c.name].items()], c.plural), n, alike=reads,
        ),
        Op(
            f"{n}.log", words(f"{n} log|journal|history|events", f"read|get|show {n}_log", f"done_to {n}"),
            (f"Read what was done to {an} today.", f"The log of {an}.", f"What happened to {an} today, with times and names.", f"Today's entries of {an}."),
            (name,), partial(_get_log, c), n, words(f"chronicle_of {n}"), alike=f"{n}.log",
        ),
        Op(
            f"{n}.uses", words(f"count {n}_requests|uses", f"{n} requests|counts|tally|statistics", f"how_often {n}"),
            (f"Count how often {an} was asked for, by day.", f"Requests for {an} on each day of the week.", f"How many times {an} was wanted, day by day."),
            (name,), lambda w, a: _found(c, w, a["name"], f"{n}.uses"), n, words(f"demand_for {n}"), alike=f"{n}.uses",
        ),
    ]  # fmt: skip
    for f in c.facts:
        ops.append(Op(
            f"{n}.{f.name}", words(f"get|read|find|measure|tell {n}_{f.name}", f"{n} {f.name}", f"{f.name} of_{n}"),
            (f"Tell the {f.noun} of {an}{f', in {f.unit}' if f.unit else ''}.", f"Give the {f.noun} of {an}.", f"{say.upper(f.noun)} of {an}{f' ({f.unit})' if f.unit else ''}."),
            (name,), partial(lambda f, w, a: _found(c, w, a["name"])[f.name], f), n, words(f"determine {n}_{f.name}"), alike=reads,
        ))  # fmt: skip
    for d in c.deeds:
        ops.append(Op(
            f"{n}.{d.verbs[0]}", words(f"{'|'.join(d.verbs)} {n}"), (d.doc, d.doc.removesuffix(".") + " by its name."), (name,), partial(_do, c, d), n, writes=True,
        ))  # fmt: skip
    return {op.role: op for op in ops}
