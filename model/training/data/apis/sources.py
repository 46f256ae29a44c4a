# ruff: noqa: E501 (phrases are kept on one line)
"""Where tools and requests for them come from, in one face for all trajectory kinds: `FrameSource` and, in
`catalogue_source`, the real APIs."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from coterie.model.chat import ToolCard
from coterie.model.training.data.apis import frames, functions
from coterie.model.training.data.apis.frames import Built, Frame
from coterie.model.training.data.apis.slots import Value, say_list
from coterie.model.training.data.trajectory import Split


@dataclass(frozen=True)
class Result:
    """What a call returned, the note on it and the answer it allows."""

    data: Any
    note: str
    answer: str


@dataclass
class Ask:
    """A request and the call it asks for."""

    text: str
    imperative: bool
    card: ToolCard
    arguments: dict[str, Any]
    family: str
    template: str
    result: Result
    action: str
    origin: Any = field(default=None, repr=False)


@dataclass
class Together:
    """One request that asks for several calls of one tool."""

    text: str
    imperative: bool
    asks: list[Ask]


class Source(Protocol):
    """A collection of tools with requests."""

    environment: str

    def ask(self, rng: random.Random, split: Split) -> Ask: ...

    def together(self, rng: random.Random, split: Split, count: int) -> Together | None: ...

    def siblings(self, rng: random.Random, asks: Sequence[Ask], count: int) -> list[ToolCard]: ...

    def unfit(self, rng: random.Random, ask: Ask, count: int, hard: bool) -> list[ToolCard]: ...


# Verbs of one entity that could stand in for each other, so that a refusal would be wrong.
_CRUD = {"create", "get", "update", "delete", "list", "count"}


class FrameSource:
    """The hand-written frames (`frames/`) and the composed ones (`entities/`)."""

    environment = "functions"

    def __init__(self, written_share: float = 0.6) -> None:
        self.written, self.composed = frames.load(), functions.load()
        self.written_share = written_share
        self._domains: dict[str, list[Frame]] = defaultdict(list)
        for frame in [*self.written, *self.composed]:
            self._domains[frame.domain].append(frame)
        self._pools: dict[tuple[Split, bool], list[Frame]] = {}

    def frame(self, rng: random.Random, split: Split) -> Frame:
        """A frame whose tools or templates belong to the split."""
        written = rng.random() < self.written_share
        return rng.choice(self._pool(split, written) or self._pool(split, not written))

    def _pool(self, split: Split, written: bool) -> list[Frame]:
        if (split, written) not in self._pools:
            every = self.written if written else self.composed
            self._pools[split, written] = [f for f in every if belongs(f, split)]
        return self._pools[split, written]

    def ask(self, rng: random.Random, split: Split) -> Ask:
        """A tool and a request for it."""
        frame = self.frame(rng, split)
        template = rng.choice(frames.templates(frame, split == "held_template"))
        built = frames.build(rng, frame, needs=frames.needs_of(frame, template))
        return to_ask(rng, frames.ask(rng, built, template))

    def together(self, rng: random.Random, split: Split, count: int) -> Together | None:
        """Several calls of one tool in one request; None when the draw did not give different calls."""
        frame = self.frame(rng, split)
        numbers = frames.templates(frame, split == "held_template")
        template = rng.choice(numbers)
        built = frames.build(rng, frame, needs=frames.needs_of(frame, template))
        ways = [_listed, _gapped, _respectively, _same_again]
        [way] = rng.choices([*ways, None], [0.25, 0.2, 0.2, 0.15, 0.2])
        return way(rng, built, template, count) if way else _in_turn(rng, built, split, count)

    def siblings(self, rng: random.Random, asks: Sequence[Ask], count: int) -> list[ToolCard]:
        """Tools for other purposes, most of them of the same domain."""
        return self._others(rng, asks, count, 0.65, lambda f, g: False)

    def unfit(self, rng: random.Random, ask: Ask, count: int, hard: bool) -> list[ToolCard]:
        """Tools that cannot serve the request; hard ones are of its domain."""
        return self._others(rng, [ask], count, 1.0 if hard else 0.0, _could_serve)

    def _others(
        self, rng: random.Random, asks: Sequence[Ask], count: int, near: float, excluded: Any
    ) -> list[ToolCard]:
        targets: list[Frame] = [ask.origin.frame for ask in asks]
        target = targets[0]
        style = asks[0].origin.style if rng.random() < 0.75 else None
        chosen: dict[str, ToolCard] = {ask.card.name: ask.card for ask in asks}
        right = len(chosen)
        keys = {frame.key for frame in targets}
        for _ in range(count * 4):
            if len(chosen) >= right + count:
                break
            pool: Sequence[Frame] = (
                self._near(rng, target)
                if rng.random() < near
                else self.written
                if rng.random() < 0.5
                else self.composed
            )
            frame = rng.choice(pool)
            if (
                frame.key in keys
                or (frame.held != target.held and not target.held)
                or excluded(target, frame)
                or any(_same(other, frame) for other in targets)
            ):
                continue
            keys.add(frame.key)
            card = frames.build(rng, frame, style).card
            chosen.setdefault(card.name, card)
        return list(chosen.values())[right:]

    def _near(self, rng: random.Random, target: Frame) -> Sequence[Frame]:
        domain = self._domains[target.domain]
        if target.entity and rng.random() < 0.6:
            return [f for f in domain if f.entity == target.entity]
        return domain


def belongs(frame: Frame, split: Split) -> bool:
    if split == "held_environment":
        raise ValueError("the API data has no environments to hold out; ask for 'held_family' or 'held_template'")
    if split == "held_family":
        return frame.held
    return not frame.held and (split == "train" or bool(frames.held_requests(frame)))


def _same(a: Frame, b: Frame) -> bool:
    """Whether two frames are so close that either could be meant."""
    if bool(a.entity) != bool(b.entity):
        return _same_thing(a, b) if b.entity else _same_thing(b, a)
    if a.entity and a.entity == b.entity:
        return {a.verb, b.verb} <= {"cancel", "delete", "end", "terminate", "close", "withdraw", "discard", "retire"}
    return len(a.tokens & b.tokens) / len(a.tokens | b.tokens) >= 0.6


# Written frames that are about a composed entity though they do not share its name.
_ABOUT = {
    "reserve_table": "reservation",
    "wine_pairing": "recipe",
    "meal_plan": "meal_log",
    "water_plants": "irrigation_program",
}


def _same_thing(written: Frame, composed: Frame) -> bool:
    nouns = {word.rstrip("s") for word in composed.entity.split("_")}
    return _ABOUT.get(written.key) == composed.entity or bool(nouns & {word.rstrip("s") for word in written.tokens})


def _could_serve(target: Frame, other: Frame) -> bool:
    if target.entity and target.entity == other.entity:
        return not {target.verb, other.verb} <= _CRUD or {target.verb, other.verb} in (
            {"count", "list"},
            {"get", "list"},
        )
    if target.entity and other.entity:
        return False
    return len(target.tokens & other.tokens) / min(len(target.tokens), len(other.tokens)) >= 0.3


def to_ask(rng: random.Random, asked: frames.Asked, arguments: dict[str, Any] | None = None) -> Ask:
    frame = asked.built.frame
    return Ask(
        asked.text, asked.imperative, asked.built.card, asked.arguments if arguments is None else arguments,
        frame.entity or frame.key, f"{frame.key}/{asked.template}", _result(rng, frame), asked.built.card.description, asked.built,
    )  # fmt: skip


def _result(rng: random.Random, frame: Frame) -> Result:
    values = {name: kind(rng).draw(rng).value for name, kind in frame.results} or {"ok": True}
    note = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items())
    answer = frame.answer.format(**values) if frame.answer else f"The result: {note}."
    data: Any = values
    if len(values) == 1 and rng.random() < 0.15:
        data = next(iter(values.values()))
    elif rng.random() < 0.2:
        data = {"status": "ok", "data": values}
    return Result(data, note, answer)


# Verbs of entities with which any attribute may take several values; with the others only the entity itself.
_LISTABLE = frozenset({"create", "list", "count"})


def _plain_slots(built: Built, template: int) -> list[str]:
    """Slots that a template surely says and whose values can be listed."""
    if built.frame.verb and built.frame.verb not in _LISTABLE:
        return [slot for slot in built.slots if slot == f"{built.frame.entity}_id"]
    return [
        slot for slot in built.frame.requests[template].template.slots
        if "." not in slot and slot in built.slots and built.slots[slot].schema.get("type") in ("string", "number", "integer")
    ]  # fmt: skip


def _draws(rng: random.Random, built: Built, slot: str, count: int) -> list[Value] | None:
    drawn: dict[str, Value] = {}
    for _ in range(count * 3):
        value = built.slots[slot].draw(rng)
        drawn.setdefault(str(value.value), value)
        if len(drawn) == count:
            return list(drawn.values())
    return None


def _one_slot(rng: random.Random, built: Built, template: int, count: int) -> tuple[str, list[Value]] | None:
    """A slot that the template says, and that many different values for it."""
    slots = _plain_slots(built, template)
    if not slots:
        return None
    slot = rng.choice(sorted(slots))
    values = _draws(rng, built, slot, count)
    return None if values is None else (slot, values)


def _listed(rng: random.Random, built: Built, template: int, count: int) -> Together | None:
    """`the weather in Paris, Rome and Oslo`: one slot says all its values."""
    drawn = _one_slot(rng, built, template, count)
    if drawn is None:
        return None
    slot, values = drawn
    joined = say_list(rng, [value.text for value in values])
    asked = frames.ask(rng, built, template, fixed={slot: Value(None, joined)})
    name = built.names[slot]
    asks = [to_ask(rng, asked, asked.arguments | {name: value.value}) for value in values]
    for ask, value in zip(asks, values, strict=True):
        ask.text = asked.text.replace(joined, value.text, 1)
    return Together(asked.text, asked.imperative, asks)


def _respectively(rng: random.Random, built: Built, template: int, count: int) -> Together | None:
    """`price items A and B at 3 and 5 respectively`: two slots say their values, in the same order."""
    slots = _plain_slots(built, template)
    if len(slots) < 2:
        return None
    pair = rng.sample(sorted(slots), 2)
    drawn = [_draws(rng, built, slot, count) for slot in pair]
    if drawn[0] is None or drawn[1] is None:
        return None
    rows = list(zip(drawn[0], drawn[1], strict=True))
    joined = [say_list(rng, [row[i].text for row in rows]) for i in (0, 1)]
    asked = frames.ask(
        rng, built, template, fixed={slot: Value(None, text) for slot, text in zip(pair, joined, strict=True)}
    )
    if any(asked.text.count(text) != 1 for text in joined):
        return None
    asks = []
    for row in rows:
        given = {built.names[slot]: value.value for slot, value in zip(pair, row, strict=True)}
        ask = to_ask(rng, asked, asked.arguments | given)
        for text, value in zip(joined, row, strict=True):
            ask.text = ask.text.replace(text, value.text, 1)
        asks.append(ask)
    body = asked.text.rstrip("?.! ")
    end = asked.text[len(body) :]
    return Together(
        body + rng.choice([" respectively", ", respectively", ", in this order"]) + end, asked.imperative, asks
    )


_AGAIN = ("Do the same for {}.", "Same for {}.", "Then the same for {}.", "And do that for {} as well.", "Also for {}.")
_AGAIN_ASKED = ("What about {}?", "How about {}?", "And for {}?", "And {}?", "I need the same for {}.")


def _same_again(rng: random.Random, built: Built, template: int, count: int) -> Together | None:
    """`What is the tide in Brest? And in Vigo?`: the first is said in full, of the others only what is different."""
    drawn = _one_slot(rng, built, template, count)
    if drawn is None:
        return None
    slot, values = drawn
    asked = frames.ask(rng, built, template, fixed={slot: values[0]})
    if asked.text.count(values[0].text) != 1:
        return None
    asks = [to_ask(rng, asked, asked.arguments | {built.names[slot]: value.value}) for value in values]
    for ask, value in zip(asks, values, strict=True):
        ask.text = asked.text.replace(values[0].text, value.text, 1)
    first = asked.text if asked.text[-1] in ".?!" else f"{asked.text}."
    rest = rng.choice(_AGAIN_ASKED if first[-1] == "?" else _AGAIN).format(say_list(rng, [v.text for v in values[1:]]))
    return Together(f"{first} {rest}", False, asks)


_JOINTS = {
    "with",
    "for",
    "of",
    "in",
    "from",
    "between",
    "to",
    "at",
    "on",
    "by",
    "a",
    "an",
    "whose",
    "called",
    "named",
    "titled",
    "about",
}


def _gapped(rng: random.Random, built: Built, template: int, count: int) -> Together | None:
    """`the distance between Paris and Rome, and between Oslo and Bergen`: the shared beginning is said once."""
    seed, slots = rng.random(), sorted(_plain_slots(built, template))
    first = frames.ask(rng, built, template, structure=random.Random(seed))
    asked = [first]
    for _ in range(count - 1):
        kept = {s: Value(first.arguments[built.names[s]], first.said[s]) for s in slots[1:] if rng.random() < 0.25}
        asked.append(frames.ask(rng, built, template, fixed=kept, structure=random.Random(seed)))
    if len({str(a.arguments) for a in asked}) < count:
        return None
    texts = [a.text.rstrip("?.! ").split() for a in asked]
    shared = 0
    while all(len(t) > shared + 1 and t[shared] == texts[0][shared] for t in texts):
        shared += 1
    while shared and texts[0][shared - 1].lower() not in _JOINTS:
        shared -= 1
    if shared < 2:
        return None
    rests = [" ".join(t[shared - 1 :]) for t in texts[1:]]
    end = "?" if first.text.endswith("?") else ""
    link = rng.choice([", and ", ", and also ", " and ", ", as well as "])
    text = " ".join(texts[0]) + "".join(f", {rest}" for rest in rests[:-1]) + link + rests[-1] + end
    return Together(text, first.imperative, [to_ask(rng, a) for a in asked])


def _in_turn(rng: random.Random, built: Built, split: Split, count: int) -> Together | None:
    numbers = frames.templates(built.frame, split == "held_template", built)
    asked = [frames.ask(rng, built, rng.choice(numbers)) for _ in range(count)]
    if len({str(a.arguments) for a in asked}) < count:
        return None
    asks = [to_ask(rng, a) for a in asked]
    return Together(join_requests(rng, [a.text for a in asked]), False, asks)


_THEN = ["Also, ", "And ", "Then ", "After that, ", "In addition, ", "Besides, ", "Next, ", "Oh, and ", "Plus: "]


def join_requests(rng: random.Random, texts: list[str]) -> str:
    """Several whole requests as one."""
    style = rng.random()
    if style < 0.12:
        return "\n".join(f"{i}. {text}" for i, text in enumerate(texts, 1))
    if style < 0.2:
        return "\n".join(f"- {text}" for text in texts)
    parts = [texts[0]]
    for text in texts[1:]:
        link = rng.choice([*_THEN, "", ""])
        keep = not link or text.split()[0] in ("I", "I'm", "I'd", "I've") or text.split()[0].isupper()
        parts.append(link + (text if keep else text[0].lower() + text[1:]))
    closed = [part if part[-1] in ".?!" else part + "." for part in parts]
    return " ".join(closed)
