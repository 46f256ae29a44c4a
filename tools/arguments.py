"""Checking a call's arguments and saying what is wrong in words a small model can act on.

Stands between what the model wrote and what the function gets. Each problem names the argument, the value,
what is expected, and the nearest right name or choice. What cannot be understood is refused, never guessed.
"""

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from coterie.model.chat import JsonSchema
from coterie.tools.errors import ArgumentError

_SHOWN_CHARS = 80
_FORMATS = {"date": "YYYY-MM-DD", "date-time": "YYYY-MM-DDTHH:MM:SS", "time": "HH:MM:SS"}
_KINDS = {"list": "array", "dict": "object", "str": "string"}


def validate(tool: str, model: type[BaseModel], parameters: JsonSchema, arguments: object) -> dict[str, Any]:
    """The arguments as Python values by parameter name, defaults filled in; ArgumentError otherwise."""
    known = parameters.get("properties", {})
    if not isinstance(arguments, Mapping):
        raise ArgumentError(tool, [f"the arguments must be one JSON object, not {shown(arguments)}; {_all(known)}"])
    given = {str(name): _opened(value, known.get(name, {})) for name, value in arguments.items()}
    try:
        checked = model.model_validate(given, extra="forbid")
    except ValidationError as error:
        raise ArgumentError(tool, explain(error, given, known)) from None
    return {field.alias or name: getattr(checked, name) for name, field in type(checked).model_fields.items()}


def validate_by_schema(tool: str, parameters: JsonSchema, arguments: object) -> dict[str, Any]:
    """The arguments as the tool's JSON Schema wants them; ArgumentError names everything that is wrong.

    For tools whose schema is all that is known of them; those of Python functions are validated by their types.
    """
    from jsonschema import Draft202012Validator

    if not isinstance(arguments, Mapping):
        raise ArgumentError(tool, [f"the arguments must be one JSON object, not {shown(arguments)}"])
    known = parameters.get("properties", {})
    closed = parameters.get("additionalProperties") is False
    problems = [unknown_argument(name, known) for name in arguments if name not in known] if closed else []
    for error in Draft202012Validator(parameters).iter_errors(dict(arguments)):
        place = ".".join(map(str, error.absolute_path))
        if error.validator != "additionalProperties":
            problems.append(f"argument {place!r}: {error.message}" if place else error.message)
    if problems:
        raise ArgumentError(tool, problems)
    return dict(arguments)


def explain(error: ValidationError, given: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
    """One line for each argument that is wrong."""
    grouped: dict[str, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        grouped.setdefault(_path(detail["loc"], given, detail["type"] in ("missing", "extra_forbidden")), []).append(
            detail
        )
    return [_line(path, details, known) for path, details in grouped.items()]


def unknown_argument(name: str, known: Mapping[str, Any]) -> str:
    """The line for an argument the tool does not have."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"unknown argument {name!r}; {hint}{_all(known)}"


def shown(value: object) -> str:
    """A value as JSON would write it, cut to one short line."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"


def _line(path: str, details: Sequence[ErrorDetails], known: Mapping[str, Any]) -> str:
    first = details[0]
    if first["type"] == "missing":
        return f"argument {path!r} is missing{_expected(known.get(path))}"
    if first["type"] == "extra_forbidden":
        return unknown_argument(path, known) if path not in known and "." not in path else f"unknown field {path!r}"
    wants = " or ".join(dict.fromkeys(_lowered(detail["msg"]) for detail in details))
    return f"argument {path!r} is {shown(first['input'])}: {wants}{_hint(first, known.get(path) or {})}"


def _expected(schema: JsonSchema | None) -> str:
    if not schema:
        return ""
    kind = schema.get("type", "value")
    about = schema.get("description", "")
    return f" ({kind}{': ' + about if about else ''})"


def _hint(detail: ErrorDetails, schema: JsonSchema) -> str:
    if written := _FORMATS.get(schema.get("format", "")):
        return f"; write it as {written}"
    choices = [str(choice) for choice in schema.get("enum", [])]
    near = get_close_matches(str(detail["input"]).lower(), [choice.lower() for choice in choices], n=1, cutoff=0.5)
    return f"; did you mean {next(c for c in choices if c.lower() == near[0])!r}?" if near else ""


def _path(location: Sequence[str | int], given: Any, keep_last: bool) -> str:
    """Where in the arguments the problem lies; names of union members in pydantic's location are left out."""
    parts: list[str] = []
    value = given
    for index, part in enumerate(location):
        if _holds(value, part):
            value = value[part]
        elif not (keep_last and index == len(location) - 1):
            continue
        parts.append(str(part))
    return ".".join(parts) or ".".join(map(str, location))


def _holds(value: object, part: str | int) -> bool:
    if isinstance(value, Mapping):
        return part in value
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def _opened(value: object, schema: JsonSchema) -> object:
    """A list or object that the model wrote as a string of JSON, opened; everything else as it is."""
    wanted = schema.get("type")
    if not isinstance(value, str) or wanted not in ("array", "object"):
        return value
    try:
        opened = json.loads(value)
    except ValueError:
        return value
    return opened if _KINDS.get(type(opened).__name__) == wanted else value


def _all(known: Mapping[str, Any]) -> str:
    return f"the arguments are {', '.join(known)}" if known else "the tool takes no arguments"


def _lowered(message: str) -> str:
    return message.replace("Input should be ", "expected ").replace("Value error, ", "")
