"""What a person sees while a run goes on: on stderr, one line a trial, with the running score and the time left."""

import sys
import time
from dataclasses import dataclass, field
from typing import TextIO

from coterie.evals.results import Result

_WIDTH = 100


@dataclass
class Progress:
    """Call it with every result. On a terminal passed trials overwrite one line, failures stay."""

    total: int
    """Trials that this process will do."""
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    _done: int = field(default=0, init=False)
    _passed: int = field(default=0, init=False)
    _scored: int = field(default=0, init=False)
    _begun: float = field(default_factory=time.monotonic, init=False)

    def __call__(self, result: Result) -> None:
        """Show one more finished trial."""
        self._done += 1
        self._scored += result.scored
        self._passed += result.status == "passed"
        line = (
            f"[{self._done}/{self.total}] {self._rate()} {self._left()}  {result.task}#{result.trial}: {result.status}"
        )
        if result.reasons:
            line += f": {result.reasons[0]}"
        self._write(line[: 2 * _WIDTH], keep=result.status != "passed" or self._done == self.total)

    def _rate(self) -> str:
        return f"{100 * self._passed / self._scored:3.0f} % passed" if self._scored else "none scored"

    def _left(self) -> str:
        seconds = round((time.monotonic() - self._begun) / self._done * (self.total - self._done))
        return f"{seconds // 60}:{seconds % 60:02d} left"

    def _write(self, line: str, keep: bool) -> None:
        if not self.stream.isatty():
            print(line, file=self.stream, flush=True)
            return
        print(f"\r\x1b[2K{line}", end="\n" if keep else "", file=self.stream, flush=True)
