"""The store: every repository over one database and one index, opened together and closed together.

Synchronous; the agent calls it through `asyncio.to_thread`. Opening creates and upgrades the database,
and touches neither Chroma nor the encoder: those wait for the first recall.
"""

import logging
import secrets
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from coterie.memory import checkpoints, documents
from coterie.memory.database import BUSY_TIMEOUT_S, Database
from coterie.memory.effects import Effects
from coterie.memory.embed import ENCODER_NAME, TextEncoder, default_encoder
from coterie.memory.episodes import DEFAULT_NAMESPACE, Episodes, put_document
from coterie.memory.errors import IndexUnavailable
from coterie.memory.failures import Failures
from coterie.memory.index import Audit, Index, Progress
from coterie.memory.lessons import Statement, Statements, document
from coterie.memory.location import Location
from coterie.memory.recall import KINDS, Hit, Recall
from coterie.memory.redact import Redactor
from coterie.memory.tables import DocumentRow, EpisodeRow, FactRow, LessonRow, MetaRow
from coterie.memory.vectors import Vectors

log = logging.getLogger(__name__)


class Store:
    """All that Coterie remembers. Open it with `Store.open`; it is a context manager."""

    def __init__(self, home: Path, database: Database, index: Index, redactor: Redactor) -> None:
        self.home = home
        self.database = database
        self.redactor = redactor
        self.vectors = index
        self.facts = Statements(database, "fact", redactor)
        self.lessons = Statements(database, "lesson", redactor)
        self.episodes = Episodes(database, redactor)
        self.failures = Failures(database, self.lessons, redactor)
        self.ledger = Effects(database, redactor)
        self._recall = Recall(database, index)

    @classmethod
    def open(
        cls,
        settings_home: Path,
        database_url: str | None = None,
        chroma_url: str | None = None,
        *,
        encoder: TextEncoder | None = None,
        redactor: Redactor | None = None,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
    ) -> "Store":
        """Open the store of a data home, creating it where there is none. Raises StoreError."""
        database = Database.open(settings_home, database_url, busy_timeout_s)
        try:
            vectors = Vectors(settings_home / "chroma", chroma_url, f"coterie-{_store_id(database)}-{ENCODER_NAME}")
        except BaseException:
            database.close()
            raise
        load: Callable[[], TextEncoder] = default_encoder if encoder is None else lambda: encoder
        index = Index(database, vectors, load, settings_home / "chroma.lock")
        return cls(settings_home, database, index, redactor or Redactor())

    @classmethod
    def at(cls, location: Location) -> "Store":
        """Open the store at a location."""
        return cls.open(location.home, location.database_url, location.chroma_url)

    def recall(
        self,
        query: str,
        k: int = 5,
        namespace: str = DEFAULT_NAMESPACE,
        kinds: Sequence[documents.Kind] = KINDS,
        *,
        also: Sequence[str] = (),
        count_use: bool = True,
    ) -> list[Hit]:
        """What memory has to say to a query, best first; each hit says why. Never raises for the index's sake.

        `also` are further namespaces to look in, or with `/` at the end all below a name; their uses are not counted.
        """
        return self._recall(query, k, namespace, kinds, also=also, count_use=count_use)

    def namespaces(self, *names: str) -> list[str]:
        """The namespaces that something is remembered in, or those of these names, which `also` of `recall` finds."""
        return self._recall.namespaces(*names)

    def forget(self, record_id: str, *, purge: bool = False, reason: str | None = None) -> None:
        """Forget a fact or lesson, or delete an episode, by id; its vector goes too."""
        if record_id.startswith("ep-"):
            self.delete_episode(record_id)
        else:
            self.statements_of(record_id).forget(record_id, purge=purge, reason=reason)
            self._drop_vectors()

    def delete_episode(self, episode_id: str) -> None:
        """Delete an episode with all that is of it: records, lessons, index entries, checkpoints, its artefacts."""
        self.episodes.delete(episode_id)
        checkpoints.delete_thread(self.database, self.home, episode_id)
        shutil.rmtree(self.home / "episodes" / episode_id, ignore_errors=True)
        self._drop_vectors()

    def statements_of(self, record_id: str) -> Statements:
        """The repository an id belongs to. Raises ValueError for an id that is no fact's or lesson's."""
        for statements in (self.facts, self.lessons):
            if record_id.startswith(f"{statements.kind}-"):
                return statements
        raise ValueError(f"{record_id!r} is no id of a fact, a lesson or an episode (fact-..., lesson-..., ep-...)")

    def statements(
        self,
        kind: str | None = None,
        *,
        namespace: str | None = None,
        at: str | None = None,
        closed: bool = False,
        limit: int = 50,
    ) -> list[Statement]:
        """Facts and lessons, or one kind of them, newest first; the rest as `Statements.list`."""
        groups = [group for group in (self.facts, self.lessons) if kind in (None, group.kind)]
        found = [x for group in groups for x in group.list(namespace=namespace, at=at, closed=closed, limit=limit)]
        return sorted(found, key=lambda statement: statement.recorded_at, reverse=True)[:limit]

    def rebuild(self, progress: Progress | None = None) -> int:
        """Make both indexes again from the records; returns the number of documents."""
        with self.database.write() as session:
            _renew_documents(session)
        return self.vectors.rebuild(progress)

    def audit(self) -> Audit:
        """Read the whole database (raises DatabaseCorrupt), then compare the index with it."""
        self.database.check()
        return self.vectors.audit()

    def _drop_vectors(self) -> None:
        """Keep the index in step with what was removed; one that is out of order drops it when it is rebuilt."""
        if not self.vectors.exists:
            return
        try:
            self.vectors.prune()
        except IndexUnavailable as error:
            log.warning("%s", error)

    def close(self) -> None:
        """Close everything; a closed store is not used again."""
        self.vectors.close()
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _store_id(database: Database) -> str:
    """The database's own id, made once: it keeps stores apart that share a Chroma server."""
    with database.read() as session:
        found = session.get(MetaRow, "store_id")
        if found is not None:
            return found.value
    with database.write() as session:
        made = session.get(MetaRow, "store_id") or MetaRow(key="store_id", value=secrets.token_hex(8))
        session.add(made)
        return made.value


def _renew_documents(session: Session) -> None:
    """Write every document again, and drop those that stand for nothing."""
    before = set(session.scalars(select(DocumentRow.id)))
    for row in session.scalars(select(FactRow).where(FactRow.status == "active")):
        documents.put(session, document("fact", row))
        before.discard(documents.document_id("fact", row.id))
    for lesson in session.scalars(select(LessonRow).where(LessonRow.status == "active")):
        documents.put(session, document("lesson", lesson))
        before.discard(documents.document_id("lesson", lesson.id))
    for episode in session.scalars(select(EpisodeRow)):
        if put_document(session, episode):
            before.discard(documents.document_id("episode", episode.id))
    documents.remove(session, before)
