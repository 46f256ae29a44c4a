"""The vector index kept equal to the documents table: one writer, pending work found by hash, audit, rebuild.

SQLite is the truth. A document whose `vector_sha256` differs from its `sha256` waits to be embedded; `sync`
does that before a recall, so a kill between the two stores costs nothing. Counts that differ (an index
deleted, restored or written by somebody else) lead to a comparison of every hash.
"""

import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select, update

from coterie.memory.database import Database
from coterie.memory.embed import TextEncoder
from coterie.memory.errors import EncoderUnavailable, IndexBusy, IndexUnavailable, translated
from coterie.memory.records import Record
from coterie.memory.tables import DocumentRow
from coterie.memory.vectors import Entry, Near, Vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BATCH = 32
MAX_EMBEDDED_FIRST = 32
LOCK_WAIT_S, LOCK_PAUSE_S = 5.0, 0.05
MARK_BYTES = 32
log = logging.getLogger(__name__)
Progress = Callable[[int, int], None]
"""Called with how many documents are embedded, of how many."""


@dataclass(frozen=True)
class Audit(Record):
    """How the vector index compares with the database."""

    documents: int
    vectors: int
    missing: int
    """Documents with no vector yet."""
    stale: int
    """Vectors of a text that has changed since."""
    orphans: int
    """Vectors of documents that are gone."""
    error: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the two are equal."""
        return not (self.missing or self.stale or self.orphans or self.error)


class Index:
    """Meaning search over the documents. Threads may share it; processes take turns writing."""

    def __init__(
        self, database: Database, vectors: Vectors, load_encoder: Callable[[], TextEncoder], lock: Path
    ) -> None:
        self._database = database
        self._vectors = vectors
        self._load_encoder = load_encoder
        self._lock_path = lock
        self._lock = RLock()
        self._seen = b""
        self.lock_wait_s = LOCK_WAIT_S
        self._changed = False

    @property
    def where(self) -> str:
        """The index, for messages."""
        return self._vectors.where

    @property
    def exists(self) -> bool:
        """Whether there is an index to keep in step; a server may always have one."""
        return self._vectors.exists

    def encode(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Unit vectors of texts. Raises EncoderUnavailable where no encoder can be loaded."""
        try:
            return self._load_encoder().encode(texts)
        except (ImportError, OSError, ValueError, RuntimeError) as error:
            raise EncoderUnavailable(f"the sentence encoder cannot be used: {error}; run `make` again") from error

    def search(self, text: str, k: int, namespaces: Sequence[str], kinds: Sequence[str] = ()) -> list[Near]:
        """The k documents of these namespaces nearest to a text, best first; a damaged local index is made anew.

        Embeds at most MAX_EMBEDDED_FIRST waiting documents before it searches.
        """
        vector = self.encode([text])[0]
        with self._lock:
            try:
                return self._synced_nearest(vector, k, namespaces, kinds)
            except (EncoderUnavailable, IndexBusy):
                raise
            except IndexUnavailable as error:
                if not self._vectors.is_local:
                    raise
                log.debug("%s", error)  # a failed index has been closed: what another process changed is read anew
        with self._lock:
            try:
                return self._synced_nearest(vector, k, namespaces, kinds)
            except IndexBusy:
                raise
            except IndexUnavailable as error:
                log.warning("%s (doing so now)", error)
                self.rebuild(max_documents=MAX_EMBEDDED_FIRST)
                return self._vectors.nearest(vector, k, namespaces, kinds)

    def _synced_nearest(
        self, vector: "NDArray[np.float32]", k: int, namespaces: Sequence[str], kinds: Sequence[str]
    ) -> list[Near]:
        self.sync(MAX_EMBEDDED_FIRST)
        return self._vectors.nearest(vector, k, namespaces, kinds)

    def sync(self, max_documents: int | None = None, progress: Progress | None = None) -> int:
        """Embed what waits (up to a number, newest first), drop what is gone; returns how many were embedded."""
        with self._writing():
            self._reconcile()
            return self._embed_pending(max_documents, progress)

    def prune(self) -> None:
        """Drop the vectors of documents that are gone, embedding nothing."""
        with self._writing():
            self._reconcile()

    def rebuild(self, progress: Progress | None = None, max_documents: int | None = None) -> int:
        """Make the index again from the database; returns how many were embedded, the rest waits for `sync`."""
        with self._writing():
            self._changed = True
            self._vectors.start_afresh()
            with self._database.write() as session:
                session.execute(update(DocumentRow).values(vector_sha256=None))
            done = self._embed_pending(max_documents, progress)
            self._vectors.drop_old()
            return done

    def audit(self) -> Audit:
        """Compare every hash; an index that cannot be read is reported, not raised."""
        wanted = self._wanted()
        try:
            with self._writing():
                held = self._vectors.hashes()
        except IndexUnavailable as error:
            return Audit(len(wanted), 0, len(wanted), 0, 0, str(error))
        missing = wanted.keys() - held.keys()
        stale = [i for i in wanted.keys() & held.keys() if wanted[i] != held[i]]
        return Audit(len(wanted), len(held), len(missing), len(stale), len(held.keys() - wanted.keys()))

    def close(self) -> None:
        """Let go of the index."""
        with self._lock:
            self._vectors.close()

    def _reconcile(self) -> None:
        with self._database.read() as session:
            indexed = session.scalar(select(func.count()).where(DocumentRow.vector_sha256.is_not(None)))
        if self._vectors.count() == indexed:
            return
        self._changed = True
        wanted, held = self._wanted(), self._vectors.hashes()
        self._vectors.delete([i for i in held if i not in wanted])
        self._mark({i: held.get(i) for i in wanted})

    def _embed_pending(self, max_documents: int | None, progress: Progress | None) -> int:
        waits = or_(DocumentRow.vector_sha256.is_(None), DocumentRow.vector_sha256 != DocumentRow.sha256)
        query = select(DocumentRow).where(waits).order_by(DocumentRow.number.desc()).limit(max_documents)
        with self._database.read() as session:
            pending = [(_entry(row), row.text) for row in session.scalars(query)]
        for start in range(0, len(pending), BATCH):
            part = pending[start : start + BATCH]
            entries = [entry for entry, _ in part]
            self._changed = True
            self._vectors.upsert(entries, self.encode([text for _, text in part]))
            self._mark({entry.id: entry.sha256 for entry in entries})
            if progress:
                progress(start + len(part), len(pending))
        return len(pending)

    def _mark(self, held: dict[str, str | None]) -> None:
        with self._database.write() as session:
            for document, digest in held.items():
                changed = update(DocumentRow).where(DocumentRow.id == document)
                session.execute(changed.values(vector_sha256=digest))

    def _wanted(self) -> dict[str, str]:
        with self._database.read() as session:
            return {row.id: row.sha256 for row in session.execute(select(DocumentRow.id, DocumentRow.sha256))}

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One writer: this process's threads by a lock, processes by a file lock (a server has its own).

        Raises IndexBusy after lock_wait_s: another process may be embedding everything.
        """
        with self._lock:
            if not self._vectors.is_local:
                yield
                return
            with translated(self.where):
                handle = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                self._take(handle)
                self._follow_writers(handle)
                try:
                    yield
                finally:
                    self._sign(handle)
            finally:
                os.close(handle)

    def _take(self, handle: int) -> None:
        deadline = time.monotonic() + self.lock_wait_s
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    message = f"vector index {self.where}: another process is writing to it; wait for it to end"
                    raise IndexBusy(message) from None
                time.sleep(LOCK_PAUSE_S)

    def _follow_writers(self, handle: int) -> None:
        """Chroma keeps vectors in memory and does not see other processes write: read anew after they have."""
        written = os.pread(handle, MARK_BYTES, 0)
        if written != self._seen:
            self._vectors.close()
        self._seen, self._changed = written, False

    def _sign(self, handle: int) -> None:
        """Mark our writing in the lock file, for the others to see; they compare the mark and do not read it."""
        if self._changed:
            self._seen = f"{time.time_ns():0{MARK_BYTES}}".encode()
            os.pwrite(handle, self._seen, 0)


def _entry(row: DocumentRow) -> Entry:
    return Entry(row.id, row.namespace, row.kind, row.sha256)
