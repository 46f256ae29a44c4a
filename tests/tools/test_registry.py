"""Names are unique, unknown names get a hint, and search finds the tool with or without an encoder."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from coterie.model.relevance import spelled_out
from coterie.tools import DuplicateToolError, Registry, Tool, ToolContext, UnknownToolError, builtin_tools, tool
from coterie.tools.spec import ToolSpec


class Unused:
    """The body of a tool that is only looked for."""

    def check(self, arguments: object) -> dict[str, Any]:
        raise AssertionError(arguments)

    async def run(self, checked: dict[str, Any]) -> Any:
        raise AssertionError(checked)


class WordEncoder:
    """Counts words of a fixed list: enough to rank, and it remembers what it was asked to encode."""

    words = ("order", "mail", "file", "date")

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts: list[str]) -> np.ndarray:
        self.texts += texts
        rows = np.array([[text.lower().count(word) for word in self.words] for text in texts], dtype=np.float32)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def send_mail(to: str) -> None:
    """Send a mail."""


def find_order(order_id: str) -> None:
    """Look up an order."""


def make_registry() -> Registry:
    return Registry([tool(send_mail), tool(find_order)])


def test_two_tools_of_one_name() -> None:
    with pytest.raises(DuplicateToolError) as caught:
        Registry([tool(send_mail), tool(name="send_mail")(find_order)])
    assert str(caught.value).count("test_registry.py:") == 2
    assert "rename one" in str(caught.value)


def test_unknown_names() -> None:
    registry = make_registry()
    with pytest.raises(UnknownToolError, match="did you mean 'send_mail'"):
        registry.get("sendmail")
    with pytest.raises(UnknownToolError, match=r"have \['find_order', 'send_mail'\]"):
        registry.get("zzz")
    with pytest.raises(UnknownToolError, match="there are no tools"):
        Registry().get("x")


def test_collection() -> None:
    registry = make_registry()
    assert registry.names() == ["send_mail", "find_order"]
    assert [card.name for card in registry.cards()] == registry.names()
    assert "send_mail" in registry
    assert len(registry) == 2


def test_semantic_search_encodes_each_tool_once() -> None:
    registry, encoder = make_registry(), WordEncoder()
    assert registry.search("where is my order", 1, encoder)[0][0].name == "find_order"
    assert registry.search("mail it", 2, encoder)[0][0].name == "send_mail"
    assert len(encoder.texts) == 4  # two tools, two queries
    assert encoder.texts[1] == "find order: Look up an order."


def test_words_decide_between_tools_of_one_meaning() -> None:
    def tools(parameter: str) -> Iterable[Tool]:
        for name in ("first", "second"):
            spec = ToolSpec(name, "Look up an order.", {"properties": {parameter if name == "second" else "id": {}}})
            yield Tool(spec, Unused())

    found = Registry(tools("tracking_code")).search("the order with this tracking code", 1, WordEncoder())
    assert found[0][0].name == "second"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("getOrder", "get order"),
        ("get_order", "get order"),
        ("shop.get-order", "shop get order"),
        ("HTTPFetch", "http fetch"),
        ("s3_listBuckets", "s3 list buckets"),
        ("GrößeÄndern", "größe ändern"),
    ],
)
def test_names_of_all_styles_read_alike(name: str, words: str) -> None:
    assert spelled_out(name) == words


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("run some SQL over the tables", "query_table"),
        ("how many days lie between two dates", "days_between"),
        ("rename the file", "move_file"),
        ("append a line of text to the end of a file", "append_file"),
    ],
)
def test_lexical_search_without_encoder(query: str, name: str, tmp_path: object) -> None:
    registry = Registry(builtin_tools(ToolContext(tmp_path)))  # type: ignore[arg-type]
    found = [found.name for found, _ in registry.search(query, 3)]
    assert name in found


def test_search_bounds() -> None:
    assert Registry().search("x", 3) == []
    assert len(make_registry().search("", 5)) == 2
    assert make_registry().search("x", 0) == []
