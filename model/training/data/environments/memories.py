"""Recalled lines around a task: solved tasks like it, and facts and lessons that have nothing to do with it."""

import random
from collections.abc import Callable
from itertools import groupby

from coterie.model.training.data.environments.words import CITIES, TOPICS, between, day, email, person, pick
from coterie.model.training.data.trajectory import Trajectory

IRRELEVANT = 0.16
SOLVED_BEFORE = 0.16
SAME = 0.4
MAX_TASK_CHARS = 160


def add(rng: random.Random, run: Trajectory, sibling: Callable[[], str]) -> None:
    """Now and then: the task or a sibling of it, solved with the run's own tools, and lines that do not matter."""
    lines: list[str] = []
    if len(run.steps) > 1 and rng.random() < SOLVED_BEFORE:
        tasks = [run.task] * between(rng, 1, 2) if rng.random() < SAME else [sibling()]
        lines += [solved(task, run) for task in tasks if task]
    if rng.random() < IRRELEVANT:
        lines += [stray(rng) for _ in range(between(rng, 1, 3))]
    if lines:
        run.recalled = [*run.recalled, *lines]
        rng.shuffle(run.recalled)


def solved(task: str, run: Trajectory) -> str:
    """The run's tools as the agent is told of an earlier, solved task (`coterie.agent.nodes.recall`)."""
    line = " ".join(task.split())
    shown = line if len(line) <= MAX_TASK_CHARS else line[: MAX_TASK_CHARS - 1].rstrip() + "…"
    names = groupby(attempt.tool or step.tool for step in run.steps for attempt in step.attempts)
    counts = [(name, len(list(group))) for name, group in names]
    return f'[solved before] "{shown}" with ' + " -> ".join(
        name if count == 1 else f"{name}×{count}" for name, count in counts
    )


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
