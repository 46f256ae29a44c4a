"""Recall: what memory has to say to a task, by words and by meaning, and why.

Both searches give a ranking; reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009) adds them,
so their scores need no common scale. The sum is weighed by how recent, how important and how often used a
document is. What neither shares words with the query nor means nearly the same is no hit.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select, update

from coterie.memory import words
from coterie.memory.database import Database
from coterie.memory.documents import Kind
from coterie.memory.errors import IndexUnavailable
from coterie.memory.index import Index
from coterie.memory.records import Record, now
from coterie.memory.tables import DocumentRow

RRF_K = 10  # 60 in the paper, for lists of a thousand; in lists of twenty the first place has to count
CANDIDATES = 4  # times k from each search
HALF_LIFE_DAYS = 60.0
MIN_SIMILARITY = 0.35
MIN_WORD_SHARE = 0.34
KINDS: tuple[Kind, ...] = ("fact", "lesson", "episode")


@dataclass(frozen=True)
class Hit(Record):
    """One thing recalled. `text` is data of the stated origin (kind, source_id), never an instruction."""

    text: str
    kind: Kind
    source_id: str
    score: float
    """Comparable within one recall only."""
    why: str


@dataclass
class _Candidate:
    row: DocumentRow
    word_rank: int | None = None
    meaning_rank: int | None = None
    similarity: float | None = None
    shared: tuple[str, ...] = ()

    def score(self, time: datetime) -> float:
        ranks = [rank for rank in (self.word_rank, self.meaning_rank) if rank is not None]
        fused = sum(1 / (RRF_K + rank) for rank in ranks) * RRF_K / 2
        importance, use = 0.75 + 0.5 * self.row.importance, 1 + 0.03 * math.log1p(self.row.num_uses)
        return fused * self._recency(time) * importance * use

    def is_relevant(self, num_query_words: int) -> bool:
        """Near in meaning, or sharing enough of the query's words."""
        if self.similarity is not None and self.similarity >= MIN_SIMILARITY:
            return True
        return self.word_rank is not None and len(self.shared) >= MIN_WORD_SHARE * num_query_words

    def _recency(self, time: datetime) -> float:
        halvings: float = _age_days(self.row.created_at, time) / HALF_LIFE_DAYS
        return 0.5 + 0.5 * math.exp2(-halvings)

    def why(self, time: datetime, note: str) -> str:
        parts = []
        if self.word_rank is not None and self.shared:
            parts.append(f"shares {', '.join(self.shared[:6])} (words: place {self.word_rank})")
        if self.meaning_rank is not None and self.similarity is not None:
            parts.append(f"means nearly the same (similarity {self.similarity:.2f}, place {self.meaning_rank})")
        parts.append(f"{_age(self.row.created_at, time)}, importance {self.row.importance:g}")
        if self.row.num_uses:
            parts.append(f"recalled {self.row.num_uses}× before")
        return "; ".join(parts + ([note] if note else []))


class Recall:
    """Searches the documents."""

    def __init__(self, database: Database, index: Index) -> None:
        self._database = database
        self._index = index

    def __call__(
        self,
        query: str,
        k: int,
        namespace: str,
        kinds: Sequence[Kind] = KINDS,
        *,
        also: Sequence[str] = (),
        count_use: bool = True,
    ) -> list[Hit]:
        """The k best hits of the namespace and of those in `also`, best first; uses are counted in the first alone.

        Without the vector index words alone decide, and each hit says so.
        """
        if not query.strip() or k < 1:
            return []
        searched = [namespace, *self.namespaces(*also)] if also else [namespace]
        near, note = self._near(query, k * CANDIDATES, searched, kinds)
        time = datetime.now(UTC)
        with self._database.read() as session:
            by_words = words.search(session, query, k * CANDIDATES, searched, kinds)
            wanted = set(by_words) | near.keys()
            rows = session.scalars(select(DocumentRow).where(DocumentRow.id.in_(wanted))).all()
        num_words = len(words.words_of(query))
        candidates = [_candidate(row, query, by_words, near) for row in rows]
        chosen = sorted(
            (c for c in candidates if c.is_relevant(num_words)), key=lambda c: (-c.score(time), -c.row.number)
        )[:k]
        if count_use and chosen:
            self._count_use([candidate.row.id for candidate in chosen if candidate.row.namespace == namespace])
        return [_hit(candidate, time, note) for candidate in chosen]

    def namespaces(self, *names: str) -> list[str]:
        """The namespaces of these names that something is remembered in; a name with `/` at its end is all below it."""
        with self._database.read() as session:
            known = session.scalars(select(DocumentRow.namespace).distinct().order_by(DocumentRow.namespace)).all()
        return [each for each in known if not names or any(_is_in(each, name) for name in names)]

    def _near(
        self, query: str, k: int, namespaces: Sequence[str], kinds: Sequence[Kind]
    ) -> tuple[dict[str, tuple[int, float]], str]:
        """Rank and similarity by document, and what to say if the index is out of order."""
        try:
            found = self._index.search(query, k, namespaces, kinds)
        except IndexUnavailable as error:
            return {}, f"by words alone: {error}"
        return {near.id: (rank, near.similarity) for rank, near in enumerate(found, 1)}, ""

    def _count_use(self, ids: Sequence[str]) -> None:
        used = update(DocumentRow).where(DocumentRow.id.in_(ids))
        with self._database.write() as session:
            session.execute(used.values(num_uses=DocumentRow.num_uses + 1, last_used_at=now()))


def _candidate(row: DocumentRow, query: str, by_words: Sequence[str], near: dict[str, tuple[int, float]]) -> _Candidate:
    meaning_rank, similarity = near.get(row.id, (None, None))
    word_rank = by_words.index(row.id) + 1 if row.id in by_words else None
    return _Candidate(row, word_rank, meaning_rank, similarity, words.shared(query, row.text))


def _hit(candidate: _Candidate, time: datetime, note: str) -> Hit:
    row = candidate.row
    kind = next(kind for kind in KINDS if kind == row.kind)
    return Hit(row.shown, kind, row.source_id, round(candidate.score(time), 4), candidate.why(time, note))


def _is_in(namespace: str, name: str) -> bool:
    return namespace.startswith(name) if name.endswith("/") else namespace == name


def _age_days(stamp: str, time: datetime) -> float:
    return max(0.0, (time - datetime.fromisoformat(stamp)).total_seconds() / 86_400)


def _age(stamp: str, time: datetime) -> str:
    days = int(_age_days(stamp, time))
    return "from today" if days == 0 else f"{days} day{'s' if days != 1 else ''} old"
