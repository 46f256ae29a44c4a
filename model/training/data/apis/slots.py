"""What a value of an argument is: the value, its words, and the slot of a tool that it fills."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from coterie.model.chat import JsonSchema


class Value(NamedTuple):
    """An argument value and how a request says it."""

    value: Any
    text: str


@dataclass(frozen=True)
class Slot:
    """One parameter of one tool: its schema, a hint for the description, and a source of values."""

    schema: JsonSchema
    draw: Callable[[random.Random], Value]
    hint: str = ""
    fields: dict[str, "Slot"] | None = None


Kind = Callable[[random.Random], Slot]

NUMBER_WORDS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]


def say_number(rng: random.Random, value: float) -> str:
    """A number in digits, with thousands separators, or in words."""
    if isinstance(value, int) and 2 <= value <= 12 and rng.random() < 0.18:
        return NUMBER_WORDS[value]
    if abs(value) >= 1000 and rng.random() < 0.5:
        return f"{value:,}"
    return str(value)


def say_list(rng: random.Random, texts: list[str]) -> str:
    """Items in prose: `a, b and c`."""
    if len(texts) == 1:
        return texts[0]
    if len(texts) == 2:
        return f"{texts[0]} and {texts[1]}"
    comma = rng.choice([" and ", ", and ", " and "])
    return ", ".join(texts[:-1]) + comma + texts[-1]


def span(options: str) -> tuple[float, float]:
    low, _, high = options.rpartition("-")
    return float(low), float(high)
