"""The tools of one agent by name, and the search that picks the few a step needs.

Search is the first gate of tool choice: a sentence encoder over name and description, helped by BM25, which knows
parameter names and rare words; BM25 alone where there is no encoder. `python -m coterie.evals.retrieval` compares
them. Each tool's text is encoded once for as long as it does not change.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, Protocol

from coterie.model.chat import ToolCard
from coterie.tools.errors import DuplicateToolError, UnknownToolError
from coterie.tools.spec import ToolSpec
from coterie.tools.tool import Tool

_BM25_K1 = 1.2
_BM25_B = 0.75
_LEXICAL_SHARE = 0.08  # of a cosine, for the best BM25 score; chosen on training steps only


class SentenceEncoder(Protocol):
    """Texts to unit vectors: `coterie.model.encoder.Encoder`, or a fake."""

    def encode(self, texts: Sequence[str]) -> Any:
        """A float array of one row for each text, every row of length 1."""
        ...


class Registry:
    """Tools by name; names are unique."""

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        self._tools: dict[str, Tool] = {}
        self._vectors: dict[str, Any] = {}
        for tool in tools:
            self.add(tool)

    def __len__(self) -> int:
        return len(self._tools)

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __contains__(self, name: object) -> bool:
        return name in self._tools

    def add(self, tool: Tool) -> None:
        """Add a tool; DuplicateToolError if its name is taken, naming where both come from."""
        if (other := self._tools.get(tool.name)) is not None:
            raise DuplicateToolError(
                f"two tools are called {tool.name!r}: one from {other.spec.source}, one from {tool.spec.source}; "
                "rename one with @tool(name=...) or leave one out"
            )
        self._tools[tool.name] = tool

    def get(self, name: str) -> Tool:
        """The tool of this name; UnknownToolError with the nearest names, or all of them."""
        if name in self._tools:
            return self._tools[name]
        raise UnknownToolError(f"unknown tool {name!r}; {self._nearest(name)}")

    def names(self) -> list[str]:
        """All names, in the order they were added."""
        return list(self._tools)

    def cards(self) -> list[ToolCard]:
        """What a prompt needs of every tool."""
        return [tool.card() for tool in self]

    def search(self, query: str, k: int, encoder: SentenceEncoder | None = None) -> list[tuple[Tool, float]]:
        """The k tools nearest to the query with their scores, best first; ties in the order of adding.

        Scores are comparable within one search only.
        """
        if not self._tools:
            return []
        scores = self._lexical(query)
        if encoder is not None:
            best = max(scores) or 1.0
            near = self._semantic(query, encoder)
            scores = [cosine + _LEXICAL_SHARE * score / best for cosine, score in zip(near, scores, strict=True)]
        ranked = sorted(zip(self, scores, strict=True), key=lambda pair: -pair[1])
        return ranked[: max(k, 0)]

    def _nearest(self, name: str) -> str:
        near = get_close_matches(name, self._tools, n=3, cutoff=0.5)
        if near:
            return "did you mean " + " or ".join(map(repr, near)) + "?"
        return f"have {sorted(self._tools)}" if self._tools else "there are no tools"

    def _semantic(self, query: str, encoder: SentenceEncoder) -> list[float]:
        missing = [tool.spec for tool in self if tool.spec.digest not in self._vectors]
        if missing:
            rows = encoder.encode([meaning(spec) for spec in missing])
            self._vectors.update(zip((spec.digest for spec in missing), rows, strict=True))
        wanted = encoder.encode([query])[0]
        return [float(self._vectors[tool.spec.digest] @ wanted) for tool in self]

    def _lexical(self, query: str) -> list[float]:
        return bm25(_words(query), [_words(search_text(tool.spec)) for tool in self])


def meaning(spec: ToolSpec) -> str:
    """What the encoder reads of a tool; parameters' names only blur it."""
    return f"{spelled_out(spec.name)}: {spec.description}"


def search_text(spec: ToolSpec) -> str:
    """The words BM25 finds a tool by."""
    parameters = ", ".join(map(spelled_out, spec.parameters.get("properties", {})))
    return f"{meaning(spec)} Parameters: {parameters}"


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
