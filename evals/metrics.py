"""Scores from trials, and how far to trust them. Pure functions of pass counts, tested against scipy.

A suite is a sample of tasks and the trials of one task are not independent, so intervals treat the task as the
unit; where tasks are drawn from templates, those of one family are not independent either, and the family is the unit
of a second, wider interval (Miller 2024, "Adding error bars to evals", arXiv 2411.00640). pass@k: Chen et al. 2021
(Codex); pass^k: Yao et al. 2024 (tau-bench). Where the units show no spread, or there is only one, an interval over
them is None: nothing says how far another sample would differ.
"""

import math
import random
from collections.abc import Hashable, Iterable, Mapping, Sequence
from statistics import NormalDist, fmean
from typing import NamedTuple

from coterie.evals.students_t import quantile, two_sided_p

Interval = tuple[float, float]
Clusters = Sequence[Sequence[float]]
"""Values of tasks, those of one cluster together; clusters are independent of each other."""
_NUM_RESAMPLES = 2000
_ROUNDING = 1e-9


class Counts(NamedTuple):
    """The scored trials of one task."""

    passed: int
    trials: int


class ByFamily(NamedTuple):
    """How far to trust a score when families of tasks are the sample, not tasks."""

    families: int
    interval: Interval
    bootstrap_interval: Interval | None


class Estimate(NamedTuple):
    """A share of trials, averaged over tasks; the intervals take the tasks for the sample, or their families."""

    rate: float
    interval: Interval
    bootstrap_interval: Interval | None
    by_family: ByFamily | None
    """None where no task has a family."""


class PairedByFamily(NamedTuple):
    """A paired difference when families of tasks are the sample; None without a spread between them."""

    families: int
    interval: Interval | None
    p_value: float | None
    bootstrap_interval: Interval | None


class Paired(NamedTuple):
    """Run B minus run A over the tasks both did; `p_value` by paired t on the task means, None without a spread."""

    difference: float
    interval: Interval | None
    p_value: float | None
    tasks: int
    by_family: PairedByFamily | None = None


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


def clustered(values: Mapping[str, float], families: Mapping[str, str]) -> Clusters:
    """The values of tasks by family, in the order of first appearance; a task without one is a cluster of its own."""
    clusters: dict[Hashable, list[float]] = {}
    for task, value in values.items():
        family = families.get(task)
        clusters.setdefault(("family", family) if family else ("task", task), []).append(value)
    return list(clusters.values())


def alone(values: Iterable[float]) -> Clusters:
    """Each value a cluster of its own."""
    return [[value] for value in values]


def standard_error(clusters: Clusters) -> float | None:
    """Cluster-robust standard error of the mean of all values; None where the clusters show no spread.

    The sandwich of Liang and Zeger with the factor G / (G - 1): with clusters of one size it is the standard error
    of the mean of their means.
    """
    mean, size = fmean(flat(clusters)), len(flat(clusters))
    residuals = [sum(cluster) - mean * len(cluster) for cluster in clusters]
    if not has_spread(residuals):
        return None
    return math.sqrt(len(clusters) / (len(clusters) - 1) * math.fsum(r * r for r in residuals)) / size


def t_interval(clusters: Clusters, level: float = 0.95) -> Interval | None:
    """Student-t interval of the mean of all values, with one degree of freedom less than clusters; not cut to [0, 1].

    None where they show no spread.
    """
    error = standard_error(clusters)
    if error is None:
        return None
    mean, half = fmean(flat(clusters)), quantile((1 + level) / 2, len(clusters) - 1) * error
    return mean - half, mean + half


def bootstrap_interval(
    clusters: Clusters, level: float = 0.95, seed: int = 0, num_resamples: int = _NUM_RESAMPLES
) -> Interval | None:
    """Percentile bootstrap of the mean of all values: whole clusters are drawn. None where they show no spread."""
    if standard_error(clusters) is None:
        return None
    draw = random.Random(seed)
    sums = [(sum(cluster), len(cluster)) for cluster in clusters]
    means = sorted(_mean_of_sums(draw.choices(sums, k=len(sums))) for _ in range(num_resamples))
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
    size = len(counts) if len(counts) > 1 else counts[0].trials
    return _cut_interval(alone(rates(counts)), size, level)


def estimate(counts: Mapping[str, Counts], families: Mapping[str, str]) -> Estimate | None:
    """The share of trials counted as passed, with its intervals; None without a scored trial.

    `families` has the family of each task that has one.
    """
    if not counts:
        return None
    values = dict(zip(counts, rates(list(counts.values())), strict=True))
    by_family = None
    if families:
        clusters = clustered(values, families)
        cut = _cut_interval(clusters, len(clusters), 0.95)
        by_family = ByFamily(len(clusters), cut, bootstrap_interval(clusters))
    interval = score_interval(list(counts.values()))
    return Estimate(fmean(values.values()), interval, bootstrap_interval(alone(values.values())), by_family)


def paired_difference(
    a: Mapping[str, float], b: Mapping[str, float], families: Mapping[str, str] | None = None, level: float = 0.95
) -> Paired:
    """Compare two runs by their task rates; tasks that only one run did are left out."""
    differences = {task: b[task] - rate for task, rate in a.items() if task in b}
    if not differences:
        raise ValueError("the two runs have no scored task in common")
    tasks, mean = alone(differences.values()), fmean(differences.values())
    by_family = None
    if families:
        clusters = clustered(differences, families)
        by_family = PairedByFamily(
            len(clusters), t_interval(clusters, level), _p_value(clusters), bootstrap_interval(clusters, level)
        )
    return Paired(mean, t_interval(tasks, level), _p_value(tasks), len(tasks), by_family)


def mcnemar(a: Mapping[str, float], b: Mapping[str, float]) -> McNemar:
    """Exact McNemar test on the rates of the tasks that both runs scored.

    The majority of its trials decides whether a run passed a task; half of them is no evidence either way.
    """
    shared = a.keys() & b.keys()
    only_a = sum(a[task] > 0.5 > b[task] for task in shared)
    only_b = sum(b[task] > 0.5 > a[task] for task in shared)
    return McNemar(only_a, only_b, _binomial_two_sided(min(only_a, only_b), only_a + only_b))


def _p_value(clusters: Clusters) -> float | None:
    error = standard_error(clusters)
    return None if error is None else two_sided_p(fmean(flat(clusters)) / error, len(clusters) - 1)


def _cut_interval(clusters: Clusters, size: int, level: float) -> Interval:
    """Student-t, cut to [0, 1]; Wilson of so many observations where the clusters show no spread."""
    interval = t_interval(clusters, level)
    if interval is None:
        return wilson_interval(fmean(flat(clusters)) * size, size, level)
    return max(0.0, interval[0]), min(1.0, interval[1])


def flat(clusters: Clusters) -> list[float]:
    """The values of all clusters."""
    return [value for cluster in clusters for value in cluster]


def _mean_of_sums(sums: Sequence[tuple[float, int]]) -> float:
    return sum(total for total, _ in sums) / sum(size for _, size in sums)


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
