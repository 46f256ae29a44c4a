"""Two runs side by side: is the second better, by how much, and could it be chance?

Tasks are paired by id, for the interval (metrics.paired_difference) as for McNemar: the trials of one task are not
independent. Runs of different suites, or of different versions of one, are not comparable and are refused.
"""

from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pvariance
from typing import Any

from coterie.evals.metrics import (
    McNemar,
    Paired,
    detectable_difference,
    has_spread,
    mcnemar,
    paired_difference,
    trials_needed,
)
from coterie.evals.results import Result, RunError, RunHeader, read_results
from coterie.evals.score import count_by_task


@dataclass(frozen=True)
class Comparison:
    """Run B against run A."""

    a: RunHeader
    b: RunHeader
    paired: Paired
    mcnemar: McNemar
    changed: tuple[tuple[str, float, float], ...]
    """Tasks with different rates: (task, rate in A, rate in B)."""
    detectable: float | None
    """The smallest true difference that this many tasks and trials show with power 0.8; None without a spread."""
    trials_for_this: int | None
    """Trials a task with which a difference as seen would show with power 0.8; None: take more tasks, or no spread."""

    def to_json(self) -> dict[str, Any]:
        """The face of `eval compare --json`."""
        return {
            "difference": self.paired.difference,
            "interval": list(self.paired.interval) if self.paired.interval else None,
            "p_value": self.paired.p_value,
            "tasks": self.paired.tasks,
            "runs": [self.a.run, self.b.run],
            "mcnemar": self.mcnemar._asdict(),
            "changed": [{"task": task, "a": old, "b": new} for task, old, new in self.changed],
            "detectable_difference": self.detectable,
            "trials_for_this_difference": self.trials_for_this,
        }


def compare(runs: Path, run_a: str, run_b: str) -> Comparison:
    """Compare run B with run A. Raises RunError when they are not of the same suite as it then was."""
    (a, results_a), (b, results_b) = read_results(runs, run_a), read_results(runs, run_b)
    if (a.suite, a.digest) != (b.suite, b.digest):
        what = "different suites" if a.suite != b.suite else f"different versions of the suite {a.suite!r}"
        raise RunError(f"{run_a!r} and {run_b!r} are runs of {what}, so their scores cannot be compared; run one again")
    rates_a, rates_b = _rates(results_a), _rates(results_b)
    if not rates_a.keys() & rates_b.keys():
        raise RunError(f"{run_a!r} and {run_b!r} have no scored task in common")
    shared = [task for task in a.tasks if task in rates_a and task in rates_b]
    differences = [rates_b[task] - rates_a[task] for task in shared]
    return Comparison(
        a,
        b,
        paired_difference(rates_a, rates_b),
        mcnemar(rates_a, rates_b),
        tuple((task, rates_a[task], rates_b[task]) for task in shared if rates_a[task] != rates_b[task]),
        detectable_difference(differences),
        _trials_for(differences, [rates_a[t] for t in shared], [rates_b[t] for t in shared], a.trials, b.trials),
    )


def _rates(results: list[Result]) -> dict[str, float]:
    return {task: c / n for task, (c, n) in count_by_task(r for r in results if r.scored).items()}


def _trials_for(
    differences: list[float], rates_a: list[float], rates_b: list[float], trials_a: int, trials_b: int
) -> int | None:
    """What is seen between tasks is the true spread plus the trials' noise; take the noise off first."""
    mean = fmean(differences)
    if mean == 0 or not has_spread(differences):
        return None
    noise_a, noise_b = fmean(p * (1 - p) for p in rates_a), fmean(p * (1 - p) for p in rates_b)
    between = max(0.0, pvariance(differences) - noise_a / trials_a - noise_b / trials_b)
    return trials_needed(abs(mean), between, noise_a + noise_b, len(differences))
