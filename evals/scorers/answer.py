"""Does a text state a fact? Words are found as whole words in any case, numbers by their value.

A number is one that stands for itself: the digits of a date, a time of day, an id or a version state no number, or
`2026-05-20` would state 20 and `14:30` would state 30.
"""

import re
from collections.abc import Sequence

Fact = str | int | float | Sequence[str | int | float]

_MONTH = (
    "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_NOT_NUMBERS = (
    r"\d{4}-\d{2}(?:-\d{2})?(?:T[\d:.]+Z?)?(?!\w)",  # 2026-05-20, 2026-05-20T14:30:00Z
    r"\d{1,4}([./])\d{1,2}\1\d{1,4}(?!\w)",  # 20/05/2026, 20.5.2026, 1.2.3
    rf"{_DAY} (?:of )?{_MONTH}(?:,? \d{{4}})?(?!\w)",  # 20th of May 2026
    rf"{_MONTH} {_DAY}(?:,? \d{{4}})?(?!\w)",  # May 20, 2026
    r"\d{1,2}(?::\d{2}){1,2}(?!\d)",  # 14:30
    r"\d{1,2} ?[ap]\.?m(?!\w)",  # 2 pm
    r"[#_]?[^\W\d]\w*(?:[-./#]\w+)*",  # a word, with the digits in it: B12, A-17, order-4, v1.2
    r"#\d+",
    r"\d+(?:-\d+)*-?[^\W\d]\w*\d\w*",  # an id that begins with digits: 7f3a, 12-b4
)
_NUMBER = re.compile(rf"{'|'.join(_NOT_NUMBERS)}|(?<![\w.])(?P<number>-?\d+(?:,\d{{3}})*(?:\.\d+)?)")
_TOLERANCE = 1e-6


def states(text: str, fact: Fact) -> bool:
    """Whether the text states the fact; of a list, any one."""
    if isinstance(fact, str):
        return _has_words(text, fact)
    if isinstance(fact, int | float):
        return any(abs(number - fact) <= _TOLERANCE * max(1.0, abs(fact)) for number in numbers(text))
    return any(states(text, option) for option in fact)


def numbers(text: str) -> list[float]:
    """Every number in the text that stands for itself; `1,250.50` is one, `2026-03-14`, `14:30` and `A-17` are none."""
    return [float(match["number"].replace(",", "")) for match in _NUMBER.finditer(text) if match["number"]]


def _has_words(text: str, words: str) -> bool:
    pattern = r"\s+".join(re.escape(word) for word in words.split())
    before = r"(?<!\w)" if words[:1].isalnum() else ""
    after = r"(?!\w)" if words[-1:].isalnum() else ""
    return re.search(before + pattern + after, text, re.IGNORECASE) is not None
