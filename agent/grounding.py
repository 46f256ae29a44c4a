"""Grounded plans and arguments: what a plan takes from the task stands there, and what is read must have been named.

A reading tool can only find what exists, so an id, a path or an address that stands nowhere in what the run has
seen is a slip of the pen. The call is then written once more, the slipped arguments restricted to names that were
seen. Which one is meant stays the model's choice; writing tools may name new things and are left alone.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from coterie.model.chat import JsonSchema, Message, ToolCard

MAX_NAMES = 128
MAX_SPANS, MAX_WORDS, MAX_QUOTED = 1000, 6, 200
_EDGES = " .,;:!?\"'()[]`"
_QUOTED = re.compile(r"[\"\u201c`']([^\"\u201d`'\n]{2,})[\"\u201d`']")
_NAME = re.compile(r"[\w@][\w./@:-]*[\w]")
_MARK = re.compile(r"[0-9._/@-]")
_LETTER = re.compile(r"[^\W\d_]")


def slips(arguments: Mapping[str, Any], parameters: JsonSchema, seen: str) -> list[str]:
    """The arguments that look like names and occur nowhere in `seen`."""
    properties = parameters.get("properties", {})
    return [
        name
        for name, value in arguments.items()
        if isinstance(value, str) and is_name(value) and value not in seen and _is_free(properties.get(name, {}))
    ]


def is_name(text: str) -> bool:
    """An id, a path, an address: letters with digits or `._/@-` among them, and nothing else."""
    return bool(_NAME.fullmatch(text) and _MARK.search(text) and _LETTER.search(text))


def names_in(texts: Iterable[str]) -> list[str]:
    """The names that occur, the last seen first."""
    found = [word for text in texts for word in _NAME.findall(text) if is_name(word)]
    return list(dict.fromkeys(reversed(found)))[:MAX_NAMES]


def spans(texts: Iterable[str]) -> list[str]:
    """Every run of a few words, and what stands in quotation marks: the values a plan can take from a text."""
    found: dict[str, None] = {}
    for text in texts:
        words = text.split()
        found |= dict.fromkeys(quoted for quoted in _QUOTED.findall(text) if len(quoted) <= MAX_QUOTED)
        for length in range(1, MAX_WORDS + 1):
            found |= dict.fromkeys(
                " ".join(words[i : i + length]).strip(_EDGES) for i in range(len(words) - length + 1)
            )
    found.pop("", None)
    return list(found)[:MAX_SPANS]


def seen_in(messages: Sequence[Message]) -> list[str]:
    """What the run was told and shown: every turn but the tools' descriptions and the model's own words."""
    return [message["content"] for message in messages if message["role"] == "user"]


def narrowed(card: ToolCard, arguments: Mapping[str, Any], slipped: Sequence[str], names: Sequence[str]) -> ToolCard:
    """The tool with its drafted arguments fixed and the slipped ones to be chosen among the names."""
    properties = {
        name: {"enum": list(names)} if name in slipped else {"const": value} for name, value in arguments.items()
    }
    return ToolCard(
        card.name,
        card.description,
        {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False},
    )


def _is_free(schema: JsonSchema) -> bool:
    return not ({"enum", "const", "format"} & schema.keys())
