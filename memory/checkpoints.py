"""The checkpoints that the agent's loop keeps of a run, as far as memory has to know them: to delete them.

They are LangGraph's, one thread an episode, in a file of the data home or in the PostgreSQL database.
"""

from pathlib import Path

from sqlalchemy import URL, Connection, NullPool, create_engine, inspect, text

from coterie.memory.database import Database
from coterie.memory.errors import translated

FILE_NAME = "checkpoints.db"
_SQLITE_TABLES = ("checkpoints", "writes")
_POSTGRES_TABLES = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")


def delete_thread(database: Database, home: Path, episode_id: str) -> None:
    """Delete what there is of an episode. Raises StoreError."""
    path = home / FILE_NAME
    if not database.is_sqlite:
        with database.connect() as connection:
            _delete(connection, _POSTGRES_TABLES, episode_id)
    elif path.exists():
        engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=NullPool)
        with translated(str(path)), engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA secure_delete=ON")
            _delete(connection, _SQLITE_TABLES, episode_id)


def _delete(connection: Connection, tables: tuple[str, ...], episode_id: str) -> None:
    for table in set(tables) & set(inspect(connection).get_table_names()):
        connection.execute(text(f"DELETE FROM {table} WHERE thread_id = :episode"), {"episode": episode_id})
