"""A leaderboard: runs of one suite in one table, each with all that its score depends on.

Only runs of the same version of a suite, over the same tasks, stand in one table; a run with trials that have no
score is marked, and one without any has no place.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from coterie.evals.report import percent, span
from coterie.evals.results import RunError
from coterie.evals.score import Score

_HASH_CHARS = 12


def rows(scores: Sequence[Score]) -> list[dict[str, Any]]:
    """One row a run, best first within each suite. RunError for a run without a score."""
    for score in scores:
        if score.pass_at_1 is None:
            raise RunError(f"run {score.header.run!r} has no scored trial; finish it with: coterie eval resume RUN")
    return [_row(score) for score in sorted(scores, key=lambda score: (_table(score), -(score.pass_at_1 or 0.0)))]


def markdown(scores: Sequence[Score]) -> str:
    """The rows as Markdown: a table for each suite, and below it what each run was made with."""
    text = ["# Leaderboard"]
    for (suite, digest, tasks), group in groupby(rows(scores), key=lambda row: row["table"]):
        board = list(group)
        text += [
            "",
            f"## {suite}: {tasks} (version {digest[:_HASH_CHARS]})",
            "",
            "| run | agent | model | pass@1 | 95 % interval | by family | tokens a trial | tool calls a trial | "
            "model calls a trial | seconds a trial | overhead, ms a model call / a tool call |",
            f"|{' --- |' * 11}",
            *(_line(row) for row in board),
            "",
            *(_conditions(row) for row in board),
        ]
    return "\n".join(text) + "\n"


def _table(score: Score) -> tuple[str, str, str]:
    header = score.header
    tasks = f"{len(header.tasks)} tasks" + (f" of {header.category}" if header.category else "")
    return header.suite, header.digest, tasks


def _row(score: Score) -> dict[str, Any]:
    header = score.header
    trials = sum(count.trials for count in score.counts.values())
    face = score.to_json()
    return {
        "table": _table(score),
        "run": header.run,
        "agent": header.agent,
        "model": header.model.get("name"),
        "weights_sha256": header.model.get("weights_sha256"),
        "kernels": header.model.get("kernels"),
        "pass_at_1": score.pass_at_1,
        "interval": face["interval"],
        "by_family": face["by_family"],
        "pass_hat_k": face["pass_hat_k"],
        "tasks": len(header.tasks),
        "trials": trials,
        "not_scored": score.infrastructure_errors + score.broken + score.missing,
        "tokens_per_trial": score.totals["tokens"] / trials,
        "tool_calls_per_trial": score.totals["tool_calls"] / trials,
        "model_calls_per_trial": score.totals["model_calls"] / trials,
        "overhead_ms": face["overhead_ms"],
        "wall_s_per_trial": score.totals["wall_s"] / trials,
        "tokens": face["tokens"],
        "wall_s": face["wall_s"],
        "side_effects": score.side_effects,
        "side_effect_rate": face["side_effect_rate"],
        "code": header.version,
        "suite_digest": header.digest,
        "settings": dict(header.settings),
        "limits": dict(header.limits),
        "server": dict(header.server),
        "seed": header.seed,
        "concurrency": header.concurrency,
        "machine": dict(header.machine),
        "started_at": header.started_at,
    }


def _line(row: dict[str, Any]) -> str:
    mark = f" ({row['not_scored']} not scored)" if row["not_scored"] else ""
    cells = [
        row["run"],
        row["agent"],
        str(row["model"]),
        f"{percent(row['pass_at_1'])}{mark}",
        span(row["interval"]),
        span(row["by_family"]["interval"]) if row["by_family"] else "no families",
        f"{row['tokens_per_trial']:.0f}",
        f"{row['tool_calls_per_trial']:.1f}",
        f"{row['model_calls_per_trial']:.1f}",
        f"{row['wall_s_per_trial']:.1f}",
        " / ".join("not known" if ms is None else f"{ms:.1f}" for ms in row["overhead_ms"].values()),
    ]
    return f"| {' | '.join(cells)} |"


def _conditions(row: dict[str, Any]) -> str:
    machine = ", ".join(f"{name} {value}" for name, value in row["machine"].items())
    settings = ", ".join(f"{name} {value}" for name, value in (row["settings"] | row["limits"]).items())
    server = ", ".join(f"{name} {value}" for name, value in row["server"].items())
    return (
        f"- {row['run']}: weights sha256 {row['weights_sha256'] or 'not known'}, "
        f"kernels {row['kernels'] or 'not known'}, {server or 'server not known'}, "
        f"code {row['code']}, {row['trials']} trials, seed {row['seed']}, {row['concurrency']} at a time, "
        f"{settings or 'no settings'}, on {machine}, {row['tokens']} tokens and {row['wall_s']:.0f} s in all"
    )
