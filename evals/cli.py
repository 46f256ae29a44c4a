"""`coterie eval`: list suites, check one, run one, go on with a run, compare and rank runs, report, export."""

import json
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from coterie.evals.exits import told
from coterie.model.telling import INFRASTRUCTURE, USAGE, fail

if TYPE_CHECKING:
    from coterie.agent.settings import Settings
    from coterie.evals.results import RunHeader
    from coterie.evals.score import Score
    from coterie.evals.session import OnResult, OnStart

app = typer.Typer(help="Score agents on suites of tasks.", no_args_is_help=True, add_completion=False)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Model = Annotated[str | None, typer.Option(help="The model; default: the one in the settings.")]
BaseUrl = Annotated[str | None, typer.Option(help="An OpenAI-compatible server; default: the local one.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]
Executor = Annotated[
    Literal["local", "ray"], typer.Option(help="Where trials run: here, or on the Ray cluster of RAY_ADDRESS.")
]
MaxSteps = Annotated[int | None, typer.Option(min=1, help="Steps of a plan in a trial; only our loop has them.")]
MaxModelCalls = Annotated[int | None, typer.Option(min=1, help="Model calls in a trial, whatever the agent.")]
MaxToolCalls = Annotated[int | None, typer.Option(min=1, help="Tool calls in a trial.")]
MaxTokens = Annotated[int | None, typer.Option(min=1, help="Tokens in a trial, read and written.")]
Timeout = Annotated[float | None, typer.Option(min=1, metavar="S", help="Seconds of a trial.")]
Concurrency = Annotated[
    int | None, typer.Option(min=1, help="Trials at a time; default: as many as the local server writes texts, else 4.")
]


@app.command("list")
def list_suites(as_json: AsJson = False) -> None:
    """List the suites that can be run by name."""
    from coterie.evals.catalogue import overview

    with _told():
        rows = overview()
    if as_json:
        _print_json({"suites": rows})
        return
    for row in rows:
        note = f"{row['tasks']} tasks; {', '.join(row['environments'])}" if row["available"] else row["note"]
        typer.echo(f"{row['name']:<16} {note}")


@app.command()
def check(
    suite: Annotated[str, typer.Argument(metavar="NAME[:CATEGORY]", help="A suite's name or .yaml file.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Only N tasks, spread evenly over the suite.")] = None,
    as_json: AsJson = False,
) -> None:
    """Self-test a suite: references pass; near misses, idle agents and random calls do not. Exit 1 on a fault."""
    from coterie.evals import session

    with _told():
        measured, faults = session.check(*session.parse_reference(suite), limit)
    if as_json:
        _print_json({"controls": [row._asdict() for row in measured], "faults": faults})
    else:
        for row in measured:
            of_effects = f"{row.effects_passed} of {row.effects} that need an effect"
            typer.echo(f"{row.agent:<10} passes {len(row.passed)} of {row.tasks} tasks, {of_effects}")
        typer.echo("\n".join(faults) or "no fault found")
    if faults:
        raise typer.Exit(1)


@app.command()
def run(
    suite: Annotated[str, typer.Argument(metavar="NAME[:CATEGORY]", help="A suite's name or .yaml file.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Only N tasks, spread evenly over the suite.")] = None,
    failed_in: Annotated[
        str | None, typer.Option(metavar="RUN", help="Only the tasks that this run of the suite failed.")
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="Trials of each task.")] = 1,
    concurrency: Concurrency = None,
    seed: Annotated[int, typer.Option(help="The run's seed.")] = 0,
    model: Model = None,
    base_url: BaseUrl = None,
    agent: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE.py:CLASS",
            help="What is scored: loop, caller, single, langchain, smolagents, reference, empty, random, or yours.",
        ),
    ] = None,
    grammar: Annotated[bool, typer.Option(help="Hold the caller's turns to their schemas.")] = True,
    max_steps: MaxSteps = None,
    max_model_calls: MaxModelCalls = None,
    max_tool_calls: MaxToolCalls = None,
    max_tokens: MaxTokens = None,
    timeout: Timeout = None,
    name: Annotated[str | None, typer.Option(help="The run's name.")] = None,
    executor: Executor = "local",
    fail_under: Annotated[float | None, typer.Option(min=0, max=1, help="Exit 1 below this pass@1.")] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Run a suite and print its score."""
    from coterie.evals import session

    reference, category = session.parse_reference(suite)
    request = session.Request(
        reference, category, limit, trials, seed, concurrency, agent, grammar, name, executor, failed_in
    )
    limits = {
        "max_steps": max_steps,
        "max_model_calls": max_model_calls,
        "max_tool_calls": max_tool_calls,
        "max_tokens": max_tokens,
        "timeout_s": timeout,
    }
    with _told():
        settings = _settings(model, base_url, **limits)
        score = session.start(request, settings, _progress(quiet))
        _show(score.header.run, settings, as_json)
    _leave(score, fail_under)


@app.command()
def resume(
    run: Annotated[str, typer.Argument(help="The run's name.")],
    model: Model = None,
    base_url: BaseUrl = None,
    concurrency: Annotated[int | None, typer.Option(min=1, help="Trials at a time; default: as before.")] = None,
    executor: Executor = "local",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Go on with a run that was stopped; trials that have a score are not run again."""
    from coterie.evals import session

    with _told():
        settings = _settings(model, base_url)
        score = session.resume(run, settings, _progress(quiet), concurrency, executor)
        _show(run, settings, as_json)
    _leave(score, None)


@app.command()
def report(
    run: Annotated[str | None, typer.Argument(help="The run's name; default: the latest.")] = None,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Markdown on stdout.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write one HTML file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Report a run, finished or not."""
    from coterie.evals import report as reports
    from coterie.evals import session

    with _told():
        settings = _settings(None, None)
        name = run or session.latest_run(settings)
        score, results = session.report(name, settings)
        if html:
            html.write_text(reports.page(score, results), encoding="utf-8")
            typer.echo(f"written: {html}", err=True)
        if as_markdown:
            typer.echo(reports.markdown(score, results))
        elif not html or as_json:
            _show(name, settings, as_json)


@app.command()
def compare(
    runs: Annotated[list[str], typer.Argument(metavar="BASELINE RUN...", help="Two runs or more.")],
    difference: Annotated[
        float | None, typer.Option(metavar="D", help="Say what would show a difference of D, as 0.05 for 5 %.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare runs with a baseline: differences, their intervals, whether they could be chance, and the cost."""
    from coterie.evals import compare as comparing
    from coterie.evals import session
    from coterie.evals.report import comparison_table

    baseline, *others = runs
    with _told():
        if not others:
            fail(f"compare takes two runs or more, got only {baseline!r}", USAGE)
        folder = session.runs_folder(_settings(None, None))
        compared = [comparing.compare(folder, baseline, other, difference) for other in others]
    if as_json:
        _print_json(comparing.to_json(compared))
    else:
        _print_rich(comparison_table(compared))


@app.command()
def experts(
    run: Annotated[str, typer.Argument(help="The run's name.")],
    by: Annotated[Literal["environment", "purpose"], typer.Option(help="What the trials are grouped by.")] = (
        "environment"
    ),
    plot: Annotated[Path | None, typer.Option(help="Write a picture here, as SVG.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show which experts of our model fired for which work: their load, and how special they are."""
    from coterie.evals import session
    from coterie.evals.experts import picture

    with _told():
        found = session.experts_of(run, _settings(None, None), by)
        if plot:
            plot.write_text(picture(found, f"{run}: experts by {by}"), encoding="utf-8")
            typer.echo(f"written: {plot}", err=True)
    if as_json:
        _print_json(found.to_json())
    else:
        typer.echo(str(found))


@app.command()
def export(
    run: Annotated[str, typer.Argument(help="The run's name.")],
    out: Annotated[
        Path, typer.Option(help="A file, or for inspect a folder: there the log gets the name Inspect looks for.")
    ],
    format: Annotated[
        Literal["inspect", "chats"],
        typer.Option(help="inspect: a log for Inspect AI's viewer; chats: what passed, as JSONL to train on."),
    ] = "inspect",
) -> None:
    """Write a run in another form; `inspect view --log-dir FOLDER` shows the logs in a folder."""
    from coterie.evals import session
    from coterie.evals.export_inspect import file_name

    with _told():
        if format == "chats":
            passed = session.chats_export(run, _settings(None, None))
            lines = (json.dumps(chat, ensure_ascii=False) + "\n" for chat in passed)
            out.write_text("".join(lines), encoding="utf-8")
            typer.echo(f"written: {out}, {len(passed)} chats", err=True)
            return
        log = session.inspect_export(run, _settings(None, None))
        if out.suffix != ".json":
            out.mkdir(parents=True, exist_ok=True)
            out /= file_name(log)
        out.write_text(json.dumps(log, ensure_ascii=False, indent=1), encoding="utf-8")
        typer.echo(f"written: {out}, {len(log['samples'])} samples", err=True)


@app.command()
def leaderboard(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="The runs' names.")],
    out: Annotated[Path | None, typer.Option(help="A .md or .json file; default: Markdown on stdout.")] = None,
    as_json: AsJson = False,
) -> None:
    """Rank runs, each with the weights, code, settings and machine that its score depends on."""
    from coterie.evals import leaderboard as boards
    from coterie.evals import session

    with _told():
        if out and out.suffix not in (".md", ".json"):
            fail(f"{out}: a leaderboard is written as .md or .json", USAGE)
        settings = _settings(None, None)
        scores = [session.report(run, settings)[0] for run in dict.fromkeys(runs)]
        in_json = as_json or (out is not None and out.suffix == ".json")
        text = json.dumps({"runs": boards.rows(scores)}, ensure_ascii=False) if in_json else boards.markdown(scores)
        if out:
            out.write_text(text, encoding="utf-8")
            typer.echo(f"written: {out}", err=True)
        else:
            typer.echo(text)


def _settings(model: str | None, base_url: str | None, **limits: float | None) -> "Settings":
    from coterie.agent.settings import load

    return load({"model": model, "base_url": base_url, **limits})


def _progress(quiet: bool) -> "OnStart":
    from coterie.evals.progress import Progress

    def begin(header: "RunHeader", pending: int, notes: Sequence[str]) -> "OnResult":
        for note in notes:
            typer.echo(f"note: {note}", err=True)
        if quiet:
            return lambda result: None
        what = f"{pending} trials of {header.suite} with {header.model['name']}, {header.concurrency} at a time"
        typer.echo(f"run {header.run}: {what}", err=True)
        return Progress(pending)

    return begin


def _show(run: str, settings: "Settings", as_json: bool) -> None:
    from coterie.evals import report as reports
    from coterie.evals import session

    score, results = session.report(run, settings)
    if as_json:
        _print_json(score.to_json())
    else:
        _print_rich(reports.table(score, results))


def _leave(score: "Score", fail_under: float | None) -> None:
    unscored = score.infrastructure_errors + score.broken
    if unscored or score.pass_at_1 is None:
        kinds = f"{score.infrastructure_errors} infrastructure, {score.broken} broken"
        again = f"`coterie eval resume {score.header.run}` tries them again"
        fail(f"trials without a score: {unscored} ({kinds}); {again}", INFRASTRUCTURE)
    elif fail_under is not None and score.pass_at_1 < fail_under:
        raise typer.Exit(1)


def _told() -> AbstractContextManager[None]:
    return told("stopped; what was done is kept, go on with: coterie eval resume RUN")


def _print_json(value: dict[str, Any]) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False))


def _print_rich(renderable: Any) -> None:
    from rich.console import Console

    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160).print(renderable)
