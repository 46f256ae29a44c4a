"""`coterie episodes`: the recorded runs. One function per command; the work is the store's."""

from enum import StrEnum
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import Annotated

import typer

from coterie.memory.records import Episode, Step
from coterie.memory.summary import clip
from coterie.memory.terminal import console, json_line, opened_store, print_table, put_json, say

app = typer.Typer(help="List, show, export and delete recorded runs.", no_args_is_help=True, add_completion=False)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
EpisodeId = Annotated[str, typer.Argument(metavar="EPISODE")]
MAX_SHOWN_CHARS = 200


class StatusFilter(StrEnum):
    """What an episode may be."""

    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    LIMIT = "limit"
    CANCELLED = "cancelled"
    INFRASTRUCTURE = "infrastructure"


class Form(StrEnum):
    """The forms of an exported episode."""

    COTERIE = "coterie"
    ATIF = "atif"


@app.command("list")
def list_(
    status: Annotated[StatusFilter | None, typer.Option(help="Only those that ended so.")] = None,
    text: Annotated[str | None, typer.Option(help="Only tasks that contain this.")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 20,
    offset: Annotated[int, typer.Option(min=0)] = 0,
    as_json: Json = False,
) -> None:
    """List runs, newest first."""
    with opened_store() as store:
        page = store.episodes.list(limit, offset, status.value if status else None, text)
    if as_json:
        put_json({"episodes": [line.to_json() for line in page.episodes], "total": page.total})
        return
    columns = ("id", "status", "started", "calls", "seconds", "task")
    lines = [
        (e.id, e.status, e.started_at[:19], str(e.tool_calls), f"{e.wall_s:.1f}", clip(e.task, 80))
        for e in page.episodes
    ]
    print_table(columns, lines)
    say(f"{len(page.episodes)} of {page.total}")


@app.command()
def show(
    episode_id: EpisodeId,
    model_calls: Annotated[bool, typer.Option("--model-calls", help="With every prompt and completion.")] = False,
    as_json: Json = False,
) -> None:
    """Show one run: plan, steps, results, outcome."""
    with opened_store() as store:
        episode = store.episodes.get(episode_id)
    if as_json:
        put_json(episode.to_json(full=model_calls))
    else:
        _print_episode(episode, model_calls)


@app.command()
def export(
    episode_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[EPISODE]...", help="All, if none is named.")
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="coterie or atif; both can be read back.")] = Form.COTERIE,
    out: Annotated[Path | None, typer.Option(help="Write here instead of stdout.", dir_okay=False)] = None,
) -> None:
    """Write runs as JSONL, one a line, with every model call. Read back by `coterie memory import`."""
    with opened_store() as store:
        ids = episode_ids or [e.id for e in reversed(store.episodes.list(limit=2**31 - 1).episodes)]
        lines = (json_line(store.episodes.export(episode_id, form.value)) for episode_id in ids)
        if out:
            with TemporaryFile("w+", encoding="utf-8") as whole:  # a failure leaves what is at `out` as it is
                whole.writelines(f"{line}\n" for line in lines)
                whole.seek(0)
                with out.open("w", encoding="utf-8") as file:
                    copyfileobj(whole, file)
        else:
            for line in lines:
                typer.echo(line)
    say(f"exported {len(ids)} episodes")


@app.command()
def delete(
    episode_ids: Annotated[list[str], typer.Argument(metavar="EPISODE...")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Delete runs with all that is of them: steps, calls, failures, lessons, ledger entries, files."""
    if not yes:
        typer.confirm(f"Delete {len(episode_ids)} episode(s) for good?", abort=True, err=True)
    with opened_store() as store:
        for episode_id in episode_ids:
            store.delete_episode(episode_id)
    if as_json:
        put_json({"deleted": episode_ids})
    else:
        say(f"deleted {len(episode_ids)}")


def _print_episode(episode: Episode, model_calls: bool) -> None:
    out = console()
    usage = episode.usage
    out.print(f"{episode.id}  {episode.status}  {episode.started_at}  {episode.model.name}")
    if episode.parent:
        out.print(f"fork    of {episode.parent} at step {episode.parent_step}")
    out.print(f"task    {episode.task.text}")
    for planned in episode.plan.steps:
        out.print(f"plan    {planned.number or '-'} {planned.do} [{planned.status}]")
    for step in episode.steps:
        _print_step(step)
    if episode.outcome:
        out.print(f"answer  {episode.outcome.answer or ''}")
        if episode.outcome.error:
            out.print(f"error   {episode.outcome.error}")
    tokens = f"{usage.prompt_tokens} + {usage.completion_tokens} tokens"
    out.print(f"usage   {usage.tool_calls} tool calls, {tokens}, {usage.wall_s:.1f} s")
    for call in episode.model_calls if model_calls else ():
        out.print(f"--- {call.model_call_id} {call.purpose} ({call.finish_reason})")
        for message in call.messages:
            out.print(f"{message.get('role')}: {message.get('content')}")
        out.print(f"assistant: {call.completion}")


def _print_step(step: Step) -> None:
    out = console()
    out.print(f"step {step.step_id:>2} {step.node}{f': {clip(step.message, MAX_SHOWN_CHARS)}' if step.message else ''}")
    for call in step.tool_calls:
        out.print(f"          {call.function_name}({clip(json_line(call.arguments), MAX_SHOWN_CHARS)})")
    for result in step.observation.results if step.observation else ():
        out.print(f"          {'error ' if result.is_error else ''}-> {clip(result.content, MAX_SHOWN_CHARS)}")
