"""What the two command groups share: a store where the settings say, and where output goes."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from coterie.memory.location import locate
from coterie.model.telling import INFRASTRUCTURE, INTERRUPTED, USAGE, fail

if TYPE_CHECKING:
    from rich.console import Console

    from coterie.memory.store import Store


@contextmanager
def opened_store() -> Iterator["Store"]:
    """The store of the data home; errors inside the block become one line on stderr and the exit code."""
    from coterie.memory.errors import RecordExists, RecordNotFound, StoreError
    from coterie.memory.store import Store

    try:
        with Store.at(locate()) as store:
            yield store
    except (RecordNotFound, RecordExists, ValueError) as error:
        fail(str(error), USAGE)
    except (StoreError, OSError) as error:
        fail(str(error), INFRASTRUCTURE)
    except KeyboardInterrupt:
        fail("interrupted", INTERRUPTED)


def say(message: str) -> None:
    """One line for the person, on stderr."""
    typer.echo(message, err=True)


def put_json(data: Mapping[str, Any]) -> None:
    """One JSON object, on stdout; a lone surrogate, which no stream takes, is escaped."""
    try:
        text = json.dumps(data, ensure_ascii=False, indent=2)
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(data, indent=2)
    typer.echo(text)


def json_line(data: Mapping[str, Any]) -> str:
    """One line of a JSONL file, in ASCII so that any string survives any stream."""
    return json.dumps(data, separators=(",", ":"))


def console() -> "Console":
    """The terminal, for tables; nothing in a cell is read as markup."""
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False)


def print_table(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """A table on stdout; the first column (an id, to be copied) is never cut."""
    from rich.table import Table

    table = Table(box=None)
    for number, column in enumerate(columns):
        table.add_column(column, no_wrap=number == 0, overflow="fold")
    for line in lines:
        table.add_row(*line)
    console().print(table)
