# ruff: noqa: E501 (phrases are kept on one line)
"""Kinds of dates and times: one written format for each tool, many spoken ones."""

import random
from typing import Any

from coterie.model.chat import JsonSchema
from coterie.model.training.data.apis import pools
from coterie.model.training.data.apis.slots import NUMBER_WORDS, Kind, Slot, Value, span

_DATE_STYLES = [
    "{B} {d}, {Y}",
    "{d} {B} {Y}",
    "{Y}-{m:02}-{d:02}",
    "the {o} of {B} {Y}",
    "{B} {o}, {Y}",
    "{b} {d}, {Y}",
    "{d} {b} {Y}",
]
_DATE_FORMATS = [("{Y}-{m:02}-{d:02}", "YYYY-MM-DD")] * 6 + [
    ("{m:02}/{d:02}/{Y}", "MM/DD/YYYY"),
    ("{d:02}/{m:02}/{Y}", "DD/MM/YYYY"),
    ("{d:02}-{m:02}-{Y}", "DD-MM-YYYY"),
    ("{d:02}.{m:02}.{Y}", "DD.MM.YYYY"),
]


def _ordinal(day: int) -> str:
    suffix = "th" if 10 <= day <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{suffix}"


def _date_parts(rng: random.Random, low: int, high: int) -> dict[str, Any]:
    month, day = rng.randint(1, 12), rng.randint(1, 28)
    name = pools.MONTHS[month - 1]
    return {"Y": rng.randint(low, high), "m": month, "d": day, "B": name, "b": name[:3], "o": _ordinal(day)}


def date(options: str) -> Kind:
    low, high = (int(bound) for bound in span(options or "2023-2027"))

    def realise(rng: random.Random) -> Slot:
        form, name = rng.choice(_DATE_FORMATS)

        def draw(rng: random.Random) -> Value:
            parts = _date_parts(rng, low, high)
            return Value(form.format(**parts), rng.choice([*_DATE_STYLES, form]).format(**parts))

        iso = name == "YYYY-MM-DD"
        schema: JsonSchema = {"type": "string", "format": "date"} if iso and rng.random() < 0.5 else {"type": "string"}
        return Slot(
            schema, draw, rng.choice([f"in {name} format", f"in the format {name}", name, f"formatted as {name}"])
        )

    return realise


def _clock(rng: random.Random, hour: int, minute: int) -> str:
    half = "am" if hour < 12 else "pm"
    short = (hour % 12) or 12
    styles = [f"{hour:02}:{minute:02}", f"{short}:{minute:02} {half}", f"{short}:{minute:02}{half}"]
    if minute == 0:
        styles += [
            f"{short} {half}",
            f"{short}{half}",
            f"{short} o'clock in the {'morning' if hour < 12 else 'afternoon' if hour < 18 else 'evening'}",
        ]
    if minute == 30:
        styles.append(
            f"half past {NUMBER_WORDS[short]} in the {'morning' if hour < 12 else 'afternoon' if hour < 18 else 'evening'}"
        )
    return rng.choice(styles)


def time(options: str) -> Kind:
    def draw(rng: random.Random) -> Value:
        hour, minute = rng.randint(7, 22), rng.choice([0, 0, 0, 30, 30, 15, 45, 20])
        return Value(f"{hour:02}:{minute:02}", _clock(rng, hour, minute))

    return lambda rng: Slot(
        {"type": "string"},
        draw,
        rng.choice(["in HH:MM format", "HH:MM, 24-hour", "as HH:MM in 24-hour time", "24-hour clock, HH:MM"]),
    )


def datetime(options: str) -> Kind:
    def realise(rng: random.Random) -> Slot:
        joint, seconds = rng.choice(["T", "T", " "]), rng.choice([":00", ":00", ""])

        def draw(rng: random.Random) -> Value:
            parts = _date_parts(rng, 2024, 2027)
            hour, minute = rng.randint(7, 22), rng.choice([0, 0, 30, 15, 45])
            day = rng.choice(_DATE_STYLES).format(**parts)
            value = f"{parts['Y']}-{parts['m']:02}-{parts['d']:02}{joint}{hour:02}:{minute:02}{seconds}"
            return Value(
                value, rng.choice([f"{day} at {_clock(rng, hour, minute)}", f"{_clock(rng, hour, minute)} on {day}"])
            )

        shape = f"YYYY-MM-DD{joint}HH:MM{':SS' if seconds else ''}"
        schema: JsonSchema = (
            {"type": "string", "format": "date-time"}
            if joint == "T" and seconds and rng.random() < 0.4
            else {"type": "string"}
        )
        return Slot(schema, draw, f"in the format {shape}")

    return realise
