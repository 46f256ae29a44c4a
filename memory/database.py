"""The database: one engine, one writer at a time, every driver error translated.

SQLite in WAL mode by default (`coterie.db` in the data home), PostgreSQL by URL. Write transactions begin
IMMEDIATE (SQLite) or take one advisory lock (PostgreSQL), so that two processes wait for one another instead
of failing in the middle. What `write()` and `connect()` have returned from survives a kill and a power cut
(synchronous FULL); with `connect(durable=False)` it survives a kill, and a power cut may undo the last of it, in
order and never in part (NORMAL).
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, cast

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

from coterie.memory.errors import DatabaseCorrupt, DatabaseUnavailable, corrupt, translated

FILE_NAME = "coterie.db"
BUSY_TIMEOUT_S = 15.0
_SYNCHRONOUS = "coterie_synchronous"  # of a write transaction: FULL or NORMAL; a read has no such option
_WRITERS = 0x636F7465726965  # any fixed number: PostgreSQL's advisory locks are named by one


class Database:
    """Sessions over one engine. Threads may share it; writers take turns."""

    def __init__(self, engine: Engine, where: str, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self.where = where
        self.engine = engine
        self.busy_timeout_s = busy_timeout_s
        self._engines = {durable: engine.execution_options(**{_SYNCHRONOUS: durable}) for durable in (True, False)}
        self._writer = RLock()

    @classmethod
    def open(cls, home: Path, url: str | None = None, busy_timeout_s: float = BUSY_TIMEOUT_S) -> "Database":
        """Open (and create) the database of a data home, or the one at `url`, and bring its schema up to date."""
        from coterie.memory.migrations import upgrade

        _prepare(home)
        database = cls.as_it_is(home, url, busy_timeout_s)
        try:
            upgrade(database)
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    def as_it_is(cls, home: Path, url: str | None = None, busy_timeout_s: float = BUSY_TIMEOUT_S) -> "Database":
        """The same database with the schema it has, to look at."""
        address = _address(url) if url else URL.create("sqlite", database=str(home / FILE_NAME))
        if address.get_backend_name() == "sqlite":
            return cls(_sqlite_engine(address, busy_timeout_s), str(address.database), busy_timeout_s)
        engine = create_engine(address, pool_pre_ping=True, connect_args={"connect_timeout": 10})
        return cls(engine, address.render_as_string(hide_password=True), busy_timeout_s)

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a SQLite file."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading: one consistent view, nothing is committed."""
        with translated(self.where), Session(self.engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose changes are durable when the block ends, or gone if it raises."""
        with self._writer, translated(self.where):
            with Session(self._engines[True]) as session, session.begin():
                self._take_turn(session.connection())
                yield session

    @contextmanager
    def connect(self, *, durable: bool = True) -> Iterator[Connection]:
        """A bare connection in a write transaction: for migrations, and where a session's milliseconds count."""
        with self._writer, translated(self.where), self._engines[durable].begin() as connection:
            self._take_turn(connection)
            yield connection

    def _take_turn(self, connection: Connection) -> None:
        """Wait for the other writers, until the transaction ends; on SQLite BEGIN IMMEDIATE has done so."""
        if self.is_sqlite:
            return
        if not connection.get_execution_options()[_SYNCHRONOUS]:
            connection.execute(text("SET LOCAL synchronous_commit TO OFF"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _WRITERS})

    def check(self) -> None:
        """Read the whole file and raise DatabaseCorrupt where it is damaged (SQLite only; slow on a large one)."""
        if not self.is_sqlite:
            return
        with self.read() as session:
            problems = session.execute(text("PRAGMA quick_check(1)")).scalar_one()
        if problems != "ok":
            raise DatabaseCorrupt(corrupt(self.where, problems))

    def close(self) -> None:
        """Close every connection; SQLite folds its log back into the file."""
        self.engine.dispose()


def _prepare(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        with translated(str(home)):
            if isinstance(error, FileExistsError | NotADirectoryError | PermissionError):
                way_out = "set COTERIE_HOME to a folder that can be written"
                raise DatabaseUnavailable(f"data home {home}: {error.strerror}; {way_out}") from error
            raise


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError:
        raise DatabaseUnavailable(
            "COTERIE_DATABASE_URL is not a database URL; write postgresql://USER@HOST/NAME or sqlite:////PATH"
        ) from None
    if address.drivername in ("postgresql", "postgres"):
        address = address.set(drivername="postgresql+psycopg")
    if address.get_backend_name() not in ("sqlite", "postgresql"):
        name = address.get_backend_name()
        raise DatabaseUnavailable(f"COTERIE_DATABASE_URL asks for {name!r}; sqlite and postgresql are supported")
    return address


def _sqlite_engine(address: URL, busy_timeout_s: float) -> Engine:
    engine = create_engine(address, connect_args={"timeout": busy_timeout_s, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the begin event below decides how a transaction starts
        _set_pragmas(connection, busy_timeout_s)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        durable = connection.get_execution_options().get(_SYNCHRONOUS)
        execute = cast(sqlite3.Connection, connection.connection.dbapi_connection).execute
        if durable is None:
            execute("BEGIN")
        else:
            execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            execute("BEGIN IMMEDIATE")

    return engine


def _set_pragmas(connection: sqlite3.Connection, busy_timeout_s: float) -> None:
    _to_wal(connection, time.monotonic() + busy_timeout_s)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA secure_delete=ON")  # what is forgotten is overwritten


def _to_wal(connection: sqlite3.Connection, deadline: float) -> None:
    """Switch to WAL; the switch does not honour the busy timeout, so two first openers need this loop."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
