"""The state before and after a trial against what should have changed: nothing missing, nothing else.

States are JSON; places are JSON pointers (RFC 6901). An expected value is plain JSON, or a matcher (`evals.matchers`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from coterie.evals.matchers import checked, matcher
from coterie.evals.scorers.answer import numbers, states

_GONE = object()
_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Difference:
    """`unmet`: expected and not so. `side_effects`: changed and not expected. One line each."""

    unmet: tuple[str, ...] = ()
    side_effects: tuple[str, ...] = ()


def compare(before: object, after: object, changes: Mapping[str, JsonValue], ignore: Sequence[str] = ()) -> Difference:
    """Check every expected change, then look for others."""
    unmet = [
        f"{pointer} should be {_short(wanted)}, is {_short(at(after, pointer))}"
        for pointer, wanted in changes.items()
        if not _matches(wanted, at(before, pointer), at(after, pointer))
    ]
    allowed = (*changes, *ignore)
    others = [
        f"{pointer} was {_short(old)}, is {_short(new)}"
        for pointer, old, new in differences(before, after)
        if not any(pointer == place or pointer.startswith(place + "/") for place in allowed)
    ]
    return Difference(tuple(unmet), tuple(others))


def differences(before: object, after: object, pointer: str = "") -> Iterator[tuple[str, object, object]]:
    """The innermost places where two states differ; lists are compared as wholes."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            place = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
            yield from differences(before.get(key, _GONE), after.get(key, _GONE), place)
    elif not _same(before, after):
        yield pointer, before, after


def at(state: object, pointer: str) -> object:
    """The value a JSON pointer names, or `_GONE`."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(state, dict) and key in state:
            state = state[key]
        elif isinstance(state, list) and key.isdigit() and int(key) < len(state):
            state = state[int(key)]
        else:
            return _GONE
    return state


def _matches(wanted: JsonValue, before: object, after: object) -> bool:
    if (found := matcher(wanted)) is None:
        return _same(wanted, after)
    checked(wanted)
    kind, value = found
    if kind == "$removed":
        return after is _GONE
    if kind == "$any":
        return not _same(before, after)
    if kind == "$number":
        return _is_number(after, value)
    if kind == "$append":
        return _appended(before, after, value)
    assert kind == "$contains"
    assert isinstance(value, list)
    return isinstance(after, str) and all(states(after, fact) for fact in value)  # type: ignore[arg-type]


def _is_number(after: object, value: JsonValue) -> bool:
    assert isinstance(value, int | float)
    found = numbers(after) if isinstance(after, str) else [after]
    return len(found) == 1 and _same(found[0], value)


def _appended(before: object, after: object, items: JsonValue) -> bool:
    old = before if isinstance(before, list) else []
    if not isinstance(after, list) or not isinstance(items, list) or len(after) != len(old) + len(items):
        return False
    rest = list(after[len(old) :])
    for item in items:
        found = next((i for i, new in enumerate(rest) if _fits(item, new)), None)
        if found is None:
            return False
        del rest[found]
    return _same(old, after[: len(old)])


def _fits(wanted: JsonValue, new: object) -> bool:
    """Equal, where the fields of an object may themselves be matchers."""
    if isinstance(wanted, dict) and isinstance(new, dict) and not next(iter(wanted), "").startswith("$"):
        return wanted.keys() == new.keys() and all(_fits(value, new[key]) for key, value in wanted.items())
    return _matches(wanted, _GONE, new)


def _same(one: object, other: object) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= _TOLERANCE * max(1.0, abs(one))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return type(one) is type(other) and one == other


def _short(value: object) -> str:
    text = "missing" if value is _GONE else repr(value)
    return text if len(text) <= 80 else text[:79] + "…"
