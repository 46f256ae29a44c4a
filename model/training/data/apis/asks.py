# ruff: noqa: E501 (phrases are kept on one line)
"""A request with the call it asks for, and several of them in one."""

import random
from dataclasses import dataclass, field
from typing import Any

from coterie.model.chat import ToolCard
from coterie.model.training.data.apis import frames
from coterie.model.training.data.apis.frames import Frame


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
