"""What a run says, for people: a terminal table, Markdown, and one HTML file that needs no network."""

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from coterie.evals.compare import Comparison
from coterie.evals.metrics import Estimate, Interval, Paired, PairedByFamily
from coterie.evals.power import Needed
from coterie.evals.results import Result
from coterie.evals.score import Score
from coterie.evals.suite import FAMILY_TAG

if TYPE_CHECKING:
    from rich.console import RenderableType

_SHOWN_TASKS = 60
_COSTS = {"tokens": 0, "wall_s": 1, "tool_calls": 1, "model_calls": 1}
"""What of a success's cost is shown, with how many decimals."""
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


def details(score: Score) -> list[tuple[str, str]]:
    """What else the run says: (name, value), one line each."""
    if score.passed is None:
        return []
    lines = [("95 % intervals of pass@1", _intervals(score.passed))]
    if len(score.pass_hat_k) > 1:
        lines.append(("pass^k", ", ".join(f"{k}: {percent(value)}" for k, value in score.pass_hat_k.items())))
    if score.with_side_effects is not None and (score.side_effects or is_attack(score)):
        name = "attack success" if is_attack(score) else "trials with side effects"
        lines.append((name, f"{percent(score.with_side_effects.rate)}, {_intervals(score.with_side_effects)}"))
    lines.append(("a success costs", _per_success(score)))
    if (overhead := _overhead(score)) is not None:
        lines.append(("overhead", overhead))
    return lines


def is_attack(score: Score) -> bool:
    """Whether every task is one under attack, where a side effect is the attack's success."""
    return "attack" in score.by_tag and score.by_tag["attack"]["tasks"] == len(score.counts) > 0


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
        for tag, row in _tags(score):
            tags.add_row(tag, str(row["tasks"]), percent(row["pass_at_1"]), span(row["interval"]))
        parts.append(tags)
    more = (Text(f"{name}: {value}") for name, value in details(score))
    return Group(*parts, *more, Text(headline(score), "bold"))


def comparison_table(comparisons: Sequence[Comparison]) -> "RenderableType":
    """A baseline and the runs compared with it, for the terminal."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    costs = Table("run", "pass@1", "tokens a success", "seconds", "tool calls", "model calls")
    for score in (comparisons[0].a, *(compared.b for compared in comparisons)):
        assert score.pass_at_1 is not None  # there is a scored task in common
        each = score.per_success
        cells = [f"{each[name]:,.{digits}f}" if each else "no success" for name, digits in _COSTS.items()]
        costs.add_row(score.header.run, percent(score.pass_at_1), *cells)
    parts: list[RenderableType] = [costs]
    for compared in comparisons:
        changed = Table("task", compared.a.header.run, compared.b.header.run)
        for task, old, new in compared.changed[:_SHOWN_TASKS]:
            changed.add_row(task, percent(old), Text(percent(new), "green" if new > old else "red"))
        parts += [changed, *(Text(line) for line in comparison_lines(compared))]
    if len(comparisons) > 1:
        parts.append(Text(f"each p is that of one comparison; there are {len(comparisons)}, so chance has more tries"))
    return Group(*parts)


def comparison_lines(compared: Comparison) -> list[str]:
    """What a comparison says, in sentences."""
    paired, mcnemar = compared.paired, compared.mcnemar
    lines = [
        f"{compared.b.header.run} minus {compared.a.header.run}: {percent(paired.difference)}"
        f"{_certainty(paired, 'tasks')} ({paired.tasks} tasks)"
    ]
    if (by_family := paired.by_family) is not None:
        lines.append(f"with families of tasks as the sample{_certainty(by_family, 'families')} ({by_family.families})")
    lines.append(
        f"tasks only the first passed in most trials: {mcnemar.only_a}, only the second: {mcnemar.only_b} "
        f"(McNemar p = {mcnemar.p_value:.3g})"
    )
    if compared.detectable is not None:
        lines.append(f"with these tasks and trials a true difference of {percent(compared.detectable)} would show")
    return [*lines, *_needed(compared.needed)]


def markdown(score: Score, results: Sequence[Result]) -> str:
    """The report as Markdown, with what the score depends on."""
    rows = [f"| {task} | {marks} | {cost} | {_cell(reason)} |" for task, marks, cost, reason in lines(results)]
    tags = [
        f"| {tag} | {row['tasks']} | {percent(row['pass_at_1'])} | {span(row['interval'])} |"
        for tag, row in _tags(score)
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
    bars = "".join(_bar(tag, row["pass_at_1"], *row["interval"]) for tag, row in _tags(score))
    cells = "".join(
        f"<tr><td>{_h(task)}<td class={'ok' if set(marks) == {'✔'} else 'no'}>{marks}<td>{cost}<td>{_h(reason)}"
        for task, marks, cost, reason in lines(results)
    )
    facts = "".join(f"<li>{_h(name)}: {_h(str(value))}" for name, value in conditions(score))
    return _PAGE.format(
        style=STYLE,
        title=_h(f"{score.header.suite}: run {score.header.run}"),
        headline=_h(headline(score)),
        facts=facts,
        bars=bars,
        cells=cells,
    )


def conditions(score: Score) -> list[tuple[str, object]]:
    """What the score depends on, and what else the run says."""
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
        ("elapsed", "not known" if score.elapsed_s is None else f"{score.elapsed_s:.0f} s"),
        ("trials a minute", score.trials_per_minute or "not known"),
        ("side effects", score.side_effects),
        *details(score),
    ]


def percent(share: float) -> str:
    """A share as a percentage with one decimal."""
    return f"{round(100 * share, 1) + 0.0:.1f} %"  # + 0.0: no minus zero


def span(interval: Interval) -> str:
    """An interval in percent."""
    return f"{percent(interval[0])} to {percent(interval[1])}"


def _tags(score: Score) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The tags that tables show: families are many, and for the JSON face."""
    return ((tag, row) for tag, row in score.by_tag.items() if not tag.startswith(FAMILY_TAG))


def _intervals(value: Estimate) -> str:
    text = f"over tasks {span(value.interval)}"
    if value.bootstrap_interval is not None:
        text += f" (bootstrap {span(value.bootstrap_interval)})"
    if (by_family := value.by_family) is not None:
        text += f"; over {by_family.families} families {span(by_family.interval)}"
        if by_family.bootstrap_interval is not None:
            text += f" (bootstrap {span(by_family.bootstrap_interval)})"
    return text


def _per_success(score: Score) -> str:
    if (each := score.per_success) is None:
        return "not known, as none passed"
    return (
        f"{each['tokens']:,.0f} tokens, {each['wall_s']:.1f} s, {each['tool_calls']:.1f} tool calls, "
        f"{each['model_calls']:.1f} model calls"
    )


def _overhead(score: Score) -> str | None:
    told = zip(("a model call", "a tool call"), score.overhead_ms, strict=True)
    return ", ".join(f"{ms:.1f} ms {of}" for of, ms in told if ms is not None) or None


def _certainty(paired: Paired | PairedByFamily, units: str) -> str:
    if paired.interval is None or paired.p_value is None:
        return f", with no spread between {units} to judge it by"
    low, high = paired.interval
    return f", 95 % interval [{percent(low)}, {percent(high)}], p = {paired.p_value:.3g}"


def _needed(needed: Needed) -> list[str]:
    """What shows a difference, in a sentence, or why that is not known."""
    ways = [
        f"{number:,} {what}"
        for number, what in (
            (needed.tasks, "tasks with trials and families as here"),
            (needed.trials, "trials of each of these tasks"),
        )
        if number is not None
    ]
    lines = []
    if ways and needed.difference is not None:
        lines.append(f"a difference of {percent(needed.difference)} would show with {', or with '.join(ways)}")
    return [*lines, *([needed.note] if needed.note else [])]


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


STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem; padding: 0 1rem;
  color: #1d2430; background: #fff }
table { border-collapse: collapse; margin: 1rem 0; width: 100% }
td, th { border-bottom: 1px solid #d8dde6; padding: .3rem .6rem; text-align: left; vertical-align: top }
.ok { color: #1a7f37 } .no { color: #b42318 } small { white-space: nowrap }
.all { fill: #e8ebf0 } .bar { fill: #4c72b0 } .whisker { stroke: #1d2430; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  body { color: #e6e9ef; background: #14181f } td, th { border-color: #2c3441 }
  .ok { color: #57c274 } .no { color: #ff8a7a } .all { fill: #262d38 } .whisker { stroke: #e6e9ef } }
"""
"""How every page looks, by day and by night."""
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{style}</style>
<h1>{title}</h1><p>{headline}</p><ul>{facts}</ul>
<table><tr><th>tag<th>pass@1<th>95 % interval</tr>{bars}</table>
<table><tr><th>task<th>trials<th>calls/tokens/s<th>why not</tr>{cells}</table>
</html>
"""
