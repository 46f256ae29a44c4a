"""The tools of one agent by name, and the search that picks the few a step needs.

Search is the first gate of tool choice; how near a tool is to a text is `coterie.model.relevance`'s to say.
"""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from coterie.model.chat import ToolCard
from coterie.model.relevance import Relevance, SentenceEncoder, rank
from coterie.tools.errors import DuplicateToolError, UnknownToolError
from coterie.tools.tool import Tool

__all__ = ["Registry", "SentenceEncoder"]


class Registry:
    """Tools by name; names are unique."""

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        self._tools: dict[str, Tool] = {}
        self._relevance = Relevance()
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

        With an encoder scores are comparable between searches, but for what shared words add (`model.relevance`).
        """
        scores = self._relevance.scores(query, self.cards(), encoder)
        return rank(list(self), scores)[: max(k, 0)]

    def _nearest(self, name: str) -> str:
        near = get_close_matches(name, self._tools, n=3, cutoff=0.5)
        if near:
            return "did you mean " + " or ".join(map(repr, near)) + "?"
        return f"have {sorted(self._tools)}" if self._tools else "there are no tools"
