"""Two runs beside each other: where they part, in what they did and down to the experts that fired.

Steps are compared by their number, completions by what they were for. What follows the first difference follows
from it; it is listed all the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from coterie.agent.recording import apart
from coterie.agent.replay import COMPARED, comparable
from coterie.memory.records import Episode, JsonObject, ModelCall, Record, encode

_OF_A_CALL = ("messages", "completion", "finish_reason", "token_ids", "routed_experts")


@dataclass(frozen=True)
class Difference(Record):
    """One thing that is not the same in both, each from a little before where they part."""

    step_id: int
    field: str
    first: str
    second: str


def differences(first: Episode, second: Episode) -> Iterator[Difference]:
    """All of them, step by step; of a step first what it was asked and what it wrote, then what it did."""
    if first.task.text != second.task.text:
        yield _of(0, "task", first.task.text, second.task.text)
    steps = [{step.step_id: step for step in episode.steps} for episode in (first, second)]
    calls = [_calls(episode) for episode in (first, second)]
    for step_id in sorted(steps[0].keys() | steps[1].keys()):
        one, other = (of.get(step_id) for of in steps)
        if one is None or other is None:
            yield _of(step_id, "node", one.node if one else "not there", other.node if other else "not there")
            continue
        yield from _in_calls(step_id, calls[0].get(step_id, {}), calls[1].get(step_id, {}))
        for field in COMPARED:
            if (a := comparable(one, field)) != (b := comparable(other, field)):
                yield _of(step_id, field, a, b)
    for field in ("status", "cause", "answer"):
        a, b = (getattr(episode.outcome, field, None) for episode in (first, second))
        if a != b:
            yield _of(max(steps[0].keys() | steps[1].keys(), default=0), f"outcome's {field}", a, b)


def to_json(first: str, second: str, found: Sequence[Difference]) -> JsonObject:
    """What the differences of two episodes, by their ids, are as JSON."""
    return {"episodes": [first, second], "same": not found, "differences": [each.to_json() for each in found]}


def _in_calls(step_id: int, first: dict[str, ModelCall], second: dict[str, ModelCall]) -> Iterator[Difference]:
    for name in first:
        if (other := second.get(name)) is None:
            yield _of(step_id, name, "asked", "not asked")
            continue
        for field in _OF_A_CALL:
            a, b = encode(getattr(first[name], field)), encode(getattr(other, field))
            if a != b and _is_comparable(a, b):
                yield _of(step_id, f"{name}, {field.replace('_', ' ')}", a, b)
                break
    for name in second.keys() - first.keys():
        yield _of(step_id, name, "not asked", "asked")


def _is_comparable(first: Any, second: Any) -> bool:
    """Whether both servers report it, and of experts for the same tokens: what comes from the prefix cache has none."""
    if first is None or second is None:
        return False
    routed = isinstance(first, dict) and isinstance(second, dict)
    return not routed or first.get("first") == second.get("first")


def _calls(episode: Episode) -> dict[int | None, dict[str, ModelCall]]:
    found: dict[int | None, dict[str, ModelCall]] = {}
    for call in episode.model_calls:
        found.setdefault(call.step_id, {})[call.model_call_id] = call
    return found


def _of(step_id: int, field: str, first: Any, second: Any) -> Difference:
    return Difference(step_id, field, *apart(first, second))
