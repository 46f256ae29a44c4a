"""`coterie memory`: what Coterie knows. One function per command; the work is the store's."""

import json
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from coterie.memory.terminal import console, json_line, opened_store, print_table, put_json, say

app = typer.Typer(
    help="Add, search, show and forget what Coterie remembers.", no_args_is_help=True, add_completion=False
)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Namespace = Annotated[str, typer.Option(help="Memories of one namespace never show up in another.")]
Limit = Annotated[int, typer.Option(min=1, help="At most so many.")]

MEMORY_FORMAT = "coterie-memory/1"


class Kind(StrEnum):
    """What a person may state."""

    FACT = "fact"
    LESSON = "lesson"


@app.command()
def add(
    text: Annotated[str, typer.Argument(help="What to remember.")],
    kind: Annotated[Kind, typer.Option(help="A fact (it is so) or a lesson (do it so).")] = Kind.FACT,
    namespace: Namespace = "default",
    importance: Annotated[float, typer.Option(min=0, max=1, help="How much it weighs in recall.")] = 0.5,
    supersede: Annotated[str | None, typer.Option(help="The id of the statement this one replaces.")] = None,
    as_json: Json = False,
) -> None:
    """Remember a fact or a lesson."""
    with opened_store() as store:
        if supersede:
            new = store.statements_of(supersede).supersede(supersede, text)
        else:
            statements = store.facts if kind is Kind.FACT else store.lessons
            new = statements.add(text, namespace=namespace, importance=importance)
        statement = store.statements_of(new).get(new)
    if as_json:
        put_json(statement.to_json())
    else:
        typer.echo(new)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="A task or a question.")],
    limit: Limit = 5,
    namespace: Namespace = "default",
    as_json: Json = False,
) -> None:
    """Show what a task would recall, and why."""
    with opened_store() as store:
        hits = store.recall(query, limit, namespace, count_use=False)
    if as_json:
        put_json({"query": query, "hits": [hit.to_json() for hit in hits]})
        return
    if not hits:
        say("nothing recalled")
    for hit in hits:
        console().print(f"{hit.score:.3f}  {hit.text}\n       {hit.source_id}: {hit.why}", style="default")


@app.command("list")
def list_(
    kind: Annotated[Kind | None, typer.Option(help="Only facts, or only lessons.")] = None,
    namespace: Annotated[str | None, typer.Option(help="Only this namespace.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what no longer holds.")] = False,
    at: Annotated[datetime | None, typer.Option(help="What held at a time (UTC).")] = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List facts and lessons, newest first."""
    time = at.replace(tzinfo=UTC).isoformat(timespec="microseconds").replace("+00:00", "Z") if at else None
    with opened_store() as store:
        found = store.statements(
            kind.value if kind else None, namespace=namespace, at=time, closed=everything, limit=limit
        )
    if as_json:
        put_json({"statements": [statement.to_json() for statement in found]})
        return
    columns = ("id", "status", "namespace", "source", "recorded", "text")
    print_table(columns, [(s.id, s.status, s.namespace, s.source, s.recorded_at[:16], s.text) for s in found])


@app.command()
def show(record_id: Annotated[str, typer.Argument(metavar="ID")], as_json: Json = False) -> None:
    """Show one fact or lesson with where it came from."""
    with opened_store() as store:
        statement = store.statements_of(record_id).get(record_id)
    if as_json:
        put_json(statement.to_json())
        return
    for name, value in statement.to_json().items():
        if value is not None:
            console().print(f"{name:>14}  {value}")


@app.command()
def forget(
    record_id: Annotated[str, typer.Argument(metavar="ID", help="A fact, a lesson or an episode.")],
    purge: Annotated[bool, typer.Option(help="Erase the text too; without, it is only closed.")] = False,
    reason: Annotated[str | None, typer.Option(help="Kept with the closed statement.")] = None,
    as_json: Json = False,
) -> None:
    """Forget a fact or lesson, or delete an episode."""
    with opened_store() as store:
        store.forget(record_id, purge=purge, reason=reason)
    if as_json:
        put_json({"id": record_id, "forgotten": True, "purged": purge or record_id.startswith("ep-")})
    else:
        say(f"forgot {record_id}")


@app.command()
def rebuild(as_json: Json = False) -> None:
    """Make the search indexes again from the records, and check that they agree."""
    with opened_store() as store:
        num_documents = store.rebuild(lambda done, of: say(f"embedded {done} of {of}"))
        audit = store.audit()
    if as_json:
        put_json({"documents": num_documents, "ok": audit.ok, "audit": audit.to_json()})
    else:
        say(f"{num_documents} documents indexed, {'all in order' if audit.ok else f'but: {audit.to_json()}'}")


@app.command()
def export(
    out: Annotated[Path | None, typer.Option(help="Write here instead of stdout.", dir_okay=False)] = None,
    namespace: Annotated[str | None, typer.Option(help="Only this namespace.")] = None,
) -> None:
    """Write all facts and lessons, also closed ones, as JSONL. Episodes: `coterie episodes export`."""
    with opened_store() as store:
        lines = [
            json_line({"format": MEMORY_FORMAT, "statement": statement.to_json()})
            for group in (store.facts, store.lessons)
            for statement in reversed(group.list(namespace=namespace, closed=True, limit=2**31 - 1))
        ]
        if out:
            out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    for line in [] if out else lines:
        typer.echo(line)
    say(f"exported {len(lines)} statements")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)], as_json: Json = False
) -> None:
    """Read a JSONL file of `memory export` or `episodes export`; what is here already is left alone."""
    from coterie.memory.errors import RecordExists

    added = known = 0
    with opened_store() as store:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if not line.strip():
                continue
            try:
                new = _import_line(store, _parsed(line))
            except RecordExists:
                new = False
            except ValueError as error:
                raise ValueError(f"{file}:{number}: {error}; the {added} records before it were imported") from error
            added, known = added + new, known + (not new)
    if as_json:
        put_json({"imported": added, "known": known})
    else:
        say(f"imported {added}, {known} were here already")


def _parsed(line: str) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON ({error.msg} at character {error.pos})") from None
    if not isinstance(data, dict):
        raise ValueError(f"a JSON object was expected, got {str(data)[:80]!r}")
    return data


def _import_line(store: Any, data: dict[str, Any]) -> bool:
    from coterie.memory.lessons import Statement

    if data.get("format") != MEMORY_FORMAT:
        store.episodes.import_(data)
        return True
    statement = Statement.from_json(data.get("statement") or {})
    return bool(store.statements_of(statement.id).import_(statement))
