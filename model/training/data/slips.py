"""Slips of the planner itself, and how to go on from them: the slip is shown, only what follows is learned.

A model that has only seen its own turns go well does not know what to do after one that did not.
"""

import random
from dataclasses import replace

from coterie.model.protocol import Plan, Verdict
from coterie.model.training.data.compose import joins
from coterie.model.training.data.trajectory import FIRST_PLAN, StepRecord, Trajectory

SHORTENED = 0.08
HESITANT = 0.04


def slipped(run: Trajectory, rng: random.Random) -> Trajectory:
    """The run, now and then with a slip in it."""
    draw = rng.random()
    if not joins(run) or not run.steps or draw > SHORTENED + HESITANT:
        return run
    if draw < SHORTENED:
        return shortened(run, rng.randrange(1, len(run.steps))) if len(run.steps) > 1 else run
    return hesitant(run, rng.randint(1, len(run.steps)))


def shortened(run: Trajectory, kept: int) -> Trajectory:
    """The first plan stopped too early; the verdict on its last step sees that, and the rest is planned then."""
    return replace(
        run,
        plan=Plan(run.plan.steps[:kept]),
        steps=_judged(run.steps, kept, "replan"),
        replans={kept: Plan(run.plan.steps[kept:], first=kept + 1)},
        slips=frozenset({FIRST_PLAN}),
    )


def hesitant(run: Trajectory, at: int) -> Trajectory:
    """A good result was judged `replan`; the new plan is what remained of the old one, perhaps nothing."""
    return replace(
        run,
        steps=_judged(run.steps, at, "replan"),
        replans={at: Plan(run.plan.steps[at:], first=at + 1)},
        slips=frozenset({at}),
    )


def _judged(steps: list[StepRecord], number: int, word: str) -> list[StepRecord]:
    step = steps[number - 1]
    last = step.attempts[-1]
    assert last.verdict
    judged = replace(last, verdict=Verdict(last.verdict.note, word))  # type: ignore[arg-type]
    changed = replace(step, attempts=[*step.attempts[:-1], judged])
    return [*steps[: number - 1], changed, *steps[number:]]
