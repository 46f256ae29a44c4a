"""How near each tool is to a text: the first gate of tool choice, at run time and in training data alike.

A sentence encoder over name and description, helped by BM25, which knows parameter names and rare words; BM25 alone
where there is no encoder. `python -m coterie.evals.retrieval` compares them.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Literal, Protocol, TypeVar

from coterie.model.chat import ToolCard

T = TypeVar("T")
ToolEncoder = Literal["trained", "plain"]
"""The sentence encoder that ranks the tools for a step: trained on steps and the tools they need, or as it came."""
MAX_PARTS = 16
NUM_MATCHES = 3
_BM25_K1 = 1.2
_BM25_B = 0.75
_LEXICAL_SHARE = 0.08  # of a cosine, for the best BM25 score; chosen on training steps only


class SentenceEncoder(Protocol):
    """Texts to unit vectors: `coterie.model.encoder.Encoder`, or a fake."""

    def encode(self, texts: Sequence[str]) -> Any:
        """A float array of one row for each text, every row of length 1."""
        ...


class Named(Protocol):
    """A tool, or its card."""

    @property
    def name(self) -> str: ...


class Relevance:
    """Scores tools for texts; what a tool says of itself is encoded once for as long as it does not change."""

    def __init__(self) -> None:
        self._vectors: dict[SentenceEncoder, dict[str, Any]] = {}

    def scores(self, query: str, cards: Sequence[ToolCard], encoder: SentenceEncoder | None = None) -> list[float]:
        """One score a tool: its cosine with the query plus up to 0.08 for shared words; BM25 without an encoder."""
        if not cards:
            return []
        if encoder is None:
            return _bm25(query, cards)
        near = self._cosines(query, cards, encoder)
        return [cosine + share for cosine, share in zip(near, lexical(query, cards), strict=True)]

    def _cosines(self, query: str, cards: Sequence[ToolCard], encoder: SentenceEncoder) -> list[float]:
        texts, vectors = [meaning(card) for card in cards], self._vectors.setdefault(encoder, {})
        if missing := [text for text in dict.fromkeys(texts) if text not in vectors]:
            vectors.update(zip(missing, encoder.encode(missing), strict=True))
        wanted = encoder.encode([query])[0]
        return [float(vectors[text] @ wanted) for text in texts]


def lexical(query: str, cards: Sequence[ToolCard]) -> list[float]:
    """What shared words add to each tool's cosine: 0.08 for the best BM25 score, the others in proportion."""
    scores = _bm25(query, cards)
    best = max(scores) or 1.0
    return [_LEXICAL_SHARE * score / best for score in scores]


def _bm25(query: str, cards: Sequence[ToolCard]) -> list[float]:
    return bm25(_words(query), [_words(search_text(card)) for card in cards])


def parts_of(task: str) -> list[str]:
    """The task and its clauses: a task of several steps is near to no single tool, its clauses are."""
    clauses = [clause.strip() for clause in re.split(r"[.,;:!?\n]\s", task)]
    return list(dict.fromkeys([task, *(clause for clause in clauses if clause)]))[:MAX_PARTS]


def rank(tools: Sequence[T], scores: Sequence[float]) -> list[tuple[T, float]]:
    """Tools and their scores, best first; ties in the order given."""
    return sorted(zip(tools, scores, strict=True), key=lambda pair: -pair[1])


def matches(rankings: Iterable[Sequence[tuple[Named, float]]], k: int = NUM_MATCHES) -> list[tuple[str, float]]:
    """The names of the k tools that come nearest to any part of a task, with the score of the part they suit best."""
    best: dict[str, float] = {}
    for tool, score in (pair for ranking in rankings for pair in ranking):
        best[tool.name] = max(score, best.get(tool.name, score))
    return sorted(best.items(), key=lambda pair: -pair[1])[:k]


def meaning(card: ToolCard) -> str:
    """What the encoder reads of a tool; parameters' names only blur it."""
    return f"{spelled_out(card.name)}: {card.description}"


def search_text(card: ToolCard) -> str:
    """The words BM25 finds a tool by."""
    parameters = ", ".join(map(spelled_out, card.parameters.get("properties", {})))
    return f"{meaning(card)} Parameters: {parameters}"


def spelled_out(name: str) -> str:
    """A name's words with spaces between them: `getOrder`, `get_order` and `shop.get-order` read alike."""
    before, after = " " + name, name[1:] + " "
    spaced = "".join(
        f" {letter}" if letter.isupper() and (last.islower() or following.islower()) else letter
        for last, letter, following in zip(before, name, after, strict=False)
    )
    return " ".join(re.findall(r"[^\W_]+", spaced)).lower()


def bm25(query: Sequence[str], documents: Sequence[Sequence[str]]) -> list[float]:
    """Okapi BM25 of each document (Robertson and Zaragoza 2009, with the +1 that keeps idf above zero)."""
    counts = [Counter(words) for words in documents]
    average = sum(map(len, documents)) / len(documents) or 1.0
    frequency = Counter(word for count in counts for word in count)
    idf = {
        word: math.log(1 + (len(documents) - frequency[word] + 0.5) / (frequency[word] + 0.5)) for word in set(query)
    }

    def score(count: Counter[str], length: int) -> float:
        norm = _BM25_K1 * (1 - _BM25_B + _BM25_B * length / average)
        return sum(idf[word] * count[word] * (_BM25_K1 + 1) / (count[word] + norm) for word in sorted(idf))

    return [score(count, len(words)) for count, words in zip(counts, documents, strict=True)]


def _words(text: str) -> list[str]:
    return [_stem(word) for word in re.findall(r"[^\W_]+", text.lower())]


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
