"""Kinds of argument values: a schema, a value, and the words with which a request would say it.

A kind is written in the frame files as `name` or `name:options`, for example `int:1-20`, `enum:celsius~in
Celsius|fahrenheit`, `list:city:2-4`. `realise` fixes the format for one tool (which date format, which spelling of
an enum), giving a `Slot`.
"""

import random
from collections.abc import Callable
from functools import cache

from coterie.model.training.data.apis import moments, pools, worded
from coterie.model.training.data.apis.slots import Kind, Slot, Value, say_list, say_number, span


def _int(options: str) -> Kind:
    low, high = (int(bound) for bound in span(options or "1-100"))

    def draw(rng: random.Random) -> Value:
        value = rng.randint(low, high)
        if value > 200 and rng.random() < 0.7:
            step = 10 ** (len(str(value)) - 2)
            value = max(low, value // step * step)
        return Value(value, say_number(rng, value))

    return lambda rng: Slot({"type": "integer"}, draw)


def _num(options: str) -> Kind:
    low, high = span(options or "1-100")

    def draw(rng: random.Random) -> Value:
        value: float = rng.uniform(low, high)
        if high - low <= 4 or rng.random() < 0.35:
            value = round(value, 1 if value >= 10 else rng.choice([1, 2]))
            value = int(value) if value == int(value) else value
        else:
            value = round(value)
            if value > 200 and rng.random() < 0.7:
                step = 10 ** (len(str(value)) - 2)
                value = max(int(low), value // step * step)
        return Value(value, say_number(rng, value))

    return lambda rng: Slot({"type": "number"}, draw)


def _money(options: str) -> Kind:
    number = _num(options or "5-5000")

    def realise(rng: random.Random) -> Slot:
        slot = number(rng)
        sign = rng.choice(["${}", "${}", "${}", "{} dollars", "{} euros", "€{}", "£{}", "{} USD"])

        def draw(rng: random.Random) -> Value:
            value = slot.draw(rng).value
            value = round(value, 2)
            shown = f"{value:,}" if value >= 1000 and rng.random() < 0.6 else str(value)
            if value >= 10_000 and value % 1000 == 0 and rng.random() < 0.2:
                shown = f"{value // 1000}k"
            return Value(value, sign.format(shown))

        return Slot(slot.schema, draw)

    return realise


_FRACTION_HINTS = ("as a decimal", "as a decimal fraction, 0.05 for 5%", "decimal form", "", "", "")
_PERCENT_HINTS = ("in percent", "as a percentage", "percent, such as 5 for 5%")


def _percent(options: str) -> Kind:
    """A rate said in per cent: a tool that does not ask for per cent takes a fraction, as libraries do."""
    number = _num(options or "1-20")

    def realise(rng: random.Random) -> Slot:
        hint = rng.choice(_FRACTION_HINTS + _PERCENT_HINTS)
        as_fraction = hint not in _PERCENT_HINTS

        def draw(rng: random.Random) -> Value:
            value = number(rng).draw(rng).value
            shown = f"{value}%" if rng.random() < 0.7 else f"{value} percent"
            if not as_fraction:
                return Value(value, shown)
            fraction = round(value / 100, 5)
            return Value(fraction, shown if rng.random() < 0.8 else str(fraction))

        return Slot({"type": "number"}, draw, hint)

    return realise


def _enum(options: str) -> Kind:
    choices = [choice.split("~") for choice in options.split("|")]
    values = [choice[0].strip() for choice in choices]
    says = {c[0].strip(): [t.strip() for t in c[1:]] or [c[0].strip().replace("_", " ")] for c in choices}

    def realise(rng: random.Random) -> Slot:
        upper = rng.random() < 0.12 and all(v.islower() for v in values)
        shown = {v: v.upper() if upper else v for v in values}
        order = values if rng.random() < 0.7 else rng.sample(values, len(values))
        listed = [shown[v] for v in order]

        def draw(rng: random.Random) -> Value:
            value = rng.choice(values)
            return Value(shown[value], rng.choice(says[value]))

        if rng.random() < 0.2:
            lead = rng.choice(["One of", "Options:", "Either", "Possible values:", "Allowed:"])
            return Slot({"type": "string"}, draw, f"{lead} {', '.join(listed)}")
        return Slot({"type": "string", "enum": listed}, draw)

    return realise


def _bool(options: str) -> Kind:
    def draw(rng: random.Random) -> Value:
        value = rng.random() < 0.6
        return Value(value, "yes" if value else "no")

    return lambda rng: Slot({"type": "boolean"}, draw)


def _pool(items: list[str]) -> Kind:
    pairs = [(parts[0], parts[1:] or [parts[0]]) for parts in (item.split("|") for item in items)]

    def draw(rng: random.Random) -> Value:
        value, texts = rng.choice(pairs)
        return Value(value, rng.choice(texts))

    slot = Slot({"type": "string"}, draw)
    return lambda rng: slot


def _pick(options: str) -> Kind:
    return _pool([item.strip().replace("~", "|") for item in options.split(";")])


def _quoted(items: list[str]) -> Kind:
    def draw(rng: random.Random) -> Value:
        text = rng.choice(items)
        return Value(text, rng.choice([f'"{text}"', f"'{text}'", f'"{text}"', f"“{text}”"]))

    slot = Slot({"type": "string"}, draw)
    return lambda rng: slot


def _maybe_quoted(items: list[str]) -> Kind:
    def draw(rng: random.Random) -> Value:
        text = rng.choice(items)
        return Value(text, text if rng.random() < 0.6 else rng.choice([f'"{text}"', f"'{text}'"]))

    slot = Slot({"type": "string"}, draw)
    return lambda rng: slot


def _place(options: str) -> Kind:
    pairs = [item.split("|") for item in pools.PLACES]

    def realise(rng: random.Random) -> Slot:
        full = rng.random() < 0.35

        def draw(rng: random.Random) -> Value:
            city, region = rng.choice(pairs)
            return Value(f"{city}, {region}", f"{city}, {region}") if full else Value(city, city)

        hint = (
            rng.choice(
                [
                    "in the format 'City, Country' or 'City, State'",
                    "such as 'Lyon, France' or 'Reno, NV'",
                    "City and country or state",
                ]
            )
            if full
            else rng.choice(["", "", "city name only"])
        )
        return Slot({"type": "string"}, draw, hint)

    cities = _pool(pools.CITIES)
    return lambda rng: realise(rng) if rng.random() < 0.4 else cities(rng)


def _person(options: str) -> Kind:
    def draw(rng: random.Random) -> Value:
        first = rng.choice(pools.FIRST)
        name = (
            first
            if options == "first" or (options != "full" and rng.random() < 0.3)
            else f"{first} {rng.choice(pools.LAST)}"
        )
        return Value(name, name)

    return lambda rng: Slot({"type": "string"}, draw)


def _email(options: str) -> Kind:
    def draw(rng: random.Random) -> Value:
        first, last = rng.choice(pools.FIRST).lower(), rng.choice(pools.LAST).lower()
        local = rng.choice(
            [first, f"{first}.{last}", f"{first[0]}{last}", f"{first}_{last}", f"{first}{rng.randint(1, 99)}"]
        )
        address = f"{local}@{rng.choice(pools.DOMAINS)}"
        return Value(address, address)

    return lambda rng: Slot({"type": "string"}, draw)


def _phone(options: str) -> Kind:
    def draw(rng: random.Random) -> Value:
        number = (
            f"+{rng.choice([1, 33, 44, 47, 49, 351])}{rng.randint(10**8, 10**9 - 1)}"
            if rng.random() < 0.6
            else f"555-{rng.randint(100, 999)}-{rng.randint(1000, 9999)}"
        )
        return Value(number, number)

    return lambda rng: Slot({"type": "string"}, draw)


def _url(options: str) -> Kind:
    def draw(rng: random.Random) -> Value:
        path = rng.choice(
            [
                "",
                "/blog",
                "/about",
                "/docs/start",
                "/pricing",
                "/news/2025",
                "/api/v2/items",
                "/img/cover.png",
                "/feed.xml",
            ]
        )
        url = f"https://{rng.choice(['', 'www.', 'shop.'])}{rng.choice(pools.DOMAINS)}{path}"
        return Value(url, url)

    return lambda rng: Slot({"type": "string"}, draw)


def _id(options: str) -> Kind:
    def draw(rng: random.Random) -> Value:
        prefix = options or rng.choice("ABCDKMQRTX")
        style = rng.random()
        code = (
            f"{prefix}-{rng.randint(10, 99999)}"
            if style < 0.5
            else f"{prefix}{rng.randint(100, 99999)}"
            if style < 0.8
            else f"{prefix.lower()}_{rng.randrange(16**6):06x}"
        )
        return Value(code, rng.choice([code, code, code, f"#{code}"]) if style < 0.5 else code)

    return lambda rng: Slot({"type": "string"}, draw)


def _intid(options: str) -> Kind:
    def draw(rng: random.Random) -> Value:
        value = rng.randint(100, 99999)
        return Value(value, rng.choice([str(value), f"#{value}", f"number {value}"]))

    return lambda rng: Slot({"type": "integer"}, draw)


def _coordinate(limit: int) -> Callable[[str], Kind]:
    def kind(options: str) -> Kind:
        def draw(rng: random.Random) -> Value:
            value = round(rng.uniform(-limit, limit), rng.choice([2, 3, 4]))
            return Value(value, str(value))

        return lambda rng: Slot({"type": "number"}, draw)

    return kind


def _point(options: str) -> Kind:
    """A list of two coordinates, said as (x, y)."""
    low, high = (int(bound) for bound in span(options or "-20-40"))

    def draw(rng: random.Random) -> Value:
        x, y = rng.randint(low, high), rng.randint(low, high)
        return Value([x, y], rng.choice([f"({x}, {y})", f"({x}, {y})", f"[{x}, {y}]"]))

    return lambda rng: Slot({"type": "array", "items": {"type": "integer"}}, draw)


def _list(options: str) -> Kind:
    inner, _, lengths = options.rpartition(":")
    if not lengths.replace("-", "").isdigit():
        inner, lengths = options, "2-4"
    low, high = (int(bound) for bound in span(lengths))
    item_kind = kind(inner)

    def realise(rng: random.Random) -> Slot:
        item = item_kind(rng)
        numeric = item.schema["type"] in ("integer", "number")

        def draw(rng: random.Random) -> Value:
            drawn: dict[str, Value] = {}
            for _ in range(rng.randint(low, high)):
                value = item.draw(rng)
                drawn[str(value.value)] = value
            values = list(drawn.values())
            plain = [str(v.value) if numeric else v.text for v in values]
            if numeric and rng.random() < 0.4:
                return Value([v.value for v in values], f"[{', '.join(plain)}]")
            return Value(
                [v.value for v in values], ", ".join(plain) if numeric and rng.random() < 0.5 else say_list(rng, plain)
            )

        return Slot({"type": "array", "items": item.schema}, draw, item.hint)

    return realise


# fmt: off
_POOL_KINDS: dict[str, list[str]] = {
    "city": pools.CITIES, "country": pools.COUNTRIES, "company": pools.COMPANIES, "ticker": pools.TICKERS,
    "currency": pools.CURRENCIES, "language": pools.LANGUAGES, "langcode": pools.LANG_CODES, "cuisine":
    pools.CUISINES, "dish": pools.DISHES, "ingredient": pools.INGREDIENTS, "food": pools.FOODS, "animal":
    pools.ANIMALS, "plant": pools.PLANTS, "breed": pools.DOGS, "artist": pools.ARTISTS, "author": pools.AUTHORS,
    "team": pools.TEAMS, "sport": pools.SPORTS, "exercise": pools.EXERCISES, "game": pools.GAMES, "genre":
    pools.GENRES, "filmgenre": pools.FILM_GENRES, "product": pools.PRODUCTS, "room": pools.ROOMS, "device":
    pools.DEVICES, "color": pools.COLORS, "element": pools.ELEMENTS, "chemical": pools.CHEMICALS, "formula":
    pools.FORMULAS, "planet": pools.PLANETS, "symptom": pools.SYMPTOMS, "medicine": pools.MEDICINES, "specialty":
    pools.SPECIALTIES, "court": pools.COURTS, "lawarea": pools.LAW_AREAS, "event": pools.EVENTS, "figure":
    pools.FIGURES, "museum": pools.MUSEUMS, "landmark": pools.LANDMARKS, "airport": pools.AIRPORTS, "street":
    pools.STREETS, "restaurant": pools.RESTAURANTS, "hotel": pools.HOTELS, "file": pools.FILES, "folder":
    pools.FOLDERS, "column": pools.COLUMNS, "domain": pools.DOMAINS, "subject": pools.SUBJECTS, "skill":
    pools.SKILLS, "job": pools.JOBS, "carmodel": pools.MODELS, "material": pools.MATERIALS, "weekday":
    pools.WEEKDAYS, "month": pools.MONTHS, "day": pools.DAYS, "timezone": pools.TIMEZONES, "tag": pools.TAGS,
    "diet": pools.DIETS, "amenity": pools.AMENITIES,
}
# fmt: on
_MAYBE_QUOTED = {
    "movie": pools.MOVIES,
    "book": pools.BOOKS,
    "song": pools.SONGS,
    "title": pools.TITLES,
    "todo": pools.TODOS,
    "artwork": pools.ARTWORKS,
    "word": pools.WORDS,
}
_QUOTED = {"message": pools.MESSAGES, "sentence": pools.SENTENCES}
_MAKERS: dict[str, Callable[[str], Kind]] = {
    "int": _int,
    "num": _num,
    "money": _money,
    "pct": _percent,
    "date": moments.date,
    "time": moments.time,
    "datetime": moments.datetime,
    "enum": _enum,
    "bool": _bool,
    "pick": _pick,
    "place": _place,
    "person": _person,
    "email": _email,
    "phone": _phone,
    "url": _url,
    "id": _id,
    "intid": _intid,
    "list": _list,
    "point": _point,
    "lat": _coordinate(80),
    "lon": _coordinate(170),
    "year": lambda options: _year(options),
    **worded.KINDS,
}


def _year(options: str) -> Kind:
    low, high = (int(bound) for bound in span(options or "1990-2025"))

    def draw(rng: random.Random) -> Value:
        value = rng.randint(low, high)
        return Value(value, str(value))

    return lambda rng: Slot({"type": "integer"}, draw)


@cache
def kind(spec: str) -> Kind:
    """The kind that a frame file's word means."""
    name, _, options = spec.partition(":")
    if name in _MAKERS:
        return _MAKERS[name](options)
    if name in _POOL_KINDS:
        return _pool(_POOL_KINDS[name])
    if name in _MAYBE_QUOTED:
        return _maybe_quoted(_MAYBE_QUOTED[name])
    if name in _QUOTED:
        return _quoted(_QUOTED[name])
    raise ValueError(
        f"unknown value kind {spec!r}; have {', '.join(sorted([*_MAKERS, *_POOL_KINDS, *_MAYBE_QUOTED, *_QUOTED]))}"
    )
