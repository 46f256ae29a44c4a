"""Dataflow: a step that is due to say one figure, and writes a text, says that figure.

A small model that has just worked out 24.6 may write down the row it was worked out from. The plan says which result
the step needs; where that is a single number and the drafted text has it nowhere, the text is chosen again: the
draft with the figure's note below it, the note, or the bare figure. Which of them is the model's choice. A plan may
also count its steps wrong: a figure that no step was planned to need is due in the step right after it, if that needs
anything.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coterie.agent.grounding import is_name
from coterie.agent.state import StepState
from coterie.model import protocol
from coterie.model.chat import JsonSchema, Message
from coterie.model.protocol import CallDraft

_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


@dataclass(frozen=True)
class Figure:
    """The number a step gave, as its tool wrote it, and the note the model took of it."""

    text: str
    note: str


def figure_due(step: StepState, steps: Sequence[StepState], messages: Sequence[Message]) -> Figure | None:
    """The figure of the one step that this step needs, or of the step before it where no other step needs that."""
    needed = [other for other in steps if other["number"] in step["needs"]]
    if len(needed) == 1 and (figure := _given(needed[0], messages)):
        return figure
    number = step["number"] - 1
    taken_up = any(number in other["needs"] for other in steps if other["number"] != step["number"])
    before = [other for other in steps if other["number"] == number]
    return _given(before[0], messages) if step["needs"] and before and not taken_up else None


def unsaid(written: CallDraft, figure: Figure, parameters: JsonSchema, given: str) -> dict[str, list[str]]:
    """The text of a call that says the figure nowhere, and what may stand in its place.

    What was `given` word for word stays, and so do names and lone words: a folder is no place for a figure.
    """
    if _says(list(_texts(written.arguments)), figure.text):
        return {}
    free = {name: schema for name, schema in parameters.get("properties", {}).items() if schema.get("type") == "string"}
    texts = {
        name: value
        for name, value in written.arguments.items()
        if name in free and not {"enum", "const", "format"} & free[name].keys()
        if isinstance(value, str) and _is_text(value) and value not in given
    }
    if not texts:
        return {}
    name = max(texts, key=lambda name: len(texts[name]))
    note = figure.note if _says([figure.note], figure.text) else figure.text
    return {name: list(dict.fromkeys([f"{texts[name]}\n{note}", note, figure.text]))}


def _given(step: StepState, messages: Sequence[Message]) -> Figure | None:
    """The figure that the step's last call gave."""
    if not step["tried"]:
        return None
    last = step["tried"][-1]
    seen = protocol.result_of(CallDraft(last["name"], last["arguments"]), messages)
    figure = _figure(seen[0]) if seen else None
    return Figure(figure, seen[1]) if seen and figure else None


def _figure(result: str) -> str | None:
    """The result where it is one number, bare or alone in an object."""
    try:
        value = json.loads(result)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, dict) and len(value) == 1:
        (value,) = value.values()
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return json.dumps(value) if is_number and math.isfinite(float(str(value))) else None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif value is not None:
        yield str(value)


def _is_text(value: str) -> bool:
    return not is_name(value) and (" " in value.strip() or any(character.isdigit() for character in value))


def _says(texts: Sequence[str], figure: str) -> bool:
    """Whether a number in the texts is the figure, or the figure rounded; its sign may be said in words."""
    wanted = abs(float(figure))
    for text in texts:
        for match in _NUMBER.findall(text):
            places = len(match.partition(".")[2])
            if round(wanted, places) == float(match.replace(",", "")):
                return True
    return False
