"""Runs to learn from, of every source in its share: environments, APIs, functions, several of them joined, and
requests and tasks written one by one."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import get_args

from coterie.model.training.data import registry
from coterie.model.training.data.apis import generators
from coterie.model.training.data.apis.sheets import Sheets
from coterie.model.training.data.compose import compose, joins
from coterie.model.training.data.contamination import Suites
from coterie.model.training.data.environments import written
from coterie.model.training.data.gone_over import gone_over
from coterie.model.training.data.own_words import about_it
from coterie.model.training.data.slips import slipped
from coterie.model.training.data.trajectory import Split, Trajectory

Draw = Callable[[random.Random, Split], Trajectory]
Source = tuple[str, float, Draw]
"""Its name, its share, and how to draw a run of a split."""
REQUESTS, QUESTIONS = "functions.written", "environments.questions"
ASKED = 0.2
"""Simple questions as a share of the environments' runs, beside the few that are drawn there anyway."""
API_SPLITS: tuple[Split, ...] = ("train", "held_template", "held_family")
SPLITS: dict[str, tuple[Split, ...]] = {
    "environments": get_args(Split),
    "environments.written": ("train", "held_template"),
    QUESTIONS: ("train", "held_template", "held_family"),
}
# How often runs are joined, of how many parts: plans of several steps are the hard part.
COMPOSED = 0.3
PARTS = {2: 0.6, 3: 0.3, 4: 0.1}
MAX_PART_STEPS = 3
SINGLE_PARTS = 0.6
PART_DRAWS = 100
"""After so many draws a run stays by itself: no run of the sources may be short enough to be a part."""
ABOUT_IT = 0.15


def sources(
    catalogue: Path | None, environments: float, tasks: float, requests: float, only: Sequence[str] | None = None
) -> list[Source]:
    """Environments, written tasks and written requests, which have these shares, and requests for calls of APIs and
    functions, which have the rest. With `only`, just those of these names; ValueError where there is no such one."""
    apis = generators(catalogue)
    weight, left = sum(w for _, w, _ in apis), 1 - environments - tasks - requests
    every: list[Source] = [
        ("environments", environments * (1 - ASKED), registry.generate),
        (QUESTIONS, environments * ASKED, partial(registry.generate, of="questions")),
        ("environments.written", tasks, written.generate),
        (REQUESTS, requests, Sheets()),
        *((name, left * w / weight, draw) for name, w, draw in apis),
    ]
    names = [name for name, _, _ in every]
    if unknown := sorted(set(only or ()) - set(names)):
        raise ValueError(f"no source {', '.join(unknown)}; there are {', '.join(names)}")
    return [source for source in every if only is None or source[0] in only]


def trajectories(
    sources: Sequence[Source], split: Split, rng: random.Random, suites: Suites, counts: Counter[str]
) -> Iterator[tuple[str, Trajectory]]:
    """Runs without end, each with the name of its source; none where no source of the split has a share."""
    offered = [s for s in sources if s[1] > 0 and split in SPLITS.get(s[0], API_SPLITS)]
    joined = [s for s in offered if s[0] != REQUESTS]
    while offered:
        name, _, draw = rng.choices(offered, [weight for _, weight, _ in offered])[0]
        try:
            is_joined = name != REQUESTS and rng.random() < COMPOSED
            run = _composed(joined, split, rng) if is_joined else _drawn(draw, split, rng)
        except AssertionError:
            counts[f"{name}:rejected by its checks"] += 1
            continue
        if any(suites.hits(run.task)):
            counts["dropped: shares words with a suite"] += 1
            continue
        yield name, gone_over(slipped(run, rng) if split == "train" else run)


def _drawn(draw: Draw, split: Split, rng: random.Random) -> Trajectory:
    run = draw(rng, split)
    return about_it(run, rng) if rng.random() < ABOUT_IT else run


def _composed(sources: Sequence[Source], split: Split, rng: random.Random) -> Trajectory:
    count = rng.choices(list(PARTS), list(PARTS.values()))[0]
    steps = 1 if rng.random() < SINGLE_PARTS else MAX_PART_STEPS
    parts: list[Trajectory] = []
    for _ in range(PART_DRAWS):
        _, _, draw = rng.choices(sources, [weight for _, weight, _ in sources])[0]
        run = _drawn(draw, split, rng)
        if joins(run) and len(run.steps) <= steps:
            parts.append(run)
        if len(parts) == count:
            if (whole := compose(parts, rng)) is not None:
                return whole
            parts = []
    return run
