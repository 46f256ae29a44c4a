"""Kinds of values that a request says in other words than the call has them: units, codes, spans of time, head counts.

A tool asks for centimetres and people say 1.70 m; it asks for days and they say six weeks. See `values` for the face.
"""

import random
from collections.abc import Callable, Mapping

from coterie.model.training.data.apis import pools
from coterie.model.training.data.apis.slots import NUMBER_WORDS, Kind, Slot, Value, say_number, span

# What a unit is in others: the words for each, and how many of the wanted unit one of it is.
_UNITS: Mapping[str, tuple[tuple[str, float], ...]] = {
    "cm": (("{} cm", 1), ("{} centimetres", 1), ("{} m", 100), ("{} metres", 100), ("{} mm", 0.1)),
    "m": (("{} m", 1), ("{} metres", 1), ("{} meters", 1), ("{} km", 1000), ("{} cm", 0.01)),
    "km": (("{} km", 1), ("{} kilometres", 1), ("{} kilometers", 1), ("{} m", 0.001)),
    "kg": (("{} kg", 1), ("{} kilos", 1), ("{} kilograms", 1), ("{} tonnes", 1000), ("{} g", 0.001)),
    "g": (("{} g", 1), ("{} grams", 1), ("{} kg", 1000), ("{} kilos", 1000)),
    "ml": (("{} ml", 1), ("{} millilitres", 1), ("{} litres", 1000), ("{} l", 1000)),
    "l": (("{} l", 1), ("{} litres", 1), ("{} liters", 1), ("{} ml", 0.001)),
    "W": (("{} W", 1), ("{} watts", 1), ("{} kW", 1000)),
    "mb": (("{} MB", 1), ("{} megabytes", 1), ("{} GB", 1000)),
}
_LONG = {"km": "kilometres", "m": "metres", "cm": "centimetres", "kg": "kilograms", "g": "grams", "ml": "millilitres",
         "l": "litres", "W": "watts", "mb": "megabytes"}  # fmt: skip
_TIMES: Mapping[str, Mapping[str, int]] = {
    "seconds": {"seconds": 1, "minutes": 60, "hours": 3600},
    "minutes": {"minutes": 1, "hours": 60, "days": 1440},
    "hours": {"hours": 1, "days": 24, "weeks": 168},
    "days": {"days": 1, "weeks": 7},
    "months": {"months": 1, "years": 12},
    "years": {"years": 1, "decades": 10},
}
_STATES, _COUNTRIES = (
    {code: name for code, _, name in (pair.partition("|") for pair in pairs)}
    for pairs in (pools.STATE_CODES, pools.COUNTRY_CODES)
)
_COMPANY = ("my wife", "my husband", "my sister", "my brother", "a friend", "my mother", "my colleague", "my son")


def _trim(value: float) -> float:
    rounded = round(value, 4)
    return int(rounded) if rounded == int(rounded) else rounded


def unit(options: str) -> Kind:
    """`unit:cm:150-200`: a number in the unit the tool wants, said in it or in another."""
    wanted, _, bounds = options.partition(":")
    low, high = span(bounds or "10-500")

    def realise(rng: random.Random) -> Slot:
        def draw(rng: random.Random) -> Value:
            words, each = rng.choice([_UNITS[wanted][0], _UNITS[wanted][1], rng.choice(_UNITS[wanted])])
            value = rng.uniform(low, high)
            value = round(value) if value > 20 and rng.random() < 0.8 else round(value, 1)
            said = _trim(value / each)
            return Value(_trim(said * each), words.format(say_number(rng, said)))

        hints = [f"in {wanted}", f"in {_LONG[wanted]}", f"({wanted})", f"measured in {_LONG[wanted]}", f"{wanted}"]
        return Slot({"type": "number"}, draw, rng.choice(hints))

    return realise


def lasting(options: str) -> Kind:
    """`lasting:days:1-60`: a span of time in the unit the tool wants, said in it or in a larger one."""
    wanted, _, bounds = options.partition(":")
    low, high = (int(bound) for bound in span(bounds or "1-90"))

    def realise(rng: random.Random) -> Slot:
        def draw(rng: random.Random) -> Value:
            larger = [name for name, each in _TIMES[wanted].items() if each <= high]
            name = wanted if rng.random() < 0.5 else rng.choice(larger)
            each = _TIMES[wanted][name]
            count = rng.randint(max(1, -(-low // each)), max(1, high // each))
            said = NUMBER_WORDS[count] if count <= 12 and rng.random() < 0.4 else str(count)
            if count == 1:
                word = name[:-1]
                return Value(
                    each, rng.choice([f"1 {word}", f"one {word}", f"{'an' if word == 'hour' else 'a'} {word}"])
                )
            if name == "hours" and wanted == "minutes" and rng.random() < 0.3:
                half = rng.choice([("half an hour", 30), ("an hour and a half", 90), ("two and a half hours", 150)])
                return Value(half[1], half[0])
            return Value(count * each, f"{said} {name}")

        hint = rng.choice([f"in {wanted}", f"number of {wanted}", f"({wanted})", f"in whole {wanted}"])
        return Slot({"type": "integer"}, draw, hint)

    return realise


def hour(options: str) -> Kind:
    """An hour of the day, 0 to 23, said as people do."""

    def draw(rng: random.Random) -> Value:
        value = rng.randint(0, 23)
        half, short = ("am" if value < 12 else "pm"), (value % 12) or 12
        spoken = [f"{short} {half}", f"{short}{half}", f"{value}:00", f"{short} {half[0]}.m."]
        if value == 12:
            spoken += ["noon", "midday"]
        if 5 <= value < 12:
            spoken.append(f"{short} in the morning")
        if 18 <= value < 22:
            spoken.append(f"{short} in the evening")
        return Value(value, rng.choice(spoken))

    hints = ("0 to 23", "in 24-hour format", "hour of the day, 0-23", "24-hour clock")
    return lambda rng: Slot({"type": "integer"}, draw, rng.choice(hints))


def era(options: str) -> Kind:
    """A year; those before our era are negative."""

    def draw(rng: random.Random) -> Value:
        if rng.random() < 0.4:
            value = rng.randint(20, 1500)
            return Value(-value, f"{value} {rng.choice(['BC', 'BCE', 'B.C.'])}")
        value = rng.randint(90, 1990)
        return Value(value, f"{value} AD" if value < 900 and rng.random() < 0.4 else str(value))

    hints = ("negative for BC", "years BC are negative", "use a negative number for BC")
    return lambda rng: Slot({"type": "integer"}, draw, rng.choice(hints))


def _coded(codes: Mapping[str, str], hints: tuple[str, ...], plain: str) -> Callable[[str], Kind]:
    """A code said by its name; one tool in three wants the name itself."""

    def kind(options: str) -> Kind:
        def realise(rng: random.Random) -> Slot:
            by_name = rng.random() < 0.35

            def draw(rng: random.Random) -> Value:
                code = rng.choice(list(codes))
                name = codes[code]
                if by_name:
                    return Value(name.removeprefix("the "), name)
                return Value(code, code if rng.random() < 0.2 else name)

            return Slot({"type": "string"}, draw, plain if by_name else rng.choice(hints))

        return realise

    return kind


state = _coded(_STATES, ("two-letter code", "abbreviation, e.g. VT", "as a two-letter abbreviation"), "full name")
country_code = _coded(
    _COUNTRIES, ("ISO code of two letters", "two-letter country code", "ISO 3166 alpha-2 code, like DK"), "by its name"
)


def full_place(options: str) -> Kind:
    """A town with its country or state, in one text."""
    pairs = [tuple(item.split("|")) for item in pools.PLACES]

    def draw(rng: random.Random) -> Value:
        town, region = rng.choice(pairs)
        spoken = [f"{town}, {region}"] * 4
        if len(region) > 2:
            spoken.append(f"{town} in {region}")
        elif region in _STATES:
            spoken += [f"{town} in {_STATES[region]}", f"{town}, {_STATES[region]}"]
        return Value(f"{town}, {region}", rng.choice(spoken))

    def realise(rng: random.Random) -> Slot:
        example = ", ".join(rng.choice(pairs))
        hints = (
            f"like '{example}'",
            f"e.g. {example}",
            "in the form 'town, country' or 'town, ST'",
            f"such as {example}",
        )
        return Slot({"type": "string"}, draw, rng.choice(hints))

    return realise


def heads(options: str) -> Kind:
    """How many people, told one by one."""

    def draw(rng: random.Random) -> Value:
        style, first, second = rng.random(), rng.randint(1, 4), rng.randint(1, 4)
        said = [NUMBER_WORDS[n] if rng.random() < 0.5 else str(n) for n in (first, second)]
        if style < 0.35:
            return Value(first, "one person" if first == 1 else f"{said[0]} people")
        if style < 0.6:
            grown = "adult" if first == 1 else "adults"
            young = rng.choice(["child", "kid"]) if second == 1 else rng.choice(["children", "kids"])
            return Value(first + second, f"{said[0]} {grown} and {said[1]} {young}")
        if style < 0.75:
            return Value(2, f"{rng.choice(_COMPANY)} and me")
        if style < 0.85:
            return Value(1, rng.choice(["just me", "myself", "me alone"]))
        return Value(second + 1, f"me and {said[1]} {'friend' if second == 1 else 'friends'}")

    return lambda rng: Slot({"type": "integer"}, draw)


KINDS: Mapping[str, Callable[[str], Kind]] = {
    "unit": unit,
    "lasting": lasting,
    "hour": hour,
    "era": era,
    "state": state,
    "countrycode": country_code,
    "fullplace": full_place,
    "heads": heads,
}
