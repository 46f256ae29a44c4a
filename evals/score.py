"""From a run's results to its score: the JSON face of `eval run` and `eval report`, and what tables show.

Only scored trials (passed, failed) enter a rate; the others are counted beside it, so a run with a dead server
shows fewer trials and never a lower score.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, NamedTuple

from coterie.evals.metrics import Counts, Estimate, Interval, estimate, pass_at_k, pass_hat_k, score_interval
from coterie.evals.results import Result, RunHeader


class Overhead(NamedTuple):
    """Milliseconds spent neither in the model nor in a tool, the median over trials; None where no trial tells it."""

    per_model_call: float | None
    per_tool_call: float | None


@dataclass(frozen=True)
class Score:
    """A run in numbers; rates are None while no trial is scored."""

    header: RunHeader
    counts: Mapping[str, Counts]
    """Scored trials by task, in the order of the suite."""
    passed: Estimate | None
    """pass@1."""
    pass_at_k: Mapping[int, float]
    pass_hat_k: Mapping[int, float]
    by_tag: Mapping[str, Mapping[str, Any]]
    totals: Mapping[str, float]
    overhead_ms: Overhead
    infrastructure_errors: int
    broken: int
    side_effects: int
    with_side_effects: Estimate | None
    """The share of trials with a side effect; under attack, of attacks that succeeded."""
    missing: int
    """Trials that have no result yet."""
    elapsed_s: float | None
    """Time in which the run was worked on, its sessions together; None where its trials do not say when they were."""

    @property
    def trials_per_minute(self) -> float | None:
        """Scored trials in a minute of the elapsed time."""
        trials = sum(count.trials for count in self.counts.values())
        return round(60 * trials / self.elapsed_s, 2) if self.elapsed_s else None

    @property
    def pass_at_1(self) -> float | None:
        """The share of trials passed, averaged over tasks."""
        return self.passed.rate if self.passed else None

    @property
    def interval(self) -> Interval | None:
        """The 95 % interval of pass@1, over tasks."""
        return self.passed.interval if self.passed else None

    @property
    def per_success(self) -> Mapping[str, float] | None:
        """What a passed trial cost, with those that failed on the way to it; None without one."""
        passed = sum(count.passed for count in self.counts.values())
        return {name: total / passed for name, total in self.totals.items()} if passed else None

    def to_json(self) -> dict[str, Any]:
        """The face of `eval run --json` and `eval report --json`."""
        passed = _estimate_json(self.passed)
        return {
            "run": self.header.run,
            "suite": self.header.suite,
            "tasks": len(self.header.tasks),
            "trials": self.header.trials,
            "pass_at_1": passed["rate"],
            "interval": passed["interval"],
            "pass_at_k": {str(k): value for k, value in self.pass_at_k.items()},
            "pass_hat_k": {str(k): value for k, value in self.pass_hat_k.items()},
            "tokens": int(self.totals["tokens"]),
            "wall_s": self.totals["wall_s"],
            "elapsed_s": self.elapsed_s,
            "trials_per_minute": self.trials_per_minute,
            "infrastructure_errors": self.infrastructure_errors,
            "by_tag": self.by_tag,
            "bootstrap_interval": passed["bootstrap_interval"],
            "by_family": passed["by_family"],
            "tool_calls": int(self.totals["tool_calls"]),
            "model_calls": int(self.totals["model_calls"]),
            "per_success": self.per_success,
            "overhead_ms": self.overhead_ms._asdict(),
            "side_effects": self.side_effects,
            "side_effect_rate": _estimate_json(self.with_side_effects),
            "broken": self.broken,
            "missing": self.missing,
            "seed": self.header.seed,
            "model": dict(self.header.model),
        }


def score(header: RunHeader, results: Sequence[Result]) -> Score:
    """Score a run, finished or not."""
    scored = [result for result in results if result.scored]
    counts = count_by_task(scored)
    values, families = list(counts.values()), families_of(scored)
    return Score(
        header=header,
        counts=counts,
        passed=estimate(counts, families),
        pass_at_k={k: pass_at_k(values, k) for k in _ks(values)},
        pass_hat_k={k: pass_hat_k(values, k) for k in _ks(values)},
        by_tag=_by_tag(scored),
        totals=totals(scored),
        overhead_ms=_overhead(scored),
        infrastructure_errors=sum(result.status == "infrastructure" for result in results),
        broken=sum(result.status == "broken" for result in results),
        side_effects=sum(result.side_effects for result in scored),
        with_side_effects=estimate(_count(scored, lambda result: result.side_effects > 0), families),
        missing=len(header.tasks) * header.trials - len(results),
        elapsed_s=elapsed_s(results),
    )


def count_by_task(scored: Iterable[Result]) -> dict[str, Counts]:
    """Passed and scored trials of each task, in the order of first appearance."""
    return _count(scored, lambda result: result.status == "passed")


def families_of(results: Iterable[Result]) -> dict[str, str]:
    """The family of each task that has one; none in runs from before results said it."""
    return {result.task: result.family for result in results if result.family}


def totals(scored: Sequence[Result]) -> dict[str, float]:
    """Tokens, seconds, tool and model calls of these trials; seconds are summed over trials, not elapsed."""
    return {
        "tokens": sum(result.prompt_tokens + result.completion_tokens for result in scored),
        "wall_s": round(sum(result.wall_s for result in scored), 3),
        "tool_calls": sum(result.tool_calls for result in scored),
        "model_calls": sum(result.model_calls for result in scored),
    }


def elapsed_s(results: Sequence[Result]) -> float | None:
    """Seconds in which at least one trial was in hand: while a run lay still before it was resumed, none was."""
    spans = sorted((r.begun_at, r.ended_at) for r in results if r.begun_at)
    if not spans:
        return None
    total, until = timedelta(), datetime.min.replace(tzinfo=UTC)
    for begun, ended in ((datetime.fromisoformat(a), datetime.fromisoformat(b)) for a, b in spans):
        total += max(ended, until) - max(begun, until)
        until = max(ended, until)
    return round(total.total_seconds(), 3)


def _count(scored: Iterable[Result], counted: Callable[[Result], bool]) -> dict[str, Counts]:
    counts: dict[str, Counts] = {}
    for result in scored:
        some, trials = counts.get(result.task, Counts(0, 0))
        counts[result.task] = Counts(some + counted(result), trials + 1)
    return counts


def _overhead(scored: Sequence[Result]) -> Overhead:
    told = [(1000 * result.overhead_s, result) for result in scored if result.overhead_s is not None]
    return Overhead(
        _median(ms / result.model_calls for ms, result in told if result.model_calls),
        _median(ms / result.tool_calls for ms, result in told if result.tool_calls),
    )


def _median(values: Iterable[float]) -> float | None:
    listed = list(values)
    return median(listed) if listed else None


def _estimate_json(value: Estimate | None) -> dict[str, Any]:
    if value is None:
        return dict.fromkeys(Estimate._fields)
    return {**value._asdict(), "by_family": value.by_family and value.by_family._asdict()}


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
