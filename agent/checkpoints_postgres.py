"""Checkpoints in PostgreSQL: LangGraph's own saver and tables, with errors that say what to do."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg.rows import DictRow, dict_row

from coterie.agent.errors import InfrastructureError

CONNECT_TIMEOUT_S = 10
_SETTING_UP = 0x636F7465726970  # any fixed number: PostgreSQL's advisory locks are named by one

Connection = psycopg.AsyncConnection[DictRow]


@asynccontextmanager
async def open_postgres(address: str) -> AsyncIterator["RemoteSaver"]:
    """The saver over a database, whose tables are made where there are none."""
    with _explained():
        connection = await psycopg.AsyncConnection.connect(
            address, autocommit=True, prepare_threshold=0, row_factory=dict_row, connect_timeout=CONNECT_TIMEOUT_S
        )
    async with connection:
        saver = RemoteSaver(connection)
        with _explained():
            await _set_up(saver, connection)
            await connection.execute("SET synchronous_commit TO OFF")
        yield saver


class RemoteSaver(AsyncPostgresSaver):
    """`AsyncPostgresSaver` whose failures are ours to explain.

    A text in the state goes into a column of type jsonb, which takes no NUL; as JSON in that JSON it may have one.
    """

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The last checkpoint of a thread, or the one named."""
        with _explained():
            found = await super().aget_tuple(config)
        return found and found._replace(checkpoint=_with_texts(found.checkpoint, json.loads))

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Write a checkpoint."""
        with _explained():
            return await super().aput(config, _with_texts(checkpoint, json.dumps), metadata, new_versions)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Nothing, as in `coterie.agent.checkpoints_sqlite`, and for its reason."""

    async def adelete_thread(self, thread_id: str) -> None:
        """Drop the checkpoints of a thread."""
        with _explained():
            await super().adelete_thread(thread_id)


def _with_texts(checkpoint: Checkpoint, change: Callable[[str], str]) -> Checkpoint:
    values = checkpoint["channel_values"].items()
    return {**checkpoint, "channel_values": {k: change(v) if isinstance(v, str) else v for k, v in values}}


async def _set_up(saver: RemoteSaver, connection: Connection) -> None:
    """Make the tables, one process at a time.

    The lock is polled: to wait for it inside a statement would hold up the index that its holder builds.
    """
    while not await _answer(connection, "SELECT pg_try_advisory_lock(%s) AS answer"):
        await asyncio.sleep(0.05)
    try:
        await saver.setup()
    finally:
        await _answer(connection, "SELECT pg_advisory_unlock(%s) AS answer")


async def _answer(connection: Connection, query: str) -> bool:
    row = await (await connection.execute(query, (_SETTING_UP,))).fetchone()
    return bool(row and row["answer"])


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        text = " ".join(str(error).split())[:300]
        way_out = "free some space on its disk" if error.sqlstate == "53100" else "check COTERIE_DATABASE_URL"
        raise InfrastructureError(f"the PostgreSQL database for checkpoints: {text}; {way_out}") from error
