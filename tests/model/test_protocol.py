"""The prompt format: every turn reads back as it was said, and the served grammar takes exactly those turns."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.model import protocol
from coterie.model.chat import Completion, JsonSchema, ToolCard
from coterie.model.errors import MalformedCompletion
from coterie.model.protocol import Answer, CallDraft, MalformedTurn, Plan, PlannedStep, Verdict
from coterie.model.signature import signature
from coterie.model.structured import require_schema

ORDER = ToolCard(
    "get_order",
    "Look up an order.",
    {
        "type": "object",
        "properties": {
            "order_id": {"type": "string", "description": "The order's id", "maxLength": 9},
            "fields": {"type": "array", "items": {"enum": ["status", "total"]}},
            "limit": {"type": "integer", "minimum": 1, "default": 3},
        },
        "required": ["order_id"],
        "additionalProperties": False,
    },
)
TEXT = st.text(max_size=40)
STEPS = st.builds(PlannedStep, TEXT, st.lists(TEXT, max_size=3).map(tuple))


@given(st.lists(STEPS, min_size=1, max_size=4, unique=True))
def test_a_plan_reads_back(steps: list[PlannedStep]) -> None:
    plan = Plan(tuple(steps))
    assert protocol.parse_plan(protocol.say(plan)["content"]) == plan


@given(TEXT, st.sampled_from(["done", "retry", "replan", "finish"]), st.sampled_from(["success", "failed"]))
def test_other_turns_read_back(text: str, word: Any, status: Any) -> None:
    assert protocol.parse_plan(protocol.say(Plan(refusal=text))["content"]).refusal == text
    assert protocol.parse_verdict(protocol.say(Verdict(text, word))["content"]) == Verdict(text, word)
    assert protocol.parse_answer(protocol.say(Answer(text, status))["content"]) == Answer(text, status)
    call = CallDraft("get_order", {"order_id": text})
    assert protocol.parse_call(protocol.say(call)["content"]) == call


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"steps": []}', '{"steps": ["look"]}', '{"steps": [{"do": 1}]}'])
def test_what_is_no_plan_says_why(text: str) -> None:
    with pytest.raises(MalformedTurn):
        protocol.parse_plan(text)


@pytest.mark.parametrize("text", ['{"name": "f", "arguments": {"n": ' + "1" * 5000 + "}}", "[" * 100_000])
def test_numbers_and_nesting_beyond_what_json_reads_are_malformed(text: str) -> None:
    with pytest.raises(MalformedTurn, match="not JSON"):
        protocol.parse_call(text)
    completion = Completion(text, 1, 1, "stop")
    with pytest.raises(MalformedCompletion, match="not JSON"):
        require_schema(completion, {"type": "object"})


def test_needs_point_back() -> None:
    text = '{"steps": [{"do": "a", "with": [], "needs": [1, 2]}, {"do": "b", "with": [], "needs": [1, 1, 3]}]}'
    assert [step.needs for step in protocol.parse_plan(text).steps] == [(), (1,)]
    assert [step.needs for step in protocol.parse_plan(text, first=3).steps] == [(1, 2), (1, 3)]


def accepts(schema: JsonSchema, text: str) -> bool:
    import xgrammar
    from xgrammar.testing import _is_grammar_accept_string

    grammar = xgrammar.Grammar.from_json_schema(json.dumps(schema), any_whitespace=True)  # as our server asks for it
    return bool(_is_grammar_accept_string(grammar, text))


TURNS = {
    "plan": (protocol.plan_schema(), Plan((PlannedStep('say "x"\n', ("A-17", "é")), PlannedStep("b", (), (1,))))),
    "refusal": (protocol.plan_schema(), Plan(refusal="no tool fits")),
    "call": (protocol.call_schema([ORDER]), CallDraft("get_order", {"order_id": "A-17", "fields": ["total"]})),
    "verdict": (protocol.verdict_schema(), Verdict('it is "late"', "done")),
    "answer": (protocol.answer_schema(), Answer("line\nline", "failed")),
}


@pytest.mark.parametrize("kind", TURNS)
def test_the_grammar_takes_its_own_turn_and_no_other(kind: str) -> None:
    schema, turn = TURNS[kind]
    assert accepts(schema, protocol.say(turn)["content"])
    for other, (_, wrong) in TURNS.items():
        if {kind, other} != {"plan", "refusal"} and other != kind:
            assert not accepts(schema, protocol.say(wrong)["content"]), other


def test_a_plan_does_not_repeat_a_step() -> None:
    look, weigh = PlannedStep("look"), PlannedStep("weigh", ("A",), (1,))
    again = PlannedStep("weigh", ("A",), (2,))
    text = protocol.say(Plan((look, look, weigh, again, PlannedStep("weigh", ("B",), (2, 4)))))["content"]
    assert protocol.parse_plan(text).steps == (look, weigh, PlannedStep("weigh", ("B",), (1, 2)))
    later = protocol.say(Plan((look, look, PlannedStep("weigh", ("A",), (6, 2)))))["content"]
    assert protocol.parse_plan(later, first=5).steps == (look, PlannedStep("weigh", ("A",), (5, 2)))


def test_dates_of_arguments_are_enforced() -> None:
    card = ToolCard("on", "", {"type": "object", "properties": {"day": {"type": "string", "format": "date"}}})
    schema = protocol.call_schema([card])
    assert accepts(schema, protocol.say(CallDraft("on", {"day": "2026-11-22"}))["content"])
    assert not accepts(schema, protocol.say(CallDraft("on", {"day": "10:00"}))["content"])


def test_a_failed_call_cannot_be_done() -> None:
    schema = protocol.verdict_schema(["retry", "finish"])
    assert accepts(schema, protocol.say(Verdict("x", "retry"))["content"])
    assert not accepts(schema, protocol.say(Verdict("x", "done"))["content"])


def test_signature() -> None:
    assert signature(ORDER) == (
        "get_order(order_id: string, fields?: list[status|total], limit?: integer = 3): Look up an order.\n"
        "  order_id: The order's id"
    )


def test_arguments_are_written_in_the_order_of_the_schema() -> None:
    ordered = protocol.in_schema_order({"extra": 1, "limit": 2, "order_id": "A"}, ORDER.parameters)
    assert list(ordered) == ["order_id", "limit", "extra"]


@pytest.mark.parametrize(("value", "fits"), [("A-17", True), ("-2.5", True), ("A-71", False), ("", False)])
def test_a_plan_can_be_held_to_values(value: str, fits: bool) -> None:
    text = protocol.say(Plan((PlannedStep("look", (value,)),)))["content"]
    assert accepts(protocol.plan_schema(values=["A-17", "order A-17"]), text) == fits


def test_a_lone_surrogate_is_read_as_a_question_mark() -> None:
    assert protocol.parse_verdict('{"note": "a\\ud800b \\ud83d\\ude00", "verdict": "done"}').note == "a?b 😀"
    call = protocol.parse_call('{"name": "note", "arguments": {"\\udfff": ["\\ud800"]}}')
    assert call.arguments == {"?": ["?"]}
