"""Recalled lines around a task: the task or one like it, solved; other tasks done with tools that are here too; facts
and lessons that have nothing to do with it. Only the first are a plan to follow."""

import random
from collections.abc import Callable, Sequence
from itertools import groupby

from coterie.model.training.data.environments.words import CITIES, TOPICS, between, day, email, person, pick
from coterie.model.training.data.trajectory import StepRecord, Trajectory

IRRELEVANT = 0.16
SOLVED_BEFORE = 0.16
SAME = 0.4
OTHER_TASKS = 0.25
"""How often there were other tasks in the same environment before."""
MAX_TASK_CHARS = 160


def add(rng: random.Random, run: Trajectory, sibling: Callable[[], str], others: Sequence[str]) -> None:
    """The lines on other tasks; now and then the task or a sibling, solved with the run's own tools, and strays."""
    lines = list(others)
    if len(run.steps) > 1 and rng.random() < SOLVED_BEFORE:
        tasks = [run.task] * between(rng, 1, 2) if rng.random() < SAME else [sibling()]
        lines += [solved(task, run.steps) for task in tasks if task]
    if rng.random() < IRRELEVANT:
        lines += [stray(rng) for _ in range(between(rng, 1, 3))]
    if lines:
        run.recalled = [*run.recalled, *lines]
        rng.shuffle(run.recalled)


def solved(task: str, steps: Sequence[StepRecord]) -> str:
    """The tools of these steps as the agent is told of an earlier, solved task (`coterie.agent.nodes.recall`)."""
    return f"[solved before] {_way(task, steps)}"


def failed(task: str, steps: Sequence[StepRecord], error: str) -> str:
    """The same of a task that could not be done."""
    return f"[tried before and failed] {_way(task, steps)}: {error}"


def _way(task: str, steps: Sequence[StepRecord]) -> str:
    line = " ".join(task.split())
    shown = line if len(line) <= MAX_TASK_CHARS else line[: MAX_TASK_CHARS - 1].rstrip() + "…"
    names = groupby(attempt.tool or step.tool for step in steps for attempt in step.attempts)
    counts = [(name, len(list(group))) for name, group in names]
    return f'"{shown}" with ' + " -> ".join(name if count == 1 else f"{name}×{count}" for name, count in counts)


def stray(rng: random.Random) -> str:
    """A recalled line that has nothing to do with the task."""
    name, topic = person(rng), pick(rng, TOPICS)
    return pick(
        rng,
        (
            f"[fact] {name} moved to {pick(rng, CITIES)} in {day(rng)[:4]}",
            f"[fact] {name} can be reached at {email(rng, name)}",
            f"[fact] the {topic} takes place on {day(rng)}",
            f"[fact] files about the {topic} are kept in {topic.split()[0]}/{day(rng)[:4]}",
            f"[lesson] check the {topic} before answering, dates there are often old",
            "[lesson] list what there is before reading by name",
            "[lesson] amounts are kept without currency signs",
            f"[lesson] when a search for the {topic} finds nothing, use fewer words",
            f'[solved before] "Send the {topic} to {name}" with find_contact -> send_message',
            f'[solved before] "How long is the {topic}?" with get_event',
            f'[solved before] "Add up the {topic} figures" with read_table -> calculate -> write_file',
            f"[fact] {name} prefers short answers",
        ),
    )
