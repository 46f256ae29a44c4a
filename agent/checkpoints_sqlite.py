"""Checkpoints in a SQLite file: LangGraph's own saver and tables, called on the event loop.

A commit here waits for no disk (WAL, synchronous NORMAL) and takes 0.1 ms, a fraction of what LangGraph's
asynchronous saver spends on handing it to a thread and back.
"""

import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
from langgraph.checkpoint.sqlite import SqliteSaver

from coterie.agent.errors import InfrastructureError

BUSY_TIMEOUT_S = 15.0
AFRESH = "move it away to start afresh (unfinished runs are lost)"


@contextmanager
def open_sqlite(path: Path) -> Iterator["LocalSaver"]:
    """The saver over a file, which is made where there is none."""
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
    with closing(connection):
        saver = LocalSaver(connection, path)
        with _explained(path):
            saver.setup()
            connection.execute("PRAGMA synchronous=NORMAL")
        yield saver


def examine(path: Path) -> None:
    """Read the whole file. Raises InfrastructureError where it is damaged."""
    with _explained(path), closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)) as connection:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise InfrastructureError(f"checkpoints {path}: {found}; {AFRESH}")


class LocalSaver(SqliteSaver):
    """The asynchronous face of `SqliteSaver`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        super().__init__(connection)
        self._path = path

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The last checkpoint of a thread, or the one named."""
        with _explained(self._path):
            return self.get_tuple(config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """The checkpoints of a thread, newest first."""
        with _explained(self._path):
            found = list(self.list(config, filter=filter, before=before, limit=limit))
        for each in found:
            yield each

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Write a checkpoint."""
        with _explained(self._path):
            return self.put(config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Nothing: nodes run one at a time, so the checkpoint with what a node wrote follows at once.

        A kill between the two repeats the node, as a kill at its end would.
        """

    async def adelete_thread(self, thread_id: str) -> None:
        """Drop the checkpoints of a thread."""
        with _explained(self._path):
            self.delete_thread(thread_id)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InfrastructureError(
            f"checkpoints {path}: {error.strerror}; set COTERIE_HOME to another folder"
        ) from error
    except sqlite3.Error as error:
        raise InfrastructureError(f"checkpoints {path}: {error}; {_way_out(error)}") from error


def _way_out(error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", None) or ""
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return AFRESH
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return "another process holds it; wait for it to end, or close it"
    if name in ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_FSYNC"):
        return "free some space"
    return "make the file and its folder writable, or set COTERIE_HOME"
