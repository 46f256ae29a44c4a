"""What is said to be needed, against runs that are simulated with it."""

import itertools
import math
from statistics import fmean

import numpy as np
import pytest
from scipy import stats

from coterie.evals import power
from coterie.evals.metrics import Clusters, Counts, alone

DIFFERENCE = 0.15


def simulated(draw: np.random.Generator, tasks: int, trials: int) -> tuple[list[Counts], list[Counts]]:
    """Two runs over tasks whose true rates differ by 0.15 on average, and not by the same everywhere."""
    rates_a = draw.uniform(0.2, 0.6, size=tasks)
    rates_b = rates_a + DIFFERENCE + draw.uniform(-0.15, 0.15, size=tasks)
    return tuple([Counts(int(c), trials) for c in draw.binomial(trials, rates)] for rates in (rates_a, rates_b))  # type: ignore[return-value]


def differences(a: list[Counts], b: list[Counts]) -> Clusters:
    return alone(c_b / n_b - c_a / n_a for (c_a, n_a), (c_b, n_b) in zip(a, b, strict=True))


def power_of(draw: np.random.Generator, tasks: int, trials: int, runs: int = 1500) -> float:
    """The share of simulated comparisons that show the difference."""
    seen = [[value for (value,) in differences(*simulated(draw, tasks, trials))] for _ in range(runs)]
    return float(fmean(stats.ttest_1samp(np.array(seen), 0, axis=1).pvalue < 0.05))


def test_the_variance_within_a_task_is_unbiased() -> None:
    rate, trials = 0.3, 4
    expected = sum(
        math.prod(rate if passed else 1 - rate for passed in verdicts)
        * (power.within_variance([Counts(sum(verdicts), trials)]) or 0.0)
        for verdicts in itertools.product((0, 1), repeat=trials)
    )
    assert expected == pytest.approx(rate * (1 - rate))
    assert power.within_variance([Counts(1, 1), Counts(1, 2)]) == pytest.approx(np.var([0, 1], ddof=1))
    assert power.within_variance([Counts(1, 1), Counts(0, 1)]) is None


def test_the_trials_and_the_tasks_said_to_be_needed_give_the_power_that_was_asked_for() -> None:
    draw = np.random.default_rng(0)
    a, b = simulated(draw, 4000, 3)  # so many that what they say is near the truth
    seen = power.needed(DIFFERENCE, differences(a, b), a, b)
    assert seen.tasks is not None
    assert 0.74 < power_of(draw, seen.tasks, 3) < 0.88
    within = (power.within_variance(a) or 0.0) + (power.within_variance(b) or 0.0)
    between = 0.3**2 / 12  # of the uniform distribution
    trials = power.trials_needed(DIFFERENCE, between, within, tasks=50)
    assert trials is not None
    assert 0.72 < power_of(draw, 50, trials) < 0.9


def test_what_two_runs_say_of_the_trials_agrees_with_the_truth() -> None:
    a, b = simulated(np.random.default_rng(1), 4000, 3)
    within = fmean(p * (1 - p) for p in np.linspace(0.2, 0.6, 101)) + fmean(
        p * (1 - p) for p in (np.linspace(0.2, 0.6, 101)[:, None] + 0.15 + np.linspace(-0.15, 0.15, 101)).ravel()
    )
    for difference in (0.01, 0.02):
        of_runs = power.needed(difference, differences(a, b), a, b).trials
        of_truth = power.trials_needed(difference, 0.3**2 / 12, within, 4000)
        assert of_runs == pytest.approx(of_truth, rel=0.25)


def test_near_copies_need_more_tasks_than_tasks_of_their_own() -> None:
    draw = np.random.default_rng(2)
    families = [[level] * 6 for level in draw.normal(0.1, 0.3, size=20)]
    copies = power.tasks_needed(0.1, families)
    own = power.tasks_needed(0.1, alone(value for family in families for value in family))
    assert copies is not None
    assert own is not None
    assert copies == pytest.approx(6 * own, rel=0.1)


def test_what_cannot_be_told_is_said() -> None:
    one = [Counts(0, 1), Counts(1, 1), Counts(0, 1)]
    other = [Counts(1, 1), Counts(1, 1), Counts(0, 1)]
    single = power.needed(0.2, differences(one, other), one, other)
    assert (single.tasks is None, single.trials) == (False, None)
    assert "unknown with one trial" in single.note
    assert "no spread" in power.needed(0.2, differences(one, one), one, one).note
    assert "--difference" in power.needed(0.0, differences(one, other), one, other).note
    sure = [Counts(0, 2), Counts(2, 2), Counts(1, 2)]
    better = [Counts(2, 2), Counts(2, 2), Counts(0, 2)]
    assert "take more tasks" in power.needed(0.01, differences(sure, better), sure, better).note


def test_too_few_tasks_cannot_be_made_up_for_by_trials() -> None:
    assert power.trials_needed(0.05, between_tasks=0.2, within_task=0.3, tasks=10) is None


def test_the_detectable_difference_shrinks_with_tasks() -> None:
    few, many = alone([0.0, 1.0] * 5), alone([0.0, 1.0] * 50)
    of_few, of_many = power.detectable_difference(few), power.detectable_difference(many)
    assert of_few is not None
    assert of_many is not None
    assert of_many < of_few / 3
