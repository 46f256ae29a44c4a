"""What must hold for every trajectory: values can be derived from what was shown, notes and steps stay short."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from coterie.model.chat import JsonSchema
from coterie.model.protocol import PlannedStep
from coterie.model.training.data.trajectory import Trajectory

MAX_WORDS_TO_DO = 22
MAX_WORDS_NOTE = 34
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_SEPARATORS = str.maketrans("_-/\n", "    ")


class Underivable(AssertionError):
    """A value that nobody reading the chat so far could know."""


def folded(text: str) -> str:
    """Text in which spelling variants of one value are equal."""
    return text.lower().translate(_SEPARATORS)


def derivable(role: str, arguments: Mapping[str, Any], context: Sequence[str], parameters: JsonSchema) -> None:
    """Every argument occurs in what was shown, or is a value the schema offers, or text composed of such values."""
    shown = "\n".join(context)
    for name, value in arguments.items():
        schema = parameters.get("properties", {}).get(name, {})
        if not _known(value, schema, shown):
            raise Underivable(f"{role}: {name}={value!r} does not follow from\n{shown}")


def _known(value: Any, schema: JsonSchema, shown: str) -> bool:
    if isinstance(value, bool) or value in schema.get("enum", ()) or value == schema.get("default", ...):
        return True
    if isinstance(value, list):
        return all(_known(v, schema.get("items") or {}, shown) for v in value)
    if isinstance(value, Mapping):
        return all(_known(v, {}, shown) for v in value.values())
    if isinstance(value, int | float):
        return _number_known(value, shown)
    text = str(value)
    if text in shown or folded(text) in folded(shown) or (text.isdigit() and _number_known(int(text), shown)):
        return True
    if "/" in text and all(part in shown for part in text.split("/")):
        return True
    composed = " " in text.strip() or "\n" in text or not any(c.isalpha() for c in text)
    return composed and all(number in shown or number in ("100", "1", "2") for number in _NUMBER.findall(text))


_WORDS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "a week", 0: "zero"}


def _number_known(value: float, shown: str) -> bool:
    value = abs(value)
    if value == 1:
        return True  # "the highest" is one
    if str(value) in shown or f"{value:g}" in shown or f"{value:,}" in shown or f"{value:.2f}" in shown:
        return True
    return _WORDS.get(int(value), "\0") in shown.lower()


def is_shown(value: Any, context: Sequence[str]) -> bool:
    """Whether the value itself can be read in what was shown."""
    if isinstance(value, bool):
        return False
    return _known(value, {}, "\n".join(context))


def planned_known(step: PlannedStep, context: Sequence[str]) -> None:
    """Values of a plan are known from what was shown before it."""
    derivable(f"plan {step.do!r}", {str(i): value for i, value in enumerate(step.known)}, context, {})


def whole(run: Trajectory) -> None:
    """The trajectory can be shown: names exist, candidates hold the tool, sizes are right, needs point back."""
    cards = {card.name: card for card in run.tools}
    assert len(cards) == len(run.tools), f"two tools of one name in {run.template}: {sorted(cards)}"
    context = [run.task, *run.recalled]
    for first in run.plan.steps:
        planned_known(first, context)
    for number, step in enumerate(run.steps, 1):
        _check_step(run, number, step.planned, step.candidates)
        assert step.tool in cards, f"{run.template}: {step.tool} is not shown"
        for attempt in step.attempts:
            assert (attempt.tool or step.tool) in step.candidates, f"{run.template}: candidates lack the tool"
            assert attempt.verdict is not None
            assert len(attempt.verdict.note.split()) <= MAX_WORDS_NOTE, f"{run.template}: {attempt.verdict.note}"
            context.append(attempt.observation or "")
        for later in run.replans[number].steps if number in run.replans else ():
            planned_known(later, context)


def _check_step(run: Trajectory, number: int, planned: PlannedStep, candidates: Sequence[str]) -> None:
    assert len(planned.do.split()) <= MAX_WORDS_TO_DO, f"{run.template}: too long: {planned.do}"
    assert 1 <= len(candidates) <= 4, f"{run.template}: {len(candidates)} candidates"
    assert all(0 < n < number for n in planned.needs), f"{run.template}: step {number} needs {planned.needs}"
