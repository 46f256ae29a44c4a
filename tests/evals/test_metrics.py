"""Every statistic against scipy, or against counting all possibilities."""

import itertools
import math
import random
from statistics import fmean

import numpy as np
import pytest
from scipy import stats

from coterie.evals import metrics, power, students_t
from coterie.evals.metrics import Counts, alone


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
    assert metrics.t_interval(alone(values)) == pytest.approx(expected)
    assert metrics.t_interval(alone([0.4])) is None


FAMILIES = [[0.0, 0.5, 1.0], [1.0, 1.0, 0.5], [0.0, 0.0, 0.25], [0.75, 1.0, 1.0]]


def test_the_interval_over_families_equals_scipys_over_their_means() -> None:
    means = [fmean(family) for family in FAMILIES]
    expected = stats.t.interval(0.95, len(means) - 1, loc=fmean(means), scale=stats.sem(means))
    assert metrics.t_interval(FAMILIES) == pytest.approx(expected)
    assert metrics.standard_error([[0.0, 1.0], [1.0, 0.0]]) is None, "families of one mean show no spread"


def test_with_families_of_unequal_sizes_the_error_is_the_sandwich_of_a_regression_on_a_constant() -> None:
    clusters = [*FAMILIES, [1.0], [0.25, 0.75]]
    groups = np.repeat(np.arange(len(clusters)), [len(c) for c in clusters])
    y = np.concatenate([np.array(c) for c in clusters])
    x = np.ones((len(y), 1))
    residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    scores = np.array([x[groups == g].T @ residual[groups == g] for g in range(len(clusters))])
    bread = np.linalg.inv(x.T @ x)
    variance = bread @ (scores.T @ scores) @ bread * len(clusters) / (len(clusters) - 1)
    assert metrics.standard_error(clusters) == pytest.approx(math.sqrt(variance[0, 0]))


def test_the_bootstrap_over_families_is_near_scipys_over_their_means() -> None:
    draw = random.Random(5)
    families = [[min(1.0, max(0.0, draw.gauss(level, 0.1))) for _ in range(6)] for level in np.linspace(0.1, 0.9, 28)]
    means = [fmean(family) for family in families]
    ours = metrics.bootstrap_interval(families, num_resamples=9999)
    theirs = stats.bootstrap((means,), np.mean, n_resamples=9999, method="percentile", rng=np.random.default_rng(1))
    assert ours == pytest.approx(tuple(theirs.confidence_interval), abs=0.01)
    assert ours is not None
    over_tasks = metrics.bootstrap_interval(alone(v for family in families for v in family))
    assert over_tasks is not None
    assert ours[1] - ours[0] > 1.5 * (over_tasks[1] - over_tasks[0])


def test_near_copies_are_no_further_evidence() -> None:
    counts = {f"{family}{copy}": Counts(int(family < "n"), 1) for family in "abcdefghijklmnopqrst" for copy in range(6)}
    families = {task: task[0] for task in counts}
    value = metrics.estimate(counts, families)
    assert value is not None
    assert value.by_family is not None
    assert (value.rate, value.by_family.families) == (13 / 20, 20)
    means = [1.0] * 13 + [0.0] * 7
    expected = stats.t.interval(0.95, 19, loc=fmean(means), scale=stats.sem(means))
    assert value.by_family.interval == pytest.approx(expected)
    assert value.interval[0] > value.by_family.interval[0] + 0.1
    alike = metrics.estimate(dict.fromkeys(counts, Counts(2, 2)), families)
    assert alike is not None
    assert alike.by_family is not None
    assert alike.by_family.interval[0] == pytest.approx(stats.binomtest(20, 20).proportion_ci(method="wilson").low)
    without = metrics.estimate(counts, {})
    assert without is not None
    assert without.by_family is None
    assert metrics.estimate({}, {}) is None


def test_a_task_without_a_family_stands_for_itself() -> None:
    values = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}
    assert metrics.clustered(values, {"a": "x", "c": "x", "d": "d"}) == [[1.0, 3.0], [2.0], [4.0]]


def test_bootstrap_interval_is_near_scipys_and_repeatable() -> None:
    draw = random.Random(7)
    values = [draw.random() for _ in range(60)]
    ours = metrics.bootstrap_interval(alone(values), num_resamples=9999)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=9999, method="percentile", rng=np.random.default_rng(1))
    assert ours == pytest.approx(tuple(theirs.confidence_interval), abs=0.01)
    assert ours == metrics.bootstrap_interval(alone(values), num_resamples=9999)


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
    assert paired.by_family is None


def test_the_paired_difference_of_families_equals_scipys_paired_t_test_of_their_means() -> None:
    draw = random.Random(4)
    a = {f"t{i}": draw.random() for i in range(40)}
    b = {task: value + draw.random() / 4 for task, value in a.items()}
    families = {task: f"f{int(task[1:]) % 8}" for task in a}
    of_a, of_b = ([fmean(run[f"t{i}"] for i in range(f, 40, 8)) for f in range(8)] for run in (a, b))
    expected = stats.ttest_rel(of_b, of_a)
    by_family = metrics.paired_difference(a, b, families).by_family
    assert by_family is not None
    assert by_family.families == 8
    assert by_family.p_value == pytest.approx(expected.pvalue)
    assert by_family.interval == pytest.approx(tuple(expected.confidence_interval()))


@pytest.mark.parametrize("differences", [[0.0, 0.0], [1.0, 1.0], [2 / 3 - 1 / 3, 1 - 2 / 3], [0.5]])
def test_differences_without_a_spread_say_nothing_about_chance(differences: list[float]) -> None:
    b = {f"t{i}": value for i, value in enumerate(differences)}
    paired = metrics.paired_difference(dict.fromkeys(b, 0.0), b)
    assert paired == (pytest.approx(differences[0]), None, None, len(differences), None)
    assert power.detectable_difference(alone(differences)) is None
    assert metrics.bootstrap_interval(alone(differences)) is None


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
