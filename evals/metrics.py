"""Scores from trials, and how far to trust them. Pure functions of pass counts, tested against scipy.

A suite is a sample of tasks and the trials of one task are not independent, so intervals treat the task as the
unit (Miller 2024, "Adding error bars to evals"). pass@k: Chen et al. 2021 (Codex); pass^k: Yao et al. 2024
(tau-bench). Where the tasks show no spread, or there is only one, an interval over them is None: nothing says how far
another sample would differ.
"""

import math
import random
from collections.abc import Mapping, Sequence
from statistics import NormalDist, fmean, stdev
from typing import NamedTuple

from coterie.evals.students_t import quantile, two_sided_p

Interval = tuple[float, float]
_NUM_RESAMPLES = 2000
_ROUNDING = 1e-9


class Counts(NamedTuple):
    """The scored trials of one task."""

    passed: int
    trials: int


class Paired(NamedTuple):
    """Run B minus run A over the tasks both did; `p_value` by paired t on the task means, None without a spread."""

    difference: float
    interval: Interval | None
    p_value: float | None
    tasks: int


class McNemar(NamedTuple):
    """Tasks that only one of two runs passed, and the exact two-sided binomial p of their split."""

    only_a: int
    only_b: int
    p_value: float


def pass_at_k(counts: Sequence[Counts], k: int) -> float:
    """The unbiased chance that at least one of k trials passes, averaged over tasks."""
    _check_k(counts, k)
    return fmean(1 - math.comb(n - c, k) / math.comb(n, k) for c, n in counts)


def pass_hat_k(counts: Sequence[Counts], k: int) -> float:
    """The unbiased chance that all of k trials pass, averaged over tasks."""
    _check_k(counts, k)
    return fmean(math.comb(c, k) / math.comb(n, k) for c, n in counts)


def rates(counts: Sequence[Counts]) -> list[float]:
    """Each task's share of passed trials."""
    return [c / n for c, n in counts]


def has_spread(values: Sequence[float]) -> bool:
    """Whether the values differ by more than rounding; a single one does not."""
    return len(values) > 1 and max(values) - min(values) > _ROUNDING


def t_interval(values: Sequence[float], level: float = 0.95) -> Interval | None:
    """Student-t interval of the mean of task values; not cut to [0, 1]. None where they show no spread."""
    if not has_spread(values):
        return None
    half = quantile((1 + level) / 2, len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return fmean(values) - half, fmean(values) + half


def bootstrap_interval(
    values: Sequence[float], level: float = 0.95, seed: int = 0, num_resamples: int = _NUM_RESAMPLES
) -> Interval | None:
    """Percentile bootstrap of the mean: whole tasks are drawn, so their trials stay together. None without a spread."""
    if not has_spread(values):
        return None
    draw = random.Random(seed)
    means = sorted(fmean(draw.choices(values, k=len(values))) for _ in range(num_resamples))
    cut = (1 - level) / 2
    return means[int(cut * num_resamples)], means[min(num_resamples - 1, math.ceil((1 - cut) * num_resamples) - 1)]


def wilson_interval(passed: float, trials: int, level: float = 0.95) -> Interval:
    """Wilson score interval of one proportion, `passed` of so many independent trials."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    p, shrink = passed / trials, 1 + z * z / trials
    centre = (p + z * z / (2 * trials)) / shrink
    half = z / shrink * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials))
    return centre - half, centre + half


def score_interval(counts: Sequence[Counts], level: float = 0.95) -> Interval:
    """The interval shown with pass@1: Student-t over tasks, cut to [0, 1]; Wilson where tasks show no spread.

    There each task counts as one observation, however many trials it has; the trials of a single task as one each.
    """
    interval = t_interval(rates(counts), level)
    if interval is None:
        size = len(counts) if len(counts) > 1 else counts[0].trials
        return wilson_interval(fmean(rates(counts)) * size, size, level)
    return max(0.0, interval[0]), min(1.0, interval[1])


def paired_difference(a: Mapping[str, float], b: Mapping[str, float], level: float = 0.95) -> Paired:
    """Compare two runs by their task rates; tasks that only one run did are left out."""
    shared = sorted(a.keys() & b.keys())
    if not shared:
        raise ValueError("the two runs have no scored task in common")
    differences = [b[task] - a[task] for task in shared]
    mean, p_value = fmean(differences), None
    if has_spread(differences):
        p_value = two_sided_p(mean / (stdev(differences) / math.sqrt(len(shared))), len(shared) - 1)
    return Paired(mean, t_interval(differences, level), p_value, len(shared))


def mcnemar(a: Mapping[str, float], b: Mapping[str, float]) -> McNemar:
    """Exact McNemar test on the rates of the tasks that both runs scored.

    The majority of its trials decides whether a run passed a task; half of them is no evidence either way.
    """
    shared = a.keys() & b.keys()
    only_a = sum(a[task] > 0.5 > b[task] for task in shared)
    only_b = sum(b[task] > 0.5 > a[task] for task in shared)
    return McNemar(only_a, only_b, _binomial_two_sided(min(only_a, only_b), only_a + only_b))


def detectable_difference(differences: Sequence[float], power: float = 0.8, level: float = 0.95) -> float | None:
    """The smallest true difference that a paired run over as many tasks would show, by the normal approximation.

    None where the differences show no spread.
    """
    if not has_spread(differences):
        return None
    z = NormalDist().inv_cdf((1 + level) / 2) + NormalDist().inv_cdf(power)
    return z * stdev(differences) / math.sqrt(len(differences))


def trials_needed(
    difference: float, between_tasks: float, within_task: float, tasks: int, power: float = 0.8, level: float = 0.95
) -> int | None:
    """Trials per task with which a paired comparison over `tasks` tasks shows `difference`.

    `between_tasks` is the variance of the true per-task differences, `within_task` the variance of one trial's
    difference in a given task (p(1-p) of both runs added). None: no number of trials is enough, take more tasks.
    """
    z = NormalDist().inv_cdf((1 + level) / 2) + NormalDist().inv_cdf(power)
    allowed = (difference / z) ** 2 * tasks - between_tasks
    if allowed <= 0:
        return None
    return max(1, math.ceil(within_task / allowed))


def _check_k(counts: Sequence[Counts], k: int) -> None:
    if not counts:
        raise ValueError("no scored trials")
    fewest = min(n for _, n in counts)
    if not 1 <= k <= fewest:
        raise ValueError(f"k must be from 1 to {fewest}, the fewest trials of a task, got {k}")


def _binomial_two_sided(successes: int, trials: int) -> float:
    if trials == 0:
        return 1.0
    tail = sum(math.comb(trials, i) for i in range(successes + 1)) / (1 << trials)
    return min(1.0, 2 * tail)
