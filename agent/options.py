"""Options that a step names and its call leaves out: "with the history" for `include_history`, "a cheap room" for
`price: [cheap, dear]`.

Small models write what a tool requires and stop. An optional parameter is named where the words of its switch, or one
of the values it can take, stand in the step and in no argument. The call is then written once more with that parameter
in it; what it says there stays the model's choice.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from coterie.model.chat import JsonSchema, ToolCard
from coterie.model.protocol import CallDraft

MIN_LETTERS = 4
_WORD = re.compile(r"[^\W_]+")
_NAME_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_TOKEN_EDGES = " .,;:!?\"'()[]`"
# Words of switches that say nothing about what is switched.
_SWITCHING = frozenset(
    "include includes included with is are has have show return get use only enable allow add should want".split()  # noqa: SIM905
)


def left_out(written: CallDraft, card: ToolCard, do: str) -> list[str]:
    """The parameters that the call leaves out and the step `do` names."""
    properties: dict[str, JsonSchema] = card.parameters.get("properties", {})
    said = _words(do)
    used = {word for value in _texts(written.arguments) for word in _words(value)}
    return [
        name
        for name, schema in properties.items()
        if name not in written.arguments and _is_named(name, schema, said, used)
    ]


def completed(card: ToolCard, written: CallDraft, names: Sequence[str]) -> ToolCard:
    """The tool with the arguments as written and these parameters required beside them."""
    properties = card.parameters["properties"]
    asked = {name: {"const": value} for name, value in written.arguments.items()} | {n: properties[n] for n in names}
    ordered = {name: asked[name] for name in properties if name in asked}
    parameters = {"type": "object", "properties": ordered, "required": list(ordered), "additionalProperties": False}
    return ToolCard(card.name, card.description, parameters)


def _is_named(name: str, schema: JsonSchema, said: Sequence[str], used: Collection[str]) -> bool:
    if schema.get("type") == "boolean":
        words = [part.lower() for part in _NAME_PART.findall(name) if part.lower() not in _SWITCHING]
        return bool(words) and all(any(_alike(word, other) for other in said) for word in words)
    choices = schema.get("enum") or schema.get("items", {}).get("enum", ())
    return any(_stands_in(str(choice), said, used) for choice in choices)


def _stands_in(choice: str, said: Sequence[str], used: Collection[str]) -> bool:
    """Whether all words of a value are said, and not as the step's verb or within another argument."""
    words = _words(choice.replace("_", " ").replace("-", " "))
    return (
        bool(words)
        and any(len(word) >= MIN_LETTERS for word in words)
        and all(word in said[1:] and word not in used for word in words)
    )


def _alike(word: str, said: str) -> bool:
    """The same word, or one with another ending: `detailed` and `details`."""
    return word == said or (
        min(len(word), len(said)) >= MIN_LETTERS and (word.startswith(said[:-1]) or said.startswith(word[:-1]))
    )


def _words(text: str) -> list[str]:
    """Its words in small letters; of names such as `orders.csv` none."""
    tokens = [token.strip(_TOKEN_EDGES) for token in text.split()]
    return [word.lower() for token in tokens for word in token.split("-") if _WORD.fullmatch(word)]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    else:
        yield str(value)
