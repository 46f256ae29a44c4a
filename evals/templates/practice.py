"""A suite of practice tasks: `python -m coterie.evals.templates.practice --out DIR --count 400 --seed 1`.

The tasks are drawn from the templates the model is trained on, by their weights; see `evals/environments/practice.py`.
"""

import argparse
import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from coterie.evals.scorers.answer import numbers, states
from coterie.evals.scorers.state import differences
from coterie.evals.templates.family import Parts, call, failing, miss, refusal, solution
from coterie.evals.templates.write import write_suite
from coterie.model.training.data.environments.practice import Practice, practice
from coterie.model.training.data.environments.scene import Unlucky
from coterie.model.training.data.registry import templates

MAX_CALLS = 8
FAILING = 0.12
_DATE_OR_TIME = re.compile(r"\d{4}-\d{2}-\d{2}|(?<!\d)\d{1,2}:\d{2}")
_PASSING = ("503 Service Unavailable", "timeout after 30 s", "connection reset by peer", "HTTP 502 Bad Gateway")
_HEAD = """\
name: practice
description: Tasks of the training environments, to work on and learn from; no score on them says anything.
environments:
  practice: {use: "coterie.evals.environments.practice:PracticeWorld"}
data: [practice.jsonl]
"""


def tasks(count: int, seed: int) -> list[Parts]:
    """`count` tasks that can be checked, the same for the same seed."""
    rng = random.Random(f"practice {seed}")
    chosen = templates("train")
    weights = [template.weight for template in chosen]
    made: list[Parts] = []
    while len(made) < count:
        template, number = rng.choices(chosen, weights)[0], rng.randrange(1 << 30)
        try:
            drawn = practice(template, number)
        except (Unlucky, AssertionError):
            continue
        if (parts := _task(drawn, rng)) is not None:
            setup = {"template": template.name, "seed": number}
            head = {"id": f"practice-{len(made) + 1}", "environment": "practice", "family": template.name}
            made.append({**head, "setup": setup, **parts})
    return made


def _task(drawn: Practice, rng: random.Random) -> Parts | None:
    """What is expected of the task; nothing where it could not be told from another outcome."""
    run = drawn.run
    attempts = [(step.tool, attempt) for step in run.steps for attempt in step.attempts]
    if run.recalled or run.answer is None or run.answer.status != "success" or not 0 < len(attempts) <= MAX_CALLS:
        return None
    said = {"task": run.task, "level": 1 if len(attempts) == 1 else 2 if len(attempts) < 4 else 3}
    if drawn.impossible:
        called = miss("called a tool all the same", call(drawn.cards[0].name))
        return said | {"expect": {"refuse": True}, "reference": refusal("No tool fits."), "near_misses": [called]}
    facts = _facts(run.answer.text, run.task, drawn.values)
    changes = _changes(drawn.state(), drawn.after, run.task, drawn.values)
    if changes is None or not (facts or changes):
        return None
    calls = [
        (failing if attempt.is_error else call)(attempt.tool or tool, **attempt.arguments) for tool, attempt in attempts
    ]
    faults: list[Parts] = []
    if rng.random() < FAILING:
        at = rng.randrange(len(calls))
        tool = calls[at]["tool"]
        number = 1 + sum(earlier["tool"] == tool for earlier in calls[:at])
        faults = [{"tool": tool, "error": rng.choice(_PASSING), "on_calls": [number]}]
        calls.insert(at, {**calls[at], "fails": True})
    return said | {
        "expect": {"answer": facts, "changes": changes},
        "reference": solution(*calls, answer=run.answer.text),
        "near_misses": [miss("stopped before the last call", *calls[:-1])],
        "faults": faults,
    }


def _facts(text: str, task: str, values: frozenset[str]) -> list[str | float]:
    """What a text states that only the results, or a sum over them, could tell."""
    named = {*values, *_DATE_OR_TIME.findall(text)}
    found = [value for value in named if states(text, value) and not states(task, value)]
    longest = [value for value in found if not any(value != other and states(other, value) for other in found)]
    rest = [n for n in numbers(text) if not any(n in numbers(value) for value in longest) and n not in numbers(task)]
    return [*sorted(longest), *rest]


def _changes(
    before: Mapping[str, Any], after: Mapping[str, Any], task: str, values: frozenset[str]
) -> dict[str, Any] | None:
    """The expected changes as the scorer reads them; None for one it cannot foresee: a new id, a list rewritten."""
    changes: dict[str, Any] = {}
    for place, old, new in differences({part: before[part] for part in after}, after):
        if isinstance(new, list):
            earlier: list[Any] = old if isinstance(old, list) else []
            if new[: len(earlier)] != earlier:
                return None
            changes[place] = {"$append": [_free(item, task, values) for item in new[len(earlier) :]]}
        elif isinstance(new, dict) and "id" in new:
            return None
        elif not isinstance(new, str | int | float | bool | dict | None):
            changes[place] = {"$removed": True}
        else:
            changes[place] = _free(new, task, values)
    return changes


def _free(value: Any, task: str, values: frozenset[str]) -> Any:
    """The value, where text in words of the writer's own need only state what it states."""
    if isinstance(value, dict):
        return {key: _free(part, task, values) for key, part in value.items()}
    if isinstance(value, str) and value not in values and (len(value.split()) > 3 or not states(task, value)):
        return {"$contains": _facts(value, "", values) or _unheard(value, task)}
    return value


def _unheard(text: str, task: str) -> list[str | float]:
    """A short text's words that the task does not have: what it says, where that is a word of a file."""
    words = re.findall(r"[^\W_]+", text)
    return [word for word in words if not states(task, word)] if len(words) <= 3 else []


def write(folder: Path, rows: Sequence[Parts]) -> Path:
    """The suite's two files; the path to run it by."""
    return write_suite(folder, "practice", _HEAD, rows)


def main() -> None:
    """Write a suite."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print(write(given.out, tasks(given.count, given.seed)))


if __name__ == "__main__":
    main()
