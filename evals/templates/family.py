"""A family of tasks: a function that draws one task, and what all of its tasks share."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

Parts = dict[str, Any]
Split = Literal["public", "sealed"]

_MAX_DRAWS = 400


@dataclass(frozen=True)
class Family:
    """`draw` gives the parts of a task that differ: task, setup, expect, reference, near_misses, earlier, faults."""

    name: str
    level: int
    tags: tuple[str, ...]
    draw: Callable[[Random], Parts]


def tasks(environment: str, split: Split, families: Sequence[Family], count: int) -> Iterator[Parts]:
    """`count` different tasks of each family; always the same ones."""
    for family in families:
        random = Random(f"{environment}.{family.name}")
        seen: set[str] = set()
        for _ in range(_MAX_DRAWS):
            parts = family.draw(random)
            text = json.dumps([parts["task"], parts.get("setup"), parts.get("earlier")], sort_keys=True)
            if text in seen:
                continue
            seen.add(text)
            yield _task(environment, split, family, len(seen), parts)
            if len(seen) == count:
                break
        else:
            raise ValueError(f"family {environment}.{family.name} has only {len(seen)} different tasks of {count}")


def call(tool: str, **arguments: Any) -> Parts:
    """One call of a solution."""
    return {"tool": tool, "arguments": arguments}


def failing(tool: str, **arguments: Any) -> Parts:
    """A call that should get an error."""
    return {"tool": tool, "arguments": arguments, "fails": True}


def tried(made: Parts) -> Parts:
    """The same call, where it should get an error."""
    return {**made, "fails": True}


def instead(made: Parts, **arguments: Any) -> Parts:
    """The same call with other values for these arguments."""
    return {**made, "arguments": {**made["arguments"], **arguments}}


def solution(*calls: Parts, answer: str) -> Parts:
    """A reference."""
    return {"calls": list(calls), "answer": answer}


def refusal(answer: str) -> Parts:
    """A reference that refuses."""
    return {"refuse": True, "answer": answer}


def miss(why: str, *calls: Parts, answer: str = "Done.") -> Parts:
    """A near miss."""
    return {"why": why, "calls": list(calls), "answer": answer}


def _task(environment: str, split: Split, family: Family, number: int, parts: Parts) -> Parts:
    head = {
        "id": f"{environment}-{family.name}-{number}",
        "environment": environment,
        "task": parts["task"],
        "level": family.level,
        "family": f"{environment}.{family.name}",
        "split": split,
        "tags": list(family.tags),
    }
    return head | {key: value for key, value in parts.items() if key != "task"}
