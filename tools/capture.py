"""Keeping what a tool prints away from our own stdout, where results and JSON go.

`captured` routes `print` and `sys.stdout.write` of the calling task or thread into a bounded text; everyone else
prints as before. Not covered: writes to file descriptor 1 that go around `sys.stdout` (a child process, a C
extension, `os.write`) and threads that a tool starts itself. A program whose stdout must stay clean against
those, too, runs inside `clean_stdout`.
"""

import io
import os
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO

PRINTED_CHARS = 20_000


class Printed:
    """Text that remembers its beginning, its end and how much lay between."""

    def __init__(self, limit: int = PRINTED_CHARS) -> None:
        self._half = limit // 2
        self._head = ""
        self._tail: deque[str] = deque()
        self._tail_chars = 0
        self._dropped = 0
        self._lock = threading.Lock()

    def write(self, text: str) -> int:
        """Add text; the middle of too much of it is forgotten."""
        with self._lock:
            room = self._half - len(self._head)
            self._head += text[:room] if room > 0 else ""
            self._keep(text[room:] if room > 0 else text)
        return len(text)

    def _keep(self, text: str) -> None:
        if not text:
            return
        self._dropped += max(0, len(text) - self._half)
        self._tail.append(text[-self._half :])
        self._tail_chars += len(self._tail[-1])
        while self._tail_chars - len(self._tail[0]) >= self._half:
            gone = len(self._tail.popleft())
            self._tail_chars -= gone
            self._dropped += gone

    def __str__(self) -> str:
        with self._lock:
            tail = "".join(self._tail)
            dropped = self._dropped + max(0, len(tail) - self._half)
            middle = f"\n… {dropped:,} characters more …\n" if dropped else ""
            return self._head + middle + tail[-self._half :]


_sink: ContextVar[Printed | None] = ContextVar("printed", default=None)


class _Router(io.TextIOBase):
    """Stands where sys.stdout or sys.stderr stood: a capturing task writes to its sink, all others to the original."""

    def __init__(self, original: TextIO) -> None:
        self._original = original

    def write(self, text: str) -> int:
        sink = _sink.get()
        return self._original.write(text) if sink is None else sink.write(str(text))

    def flush(self) -> None:
        if _sink.get() is None:
            self._original.flush()

    @property
    def buffer(self) -> Any:
        sink = _sink.get()
        return self._original.buffer if sink is None else _Bytes(sink)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return _sink.get() is None and self._original.isatty()

    def fileno(self) -> int:
        return self._original.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has it as an attribute
        return self._original.encoding

    @property
    def original(self) -> TextIO:
        return self._original


class _Bytes(io.RawIOBase):
    def __init__(self, sink: Printed) -> None:
        self._sink = sink

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._sink.write(bytes(data).decode("utf-8", "replace"))


class _Routing:
    """Counts who is capturing; the routers stand while anyone is, and for good once a hung tool was abandoned."""

    def __init__(self) -> None:
        self._users = 0
        self._lock = threading.Lock()

    def enter(self) -> None:
        with self._lock:
            self._users += 1
            if not isinstance(sys.stdout, _Router):
                sys.stdout = _Router(sys.stdout)
            if not isinstance(sys.stderr, _Router):
                sys.stderr = _Router(sys.stderr)

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                sys.stdout = sys.stdout.original if isinstance(sys.stdout, _Router) else sys.stdout
                sys.stderr = sys.stderr.original if isinstance(sys.stderr, _Router) else sys.stderr


_routing = _Routing()


class Capture:
    """What was printed, and whether someone may go on printing after we stop listening."""

    def __init__(self) -> None:
        self.printed = Printed()
        self.abandoned = False


@contextmanager
def captured() -> Iterator[Capture]:
    """Capture what this task, its threads from `run_in_thread` and its child tasks print."""
    capture = Capture()
    _routing.enter()
    token = _sink.set(capture.printed)
    try:
        yield capture
    finally:
        _sink.reset(token)
        if not capture.abandoned:
            _routing.leave()


@contextmanager
def clean_stdout() -> Iterator[None]:
    """Send file descriptor 1 to stderr, and keep the real stdout for `sys.stdout` alone.

    For the outermost frame of a command line program; nothing to do where stdout is no real file.
    """
    try:
        real = os.dup(sys.stdout.fileno())
    except (OSError, ValueError, io.UnsupportedOperation):
        yield
        return
    before = sys.stdout
    before.flush()
    descriptor = before.fileno()
    os.dup2(sys.stderr.fileno(), descriptor)
    sys.stdout = open(real, "w", encoding=before.encoding, buffering=1, closefd=False)  # noqa: SIM115  # closed below
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(real, descriptor)
        sys.stdout.close()
        sys.stdout = before
        os.close(real)
