"""Checkpoints: the state after every node, on disk before the next one runs, so that a run can be resumed.

`checkpoints.db` in the data home, or PostgreSQL where the database is there. One thread per episode. Both survive a
kill at once and may lose their last moments in a power cut, after which a run goes on from an earlier node: what has
taken effect is known to the ledger, which loses nothing.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver

from coterie.memory.checkpoints import FILE_NAME

Saver = BaseCheckpointSaver[Any]


@asynccontextmanager
async def open_checkpoints(home: Path, database_url: str | None) -> AsyncIterator[Saver]:
    """The saver of a data home; its connection closes with the block. It raises InfrastructureError, then and later."""
    if database_url and database_url.startswith(("postgres:", "postgresql:", "postgresql+")):
        from coterie.agent.checkpoints_postgres import open_postgres

        async with open_postgres("postgresql://" + database_url.split("://", 1)[1]) as saver:
            yield saver
    else:
        from coterie.agent.checkpoints_sqlite import open_sqlite

        with open_sqlite(home / FILE_NAME) as saver:
            yield saver
