"""Facts and lessons: append-only statements that know where they came from and from when to when they held.

A statement's text never changes. Superseding, merging and forgetting close it (`valid_to`) and, but for
forgetting, open another; what was believed at any past time can be asked for. Only a purge erases.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.orm import Session

from coterie.memory import documents, words
from coterie.memory.database import Database
from coterie.memory.errors import RecordNotFound
from coterie.memory.ids import new_id
from coterie.memory.records import Record, now
from coterie.memory.redact import Redactor
from coterie.memory.tables import FactRow, LessonRow, StatementRow

StatementKind = Literal["fact", "lesson"]
StatementStatus = Literal["active", "superseded", "merged", "forgotten"]
MAX_TEXT_CHARS = 20_000


@dataclass(frozen=True)
class Statement(Record):
    """One fact or lesson. `source` says who stated it: user, agent, failure, import."""

    id: str
    kind: StatementKind
    text: str
    namespace: str
    importance: float
    source: str
    status: StatementStatus
    valid_from: str
    valid_to: str | None
    superseded_by: str | None
    reason: str | None
    episode_id: str | None
    failure_id: str | None
    recorded_at: str


class Statements:
    """The repository of facts, or of lessons."""

    def __init__(self, database: Database, kind: StatementKind, redactor: Redactor) -> None:
        self.kind: StatementKind = kind
        self._database = database
        self._redactor = redactor
        self._table: type[StatementRow] = FactRow if kind == "fact" else LessonRow

    def add(
        self,
        text: str,
        *,
        namespace: str = "default",
        importance: float = 0.5,
        source: str = "user",
        episode_id: str | None = None,
        valid_from: str | None = None,
    ) -> str:
        """State something; returns its id, or that of the same text where it is stated already.

        Raises ValueError for an empty or overlong text, or an importance outside 0..1.
        """
        clean = self._checked(text, importance)
        with self._database.write() as session:
            return self.put(
                session,
                clean,
                namespace=namespace,
                importance=importance,
                source=source,
                episode_id=episode_id,
                valid_from=valid_from,
            )

    def supersede(self, statement_id: str, text: str, reason: str | None = None) -> str:
        """Close a statement in favour of another; returns the new id."""
        return self._replace([statement_id], text, "superseded", reason)

    def merge(self, statement_ids: Sequence[str], text: str, reason: str | None = None) -> str:
        """Close several statements of one namespace in favour of one; returns the new id."""
        if len(set(statement_ids)) < 2:
            raise ValueError(f"merging takes at least two statements, got {list(statement_ids)}")
        return self._replace(list(dict.fromkeys(statement_ids)), text, "merged", reason)

    def forget(self, statement_id: str, *, purge: bool = False, reason: str | None = None) -> None:
        """Close a statement for good; with `purge` erase it, so that not even its text remains."""
        with self._database.write() as session:
            row = self._require(session, statement_id)
            if purge:
                session.execute(delete(self._table).where(self._table.id == statement_id))
                documents.remove(session, [documents.document_id(self.kind, statement_id)])
                words.compact(session)
            else:
                self._close(session, row, "forgotten", now(), None, reason)

    def get(self, statement_id: str) -> Statement:
        """The statement, open or closed. Raises RecordNotFound."""
        with self._database.read() as session:
            return self._record(self._require(session, statement_id))

    def list(
        self,
        *,
        namespace: str | None = None,
        at: str | None = None,
        closed: bool = False,
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[Statement, ...]:
        """Newest first: what holds now, or what held `at` a time, or (`closed`) everything ever stated."""
        table = self._table
        where: tuple[ColumnElement[bool], ...] = ()
        if namespace is not None:
            where += (table.namespace == namespace,)
        if at is not None:
            where += (table.valid_from <= at, or_(table.valid_to.is_(None), table.valid_to > at))
        elif not closed:
            where += (table.status == "active",)
        query = select(table).where(*where).order_by(table.recorded_at.desc(), table.id.desc())
        with self._database.read() as session:
            return tuple(self._record(row) for row in session.scalars(query.limit(limit).offset(offset)))

    def import_(self, statement: Statement) -> bool:
        """Write a statement from elsewhere under its own id; False if that id is here already."""
        with self._database.write() as session:
            if session.get(self._table, statement.id):
                return False
            fields = self._redactor.data(statement.to_json())
            del fields["kind"]
            row = self._table(**fields, sha256=documents.text_hash(fields["text"]))
            session.add(row)
            if row.status == "active":
                documents.put(session, document(self.kind, row))
            return True

    def put(
        self,
        session: Session,
        text: str,
        *,
        namespace: str,
        importance: float,
        source: str,
        episode_id: str | None = None,
        failure_id: str | None = None,
        valid_from: str | None = None,
    ) -> str:
        """State something inside a transaction of another repository; see `add`. The text is redacted already."""
        digest = documents.text_hash(text)
        same = (self._table.sha256 == digest, self._table.namespace == namespace, self._table.status == "active")
        known = session.scalars(select(self._table.id).where(*same)).first()
        if known is not None:
            return known
        time = now()
        row = self._table(
            id=new_id(self.kind),
            namespace=namespace,
            text=text,
            sha256=digest,
            importance=importance,
            source=source,
            episode_id=episode_id,
            failure_id=failure_id,
            status="active",
            valid_from=valid_from or time,
            recorded_at=time,
        )
        session.add(row)
        documents.put(session, document(self.kind, row))
        return row.id

    def _replace(self, ids: Sequence[str], text: str, status: StatementStatus, reason: str | None) -> str:
        with self._database.write() as session:
            rows = [self._require(session, statement_id) for statement_id in ids]
            if closed := [row.id for row in rows if row.status != "active"]:
                raise ValueError(f"{', '.join(closed)} no longer holds; only what holds can be {status}")
            if len(namespaces := {row.namespace for row in rows}) > 1:
                raise ValueError(f"these lie in different namespaces: {sorted(namespaces)}")
            importance = max(row.importance for row in rows)
            clean = self._checked(text, importance)
            if any(row.text == clean for row in rows):
                raise ValueError("the new text is the old one; forget the others instead")
            time = now()
            new = self.put(
                session,
                clean,
                namespace=rows[0].namespace,
                importance=importance,
                source=rows[0].source,
                episode_id=rows[0].episode_id,
                valid_from=time,
            )
            for row in rows:
                self._close(session, row, status, time, new, reason)
            return new

    def _close(
        self,
        session: Session,
        row: StatementRow,
        status: StatementStatus,
        at: str,
        by: str | None,
        reason: str | None,
    ) -> None:
        if row.status != "active":
            raise ValueError(f"{row.id} no longer holds: it was {row.status} at {row.valid_to}")
        row.status, row.valid_to, row.superseded_by = status, at, by
        row.reason = self._redactor.text(reason) if reason else None
        documents.remove(session, [documents.document_id(self.kind, row.id)])

    def _checked(self, text: str, importance: float) -> str:
        clean = self._redactor.text(text).strip()
        if not clean or len(clean) > MAX_TEXT_CHARS:
            raise ValueError(f"a {self.kind} has 1 to {MAX_TEXT_CHARS} characters, got {len(clean)}")
        if not 0 <= importance <= 1:
            raise ValueError(f"importance lies between 0 and 1, got {importance}")
        return clean

    def _require(self, session: Session, statement_id: str) -> StatementRow:
        row = session.get(self._table, statement_id)
        if row is None:
            raise RecordNotFound(f"no {self.kind} {statement_id!r}; `coterie memory list` shows those there are")
        return row

    def _record(self, row: StatementRow) -> Statement:
        names = (name for name in Statement.__dataclass_fields__ if name != "kind")
        return Statement.from_json({"kind": self.kind} | {name: getattr(row, name) for name in names})


def document(kind: StatementKind, row: StatementRow) -> documents.Document:
    """What recall searches of a statement."""
    return documents.Document(kind, row.id, row.namespace, row.text, row.text, row.importance, row.recorded_at)
