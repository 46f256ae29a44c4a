"""Schema migrations: Alembic, run by the program when it opens a database; there is no alembic.ini.

Each revision runs in one transaction with the version stamp, so a kill in between leaves the old schema.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from coterie.memory.database import Database
from coterie.memory.errors import DatabaseCorrupt, SchemaTooNew

REVISIONS = ("0001", "0002")
"""Every revision this version knows, oldest first; a test holds it equal to the files in versions/."""
HEAD = REVISIONS[-1]


def upgrade(database: Database, revision: str = HEAD) -> None:
    """Bring the schema to `revision`. Raises SchemaTooNew for one this version does not know."""
    if current(database) == revision:
        return
    with database.connect() as connection:
        if _stamp(connection, database.where) != revision:  # another process may have been quicker
            _run(connection, revision)


def current(database: Database) -> str | None:
    """The schema's revision, None for an empty database. Raises SchemaTooNew and DatabaseCorrupt."""
    with database.read() as session:
        return _stamp(session.connection(), database.where)


def _stamp(connection: Connection, where: str) -> str | None:
    tables = inspect(connection).get_table_names()
    if "alembic_version" not in tables:
        if "episodes" in tables:
            raise DatabaseCorrupt(f"{where} has tables of Coterie but no schema version; restore it from a backup")
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found is not None and found not in REVISIONS:
        raise SchemaTooNew(
            f"{where} has schema {found!r}, this version knows up to {HEAD!r}; "
            "update Coterie, or set COTERIE_HOME to another folder"
        )
    return None if found is None else str(found)


def _run(connection: Connection, revision: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
