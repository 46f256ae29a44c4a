"""Coverage of a task by its calls: a part of it that no call took up may have been left undone.

A part is taken up when the names and numbers in it (a file, an id, a figure) stand in the arguments of calls, and a
step's text or the name of a called tool shares one of its other words, proper names aside. Questions without either
are for the answer, not for a call. When a plan is used up and such parts remain, the model is asked once for the steps
that remain. It may answer that none do: what a part calls for stays the model's to say. The runtime and the training
data use the same function.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any, NamedTuple

MIN_STEM = 3
MIN_WORD, MIN_WORDS = 4, 2
MAX_STEM = 6
_JOINT = re.compile(r"[;:,]+\s+|\s+(?:and|then|or)\s+", re.I)
_STOP = re.compile(r"[.?!]+\s+|\n+")
_MARKED = re.compile(r"[\w@][\w./@:%-]*\w|\w")
_MARK = re.compile(r"[\d._/@]")
_LETTERS = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"(\d+)(?:st|nd|rd|th|%)?")


def untouched(task: str, calls: Iterable[tuple[str, Mapping[str, Any]]], done: Iterable[str]) -> list[str]:
    """The parts of the task that no call took up, in its words and order, neighbours joined.

    `calls` are names and arguments of the calls made, `done` the texts of their steps.
    """
    made = [(name, json.dumps(arguments, ensure_ascii=False)) for name, arguments in calls]
    used = "\n".join(arguments for _, arguments in made).lower()
    said = "\n".join([*done, *(name for name, _ in made)]).lower()
    left: list[tuple[int, int]] = []
    for part in _parts(task):
        text = task[part.start : part.end]
        if (part.asks and not _MARK.search(text)) or _is_taken_up(text, used, said):
            continue
        joined = bool(left) and left[-1][1] == part.before
        left.append((left.pop()[0] if joined else part.start, part.end))
    return [" ".join(task[start:end].split()).strip(" .,;:") for start, end in left]


class _Part(NamedTuple):
    """start:end of the task, where the part before ended, and whether its sentence is a question."""

    start: int
    end: int
    before: int
    asks: bool


def _parts(task: str) -> Iterator[_Part]:
    start, before = 0, -1
    stops = [(stop.start(), stop.end(), "?" in stop[0]) for stop in _STOP.finditer(task)]
    for stop, following, asks in [*stops, (len(task), len(task), task.endswith("?"))]:
        joints = [(joint.start(), joint.end()) for joint in _JOINT.finditer(task, start, stop)]
        for end, then in [*joints, (stop, following)]:
            if task[start:end].strip():
                yield _Part(start, end, before, asks)
                before = end
            start = then


def _is_taken_up(part: str, used: str, said: str) -> bool:
    values = [word for word in _MARKED.findall(part) if _MARK.search(word)]
    words = [word for word in _LETTERS.findall(part) if len(word) >= MIN_WORD and word not in values]
    words = [word for word in words if word.islower()] or [word.lower() for word in words]
    if not values and len(part.split()) < MIN_WORDS:
        return True
    return all(any(_occurs(form, used) for form in _forms(value)) for value in values) and (
        not words or any(word[:MAX_STEM] in said for word in words)
    )


def _forms(value: str) -> tuple[str, ...]:
    """A file may be used by its stem: a query names the table, not the file."""
    stem = PurePath(value).stem
    return (value.lower(), stem.lower()) if len(stem) >= MIN_STEM else (value.lower(),)


def _occurs(value: str, used: str) -> bool:
    """A number must not be a part of a longer one; it may have leading zeros and lose what follows it: 4th, 15%."""
    if number := _NUMBER.fullmatch(value):
        return re.search(rf"(?<!\d)0*{int(number[1])}(?!\d)", used) is not None
    return value in used
