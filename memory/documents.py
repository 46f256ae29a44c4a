"""Documents: what recall searches, written in the same transaction as the record they stand for.

A document is derived: `rebuild` makes it again from facts, lessons and episodes. Only its use count is its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from coterie.memory.tables import DocumentRow

Kind = Literal["fact", "lesson", "episode"]
MAX_SEARCHED_CHARS = 20_000


@dataclass(frozen=True)
class Document:
    """One thing to recall: `text` is searched, `shown` is what the hit says."""

    kind: Kind
    source_id: str
    namespace: str
    text: str
    shown: str
    importance: float
    created_at: str

    @property
    def id(self) -> str:
        """The document's id in both indexes."""
        return document_id(self.kind, self.source_id)


def document_id(kind: Kind, source_id: str) -> str:
    """The id of the document that stands for a record."""
    return f"{kind}:{source_id}"


def text_hash(text: str) -> str:
    """The hash by which two texts are held equal."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def put(session: Session, document: Document) -> None:
    """Add the document, or bring it up to date; its uses stay."""
    text = document.text[:MAX_SEARCHED_CHARS]
    row = session.scalars(select(DocumentRow).where(DocumentRow.id == document.id)).first()
    if row is None:
        row = DocumentRow(id=document.id, kind=document.kind, source_id=document.source_id)
        session.add(row)
    row.namespace, row.text, row.shown = document.namespace, text, document.shown
    row.importance, row.created_at, row.sha256 = document.importance, document.created_at, text_hash(text)


def remove(session: Session, ids: Iterable[str]) -> None:
    """Take documents out of the word index; the vector index drops them when it is next synchronised."""
    session.execute(delete(DocumentRow).where(DocumentRow.id.in_(list(ids))))
