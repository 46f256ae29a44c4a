"""Word search over the documents: BM25 through SQLite's FTS5, or PostgreSQL's own ranking.

Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009); FTS5 ranks
by it. The query is a plain OR of the words that carry meaning, so nothing a user types is query syntax.
"""

import re
import unicodedata
from collections.abc import Sequence

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

MAX_WORDS = 64
STEM_CHARS = 4
MAX_ENDING_CHARS = 3
_WORD = re.compile(r"\w+")
_STOP_TEXT = """
a about after all also an and any are as at be been but by can could did do does for from had has have how i if in into
is it its me my no not of on or our out over please shall should so some than that the their them then there these they
this to up us was we were what when where which who why will with would you your
"""
_LETTER = re.compile("[a-z]")
STOP_WORDS = frozenset(_STOP_TEXT.split())

_FTS5 = """
SELECT d.id AS id FROM documents_words w JOIN documents d ON d.number = w.rowid
WHERE documents_words MATCH :query AND d.namespace IN :namespaces AND d.kind IN :kinds
ORDER BY bm25(documents_words), d.number DESC LIMIT :k
"""
_TSVECTOR = """
SELECT d.id AS id FROM documents d, to_tsquery('simple', :query) q
WHERE to_tsvector('simple', d.text) @@ q AND d.namespace IN :namespaces AND d.kind IN :kinds
ORDER BY ts_rank_cd(to_tsvector('simple', d.text), q) DESC, d.number DESC LIMIT :k
"""


def words_of(query: str) -> tuple[str, ...]:
    """The words of a text that carry meaning, each once, in lower case; all of them if none does."""
    every = tuple(dict.fromkeys(word.lower() for word in _WORD.findall(query)))
    meaning = tuple(
        word for word in every if word not in STOP_WORDS and (len(word) > 1 or not word.isascii() or word.isdigit())
    )
    return (meaning or every)[:MAX_WORDS]


def search(session: Session, query: str, k: int, namespaces: Sequence[str], kinds: Sequence[str]) -> list[str]:
    """Ids of the k best documents of these namespaces, best first."""
    words = words_of(query)
    if not words:
        return []
    if session.get_bind().dialect.name == "sqlite":
        statement, expression = _FTS5, " OR ".join(f'"{word}"' for word in words)
    else:
        statement, expression = _TSVECTOR, " | ".join(f"'{word}'" for word in words)
    bound = text(statement).bindparams(*(bindparam(name, expanding=True) for name in ("namespaces", "kinds")))
    values = {"query": expression, "namespaces": list(namespaces), "kinds": list(kinds), "k": k}
    return [str(found) for found in session.scalars(bound, values)]


def compact(session: Session) -> None:
    """Write SQLite's word index anew: words that were only taken out of it still stand in its file."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("INSERT INTO documents_words(documents_words) VALUES ('optimize')"))


def shared(query: str, document: str) -> tuple[str, ...]:
    """The query's words that the document has, in any accent and with any short ending (deliver, delivering)."""
    have: dict[str, set[str]] = {}
    for word in _WORD.findall(_plain(document)):
        have.setdefault(word[:STEM_CHARS], set()).add(word)
    return tuple(
        word
        for word in words_of(query)
        if any(_same(_plain(word), other) for other in have.get(_plain(word)[:STEM_CHARS], ()))
    )


def _plain(text: str) -> str:
    """Lower case without accents, as the word index holds it."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))


def _same(word: str, other: str) -> bool:
    alike = next((i for i, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), min(len(word), len(other)))
    longer = max(len(word), len(other))
    return alike == longer or alike >= max(STEM_CHARS, longer - MAX_ENDING_CHARS)
