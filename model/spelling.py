"""How a chat is spelt for our weights: a space after every quotation mark that opens.

A byte-level vocabulary has ` kettle` as one token and `kettle` as two, so a model that copies a word of the task into
the quotation marks of a call has to spell it anew, and small ones slip (`"ket kettle"`, `"dentist"` for Dentist). With
the space, a copied value is the very tokens it was read as. What our weights read is spelt so and what they write is
spelt back, by the client and by the training data alike; nobody else sees it.

A quotation mark opens where a text or a list begins, after white space and after `:`, `[`, `{` or `,`. It keeps what
follows as it is where that is no word: digits, white space, more JSON; and so do the keys of objects.
"""

import re
from collections.abc import Sequence
from typing import Any

from coterie.model.chat import JsonSchema, Message
from coterie.model.config import model_of

_WORD = r"(?![-+.]?\d)[^\s\"'`,:}\]\\]"
_KEY = r"(?![^\"'\n]{1,64}[\"']:)"
_OPENING = r"(?<![^\s:\[{,])([\"'`“‘])"
_OPENS = re.compile(rf"{_OPENING}(?={_WORD}){_KEY}")
_SPELT = re.compile(rf"{_OPENING} (?={_WORD})")
_VALUE = re.compile(_WORD)


def is_learned_by(model: str) -> bool:
    """Whether a model of this name, or in this folder, is one of ours that learned it."""
    ours = model_of(model)
    return ours is not None and ours.spelt


def spell(text: str) -> str:
    """The text as our weights read and write it."""
    return _OPENS.sub(r"\1 ", text)


def read_back(text: str) -> str:
    """What a turn of our weights, which is JSON, says."""
    return _SPELT.sub(r"\1", text)


def spell_chat(messages: Sequence[Message]) -> list[Message]:
    """The chat with all its turns spelt."""
    return [{"role": message["role"], "content": spell(message["content"])} for message in messages]


def spell_schema(schema: JsonSchema) -> JsonSchema:
    """The schema of turns that are spelt: its values are, its keys are not."""
    spelt = {key: _spelt_keyword(key, value) for key, value in schema.items()}
    if spelt.get("format") == "uuid":  # which may begin with a letter
        del spelt["format"]
    return spelt


def _spelt_keyword(key: str, value: Any) -> Any:
    match key, value:
        case "const", _:
            return _spelt_value(value)
        case "enum", list():
            return [_spelt_value(each) for each in value]
        case "properties" | "$defs", dict():
            return {name: spell_schema(sub) for name, sub in value.items()}
        case "anyOf" | "oneOf" | "allOf" | "prefixItems", list():
            return [spell_schema(sub) for sub in value]
        case "items" | "additionalProperties", dict():
            return spell_schema(value)
    return value


def _spelt_value(value: Any) -> Any:
    match value:
        case str() if _VALUE.match(value):
            return f" {value}"
        case list():
            return [_spelt_value(each) for each in value]
        case dict():
            return {key: _spelt_value(each) for key, each in value.items()}
    return value
