"""BFCL's Java and JavaScript categories: arguments are strings that hold source text of the language.

The tools say so in their descriptions, in BFCL's words; the package's checker reads the text with its own converters.
`written` goes the other way, to replay the possible answers.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

Language = Literal["java", "javascript"]
LANGUAGES: Mapping[str, Language] = {"simple_java": "java", "simple_javascript": "javascript"}

_SYNTAX = {"java": "Java 8 SDK", "javascript": "JavaScript"}
_TITLES = {"java": "Java", "javascript": "JavaScript"}
_LISTS = ("Array", "ArrayList", "array")


def described(function: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """The function with every parameter a string, and the descriptions saying of what."""
    parameters = function["parameters"]
    properties = {name: _as_text(part, _TITLES[language]) for name, part in parameters["properties"].items()}
    hint = f" Note that the provided function is in {_SYNTAX[language]} syntax."
    return {
        **function,
        "description": function["description"] + hint,
        "parameters": {**parameters, "properties": properties},
    }


def _as_text(part: Mapping[str, Any], title: str) -> dict[str, Any]:
    kind, text = part["type"], part["description"]
    if kind == "any":
        text += f" This parameter can be of any type of {title} object in string representation."
    else:
        text += f" This is {title} {kind} type parameter in string representation."
    if kind in _LISTS:
        text += f" The list elements are of type {part['items']['type']}; they are not in string representation."
    if kind == "dict" and "properties" in part:
        text += (
            " The dictionary entries have the following schema; they are not in string representation. "
            + json.dumps(part["properties"])
        )
    return {"type": "string", "description": text}


def written(value: Any, part: Mapping[str, Any], language: Language) -> str:
    """A possible answer as source text that the checker reads back as that value."""
    kind, nested = part["type"], part.get("items", {}).get("type")
    if kind == "any" or isinstance(value, str):
        return str(value)
    if language == "javascript":
        return _javascript(value, kind)
    if kind == "Array":
        return "new Object[]{" + ", ".join(_java(item, str(nested), str) for item in value) + "}"
    if kind == "ArrayList":
        return (
            "new ArrayList<>(Arrays.asList(" + ", ".join(_java(item, str(nested), json.dumps) for item in value) + "))"
        )
    if kind == "HashMap":
        puts = [f"put({json.dumps(name)}, {_java(item, 'any', json.dumps)});" for name, item in value.items()]
        return "new HashMap<>() {{ " + " ".join(puts) + " }}"
    return _java(value, kind, str)


def _java(value: Any, kind: str, text: Callable[[str], str]) -> str:
    if isinstance(value, str):
        return text(value)
    return json.dumps(value) + {"long": "L", "float": "f"}.get(kind, "")


def _javascript(value: Any, kind: str) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_javascript(item, 'any')}" for name, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_javascript(item, "any") for item in value) + "]"
    return json.dumps(value) + ("n" if kind == "Bigint" else "")
