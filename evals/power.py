"""How much must be run to see a difference: with power 0.8 at the level 0.05, by the normal approximation.

A difference is seen where it is about 2.8 standard errors. Between tasks the differences of two runs vary in truth, and
by the trials' noise; more trials take off the noise alone, more tasks (of as many families) both.
"""

import math
from collections.abc import Iterable, Sequence
from statistics import NormalDist, fmean
from typing import NamedTuple

from coterie.evals.metrics import Clusters, Counts, flat, standard_error


class Needed(NamedTuple):
    """What a paired comparison must have to show `difference`; `note` says why a number is missing."""

    difference: float | None
    tasks: int | None
    """Tasks with as many trials as there were."""
    trials: int | None
    """Trials of each of the tasks that there were."""
    note: str = ""


def needed(difference: float, differences: Clusters, a: Sequence[Counts], b: Sequence[Counts]) -> Needed:
    """What shows `difference`, judged by two runs: their tasks' differences, and their scored trials of those tasks."""
    if not difference:
        return Needed(None, None, None, "no difference was seen; name one with --difference")
    error, size = standard_error(differences), len(a)
    if error is None:
        return Needed(difference, None, None, "unknown where the differences show no spread")
    tasks = tasks_needed(difference, differences)
    noise_a, noise_b = within_variance(a), within_variance(b)
    if noise_a is None or noise_b is None:
        return Needed(difference, tasks, None, "trials: unknown with one trial; run both again with --trials 2 or more")
    noise = noise_a * fmean(1 / n for _, n in a) + noise_b * fmean(1 / n for _, n in b)
    between = max(0.0, size * error**2 - noise)
    trials = trials_needed(difference, between, noise_a + noise_b, size)
    return Needed(difference, tasks, trials, "" if trials else "no number of trials is enough; take more tasks")


def within_variance(counts: Iterable[Counts]) -> float | None:
    """The variance of one trial's verdict in a given task, unbiased, averaged over the tasks with two trials or more.

    None where every task has a single trial, which says nothing about it.
    """
    variances = [c * (n - c) / (n * (n - 1)) for c, n in counts if n > 1]
    return fmean(variances) if variances else None


def detectable_difference(differences: Clusters, power: float = 0.8, level: float = 0.95) -> float | None:
    """The smallest true difference that a paired run of the same size would show, by the normal approximation.

    None where the differences show no spread.
    """
    error = standard_error(differences)
    return None if error is None else _reach(power, level) * error


def tasks_needed(difference: float, differences: Clusters, power: float = 0.8, level: float = 0.95) -> int | None:
    """Tasks, in clusters and with trials as these have them, with which a paired comparison shows `difference`.

    None where the differences show no spread.
    """
    shown = detectable_difference(differences, power, level)
    return None if shown is None else math.ceil(len(flat(differences)) * (shown / difference) ** 2)


def trials_needed(
    difference: float, between_tasks: float, within_task: float, tasks: int, power: float = 0.8, level: float = 0.95
) -> int | None:
    """Trials per task with which a paired comparison over `tasks` tasks shows `difference`.

    `between_tasks` is the variance of the true per-task differences, `within_task` the variance of one trial's
    difference in a given task (`within_variance` of both runs added). None: no number of trials is enough, take more
    tasks.
    """
    allowed = (difference / _reach(power, level)) ** 2 * tasks - between_tasks
    if allowed <= 0:
        return None
    return max(1, math.ceil(within_task / allowed))


def _reach(power: float, level: float) -> float:
    """How many standard errors a true difference must have."""
    return NormalDist().inv_cdf((1 + level) / 2) + NormalDist().inv_cdf(power)
