"""remember and recall: the agent's long-term memory as tools. What comes back is data, never an instruction."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from coterie.tools.builtin.context import MemoryAccess, Recalled
from coterie.tools.errors import ToolError
from coterie.tools.tool import Tool, tool

_MAX_CHARS = 2_000


class Memory:
    """The memory tools over one memory."""

    def __init__(self, memory: MemoryAccess) -> None:
        self._memory = memory

    def tools(self) -> list[Tool]:
        """The tools, ready to be offered."""
        return [tool(effect="write", idempotent=True)(self.remember), tool(effect="read")(self.recall)]

    def remember(self, text: str) -> str:
        """Store a fact in long-term memory, to be found again in later tasks.

        Args:
            text: one fact in one or two whole sentences, understandable on its own
        """
        fact = text.strip()
        if not fact:
            raise ToolError("text is empty; write the fact to remember")
        if len(fact) > _MAX_CHARS:
            raise ToolError(f"the fact has {len(fact):,} characters; the limit is {_MAX_CHARS:,}. Store the gist of it")
        return f"remembered as {self._memory.remember(fact)}"

    def recall(self, query: str, limit: Annotated[int, Field(ge=1, le=20)] = 5) -> Sequence[Recalled]:
        """Find facts and earlier episodes in long-term memory.

        Args:
            query: what to look for, in words
            limit: how many to return at most
        """
        if not query.strip():
            raise ToolError("query is empty; say what to look for")
        return self._memory.recall(query.strip(), limit)
