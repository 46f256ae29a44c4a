# ruff: noqa: E501 (phrases are kept on one line)
"""Chains of two or three calls in which the first result gives the id that the later calls need.

A thing is created, or looked for, and then something is done to it: over the composed entities and over real
operations (`create_bot` -> `delete_bot`). Results are invented, and the id that is used is the one they name.
"""

import random
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Any

from coterie.model import protocol
from coterie.model.chat import ToolCard
from coterie.model.protocol import Answer, Plan, PlannedStep, Verdict
from coterie.model.training.data.apis import catalogue_values, frames, functions
from coterie.model.training.data.apis.asks import Ask, to_ask
from coterie.model.training.data.apis.catalogue_source import CatalogueSource, ask_for, show
from coterie.model.training.data.apis.documentation import Operation
from coterie.model.training.data.apis.frames import Frame, words_of
from coterie.model.training.data.apis.kinds import candidates, shown, step_text, wrap
from coterie.model.training.data.apis.slots import Value
from coterie.model.training.data.apis.sources import FrameSource, belongs
from coterie.model.training.data.own_words import reworded
from coterie.model.training.data.trajectory import Attempt, Split, StepRecord, Trajectory, known_texts

_MARK = "§"
_THEN = [
    " and then {}",
    ", then {}",
    " and {}",
    ". After that, {}",
    ". Then {}",
    ". When that's done, {}",
    "; next, {}",
]
_AFTER_CREATE = frozenset(
    """share send assign schedule publish approve activate start launch book confirm remind rename export get pin submit enroll rate test sign
    archive merge play pause run""".split()  # noqa: SIM905
)
_AFTER_LIST = frozenset(
    """cancel delete get share send assign close renew extend reschedule approve reject archive pause complete export transfer update track escalate
    snooze sign refund report retire revoke open""".split()  # noqa: SIM905
)
_EMPTY_SHARE = 0.12


@dataclass
class Link:
    """A later call: the request for it, and the parameter that the first result fills."""

    ask: Ask
    parameter: str


def entity_chain(rng: random.Random, split: Split, source: FrameSource) -> Trajectory:
    """Create an entity, or find one, and do something to it."""
    while True:
        group = rng.choice(_groups(split))
        verbs = {frame.verb: frame for frame in group}
        first_verb = rng.choice(["create", "create", "list"])
        later = [v for v in verbs if v in (_AFTER_CREATE if first_verb == "create" else _AFTER_LIST)]
        if later:
            break
    first = _first(rng, verbs[first_verb], split)
    chosen = rng.sample(later, 2 if first_verb == "create" and len(later) > 1 and rng.random() < 0.25 else 1)
    links = [_link(rng, verbs[verb], split) for verb in chosen]
    ident = links[0].ask.origin.slots[f"{verbs['get'].entity}_id"].draw(rng).value
    one = verbs["get"].entity.replace("_", " ")
    if first_verb == "create":
        data: Any = {
            rng.choice([f"{verbs['get'].entity}_id", "id"]): ident,
            "status": rng.choice(["created", "ok", "draft"]),
        }
        text, note = _spoken(rng, first, links, one, "it"), f"{one} id {ident}"
    else:
        return _found(rng, source, first, links[0], one, ident)
    return _trajectory(rng, source, text, first, links, ident, data, note)


def _found(rng: random.Random, source: FrameSource, first: Ask, link: Link, one: str, ident: Any) -> Trajectory:
    """A search, then a call on the first or last thing found; or an honest end if nothing is."""
    many = f"{first.origin.frame.key.removeprefix('list_')}"
    others = [
        link.ask.origin.slots[f"{link.ask.origin.frame.entity}_id"].draw(rng).value
        for _ in range(rng.choice([0, 1, 2]))
    ]
    others = [o for o in others if o != ident]
    which = "it" if not others else rng.choice(["the first one", "the last one"])
    text = _spoken(rng, first, [link], one, "the one you find" if which == "it" else which)
    if rng.random() < _EMPTY_SHARE:
        run = _trajectory(
            rng, source, text, first, [link], ident, {many: [], "count": 0}, f"no {one} found", finished=True
        )
        run.steps[0].attempts[0].verdict = Verdict(f"no {one} found", "finish")
        run.steps = run.steps[:1]
        run.answer = Answer(f"There is no such {one}, so nothing was done.", "failed")
        return run
    ids = [ident, *others] if which != "the last one" else [*others, ident]
    rows = [{"id": i, **_columns(rng, first)} for i in ids]
    note = f"{which if others else 'found'}: {one} id {ident}"
    return _trajectory(rng, source, text, first, [link], ident, {many: rows, "count": len(rows)}, note)


def _columns(rng: random.Random, first: Ask) -> dict[str, Any]:
    """The attributes that were asked for, as every row found must have them, and one more."""
    built = first.origin
    columns = {k: v for k, v in first.arguments.items() if k not in ("limit", "max_results", "maxResults")}
    free = [n for n in built.slots if built.names[n] not in columns and n != "limit"]
    if free:
        extra = rng.choice(free)
        columns[built.names[extra]] = built.slots[extra].draw(rng).value
    return columns


def _first(rng: random.Random, frame: Frame, split: Split) -> Ask:
    imperative = [n for n in frames.templates(frame, False) if frame.requests[n].imperative]
    template = rng.choice(imperative)
    built = frames.build(rng, frame, needs=frames.needs_of(frame, template))
    return to_ask(rng, frames.ask(rng, built, template))


def _link(rng: random.Random, frame: Frame, split: Split) -> Link:
    numbers = [n for n in frames.templates(frame, False) if frame.requests[n].imperative] or [0]
    template = rng.choice(numbers)
    built = frames.build(rng, frame, needs=frames.needs_of(frame, template))
    slot = f"{frame.entity}_id"
    asked = frames.ask(rng, built, template, fixed={slot: Value(None, _MARK)})
    ask = to_ask(rng, asked)
    return Link(ask, built.names[slot])


def _spoken(rng: random.Random, first: Ask, links: list[Link], one: str, pronoun: str) -> str:
    text = wrap(rng, first.text, first.imperative).rstrip(".")
    closed = text[-1] in "?!"
    for i, link in enumerate(links):
        said = link.ask.text
        said = re.sub(rf"\b{re.escape(one)} {_MARK}", pronoun if i == 0 else "it", said, flags=re.I)
        link.ask.text = said
        said = said[0].lower() + said[1:]
        form = rng.choice([t for t in _THEN if t[0] == "."] if closed else _THEN)
        text += form.lstrip(".").replace("after", "After", 1).format(said) if closed else form.format(said)
    return text if text[-1] in "?.!" else text + "."


def _trajectory(
    rng: random.Random,
    source: FrameSource | CatalogueSource,
    text: str,
    first: Ask,
    links: list[Link],
    ident: Any,
    data: Any,
    note: str,
    finished: bool | None = None,
) -> Trajectory:
    """The run: the first call, what it returned, and the calls that use its id."""
    cards: list[ToolCard] = list({a.card.name: a.card for a in [first, *(link.ask for link in links)]}.values())
    tools = shown(
        rng, cards, source.siblings(rng, [first, *(link.ask for link in links)], rng.choice([0, 0, 1, 2, 3, 5]))
    )
    first.arguments = protocol.in_schema_order(first.arguments, first.card.parameters)
    planned = [PlannedStep(step_text(first), known_texts(first.arguments))]
    calls = [first.arguments]
    for link in links:
        rest = {k: v for k, v in link.ask.arguments.items() if k != link.parameter}
        rest = protocol.in_schema_order(rest, link.ask.card.parameters)
        link.ask.arguments = rest
        planned.append(PlannedStep(step_text(link.ask), known_texts(rest), (1,)))
        calls.append(protocol.in_schema_order(rest | {link.parameter: ident}, link.ask.card.parameters))
    assert str(ident) in protocol.dumps(data) or finished, "the result must name the id that is used later"
    finished = rng.random() < 0.6 if finished is None else finished
    steps = []
    for i, (step, call, ask) in enumerate(zip(planned, calls, [first, *(link.ask for link in links)], strict=True)):
        result = data if i == 0 else ask.result.data
        said = note if i == 0 else ask.result.note
        seen = finished or i < len(links)
        body = result if isinstance(result, str) else protocol.dumps(result)
        attempt = Attempt(call, body[:900], Verdict(said, "done")) if seen else Attempt(call)
        steps.append(StepRecord(step, ask.card.name, [attempt], candidates(rng, ask.card, tools)))
    answer = Answer(" ".join([f"{note[0].upper()}{note[1:]}.", *(link.ask.result.answer for link in links)]), "success")
    run = Trajectory(
        text, tools, Plan(tuple(planned)), f"chain:{first.template}", first.family, source.environment, "chain", steps,
        answer=answer if finished else None,
    )  # fmt: skip
    return reworded(run, [step.do for step in planned])


@cache
def _groups(split: Split) -> list[list[Frame]]:
    groups: dict[str, list[Frame]] = defaultdict(list)
    for frame in functions.load():
        if belongs(frame, "train" if split == "held_template" else split):
            groups[frame.entity].append(frame)
    return list(groups.values())


# Real operations


def operation_chain(rng: random.Random, split: Split, source: CatalogueSource) -> Trajectory:
    """Create a resource of a real service, then use the id that came back."""
    pairs = _pairs(source, split == "held_family")
    while True:
        first_operation, second_operation, key = rng.choice(pairs)
        style = rng.choice(frames.STYLES)
        first = ask_for(rng, show(rng, first_operation, style), split)
        tool = show(rng, second_operation, style)
        shared = {
            k: _again(first, k) for k in second_operation.required if first is not None and k in first.origin.names
        }
        second = ask_for(rng, tool, split, {k: v for k, v in shared.items() if v is not None}, omit=key)
        if first is not None and second is not None:
            break
    noun = " ".join(words_of(key)[:-1])
    ident = catalogue_values.draw(rng, second_operation.service, key, second_operation.parameters[key])
    assert ident is not None, f"no value for the id {key!r}"
    text = first.text if first.text[-1] in ".?!" else first.text + "."
    said = re.sub(rf"\b(?:an?|the) {re.escape(noun)}\b", f"that {noun}", second.text, count=1, flags=re.I)
    text += f" {rng.choice(['Then', 'After that,', 'Next,', 'And then'])} {said[0].lower()}{said[1:]}"
    second.text = said
    text += "" if text[-1] in ".?!" else "."
    data = {
        tool.names[key] if rng.random() < 0.5 else key: ident.value,
        "status": rng.choice(["CREATING", "ACTIVE", "PENDING"]),
    }
    return _trajectory(
        rng,
        source,
        text,
        first,
        [Link(second, tool.names[key])],
        ident.value,
        data,
        f"{noun} {words_of(key)[-1]} {ident.value}",
    )


def _again(first: Ask, key: str) -> Value | None:
    """What the first request said for a parameter that the second call has too."""
    value = first.arguments.get(first.origin.names[key])
    return Value(value, value if isinstance(value, str) else protocol.dumps(value)) if value is not None else None


_PAIRS: dict[tuple[int, bool], list[tuple[Operation, Operation, str]]] = {}
_ID_WORDS = ("id", "arn", "identifier")


def _pairs(source: CatalogueSource, held: bool) -> list[tuple[Operation, Operation, str]]:
    """Pairs (create a thing, an operation that requires the thing's id, the parameter for it)."""
    if (id(source), held) not in _PAIRS:
        found = []
        for operations in source.services(held):
            makers = {
                words_of(o.name)[1:]: o
                for o in operations
                if words_of(o.name)[0] in ("create", "start", "register", "import")
            }
            for operation in operations:
                for key in operation.required:
                    words = words_of(key)
                    maker = makers.get(words[:-1]) if words[-1] in _ID_WORDS else None
                    if (
                        maker is not None
                        and maker is not operation
                        and key not in maker.parameters
                        and _usable(operation, key)
                    ):
                        found.append((maker, operation, key))
        _PAIRS[id(source), held] = found
    return _PAIRS[id(source), held]


def _usable(operation: Operation, key: str) -> bool:
    schema = operation.parameters[key]
    return schema["type"] in ("string", "integer") and "enum" not in schema and words_of(operation.name)[0] != "create"
