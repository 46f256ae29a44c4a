"""What a run says, for people: a terminal table, Markdown, and one HTML file that needs no network."""

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from coterie.evals.compare import Comparison
from coterie.evals.metrics import Paired
from coterie.evals.results import Result
from coterie.evals.score import Score

if TYPE_CHECKING:
    from rich.console import RenderableType

_SHOWN_TASKS = 60
_MARKS = {"passed": "✔", "failed": "✘", "infrastructure": "!", "broken": "?"}


def lines(results: Sequence[Result]) -> list[tuple[str, str, str, str]]:
    """One line a task: (task, marks of its trials, calls/tokens/seconds of a trial, reason of the first failure)."""
    by_task: dict[str, list[Result]] = {}
    for result in results:
        by_task.setdefault(result.task, []).append(result)
    return [(task, "".join(_MARKS[r.status] for r in rs), _cost(rs), _reason(rs)) for task, rs in by_task.items()]


def headline(score: Score) -> str:
    """The run in one sentence."""
    passed = sum(count.passed for count in score.counts.values())
    trials = sum(count.trials for count in score.counts.values())
    text = f"{score.header.suite}: {passed} of {trials} trials passed"
    if score.pass_at_1 is not None and score.interval is not None:
        text += f", pass@1 {percent(score.pass_at_1)} [{percent(score.interval[0])}, {percent(score.interval[1])}]"
    for number, what in (
        (score.infrastructure_errors, "not scored (infrastructure)"),
        (score.broken, "not scored (broken suite)"),
        (score.missing, "not run yet"),
    ):
        text += f"; {number} {what}" if number else ""
    return text


def table(score: Score, results: Sequence[Result]) -> "RenderableType":
    """The terminal report: every task with its verdict and reason, then the tags, then the headline."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    tasks = Table("task", "trials", "calls/tokens/s", "why not", title=f"run {score.header.run}", title_justify="left")
    for task, marks, cost, reason in lines(results)[:_SHOWN_TASKS]:
        tasks.add_row(task, Text(marks, "green" if set(marks) == {"✔"} else "red"), cost, Text(reason))
    parts: list[RenderableType] = [tasks]
    if len(lines(results)) > _SHOWN_TASKS:
        parts.append(Text(f"... and {len(lines(results)) - _SHOWN_TASKS} more tasks: --markdown or --html has all"))
    if score.by_tag:
        tags = Table("tag", "tasks", "pass@1", "95 % interval")
        for tag, row in score.by_tag.items():
            low, high = row["interval"]
            tags.add_row(tag, str(row["tasks"]), percent(row["pass_at_1"]), f"{percent(low)} to {percent(high)}")
        parts.append(tags)
    return Group(*parts, Text(headline(score), "bold"))


def comparison_table(compared: Comparison) -> "RenderableType":
    """Two runs side by side, for the terminal."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    changed = Table("task", compared.a.run, compared.b.run)
    for task, old, new in compared.changed[:_SHOWN_TASKS]:
        changed.add_row(task, percent(old), Text(percent(new), "green" if new > old else "red"))
    return Group(changed, *(Text(line) for line in comparison_lines(compared)))


def comparison_lines(compared: Comparison) -> list[str]:
    """What a comparison says, in sentences."""
    paired, mcnemar = compared.paired, compared.mcnemar
    lines = [
        f"{compared.b.run} minus {compared.a.run}: {percent(paired.difference)}{_certainty(paired)}"
        f" ({paired.tasks} tasks)",
        f"tasks only the first passed in most trials: {mcnemar.only_a}, only the second: {mcnemar.only_b} "
        f"(McNemar p = {mcnemar.p_value:.3g})",
    ]
    if compared.detectable is not None:
        lines.append(f"with these tasks and trials a true difference of {percent(compared.detectable)} would show")
    if compared.trials_for_this is not None:
        lines.append(f"a difference as seen would show with {compared.trials_for_this} trials of each task")
    return lines


def markdown(score: Score, results: Sequence[Result]) -> str:
    """The report as Markdown, with what the score depends on."""
    rows = [f"| {task} | {marks} | {cost} | {_cell(reason)} |" for task, marks, cost, reason in lines(results)]
    tags = [
        f"| {tag} | {row['tasks']} | {percent(row['pass_at_1'])} | {percent(row['interval'][0])} to "
        f"{percent(row['interval'][1])} |"
        for tag, row in score.by_tag.items()
    ]
    return "\n".join(
        [
            f"# {score.header.suite}: run {score.header.run}",
            "",
            headline(score),
            "",
            *(f"- {name}: {value}" for name, value in conditions(score)),
            "",
            "| tag | tasks | pass@1 | 95 % interval |",
            "| --- | --- | --- | --- |",
            *tags,
            "",
            "| task | trials | calls/tokens/s | why not |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def page(score: Score, results: Sequence[Result]) -> str:
    """The report as one HTML file: bars with intervals for the tags, then every task."""
    bars = "".join(_bar(tag, row["pass_at_1"], *row["interval"]) for tag, row in score.by_tag.items())
    cells = "".join(
        f"<tr><td>{_h(task)}<td class={'ok' if set(marks) == {'✔'} else 'no'}>{marks}<td>{cost}<td>{_h(reason)}"
        for task, marks, cost, reason in lines(results)
    )
    facts = "".join(f"<li>{_h(name)}: {_h(str(value))}" for name, value in conditions(score))
    return _PAGE.format(
        title=_h(f"{score.header.suite}: run {score.header.run}"),
        headline=_h(headline(score)),
        facts=facts,
        bars=bars,
        cells=cells,
    )


def conditions(score: Score) -> list[tuple[str, object]]:
    """What the score depends on."""
    header = score.header
    machine = ", ".join(f"{key} {value}" for key, value in header.machine.items())
    return [
        ("agent", header.agent),
        ("model", header.model.get("name")),
        ("weights", header.model.get("weights_sha256") or "not known"),
        ("suite digest", header.digest[:16]),
        ("trials", header.trials),
        ("seed", header.seed),
        ("code", header.version),
        ("machine", machine),
        ("side effects", score.side_effects),
        ("pass^k", ", ".join(f"{k}: {percent(value)}" for k, value in score.pass_hat_k.items())),
    ]


def percent(share: float) -> str:
    """A share as a percentage with one decimal."""
    return f"{round(100 * share, 1) + 0.0:.1f} %"  # + 0.0: no minus zero


def _certainty(paired: Paired) -> str:
    if paired.interval is None or paired.p_value is None:
        return ", with no spread between tasks to judge it by"
    low, high = paired.interval
    return f", 95 % interval [{percent(low)}, {percent(high)}], p = {paired.p_value:.3g}"


def _cost(results: Sequence[Result]) -> str:
    n = len(results)
    tokens = sum(r.prompt_tokens + r.completion_tokens for r in results) / n
    return f"{sum(r.tool_calls for r in results) / n:g}/{tokens:.0f}/{sum(r.wall_s for r in results) / n:.1f}"


def _reason(results: Sequence[Result]) -> str:
    return next(("; ".join(r.reasons)[:300] for r in results if r.reasons), "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _h(text: str) -> str:
    return html.escape(text)


def _bar(tag: str, value: float, low: float, high: float) -> str:
    return (
        f'<tr><td>{_h(tag)}<td>{percent(value)}<td><svg width="300" height="14" role="img" '
        f'aria-label="{percent(value)}, interval {percent(low)} to {percent(high)}">'
        f'<rect width="300" height="14" class="all"/><rect width="{300 * value:.1f}" height="14" class="bar"/>'
        f'<line x1="{300 * low:.1f}" x2="{300 * high:.1f}" y1="7" y2="7" class="whisker"/></svg>'
    )


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem; padding: 0 1rem;
  color: #1d2430; background: #fff }}
table {{ border-collapse: collapse; margin: 1rem 0; width: 100% }}
td, th {{ border-bottom: 1px solid #d8dde6; padding: .3rem .6rem; text-align: left; vertical-align: top }}
.ok {{ color: #1a7f37 }} .no {{ color: #b42318 }}
.all {{ fill: #e8ebf0 }} .bar {{ fill: #4c72b0 }} .whisker {{ stroke: #1d2430; stroke-width: 2 }}
@media (prefers-color-scheme: dark) {{
  body {{ color: #e6e9ef; background: #14181f }} td, th {{ border-color: #2c3441 }}
  .ok {{ color: #57c274 }} .no {{ color: #ff8a7a }} .all {{ fill: #262d38 }} .whisker {{ stroke: #e6e9ef }} }}
</style>
<h1>{title}</h1><p>{headline}</p><ul>{facts}</ul>
<table><tr><th>tag<th>pass@1<th>95 % interval</tr>{bars}</table>
<table><tr><th>task<th>trials<th>calls/tokens/s<th>why not</tr>{cells}</table>
</html>
"""
