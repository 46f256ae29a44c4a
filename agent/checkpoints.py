"""Checkpoints: the state after every node, on disk before the next one runs, so that a run can be resumed.

`checkpoints.db` in the data home, or PostgreSQL where the database is there. One thread per episode.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver

from coterie.agent.errors import InfrastructureError

FILE_NAME = "checkpoints.db"
Saver = BaseCheckpointSaver[Any]


@asynccontextmanager
async def open_checkpoints(home: Path, database_url: str | None) -> AsyncIterator[Saver]:
    """The saver of a data home; its connection closes with the block."""
    if database_url and database_url.startswith(("postgres:", "postgresql:", "postgresql+")):
        async with _postgres(database_url) as saver:
            yield saver
    else:
        async with _sqlite(home / FILE_NAME) as saver:
            yield saver


@asynccontextmanager
async def _sqlite(path: Path) -> AsyncIterator[Saver]:
    import aiosqlite
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        async with aiosqlite.connect(path, timeout=15.0) as connection:
            await connection.execute("PRAGMA journal_mode=WAL")
            await connection.execute("PRAGMA synchronous=NORMAL")  # survives a kill; effects are in the ledger
            saver = AsyncSqliteSaver(connection)
            await saver.setup()
            yield saver
    except aiosqlite.Error as error:
        raise InfrastructureError(
            f"{path}: {error}; move it away to start afresh (unfinished runs are lost)"
        ) from error


@asynccontextmanager
async def _postgres(url: str) -> AsyncIterator[Saver]:
    import psycopg
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver

    address = "postgresql://" + url.split("://", 1)[1]
    try:
        async with AsyncPostgresSaver.from_conn_string(address) as saver:
            await saver.setup()
            yield saver
    except psycopg.OperationalError as error:
        raise InfrastructureError(
            f"the PostgreSQL database for checkpoints: {error}; check COTERIE_DATABASE_URL"
        ) from error
