"""What can go wrong with the stores; each error names the file or server and the way out.

StoreError
  DatabaseLocked       another process holds the database for longer than we wait
  DatabaseCorrupt      the file is no database, or a damaged one; never written to, never replaced
  DatabaseUnavailable  it cannot be opened: permissions, missing folder, server down
  DiskFull             the write was rolled back; nothing is half-written
  SchemaTooNew         written by a newer Coterie
  IndexUnavailable     the vector index cannot be read or written; recall goes on with words alone
    EncoderUnavailable   texts cannot be turned into vectors
    IndexBusy            another process writes to it, and goes on doing so
  RecordNotFound       no episode, fact or lesson of that id (also a LookupError)
  RecordExists         an import or a chosen id would overwrite a record

All are infrastructure errors: a run that meets one is not scored.
"""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class StoreError(Exception):
    """A store cannot do what was asked of it."""


class DatabaseLocked(StoreError):
    """Another process holds the database."""


class DatabaseCorrupt(StoreError):
    """The database file is damaged, or is something else."""


class DatabaseUnavailable(StoreError):
    """The database cannot be opened or reached."""


class DiskFull(StoreError):
    """No room to write; the transaction was rolled back."""


class SchemaTooNew(StoreError):
    """The database was written by a newer version."""


class IndexUnavailable(StoreError):
    """The vector index cannot be used."""


class EncoderUnavailable(IndexUnavailable):
    """No encoder to make vectors with."""


class IndexBusy(IndexUnavailable):
    """Another process holds the vector index."""


class RecordNotFound(StoreError, LookupError):
    """No record of that id."""


class RecordExists(StoreError):
    """A record of that id is there already."""


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn the driver's errors inside the block into StoreErrors about `where`."""
    try:
        yield
    except IntegrityError:
        raise
    except (DBAPIError, sqlite3.Error, PoolTimeout) as error:
        raise translate(error, where) from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise DiskFull(_full(where)) from error


def translate(error: Exception, where: str) -> StoreError:
    """The StoreError that means `error`."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _sqlite(cause, where)
    if getattr(cause, "sqlstate", None) == "53100":
        return DiskFull(_full(where))
    if getattr(cause, "sqlstate", None) == "55P03" or isinstance(error, PoolTimeout):
        return DatabaseLocked(_locked(where))
    return DatabaseUnavailable(f"{where}: {_line(cause)}; check that the server runs and that the address is right")


def _sqlite(error: sqlite3.Error, where: str) -> StoreError:
    name = getattr(error, "sqlite_errorname", "") or ""
    text = _line(error)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return DatabaseLocked(_locked(where))
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return DatabaseCorrupt(corrupt(where, text))
    if name in ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_FSYNC"):
        return DiskFull(_full(where))
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH", "SQLITE_IOERR")):
        return DatabaseUnavailable(f"{where}: {text}; make the file and its folder writable, or set COTERIE_HOME")
    return DatabaseUnavailable(f"{where}: {text} ({name or type(error).__name__})")


def corrupt(where: str, text: str) -> str:
    """The message of a damaged database."""
    return (
        f"{where} is not a readable database ({text}). It was left as it is. Move it away to start afresh, "
        f"or save what can be read with: sqlite3 '{where}' .recover | sqlite3 recovered.db"
    )


def _full(where: str) -> str:
    return f"no room left to write {where}; the last change was rolled back. Free some space and run again"


def _locked(where: str) -> str:
    return f"{where} is held by another process; wait for it to end, or close it, and run again"


def _line(error: object) -> str:
    return " ".join(str(error).split())[:300]
