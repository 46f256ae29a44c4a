"""`coterie analyze`: why runs failed, for single episodes or all that a run did not pass."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.evals.exits import told
from coterie.memory.terminal import opened_store, put_json, say

if TYPE_CHECKING:
    from coterie.evals.analyse import Analysis
    from coterie.evals.replaying import Trial
    from coterie.memory.records import Episode
    from coterie.memory.store import Store

app = typer.Typer(add_completion=False)
LATEST = 20
MAX_SHOWN_CHARS = 200
SAY_EVERY_S = 5.0


@app.command()
def analyze(
    episodes: Annotated[
        list[str] | None, typer.Argument(metavar="[EPISODE]...", help="By default the latest that failed.")
    ] = None,
    run: Annotated[str | None, typer.Option(help="All that a scored run did not pass.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page here.", dir_okay=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Tell why runs failed. Of a suite's trial the step that sank it is found by doing it again."""
    from coterie.agent.errors import UsageError
    from coterie.evals.analyse import by_cause
    from coterie.evals.analysis_page import page

    with told(), opened_store() as store:
        if run and episodes:
            raise UsageError("give episodes, or a run with --run; not both")
        chosen = _of_run(store, run) if run else _named(store, episodes)
        found, skipped = asyncio.run(_analysed(store, chosen))
        if html:
            html.write_text(page(found, run or "episodes"), encoding="utf-8")
            say(f"written: {html}")
        if as_json:
            causes = dict(by_cause(found))
            put_json(
                {"failed": len(found), "causes": causes, "skipped": skipped, "analyses": [a.to_json() for a in found]}
            )
        else:
            _print(found, skipped)
    for line in skipped:
        say(f"note: {line}")


def _print(found: Sequence["Analysis"], skipped: Sequence[str]) -> None:
    from coterie.evals.analyse import CAUSES, by_cause

    if not found:
        typer.echo("what failed could not be analysed" if skipped else "nothing failed")
        return
    typer.echo("\n".join(f"{count:>4}  {cause:<16} {CAUSES[cause][1]}" for cause, count in by_cause(found)) + "\n")
    for each in found:
        at = f", step {each.step_id}{' (decisive)' if each.decisive else ''}" if each.step_id else ""
        typer.echo(f"{each.episode}  {each.task[:80]}\n    {each.cause}{at}: {each.message[:MAX_SHOWN_CHARS]}")
    if any(each.decisive for each in found):
        typer.echo("\na decisive step is the one that sank the run, found by doing the trial again")


async def _analysed(
    store: "Store", chosen: Iterator[tuple["Episode", "Trial | None"] | str]
) -> tuple[list["Analysis"], list[str]]:
    """The analyses, and what could not be analysed, one line each; what is found of a trial is logged.

    Of any other run the log has had an entry since it ended.
    """
    from coterie.agent.errors import UsageError
    from coterie.evals.analyse import analyse, failure_of

    found, skipped, said = [], [], time.monotonic()
    for number, each in enumerate(chosen, 1):
        if isinstance(each, str):
            skipped.append(each)
            continue
        try:
            analysis = await analyse(*each, store.home)
        except UsageError as error:
            skipped.append(f"{each[0].id}: {error}")
            continue
        if analysis is None:
            continue
        found.append(analysis)
        if each[1] is not None and analysis.cause != "infrastructure":
            store.failures.add(failure_of(analysis))
        if time.monotonic() - said > SAY_EVERY_S:
            said = time.monotonic()
            say(f"{number} looked at")
    return found, skipped


def _named(store: "Store", ids: Sequence[str] | None) -> Iterator[tuple["Episode", "Trial | None"] | str]:
    """The episodes of these ids, or the latest that failed."""
    from coterie.agent.errors import UsageError
    from coterie.agent.settings import load
    from coterie.evals.located import SuiteError
    from coterie.evals.replaying import trial_of
    from coterie.evals.results import RunError
    from coterie.evals.session import runs_folder

    runs = runs_folder(load())
    latest = (
        [] if ids else [e.id for status in ("failed", "limit") for e in store.episodes.list(LATEST, 0, status).episodes]
    )
    for episode_id in ids or latest:
        episode = store.episodes.get(episode_id)
        try:
            yield episode, trial_of(episode, runs)
        except (UsageError, RunError, SuiteError) as error:
            if ids:
                raise
            yield f"{episode_id}: {error}"


def _of_run(store: "Store", run: str) -> Iterator[tuple["Episode", "Trial | None"] | str]:
    """Every trial of a run that did not pass."""
    from coterie.agent.errors import UsageError
    from coterie.agent.settings import load
    from coterie.evals.replaying import suite_of, trial_from
    from coterie.evals.results import read_results
    from coterie.evals.session import runs_folder
    from coterie.memory.errors import RecordNotFound

    header, results = read_results(runs_folder(load()), run)
    suite = suite_of(header)
    for result in results:
        if result.status != "failed":
            continue
        try:
            yield store.episodes.get(result.episodes[-1]), trial_from(header, suite, result)
        except (UsageError, RecordNotFound) as error:
            yield str(error)
