"""Does a text state a fact? Words are found as whole words in any case, numbers by their value."""

import re
from collections.abc import Sequence

Fact = str | int | float | Sequence[str | int | float]

_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?")
_TOLERANCE = 1e-6


def states(text: str, fact: Fact) -> bool:
    """Whether the text states the fact; of a list, any one."""
    if isinstance(fact, str):
        return _has_words(text, fact)
    if isinstance(fact, int | float):
        return any(abs(number - fact) <= _TOLERANCE * max(1.0, abs(fact)) for number in numbers(text))
    return any(states(text, option) for option in fact)


def numbers(text: str) -> list[float]:
    """Every number in the text; `1,250.50` is one, the parts of `2026-03-14` and of `A-17` are not negative."""
    return [float(match.replace(",", "")) for match in _NUMBER.findall(text)]


def _has_words(text: str, words: str) -> bool:
    pattern = r"\s+".join(re.escape(word) for word in words.split())
    before = r"(?<!\w)" if words[:1].isalnum() else ""
    after = r"(?!\w)" if words[-1:].isalnum() else ""
    return re.search(before + pattern + after, text, re.IGNORECASE) is not None
