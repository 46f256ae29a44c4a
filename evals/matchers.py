"""The matchers that may stand for a changed value in a suite: their names, and what each can be given.

    {$contains: [fact, ...]}    text that states every fact (see scorers.answer)
    {$append: [item, ...]}      the list as it was, then these items in any order
    {$number: 24.6}             a number equal to about one part in a million, also when it is text
    {$removed: true}            the place is gone
    {$any: true}                any change of the place will do

The fields of an appended object may be matchers too. `scorers.state` applies them; a suite is checked when it is read.
"""

from collections.abc import Callable, Iterator, Mapping

from pydantic import JsonValue


def matcher(wanted: JsonValue) -> tuple[str, JsonValue] | None:
    """The name and the value of a matcher; None for plain JSON."""
    if isinstance(wanted, dict) and len(wanted) == 1 and next(iter(wanted)).startswith("$"):
        return next(iter(wanted.items()))
    return None


def checked(wanted: JsonValue) -> JsonValue:
    """The expected value as it is. Raises ValueError, naming what is wrong, where it has a matcher that cannot be."""
    if (found := matcher(wanted)) is None:
        return wanted
    name, value = found
    if name not in _TAKES:
        raise ValueError(f"unknown matcher {name!r}; have {', '.join(_TAKES)}")
    what, fits = _TAKES[name]
    if not fits(value):
        raise ValueError(f"{name} takes {what}, got {value!r}")
    if name == "$append" and isinstance(value, list):
        for part in _parts(value):
            checked(part)
    return wanted


def _parts(items: list[JsonValue]) -> Iterator[JsonValue]:
    """The items, and what stands in the fields of those that are objects."""
    for item in items:
        yield item
        if isinstance(item, dict) and matcher(item) is None:
            yield from _parts(list(item.values()))


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_fact(value: JsonValue) -> bool:
    return isinstance(value, str) or _is_number(value)


def _are_facts(value: JsonValue) -> bool:
    return isinstance(value, list) and all(
        _is_fact(fact) or (isinstance(fact, list) and all(map(_is_fact, fact))) for fact in value
    )


_TAKES: Mapping[str, tuple[str, Callable[[JsonValue], bool]]] = {
    "$contains": ("a list of facts, each a text, a number or a list of these", _are_facts),
    "$append": ("a list of items", lambda value: isinstance(value, list)),
    "$number": ("a number", _is_number),
    "$removed": ("true", lambda value: value is True),
    "$any": ("true", lambda value: value is True),
}
