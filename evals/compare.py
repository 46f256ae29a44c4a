"""Two runs side by side: is the second better, by how much, at what cost, and could it be chance?

Tasks are paired by id, for the interval (metrics.paired_difference) as for McNemar: the trials of one task are not
independent. Nor are the tasks of one family, for which there is a second interval. Runs of different suites, or of
different versions of one, are not comparable and are refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coterie.evals.metrics import Counts, McNemar, Paired, alone, clustered, mcnemar, paired_difference
from coterie.evals.power import Needed, detectable_difference, needed
from coterie.evals.results import RunError, RunHeader, read_results
from coterie.evals.score import Score, families_of, score


@dataclass(frozen=True)
class Comparison:
    """Run B against run A, the baseline."""

    a: Score
    b: Score
    paired: Paired
    mcnemar: McNemar
    changed: tuple[tuple[str, float, float], ...]
    """Tasks with different rates: (task, rate in A, rate in B)."""
    detectable: float | None
    """The smallest true difference that this many tasks (of as many families) and trials show; None without a spread.
    """
    needed: Needed
    """What shows the difference as it is, or the one that was asked about."""

    def to_json(self) -> dict[str, Any]:
        """As one of the comparisons of `eval compare --json`."""
        by_family = self.paired.by_family
        return {
            "difference": self.paired.difference,
            "interval": self.paired.interval,
            "p_value": self.paired.p_value,
            "tasks": self.paired.tasks,
            "by_family": by_family and by_family._asdict(),
            "runs": [self.a.header.run, self.b.header.run],
            "pass_at_1": [self.a.pass_at_1, self.b.pass_at_1],
            "per_success": [self.a.per_success, self.b.per_success],
            "mcnemar": self.mcnemar._asdict(),
            "changed": [{"task": task, "a": old, "b": new} for task, old, new in self.changed],
            "detectable_difference": self.detectable,
            "needed": self.needed._asdict(),
        }


def compare(runs: Path, run_a: str, run_b: str, difference: float | None = None) -> Comparison:
    """Compare run B with run A; say also what would show `difference`, or else the one that is seen.

    Raises RunError when they are not of the same suite as it then was.
    """
    if difference is not None and not 0 < difference <= 1:
        raise RunError(f"a difference to be shown lies above 0 and up to 1, as 0.05 for 5 %, got {difference:g}")
    (header_a, results_a), (header_b, results_b) = read_results(runs, run_a), read_results(runs, run_b)
    _require_same_suite(header_a, header_b)
    a, b = score(header_a, results_a), score(header_b, results_b)
    shared = [task for task in header_a.tasks if task in a.counts and task in b.counts]
    if not shared:
        raise RunError(f"{run_a!r} and {run_b!r} have no scored task in common")
    rates_a, rates_b = _rates(a.counts), _rates(b.counts)
    families = families_of([*results_a, *results_b])
    paired = paired_difference(rates_a, rates_b, families)
    differences = {task: rates_b[task] - rates_a[task] for task in shared}
    units = clustered(differences, families) if families else alone(differences.values())
    counts_a, counts_b = [a.counts[task] for task in shared], [b.counts[task] for task in shared]
    return Comparison(
        a,
        b,
        paired,
        mcnemar(rates_a, rates_b),
        tuple((task, rates_a[task], rates_b[task]) for task in shared if differences[task]),
        detectable_difference(units),
        needed(difference or abs(paired.difference), units, counts_a, counts_b),
    )


def to_json(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """The face of `eval compare --json`: the first comparison's, and under `comparisons` each one's."""
    faces = [compared.to_json() for compared in comparisons]
    return {**faces[0], "comparisons": faces}


def _require_same_suite(a: RunHeader, b: RunHeader) -> None:
    if (a.suite, a.digest) != (b.suite, b.digest):
        what = "different suites" if a.suite != b.suite else f"different versions of the suite {a.suite!r}"
        raise RunError(f"{a.run!r} and {b.run!r} are runs of {what}, so their scores cannot be compared; run one again")


def _rates(counts: Mapping[str, Counts]) -> dict[str, float]:
    return {task: c / n for task, (c, n) in counts.items()}
