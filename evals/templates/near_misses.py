"""Near misses that any task has: a change too many, the last one left out, an answer that is not so, words alone.

A family gives those that only it can know; these come from its reference.
"""

from collections.abc import Iterator, Sequence, Set
from typing import Any

from coterie.evals.templates.family import Parts, miss


def with_general(task: Parts, stray: Parts, writing: Set[str]) -> list[Parts]:
    """The task's near misses, then of the general ones each that makes other calls than those before it.

    `stray` is a call that changes what the task leaves alone, `writing` names the tools that change something.
    """
    found: list[Parts] = list(task["near_misses"])
    for general in _general(task, stray, writing):
        if _calls(general) not in map(_calls, found):
            found.append(general)
    return found


def _general(task: Parts, stray: Parts, writing: Set[str]) -> Iterator[Parts]:
    reference, facts = task["reference"], task["expect"].get("answer")
    calls = reference.get("calls", [])
    yield {**reference, "why": "one change too many", "calls": [*calls, stray]}
    changing = [at for at, made in enumerate(calls) if made["tool"] in writing and not made.get("fails")]
    if changing:
        last = changing[-1]
        yield miss("left out the last change", *calls[:last], *calls[last + 1 :], answer=reference["answer"])
    if facts:
        yield miss("an answer that is not so", *calls, answer=_misstated(facts))
    yield miss("says it is done")


def _calls(solution: Parts) -> list[tuple[str, Parts]]:
    return [(made["tool"], made["arguments"]) for made in solution["calls"]]


def _misstated(facts: Sequence[Any]) -> str:
    """The facts with every figure one too high, so that the lowest is missing; none where no fact is a figure."""
    chosen = [fact[0] if isinstance(fact, list) else fact for fact in facts]
    if all(isinstance(fact, str) for fact in chosen):
        return "Done."
    return ", ".join(fact if isinstance(fact, str) else f"{fact + 1}" for fact in chosen)
