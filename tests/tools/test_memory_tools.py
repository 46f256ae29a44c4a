"""remember and recall over whatever memory the agent brings."""

from collections.abc import Sequence
from pathlib import Path

from coterie.tools import Recalled, Registry, ToolContext, builtin_tools


class ListMemory:
    """Keeps facts in a list and finds those that share a word."""

    def __init__(self) -> None:
        self.facts: list[str] = []

    def remember(self, text: str) -> str:
        self.facts.append(text)
        return f"fact-{len(self.facts)}"

    def recall(self, query: str, k: int) -> Sequence[Recalled]:
        found = [fact for fact in self.facts if set(query.lower().split()) & set(fact.lower().split())]
        return [{"text": fact, "source_id": "s", "score": 1.0, "why": "a shared word"} for fact in found[:k]]


async def test_remember_and_recall(tmp_path: Path) -> None:
    memory = ListMemory()
    registry = Registry(builtin_tools(ToolContext(tmp_path, memory=memory)))
    assert (await registry.get("remember")({"text": " Ada pays late "})).text == "remembered as fact-1"
    found = await registry.get("recall")({"query": "who is late", "limit": 1})
    assert found.data == [{"text": "Ada pays late", "source_id": "s", "score": 1.0, "why": "a shared word"}]
    assert (await registry.get("remember")({"text": " "})).is_error
    assert "limit is 2,000" in (await registry.get("remember")({"text": "x" * 3000})).text
    assert (await registry.get("recall")({"query": ""})).is_error
    assert (await registry.get("recall")({"query": "x", "limit": 0})).error_kind == "arguments"


def test_only_with_a_memory(tmp_path: Path) -> None:
    assert "recall" not in Registry(builtin_tools(ToolContext(tmp_path)))
