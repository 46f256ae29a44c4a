"""Runs put together, and runs with slips: still whole, in the format the loop reads."""

import random
from collections.abc import Iterator

import pytest

from coterie.model.protocol import parse_plan, parse_verdict
from coterie.model.training.data import registry
from coterie.model.training.data.compose import MAX_STEPS, compose, joins
from coterie.model.training.data.slips import hesitant, shortened, slipped
from coterie.model.training.data.trajectory import Trajectory, chat, turns


def runs(seed: int, steps: int = 1) -> Iterator[Trajectory]:
    return (run for run in registry.stream(seed) if joins(run) and len(run.steps) >= steps)


def composed(seed: int) -> Trajectory:
    rng, source = random.Random(seed), runs(seed)
    return next(both for _ in range(50) if (both := compose(next(source), next(source), rng)))


@pytest.mark.parametrize("seed", range(5))
def test_two_runs_become_one_longer_one(seed: int) -> None:
    run = composed(seed)
    assert 2 <= len(run.steps) == len(run.plan.steps) <= MAX_STEPS
    names = {card.name for card in run.tools}
    assert all(step.tool in names for step in run.steps)
    assert all(need <= number for number, step in enumerate(run.plan.steps) for need in step.needs)
    assert [step.planned for step in run.steps] == list(run.plan.steps)


def test_what_does_not_go_together_is_not_joined() -> None:
    refused = next(run for run in registry.stream(3) if run.plan.refusal)
    assert compose(refused, next(runs(3)), random.Random(0)) is None


def test_a_plan_that_stopped_short_is_finished_by_a_second_one() -> None:
    run = next(runs(5, steps=3))
    short = shortened(run, 1)
    messages = list(turns(short))
    plans = [(parse_plan(m["content"], 2), learned) for m, learned in messages if m["content"].startswith('{"steps')]
    assert [(len(plan.steps), learned) for plan, learned in plans] == [(1, False), (len(run.steps) - 1, True)]
    words = [parse_verdict(m["content"]).word for m in chat(short) if m["content"].startswith('{"note')]
    assert words[len(run.steps[0].attempts) - 1] == "replan", "the missing steps were noticed"
    assert [m["content"] for m in chat(short)][-1] == [m["content"] for m in chat(run)][-1], "the same answer"


def test_a_needless_replan_goes_on_with_what_remained() -> None:
    run = next(runs(6, steps=2))
    late = hesitant(run, len(run.steps))
    assert late.replans[len(run.steps)].steps == ()
    unlearned = [m["content"] for m, learned in turns(late) if m["role"] == "assistant" and not learned]
    assert [parse_verdict(text).word for text in unlearned] == ["replan"]


def test_slips_stay_the_exception_and_leave_other_runs_alone() -> None:
    rng, source = random.Random(1), registry.stream(8)
    pairs = [(run, slipped(run, rng)) for run in (next(source) for _ in range(300))]
    changed = sum(bool(after.slips) for _, after in pairs)
    assert 15 < changed < 90
    assert all(after is before for before, after in pairs if not after.slips)
