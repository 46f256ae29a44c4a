"""Every statistic against scipy, or against counting all possibilities."""

import itertools
import math
import random
from statistics import fmean

import numpy as np
import pytest
from scipy import stats

from coterie.evals import metrics, students_t
from coterie.evals.metrics import Counts


@pytest.mark.parametrize("df", [1, 2, 5, 19.0, 127, 1000])
@pytest.mark.parametrize("t", [-40.0, -3.1, -0.2, 0.0, 0.7, 2.0, 12.5])
def test_t_distribution_equals_scipy(t: float, df: float) -> None:
    assert students_t.cdf(t, df) == pytest.approx(stats.t.cdf(t, df), abs=1e-12)
    assert students_t.two_sided_p(t, df) == pytest.approx(2 * stats.t.sf(abs(t), df), abs=1e-12)


@pytest.mark.parametrize("df", [1, 3, 9, 250])
@pytest.mark.parametrize("p", [0.001, 0.3, 0.5, 0.9, 0.975, 0.9999])
def test_t_quantile_equals_scipy(p: float, df: float) -> None:
    assert students_t.quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-9, abs=1e-9)


def test_a_quantile_outside_its_range_is_refused() -> None:
    with pytest.raises(ValueError, match="0 < p < 1"):
        students_t.quantile(1.0, 3)


def test_pass_at_k_and_pass_hat_k_equal_counting_every_draw() -> None:
    counts = [Counts(0, 5), Counts(2, 5), Counts(4, 6), Counts(6, 6)]
    for k in range(1, 6):
        some, every = [], []
        for passed, trials in counts:
            outcomes = [True] * passed + [False] * (trials - passed)
            draws = list(itertools.combinations(outcomes, k))
            some.append(fmean(any(draw) for draw in draws))
            every.append(fmean(all(draw) for draw in draws))
        assert metrics.pass_at_k(counts, k) == pytest.approx(fmean(some))
        assert metrics.pass_hat_k(counts, k) == pytest.approx(fmean(every))


def test_k_beyond_the_fewest_trials_is_refused() -> None:
    with pytest.raises(ValueError, match="from 1 to 3"):
        metrics.pass_at_k([Counts(1, 3), Counts(1, 5)], 4)
    with pytest.raises(ValueError, match="no scored trials"):
        metrics.pass_hat_k([], 1)


def test_t_interval_equals_scipy() -> None:
    values = [0.0, 1.0, 0.5, 0.25, 1.0, 0.75]
    expected = stats.t.interval(0.95, len(values) - 1, loc=fmean(values), scale=stats.sem(values))
    assert metrics.t_interval(values) == pytest.approx(expected)
    assert metrics.t_interval([0.4]) is None


def test_bootstrap_interval_is_near_scipys_and_repeatable() -> None:
    draw = random.Random(7)
    values = [draw.random() for _ in range(60)]
    ours = metrics.bootstrap_interval(values, num_resamples=9999)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=9999, method="percentile", rng=np.random.default_rng(1))
    assert ours == pytest.approx(tuple(theirs.confidence_interval), abs=0.01)
    assert ours == metrics.bootstrap_interval(values, num_resamples=9999)


@pytest.mark.parametrize(("passed", "trials"), [(0, 7), (3, 7), (7, 7), (180, 200)])
def test_wilson_interval_equals_scipy(passed: int, trials: int) -> None:
    expected = stats.binomtest(passed, trials).proportion_ci(method="wilson")
    assert metrics.wilson_interval(passed, trials) == pytest.approx((expected.low, expected.high))


def test_the_shown_interval_stays_within_bounds_and_never_has_no_width() -> None:
    low, high = metrics.score_interval([Counts(1, 1)] * 9 + [Counts(0, 1)])
    assert 0 <= low < 0.9 < high <= 1
    low, high = metrics.score_interval([Counts(1, 1)] * 10)
    assert low == pytest.approx(stats.binomtest(10, 10).proportion_ci(method="wilson").low)
    assert high == pytest.approx(1)


@pytest.mark.parametrize(("counts", "passed", "size"), [([Counts(3, 3)] * 20, 20, 20), ([Counts(2, 3)], 2, 3)])
def test_the_trials_of_one_task_do_not_count_as_many_tasks(counts: list[Counts], passed: int, size: int) -> None:
    expected = stats.binomtest(passed, size).proportion_ci(method="wilson")
    assert metrics.score_interval(counts) == pytest.approx((expected.low, expected.high))


def test_the_paired_difference_equals_scipys_paired_t_test() -> None:
    draw = random.Random(3)
    a = {f"t{i}": draw.random() for i in range(30)}
    b = {task: min(1.0, value + draw.random() / 4) for task, value in a.items()}
    expected = stats.ttest_rel(list(b.values()), list(a.values()))
    paired = metrics.paired_difference(a, b | {"only in b": 1.0})
    assert paired.tasks == 30
    assert paired.p_value == pytest.approx(expected.pvalue)
    assert paired.interval == pytest.approx(tuple(expected.confidence_interval()))


@pytest.mark.parametrize("differences", [[0.0, 0.0], [1.0, 1.0], [2 / 3 - 1 / 3, 1 - 2 / 3], [0.5]])
def test_differences_without_a_spread_say_nothing_about_chance(differences: list[float]) -> None:
    b = {f"t{i}": value for i, value in enumerate(differences)}
    paired = metrics.paired_difference(dict.fromkeys(b, 0.0), b)
    assert paired == (pytest.approx(differences[0]), None, None, len(differences))
    assert metrics.detectable_difference(differences) is None
    assert metrics.bootstrap_interval(differences) is None


def test_runs_without_a_task_in_common_are_refused() -> None:
    with pytest.raises(ValueError, match="no scored task in common"):
        metrics.paired_difference({"x": 1.0}, {"y": 1.0})


def test_mcnemar_equals_the_exact_binomial_test() -> None:
    a = {f"t{i}": float(i < 9) for i in range(20)}
    b = {f"t{i}": float(7 <= i < 20) for i in range(20)}
    result = metrics.mcnemar(a, b)
    assert (result.only_a, result.only_b) == (7, 11)
    assert result.p_value == pytest.approx(stats.binomtest(7, 18).pvalue)
    assert metrics.mcnemar(a, a).p_value == 1.0


def test_mcnemar_takes_the_majority_of_a_tasks_trials_and_a_tie_as_no_evidence() -> None:
    a = {"won": 2 / 3, "lost": 1 / 3, "tied": 1 / 2, "same": 1.0, "only in a": 1.0}
    b = {"won": 1 / 3, "lost": 1.0, "tied": 1.0, "same": 2 / 3}
    assert metrics.mcnemar(a, b) == (1, 1, 1.0)


def test_the_trials_said_to_be_needed_give_the_power_that_was_asked_for() -> None:
    tasks, difference, within = 40, 0.15, 2 * 0.5 * 0.5
    between = 0.01
    needed = metrics.trials_needed(difference, between, within, tasks)
    assert needed is not None
    draw = np.random.default_rng(0)
    spread = math.sqrt(between + within / needed)
    samples = draw.normal(difference, spread, size=(4000, tasks))
    power = fmean(stats.ttest_1samp(samples, 0, axis=1).pvalue < 0.05)
    assert 0.74 < power < 0.88


def test_too_few_tasks_cannot_be_made_up_for_by_trials() -> None:
    assert metrics.trials_needed(0.05, between_tasks=0.2, within_task=0.3, tasks=10) is None


def test_the_detectable_difference_shrinks_with_tasks() -> None:
    few, many = [0.0, 1.0] * 5, [0.0, 1.0] * 50
    of_few, of_many = metrics.detectable_difference(few), metrics.detectable_difference(many)
    assert of_few is not None
    assert of_many is not None
    assert of_many < of_few / 3
