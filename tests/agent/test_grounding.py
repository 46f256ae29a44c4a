"""Names given to reading tools: what counts as one, what was seen, and the narrowed second draft."""

import pytest

from coterie.agent.grounding import is_name, names_in, narrowed, slips
from coterie.model.chat import ToolCard
from coterie.model.protocol import call_schema

PARAMETERS = {
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "unit": {"type": "string", "enum": ["kg", "m/s"]},
        "day": {"type": "string", "format": "date"},
        "text": {"type": "string"},
    },
}


@pytest.mark.parametrize("text", ["policy.csv", "A-17", "reports/june.md", "ann@example.org", "inv_00031"])
def test_names(text: str) -> None:
    assert is_name(text)


@pytest.mark.parametrize("text", ["late", "2025-03-01", "3*4.5", "round(2.5)", "two words", "", "-"])
def test_not_names(text: str) -> None:
    assert not is_name(text)


def test_a_slip_is_a_name_nobody_mentioned() -> None:
    arguments = {"path": "policy.csv", "unit": "m/s", "day": "x-1", "text": "orders.csv"}
    assert slips(arguments, PARAMETERS, "read policy.txt, then orders.csv") == ["path"]


def test_names_come_last_seen_first_and_once() -> None:
    texts = ["Order A17 is in orders.csv.", "no order 'A17'; the order ids are A-14, A-15"]
    assert names_in(texts) == ["A-15", "A-14", "A17", "orders.csv"]


def test_the_second_draft_may_only_choose_among_the_names() -> None:
    card = ToolCard("read_file", "Read.", PARAMETERS)
    schema = call_schema([narrowed(card, {"path": "policy.csv", "text": "x"}, ["path"], ["policy.txt", "A17"])])
    assert schema["properties"]["name"] == {"const": "read_file"}
    arguments = schema["properties"]["arguments"]
    assert arguments["properties"] == {"path": {"enum": ["policy.txt", "A17"]}, "text": {"const": "x"}}
    assert arguments["required"] == ["path", "text"]
