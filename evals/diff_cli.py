"""`coterie diff`: where two recorded runs part."""

from typing import Annotated

import typer

from coterie.evals.exits import told
from coterie.memory.terminal import opened_store, put_json

app = typer.Typer(add_completion=False)
MAX_SHOWN = 20


@app.command()
def diff(
    first: Annotated[str, typer.Argument(metavar="EPISODE")],
    second: Annotated[str, typer.Argument(metavar="EPISODE")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout, with all differences.")] = False,
) -> None:
    """Show where two runs part, down to tokens and experts. Exit code 1 where they do."""
    from coterie.agent.diff import differences, to_json

    with told():
        with opened_store() as store:
            episodes = store.episodes.get(first), store.episodes.get(second)
        found = list(differences(*episodes))
        if as_json:
            put_json(to_json(first, second, found))
        elif not found:
            typer.echo("the same: every step, completion and result")
        else:
            for each in found[:MAX_SHOWN]:
                typer.echo(f"step {each.step_id}  {each.field}\n  {first}  {each.first}\n  {second}  {each.second}")
            if len(found) > MAX_SHOWN:
                typer.echo(f"and {len(found) - MAX_SHOWN} more, which follow from these: --json has them")
        raise typer.Exit(1 if found else 0)
