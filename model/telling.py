"""What commands say: progress and errors on stderr, results on stdout; and exit codes, of a model error by blame."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer

from coterie.model.errors import Blame, ModelError

USAGE, INFRASTRUCTURE, INTERRUPTED = 2, 3, 130
CODES: dict[Blame, int] = {"usage": USAGE, "infrastructure": INFRASTRUCTURE, "limit": 1, "model": 1}
FRESH_S = 10.0


@contextmanager
def told() -> Iterator[None]:
    """Turn a model error into one line and its exit code, Ctrl-C into 130."""
    try:
        yield
    except ModelError as error:
        fail(str(error), CODES[error.blame])
    except KeyboardInterrupt:
        fail("interrupted", INTERRUPTED)


def fail(message: str, code: int) -> NoReturn:
    """Say what is wrong and leave."""
    print(f"coterie: {message}", file=sys.stderr)
    raise typer.Exit(code) from None


class Progress:
    """One line on stderr that is rewritten; where nobody watches, a line for every new stage and every 10 s."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._stage, self._said_at, self._open = "", 0.0, False

    def __call__(self, text: str) -> None:
        """Say where the work stands; `stage: detail` is one stage however the detail changes."""
        stage, now = text.partition(":")[0], time.monotonic()
        if self._live:
            sys.stderr.write(f"\r\x1b[K{text}")
            self._open = True
        elif stage != self._stage or now - self._said_at >= FRESH_S:
            sys.stderr.write(text + "\n")
            self._said_at = now
        self._stage = stage
        sys.stderr.flush()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._open:
            sys.stderr.write("\n")


def put_json(data: Any) -> None:
    """One JSON object on stdout."""
    print(json.dumps(data, ensure_ascii=False))
