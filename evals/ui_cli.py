"""`coterie ui`: the pages and the HTTP API, served on this machine."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from coterie.evals.exits import told
from coterie.memory.terminal import opened_store, say

app = typer.Typer(add_completion=False)


@app.command()
def ui(
    host: Annotated[str, typer.Option(help="Where to listen; anything but the loopback opens it to the network.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8420,
    tools: Annotated[list[str] | None, typer.Option(metavar="FILE_OR_MODULE", help="Tools of yours.")] = None,
    mcp: Annotated[list[str] | None, typer.Option(metavar="CMD_OR_URL", help="Tools of an MCP server.")] = None,
    workspace: Annotated[Path | None, typer.Option(metavar="DIR", help="The only folder tools may touch.")] = None,
    model: Annotated[str | None, typer.Option(metavar="REF", help="A model of ours, a folder or a hub id.")] = None,
    base_url: Annotated[str | None, typer.Option(metavar="URL", help="Any OpenAI-compatible server.")] = None,
    approve: Annotated[
        Literal["auto", "ask", "deny"] | None, typer.Option(help="auto: all but dangerous tools; deny: only reading.")
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser, if there is a screen.")] = (
        True
    ),
) -> None:
    """Serve the pages and the HTTP API until Ctrl-C. Prints the address, with the token that opens it."""
    from coterie.agent.settings import load
    from coterie.evals.api.access import new_token
    from coterie.evals.api.serve import address, bound, serve

    flags = {
        "tools": tools or None,
        "mcp": mcp or None,
        "workspace": workspace,
        "model": model,
        "base_url": base_url,
        "approve": approve,
    }
    with told(), opened_store() as store:
        settings = load(flags)
        token = settings.api_token or new_token()
        with bound(host, port) as listener:
            url = address(listener, token)
            typer.echo(url)
            say("Ctrl-C stops it; runs that are going on then can be resumed")
            serve(settings, store, token, listener, host, url if browser and sys.stdout.isatty() else None)
