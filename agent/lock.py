"""One process per episode: a lock on a file that the system releases when the process dies."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coterie.agent.errors import UsageError


@contextmanager
def held(folder: Path, episode: str) -> Iterator[None]:
    """Hold the episode while the block runs. Raises UsageError if another process has it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(folder / "run.lock", "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"episode {episode} is running in another process; wait for it to end") from None
        yield
