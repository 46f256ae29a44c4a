"""`coterie replay`: a recorded run again, from its record alone or live from a step on."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from coterie.evals.exits import told
from coterie.memory.terminal import opened_store, put_json

if TYPE_CHECKING:
    from coterie.evals.replaying import Flips, Forked
    from coterie.memory.records import Episode
    from coterie.memory.store import Store

app = typer.Typer(add_completion=False)


@app.command()
def replay(
    episode: Annotated[str | None, typer.Argument(metavar="EPISODE")] = None,
    run: Annotated[str | None, typer.Option(help="From their records all episodes of a scored run.")] = None,
    live: Annotated[bool, typer.Option("--live", help="With the real model and tools from a step on.")] = False,
    step: Annotated[int | None, typer.Option("--from", metavar="STEP", help="Live from here; default: 1.")] = None,
    edit: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help='Change one thing first: JSON as {"step": 3, "result": "..."}.'),
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="So many times live, with other seeds.")] = 1,
    temperature: Annotated[float | None, typer.Option(min=0, help="Another one than the run had.")] = None,
    tools: Annotated[list[str] | None, typer.Option(metavar="FILE_OR_MODULE", help="Tools of yours.")] = None,
    model: Annotated[str | None, typer.Option(metavar="REF", help="Another model than the run had.")] = None,
    base_url: Annotated[str | None, typer.Option(metavar="URL", help="Any OpenAI-compatible server.")] = None,
    workspace: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Work in this folder, not in a copy of the run's.")
    ] = None,
    approve: Annotated[
        Literal["auto", "deny"] | None, typer.Option(help="auto: all but dangerous tools; deny: only reading.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Run a recorded run again: by its record alone, calling nothing, or live from a step on.

    Exit code 1 where a replay drifts from its record.
    """
    from coterie.agent.errors import UsageError

    flags = {
        "tools": tools or None,
        "model": model,
        "base_url": base_url,
        "workspace": workspace,
        "temperature": temperature,
        "approve": approve,
    }
    with told(), opened_store() as store:
        if (episode is None) == (run is None):
            raise UsageError("say which episode to replay, or which run's with --run")
        if episode is None:
            if live:
                raise UsageError("a whole run is replayed from its records only; give one episode to go --live")
            raise typer.Exit(_all_of(str(run), store, as_json))
        past = store.episodes.get(episode)
        if live:
            _live(past, store, flags, (step, edit, trials), as_json)
            return
        if step is not None or edit or trials > 1 or any(value is not None for value in flags.values()):
            raise UsageError("a replay from the record changes nothing; add --live to leave it at a step")
        raise typer.Exit(_recorded(past, store, as_json))


def _recorded(past: "Episode", store: "Store", as_json: bool) -> int:
    from coterie.agent.replay import replay as replayed

    done = asyncio.run(replayed(past, store.home))
    if as_json:
        put_json(done.to_json())
        return int(done.drift is not None)
    what = f"{done.steps} steps, {done.model_calls} completions and {done.tool_calls} results from the record"
    typer.echo(f"{past.id}  {what}; nothing was called")
    if done.drift:
        typer.echo(f"drift at {done.drift}")
    elif done.outcome:
        cause = f" ({done.outcome.cause})" if done.outcome.cause else ""
        typer.echo(f"the same as recorded, every step's state by its hash: {done.outcome.status}{cause}")
    else:
        typer.echo("the same as recorded, as far as the record goes")
    if done.note:
        typer.echo(f"note: {done.note}", err=True)
    return int(done.drift is not None)


def _all_of(run: str, store: "Store", as_json: bool) -> int:
    """Replay every episode of a run; what drifts or is not whole, a line each."""
    from coterie.agent.replay import replay as replayed
    from coterie.agent.settings import load
    from coterie.evals.results import read_results
    from coterie.evals.session import runs_folder

    _, results = read_results(runs_folder(load()), run)
    episodes = [store.episodes.get(each) for result in results for each in result.episodes]
    done = [asyncio.run(replayed(past, store.home)) for past in episodes]
    drifted = [each for each in done if each.drift]
    if as_json:
        put_json({"run": run, "episodes": len(done), "drifted": len(drifted), "replays": [r.to_json() for r in done]})
        return int(bool(drifted))
    for each in done:
        if each.drift or each.note:
            typer.echo(f"{each.episode}  {f'drift at {each.drift}' if each.drift else each.note}")
    steps = sum(each.steps for each in done)
    typer.echo(f"{len(done) - len(drifted)} of {len(done)} episodes of {run} are as recorded ({steps} steps)")
    return int(bool(drifted))


def _live(
    past: "Episode",
    store: "Store",
    flags: Mapping[str, Any],
    where: tuple[int | None, Path | None, int],
    as_json: bool,
) -> None:
    from coterie.agent.command import settings_of
    from coterie.agent.fork import fork_at, read_edit
    from coterie.agent.settings import load
    from coterie.evals.replaying import flips, forks, require_nobody_asked, trial_of
    from coterie.evals.session import runs_folder

    step, edit, number = where
    fork = fork_at(past, step, read_edit(edit) if edit else None)
    settings = settings_of(past, load(flags), flags)
    require_nobody_asked(settings)
    trial = trial_of(past, runs_folder(settings))

    async def every() -> "Flips":
        made = []
        async for each in forks(past, fork, settings, store, number, trial):
            made.append(each)
            if not as_json:
                typer.echo(_line(each))
        return flips(past, trial, made)

    done = asyncio.run(every())
    if as_json:
        put_json(done.to_json())
        return
    low, high = done.interval
    count = sum(each.flipped for each in done.trials)
    rate = f"{done.flip_rate:.0%} ({max(0, low):.0%} to {min(1, high):.0%})"
    typer.echo(f"{count} of {number} ended otherwise than {done.was}: flip rate {rate}")
    if number > 1 and settings.temperature == 0:
        typer.echo("note: at temperature 0 seeds make no difference; give --temperature", err=True)


def _line(done: "Forked") -> str:
    ended = done.status if done.passed is None else f"{'passed' if done.passed else 'failed'} ({done.status})"
    why = f": {done.reasons[0]}" if done.reasons else ""
    parts = done.first_difference
    where = f"parts at step {parts.step_id}, {parts.field}" if parts else "the same to the end"
    return f"trial {done.trial}  {done.episode}  {ended}{why}; {where}"
