"""Spelling: what our weights read has a space after every opening quotation mark, and what they write is read back."""

import json
from itertools import islice

import pytest
from jsonschema import Draft202012Validator

from coterie.model.chat import JsonSchema, ToolCard
from coterie.model.protocol import CallDraft, ask_step, call_schema, plan_schema, say, show_result
from coterie.model.spelling import is_learned_by, read_back, spell, spell_chat, spell_schema
from coterie.model.training.data.registry import stream
from coterie.model.training.data.trajectory import chat

TOOL = ToolCard(
    "move_mail",
    "Move a mail.",
    {
        "type": "object",
        "properties": {
            "mail_id": {"type": "string"},
            "folder": {"enum": ["inbox", "trash", "2025", 3]},
            "labels": {"type": "array", "items": {"type": "string"}},
            "const": {"const": "kept"},
            "run": {"type": "string", "format": "uuid"},
            "day": {"type": "string", "format": "date"},
        },
        "required": ["mail_id", "folder"],
    },
)


@pytest.mark.parametrize(
    ("plain", "spelt"),
    [
        ('Known: ["kettle", "M2"]', 'Known: [" kettle", " M2"]'),
        ("Save \"buy milk\" as the note 'Home'", "Save \" buy milk\" as the note ' Home'"),
        ('"Yes" is the answer', '" Yes" is the answer'),
        ('{"title": "Yoga", "a b": {"c": ["x", "y"]}}', '{"title": " Yoga", "a b": {"c": [" x", " y"]}}'),
        ('{"path": "/home/x", "mark": "#1"}', '{"path": " /home/x", "mark": " #1"}'),
        ("No item 'kettle'; see `ls` or “ls”", "No item ' kettle'; see ` ls` or “ ls”"),
    ],
)
def test_an_opening_quotation_mark_gets_a_space(plain: str, spelt: str) -> None:
    assert spell(plain) == spelt
    assert read_back(spelt) == plain


@pytest.mark.parametrize(
    "text",
    [
        '{"date": "2026-06-04", "sum": "-3.5", "none": "", "colon": ": ", "list": ["", "1"]}',
        "don't, it's the boys' and 5\" long",
        'print("hello")',
        '{"text": "1 of \\"them\\" twice"}',
        "Plan.",
    ],
)
def test_everything_else_stays(text: str) -> None:
    assert spell(text) == text


def test_every_turn_of_training_runs_is_read_back_as_it_was() -> None:
    turns = [m["content"] for run in islice(stream(5), 60) for m in chat(run) if m["role"] == "assistant"]
    assert len(turns) > 300
    assert [read_back(spell(turn)) for turn in turns] == turns
    assert sum(spell(turn) != turn for turn in turns) > len(turns) / 2


def test_what_is_copied_is_the_same_token() -> None:
    from coterie.model.training.parent import load_encoder

    ids = load_encoder().encode
    [kettle] = ids(" kettle")
    call = say(CallDraft("stock_of", {"item": "kettle"}))["content"]
    assert kettle not in ids(call), "two tokens, a spelling of its own"
    for text in ("How many kettle", spell(call), spell(show_result("stock", '{"item": "kettle"}')["content"])):
        assert kettle in ids(text)


def test_a_schema_asks_for_values_that_are_spelt() -> None:
    schema = spell_schema(call_schema([TOOL]))
    arguments = schema["properties"]["arguments"]["properties"]
    assert arguments["folder"]["enum"] == [" inbox", " trash", "2025", 3]
    assert arguments["const"] == {"const": " kept"}
    assert (arguments["run"], arguments["day"]["format"]) == ({"type": "string"}, "date")
    fitting = CallDraft("move_mail", {"mail_id": "M2", "folder": "trash", "labels": ["old"], "day": "2026-01-02"})
    _accepts(schema, spell(say(fitting)["content"]))
    known = '{"steps": [{"do": " x", "with": [" kettle", "3"], "needs": []}]}'
    _accepts(spell_schema(plan_schema(values=["kettle", "3"])), known)


def test_schemas_and_chats_are_not_changed_in_place() -> None:
    schema, messages = call_schema([TOOL]), [ask_step(1, "Put it into trash", ["trash"], ["move_mail"])]
    before = json.dumps([schema, messages])
    assert spell_schema(schema) != schema
    assert spell_chat(messages) != messages
    assert json.dumps([schema, messages]) == before


def test_only_our_weights_have_learned_it() -> None:
    assert is_learned_by("coterie")
    assert is_learned_by("/srv/models/coterie-ad5df9a52778")
    assert not is_learned_by("coterie-large")
    assert not is_learned_by("/srv/models/coterie-large-0f7d1c2b3a49")
    assert not is_learned_by("Qwen/Qwen3-0.6B")


def _accepts(schema: JsonSchema, text: str) -> None:
    Draft202012Validator(schema).validate(json.loads(text))
