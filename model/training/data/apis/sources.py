"""Where tools and requests for them come from, in one face for all trajectory kinds: `FrameSource` and, in
`catalogue_source`, the real APIs."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from math import log, sqrt
from typing import Any, Protocol

from coterie.model.chat import ToolCard
from coterie.model.training.data.apis import assembled, frames, functions, several
from coterie.model.training.data.apis.asks import Ask, Together, to_ask
from coterie.model.training.data.apis.frames import Frame, words_of
from coterie.model.training.data.trajectory import Split


class Source(Protocol):
    """A collection of tools with requests."""

    environment: str

    def ask(self, rng: random.Random, split: Split) -> Ask: ...

    def together(self, rng: random.Random, split: Split, count: int) -> Together | None: ...

    def siblings(self, rng: random.Random, asks: Sequence[Ask], count: int) -> list[ToolCard]: ...

    def unfit(self, rng: random.Random, ask: Ask, count: int, hard: bool) -> list[ToolCard]: ...


NUM_ALIKE = 12
# Verbs of one entity that could stand in for each other, so that a refusal would be wrong.
_CRUD = {"create", "get", "update", "delete", "list", "count"}


class FrameSource:
    """Frames written by hand (`frames/`), composed of nouns and verbs (`entities/`), and of goals and parameters
    (`assembled/`), drawn in these shares."""

    environment = "functions"

    def __init__(self, shares: tuple[float, float, float] = (0.3, 0.2, 0.5)) -> None:
        self._kinds = (frames.load(), functions.load(), assembled.load())
        self._shares = shares
        every = [frame for kind in self._kinds for frame in kind]
        self._domains: dict[str, list[Frame]] = defaultdict(list)
        for frame in every:
            self._domains[frame.domain].append(frame)
        self._pools: dict[tuple[Split, int], list[Frame]] = {}
        self._frames = {frame.key: frame for frame in every}
        self._words = weighted_words(every)
        self._neighbours: dict[str, list[Frame]] = {}

    def frame(self, rng: random.Random, split: Split) -> Frame:
        """A frame whose tools or templates belong to the split."""
        pools = [self._pool(split, kind) for kind in range(len(self._kinds))]
        [pool] = rng.choices(pools, [share if pool else 0.0 for share, pool in zip(self._shares, pools, strict=True)])
        return rng.choice(pool)

    def _pool(self, split: Split, kind: int) -> list[Frame]:
        if (split, kind) not in self._pools:
            self._pools[split, kind] = [frame for frame in self._kinds[kind] if belongs(frame, split)]
        return self._pools[split, kind]

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
        return several.together(rng, built, split, template, count)

    def siblings(self, rng: random.Random, asks: Sequence[Ask], count: int) -> list[ToolCard]:
        """Tools for other purposes, most of them of the same domain."""
        return self._others(rng, asks, count, 0.65, lambda f, g: False)

    def unfit(self, rng: random.Random, ask: Ask, count: int, hard: bool) -> list[ToolCard]:
        """Tools that cannot serve the request; hard ones are of its domain, or told in much the same words."""
        return self._others(rng, [ask], count, 1.0 if hard else 0.0, _could_serve, hard and rng.random() < 0.5)

    def _others(
        self, rng: random.Random, asks: Sequence[Ask], count: int, near: float, excluded: Any, alike: bool = False
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
                self._alike(target)
                if alike
                else self._near(rng, target)
                if rng.random() < near
                else rng.choice(self._kinds)
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

    def _alike(self, target: Frame) -> Sequence[Frame]:
        """The frames of any domain that share most of the rarer words of the target's tools and requests."""
        if target.key not in self._neighbours:
            mine = self._words[target.key]
            scores = {
                frame.key: sum(weight * other[word] for word, weight in mine.items() if word in other)
                for frame in self._frames.values()
                if frame.names != target.names and (other := self._words[frame.key])
            }
            nearest = sorted(scores, key=lambda key: -scores[key])[:NUM_ALIKE]
            self._neighbours[target.key] = [self._frames[key] for key in nearest]
        return self._neighbours[target.key]

    def _near(self, rng: random.Random, target: Frame) -> Sequence[Frame]:
        domain = self._domains[target.domain]
        if target.entity and rng.random() < 0.6:
            return [f for f in domain if f.entity == target.entity]
        return domain


def weighted_words(frames: Sequence[Frame]) -> dict[str, dict[str, float]]:
    """By the key of every frame: its words, each weighted by how rare it is, as a vector of length one."""
    said = {frame.key: {word for text in _texts(frame) for word in words_of(text)} for frame in frames}
    spread = Counter(word for words in said.values() for word in words)
    rare = {word: log(len(frames) / count) for word, count in spread.items()}
    lengths = {key: sqrt(sum(rare[word] ** 2 for word in words)) or 1.0 for key, words in said.items()}
    return {key: {word: rare[word] / lengths[key] for word in words} for key, words in said.items()}


def _texts(frame: Frame) -> Iterator[str]:
    yield from frame.names
    yield from frame.descriptions
    for parameter in frame.parameters:
        yield parameter.name
        yield from parameter.descriptions


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
