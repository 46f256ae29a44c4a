"""What a tool may return, as JSON: dataclasses, pydantic models, dates, enums, paths, sets and iterators included."""

import json
import math
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice

from pydantic import JsonValue
from pydantic_core import PydanticSerializationError, to_jsonable_python

MAX_ITEMS = 100_000


class UnserialisableResult(Exception):
    """A tool returned something that JSON cannot hold; the message names the type and the way out."""


def to_json(tool: str, value: object) -> JsonValue:
    """The value as JSON. An iterator is read to its end, at most MAX_ITEMS items of it."""
    if isinstance(value, Iterator):
        value = _listed(tool, value)
    try:
        converted: JsonValue = to_jsonable_python(value, by_alias=True)
    except (PydanticSerializationError, ValueError, RecursionError) as error:
        raise UnserialisableResult(
            f"{tool} ran, but its result ({type(value).__module__}.{type(value).__qualname__}) cannot be written as "
            f"JSON: {error}. Return str, numbers, list, dict, a dataclass or a pydantic model"
        ) from error
    return converted if _strict(converted) else _cleaned(converted)


def storable(text: str) -> str:
    """The text without lone surrogates, which no file and no database takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _strict(value: JsonValue) -> bool:
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode("utf-8")
    except ValueError:
        return False
    return True


def _cleaned(value: JsonValue) -> JsonValue:
    """Infinities, NaN and integers longer than Python writes as text, surrogates replaced."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not _strict(value):
        return str(Decimal(value))
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_cleaned(each) for each in value]
    if isinstance(value, dict):
        return {storable(key): _cleaned(each) for key, each in value.items()}
    return value


def _listed(tool: str, items: Iterator[object]) -> list[object]:
    listed = list(islice(items, MAX_ITEMS + 1))
    if len(listed) > MAX_ITEMS:
        raise UnserialisableResult(f"{tool} yielded more than {MAX_ITEMS:,} items; return a bounded list")
    return listed
