# ruff: noqa: E501 (tables of words and phrases)
"""Values for the parameters of real operations, from the name, type, enum, pattern and description of each."""

import random
import re
from collections.abc import Sequence
from typing import Any

from coterie.model.chat import JsonSchema
from coterie.model.training.data.apis import pools
from coterie.model.training.data.apis.frames import words_of
from coterie.model.training.data.apis.slots import Value, say_list, say_number
from coterie.model.training.data.apis.values import kind

_ADJECTIVES = [
    "prod",
    "staging",
    "test",
    "blue",
    "green",
    "north",
    "main",
    "daily",
    "nightly",
    "legacy",
    "shared",
    "public",
    "internal",
    "alpha",
    "beta",
    "core",
    "edge",
    "primary",
    "backup",
    "demo",
    "eu",
    "us",
    "west",
    "orders",
    "billing",
]
_NOUNS = [
    "orders",
    "reports",
    "assets",
    "logs",
    "users",
    "payments",
    "frontend",
    "search",
    "events",
    "metrics",
    "invoices",
    "archive",
    "uploads",
    "catalog",
    "training",
    "mailer",
    "analytics",
    "sessions",
    "images",
    "sensors",
    "web",
    "api",
    "data",
]
_REGIONS = [
    "us-east-1",
    "us-west-2",
    "eu-west-1",
    "eu-central-1",
    "ap-southeast-2",
    "ap-south-1",
    "sa-east-1",
    "europe-west1",
    "us-central1",
    "asia-east1",
]
_DESCRIPTIONS = [
    "Weekly sales figures", "Temporary copy for testing", "Owned by the data team", "Used by the mobile app", "Migrated from the old system",
    "Customer uploads", "Keep until the audit is over", "Read only for partners", "Created for the spring campaign", "Nightly batch results",
]  # fmt: skip
_FILTERS = [
    "active",
    "status=failed",
    "owner:ana",
    "name:prod",
    "state=RUNNING",
    "type=daily",
    "pending",
    "created>2025-01-01",
]


def slug(rng: random.Random) -> str:
    """A resource name such as teams give."""
    style = rng.random()
    joint = rng.choice("--_")
    base = f"{rng.choice(_ADJECTIVES)}{joint}{rng.choice(_NOUNS)}"
    if style < 0.3:
        return f"{base}{joint}{rng.randint(1, 99)}"
    if style < 0.4:
        return "".join(w.title() for w in re.split("[-_]", base))
    return base if style < 0.85 else rng.choice(_NOUNS)


def identifier(rng: random.Random, words: Sequence[str]) -> str:
    """An id such as services hand out."""
    stem = next((w for w in words if w not in ("id", "ids", "identifier", "arn", "the")), "item")
    style = rng.random()
    code = "".join(rng.choice("0123456789abcdef") for _ in range(rng.choice([6, 8, 8, 12])))
    if style < 0.45:
        return f"{stem[: rng.choice([1, 2, 3, 4])]}-{code}"
    return (
        code if style < 0.6 else f"{stem}-{rng.randint(1, 9999)}" if style < 0.8 else str(rng.randint(1000, 99_999_999))
    )


def draw(rng: random.Random, service: str, name: str, schema: JsonSchema) -> Value | None:
    """A value for a parameter and how to say it; None where no sensible one is known."""
    words = words_of(name)
    if "enum" in schema:
        value = rng.choice(schema["enum"])
        said = re.sub(r"[_-]", " ", str(value))
        said = said.lower() if said.isupper() and len(said) > 4 else said
        return Value(value, said if rng.random() < 0.45 and len(said) > 2 else str(value))
    match schema.get("type"):
        case "boolean":
            value = rng.random() < 0.65
            return Value(value, "true" if value else "false")
        case "integer":
            number = _integer(rng, words, schema)
            return Value(number, say_number(rng, number))
        case "number":
            amount = _number(rng, schema)
            return Value(amount, str(amount))
        case "array":
            return _array(rng, service, name, schema)
        case "object":
            return _object(rng, service, schema)
        case "string":
            text = _string(rng, service, words, schema)
            return None if text is None else Value(text, text)
    return None


def _integer(rng: random.Random, words: Sequence[str], schema: JsonSchema) -> int:
    low, high = int(schema.get("minimum", 1)), int(schema.get("maximum", 10**6))
    last = words[-1]
    if "port" in words:
        choice = rng.choice([80, 443, 8080, 5432, 3306, 6379, 9000])
    elif {"max", "limit", "size", "count", "results", "page", "number"} & set(words):
        choice = rng.choice([5, 10, 20, 25, 50, 100, rng.randint(2, 200)])
    elif {"seconds", "timeout", "ms", "ttl"} & set(words):
        choice = rng.choice([10, 30, 45, 60, 90, 120, 300, 600, 900, 3600])
    elif last in ("days", "hours", "minutes", "percent", "percentage", "weight", "priority"):
        choice = rng.choice([1, 2, 3, 5, 7, 10, 14, 15, 30, 60, 90])
    elif last in ("axis", "dim"):
        choice = rng.choice([0, 1, -1])
    elif last == "id":
        choice = rng.randint(100, 99_999_999)
    else:
        choice = rng.choice([rng.randint(1, 12), rng.randint(1, 100), rng.randint(10, 1000)])
    return max(low, min(high, choice))


def _number(rng: random.Random, schema: JsonSchema) -> float:
    low, high = float(schema.get("minimum", 0)), float(schema.get("maximum", 100))
    value = rng.uniform(low, min(high, low + 100)) if high > low else low
    return round(value, rng.choice([1, 2, 2, 3])) if rng.random() < 0.7 else float(max(low, min(high, round(value))))


def _array(rng: random.Random, service: str, name: str, schema: JsonSchema) -> Value | None:
    items = schema.get("items", {})
    singular = name[:-1] if name.endswith("s") and not name.endswith("ss") else name
    if items.get("type") == "number":
        numbers = [
            rng.randint(-9, 30) if rng.random() < 0.7 else round(rng.uniform(0, 20), 1)
            for _ in range(rng.randint(3, 6))
        ]
        return Value(
            numbers, f"[{', '.join(map(str, numbers))}]" if rng.random() < 0.6 else ", ".join(map(str, numbers))
        )
    drawn = [draw(rng, service, singular, items) for _ in range(rng.choice([1, 2, 2, 3]))]
    found = {str(v.value): v for v in drawn if v is not None and items.get("type") in ("string", "integer")}
    if not found:
        return None
    return Value([v.value for v in found.values()], say_list(rng, [v.text for v in found.values()]))


def _object(rng: random.Random, service: str, schema: JsonSchema) -> Value | None:
    needed = schema.get("required", [])
    names = [n for n in schema["properties"] if n in needed or rng.random() < 0.6][:4] or list(schema["properties"])[:1]
    values = {n: draw(rng, service, n, schema["properties"][n]) for n in names}
    if any(values[n] is None for n in names if n in needed):
        return None
    kept = {n: v for n, v in values.items() if v is not None}
    if not kept:
        return None
    said = say_list(rng, [f"{' '.join(words_of(n))} {v.text}" for n, v in kept.items()])
    return Value({n: v.value for n, v in kept.items()}, said)


_BY_WORD: list[tuple[frozenset[str], str]] = [
    (frozenset({"email", "mail", "recipient", "sender"}), "email"), (frozenset({"phone", "telephone", "mobile"}), "phone"),
    (frozenset({"url", "uri", "website", "link", "endpoint"}), "url"), (frozenset({"country"}), "country"), (frozenset({"city"}), "city"),
    (frozenset({"language", "locale", "lang"}), "langcode"), (frozenset({"currency"}), "currency"), (frozenset({"domain", "hostname", "host"}), "domain"),
    (frozenset({"title", "subject", "label"}), "title"), (frozenset({"timezone"}), "timezone"), (frozenset({"color"}), "color"),
    (frozenset({"message", "body", "content", "text"}), "sentence"), (frozenset({"owner", "author", "user", "username", "contact"}), "person:first"),
    (frozenset({"file", "filename"}), "file"), (frozenset({"folder", "directory", "path"}), "folder"),
]  # fmt: skip


def _string(rng: random.Random, service: str, words: Sequence[str], schema: JsonSchema) -> str | None:
    last, known = words[-1], set(words)
    if "pattern" in schema:
        return _from_pattern(rng, str(schema["pattern"]))
    if schema.get("format") == "date-time" or last in ("time", "timestamp", "date") or "datetime" in known:
        return f"{rng.randint(2024, 2026)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:{rng.choice(['00', '15', '30'])}:00Z"
    if last == "arn" or last == "arns":
        return f"arn:aws:{service}:{rng.choice(_REGIONS)}:{rng.randint(10**11, 10**12 - 1)}:{words[0]}/{slug(rng)}"
    if last in ("id", "identifier", "ids", "uuid") or known & {"identifier"}:
        return identifier(rng, words)
    if last in ("description", "comment", "reason", "note", "notes"):
        return rng.choice(_DESCRIPTIONS)
    if last in ("region", "location", "zone"):
        return rng.choice(_REGIONS)
    if last in ("cidr", "ip") or "cidr" in known:
        address = f"10.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.choice([0, 16, 128])}"
        return address + (f"/{rng.choice([16, 20, 24, 28])}" if "cidr" in known else "")
    if last == "version":
        return rng.choice(["1", "2.1", "v3", "1.0.4", "2024-06-01", "5.7", "latest"])
    if last in ("filter", "query", "q", "expression"):
        return rng.choice(_FILTERS)
    if last in (
        "name",
        "names",
        "key",
        "prefix",
        "group",
        "role",
        "alias",
        "namespace",
        "bucket",
        "queue",
        "topic",
        "cluster",
        "project",
        "stack",
    ):
        return slug(rng)
    for trigger, spec in _BY_WORD:
        if known & trigger:
            return str(kind(spec)(rng).draw(rng).value)
    if known & {
        "policy",
        "template",
        "document",
        "json",
        "definition",
        "schema",
        "script",
        "certificate",
        "password",
        "secret",
        "config",
        "payload",
    }:
        return None
    return slug(rng) if rng.random() < 0.7 else identifier(rng, words)


def _from_pattern(rng: random.Random, pattern: str) -> str | None:
    parts = pattern.strip("^$").split("/")
    filled = []
    for i, part in enumerate(parts):
        if part in ("[^/]+", ".*", "[^/]*"):
            before = parts[i - 1] if i else "item"
            filled.append(
                rng.choice(_REGIONS)
                if before == "locations"
                else slug(rng)
                if rng.random() < 0.7
                else identifier(rng, [before.rstrip("s")])
            )
        elif re.fullmatch(r"[\w.\-]+", part):
            filled.append(part)
        else:
            return None
    return "/".join(filled)


def item_name(rng: random.Random) -> str:
    """A name for an invented thing in a result."""
    return slug(rng) if rng.random() < 0.8 else rng.choice(pools.TITLES)


def is_plain(value: Any) -> bool:
    """Whether a value is a single word or number that fits into a phrase."""
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)
