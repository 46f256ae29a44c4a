"""From a run's results to its score: the JSON face of `eval run` and `eval report`, and what tables show.

Only scored trials (passed, failed) enter a rate; the others are counted beside it, so a run with a dead server
shows fewer trials and never a lower score.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coterie.evals.metrics import (
    Counts,
    Interval,
    bootstrap_interval,
    pass_at_k,
    pass_hat_k,
    rates,
    score_interval,
)
from coterie.evals.results import Result, RunHeader


@dataclass(frozen=True)
class Score:
    """A run in numbers; rates are None while no trial is scored."""

    header: RunHeader
    counts: Mapping[str, Counts]
    """Scored trials by task, in the order of the suite."""
    pass_at_1: float | None
    interval: Interval | None
    bootstrap: Interval | None
    pass_at_k: Mapping[int, float]
    pass_hat_k: Mapping[int, float]
    by_tag: Mapping[str, Mapping[str, Any]]
    totals: Mapping[str, float]
    infrastructure_errors: int
    broken: int
    side_effects: int
    missing: int
    """Trials that have no result yet."""

    def to_json(self) -> dict[str, Any]:
        """The face of `eval run --json` and `eval report --json`."""
        passed = sum(count.passed for count in self.counts.values())
        return {
            "run": self.header.run,
            "suite": self.header.suite,
            "tasks": len(self.header.tasks),
            "trials": self.header.trials,
            "pass_at_1": self.pass_at_1,
            "interval": list(self.interval) if self.interval else None,
            "pass_at_k": {str(k): value for k, value in self.pass_at_k.items()},
            "pass_hat_k": {str(k): value for k, value in self.pass_hat_k.items()},
            "tokens": int(self.totals["tokens"]),
            "wall_s": self.totals["wall_s"],
            "infrastructure_errors": self.infrastructure_errors,
            "by_tag": self.by_tag,
            "bootstrap_interval": list(self.bootstrap) if self.bootstrap else None,
            "tool_calls": int(self.totals["tool_calls"]),
            "per_success": {name: total / passed for name, total in self.totals.items()} if passed else None,
            "side_effects": self.side_effects,
            "broken": self.broken,
            "missing": self.missing,
            "seed": self.header.seed,
            "model": dict(self.header.model),
        }


def score(header: RunHeader, results: Sequence[Result]) -> Score:
    """Score a run, finished or not."""
    scored = [result for result in results if result.scored]
    counts = count_by_task(scored)
    values = list(counts.values())
    return Score(
        header=header,
        counts=counts,
        pass_at_1=pass_at_k(values, 1) if values else None,
        interval=score_interval(values) if values else None,
        bootstrap=bootstrap_interval(rates(values)) if values else None,
        pass_at_k={k: pass_at_k(values, k) for k in _ks(values)},
        pass_hat_k={k: pass_hat_k(values, k) for k in _ks(values)},
        by_tag=_by_tag(scored),
        totals=totals(scored),
        infrastructure_errors=sum(result.status == "infrastructure" for result in results),
        broken=sum(result.status == "broken" for result in results),
        side_effects=sum(result.side_effects for result in scored),
        missing=len(header.tasks) * header.trials - len(results),
    )


def count_by_task(scored: Iterable[Result]) -> dict[str, Counts]:
    """Passed and scored trials of each task, in the order of first appearance."""
    counts: dict[str, Counts] = {}
    for result in scored:
        passed, trials = counts.get(result.task, Counts(0, 0))
        counts[result.task] = Counts(passed + (result.status == "passed"), trials + 1)
    return counts


def totals(scored: Sequence[Result]) -> dict[str, float]:
    """Tokens, seconds and tool calls of these trials; seconds are summed over trials, not elapsed."""
    return {
        "tokens": sum(result.prompt_tokens + result.completion_tokens for result in scored),
        "wall_s": round(sum(result.wall_s for result in scored), 3),
        "tool_calls": sum(result.tool_calls for result in scored),
    }


def _by_tag(scored: Sequence[Result]) -> dict[str, dict[str, Any]]:
    table: dict[str, dict[str, Any]] = {}
    for tag in sorted({tag for result in scored for tag in result.tags}):
        values = list(count_by_task(result for result in scored if tag in result.tags).values())
        table[tag] = {
            "tasks": len(values),
            "pass_at_1": pass_at_k(values, 1),
            "interval": list(score_interval(values)),
        }
    return table


def _ks(values: Sequence[Counts]) -> range:
    fewest = min((trials for _, trials in values), default=0)
    return range(1, fewest + 1)
