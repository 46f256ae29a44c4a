"""Options that a step names and its call leaves out."""

import pytest

from coterie.agent.options import completed, left_out
from coterie.model.chat import ToolCard
from coterie.model.protocol import CallDraft, call_schema

PARAMETERS = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "include_reviews": {"type": "boolean"},
        "detailed": {"type": "boolean"},
        "price": {"type": "string", "enum": ["cheap", "moderate", "very_dear"]},
        "parts": {"type": "array", "items": {"type": "string", "enum": ["address", "opening_hours"]}},
        "limit": {"type": "integer"},
    },
    "required": ["city"],
}
CARD = ToolCard("find_hotels", "Find hotels.", PARAMETERS)


@pytest.mark.parametrize(
    ("do", "named"),
    [
        ("Find hotels in Lyon", []),
        ("Find a cheap hotel in Lyon with its reviews", ["include_reviews", "price"]),
        ("Find details of very dear hotels in Lyon", ["detailed", "price"]),
        ("Find the address and the opening hours of hotels in Lyon", ["parts"]),
        ("Address hotels in Lyon", []),  # the step's own verb
        ("Find hotels in Lyon, see address.csv", []),  # part of a name
        ("Find hotels in cheap", []),  # taken by another argument
    ],
)
def test_what_a_step_names(do: str, named: list[str]) -> None:
    city = "cheap" if do.endswith("cheap") else "Lyon"
    assert left_out(CallDraft("find_hotels", {"city": city}), CARD, do) == named


def test_what_the_call_says_is_not_left_out() -> None:
    said = CallDraft("find_hotels", {"city": "Lyon", "price": "moderate", "include_reviews": False})
    assert left_out(said, CARD, "Find a cheap hotel in Lyon with its reviews") == []


def test_the_second_draft_keeps_what_was_written_and_must_say_the_rest() -> None:
    card = completed(CARD, CallDraft("find_hotels", {"city": "Lyon"}), ["price"])
    arguments = call_schema([card])["properties"]["arguments"]
    assert arguments["properties"] == {"city": {"const": "Lyon"}, "price": PARAMETERS["properties"]["price"]}  # type: ignore[index]
    assert arguments["required"] == ["city", "price"]
