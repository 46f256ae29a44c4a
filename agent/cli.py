"""The command line: `coterie run` and `coterie doctor`; the other packages' commands are mounted beside them."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from coterie.agent.exits import told
from coterie.agent.mount import Faces
from coterie.model.telling import INFRASTRUCTURE

app = typer.Typer(
    cls=Faces,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"coterie {version('coterie')}")
        raise typer.Exit


@app.callback()
def coterie(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Autonomous task agents on a model of your own machine."""


Task = Annotated[str | None, typer.Argument(metavar="TASK", help="What to do.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@app.command()
def run(
    task: Task = None,
    tools: Annotated[list[str] | None, typer.Option(metavar="FILE_OR_MODULE", help="Tools of yours.")] = None,
    mcp: Annotated[list[str] | None, typer.Option(metavar="CMD_OR_URL", help="Tools of an MCP server.")] = None,
    workspace: Annotated[Path | None, typer.Option(metavar="DIR", help="The only folder tools may touch.")] = None,
    model: Annotated[str | None, typer.Option(metavar="REF", help="A model of ours, a folder or a hub id.")] = None,
    base_url: Annotated[str | None, typer.Option(metavar="URL", help="Any OpenAI-compatible server.")] = None,
    max_steps: Annotated[int | None, typer.Option(min=1, help="Budget of steps.")] = None,
    max_model_calls: Annotated[int | None, typer.Option(min=1, help="Budget of the model's completions.")] = None,
    max_tool_calls: Annotated[int | None, typer.Option(min=1, help="Budget of tool calls.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="Budget of tokens, read and written.")] = None,
    timeout: Annotated[float | None, typer.Option(min=0, metavar="S", help="Budget of seconds.")] = None,
    approve: Annotated[
        Literal["auto", "ask", "deny"] | None, typer.Option(help="auto: all but dangerous tools; deny: only reading.")
    ] = None,
    tool_choice: Annotated[
        Literal["encoder", "model", "both"] | None, typer.Option(help="Who chooses the tool of a step.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the sampling.")] = None,
    no_memory: Annotated[bool, typer.Option("--no-memory", help="Recall nothing from earlier runs.")] = False,
    resume: Annotated[str | None, typer.Option(metavar="EPISODE", help="Go on with an interrupted run.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the answer.")] = False,
    as_json: AsJson = False,
) -> None:
    """Do a task with tools, and record how."""
    from coterie.agent.command import run_task
    from coterie.tools.capture import clean_stdout

    flags = {
        "tools": tools or None,
        "mcp": mcp or None,
        "workspace": workspace,
        "model": model,
        "base_url": base_url,
        "max_steps": max_steps,
        "max_model_calls": max_model_calls,
        "max_tool_calls": max_tool_calls,
        "max_tokens": max_tokens,
        "timeout_s": timeout,
        "approve": approve,
        "tool_choice": tool_choice,
        "seed": seed,
        "memory": False if no_memory else None,
    }
    with told(), clean_stdout():
        raise typer.Exit(run_task(task, resume, flags, quiet, as_json))


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Look at this machine: what is there, what is missing, what to do about it."""
    from coterie.agent.doctor import examine, report

    with told():
        findings = examine()
        if as_json:
            print(json.dumps({"ok": findings.ok, "checks": [check.to_json() for check in findings.checks]}))
        else:
            report(findings)
        raise typer.Exit(0 if findings.ok else INFRASTRUCTURE)


def main() -> None:
    """The entry point `coterie`."""
    try:
        with told():
            app()
    except typer.Exit as end:
        raise SystemExit(end.exit_code) from None
