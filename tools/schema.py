"""JSON Schema as a small model and a grammar compiler want it: self-contained, closed, without decoration.

Pydantic writes `$defs` and `$ref`; a tool's schema is embedded in larger ones (all tools in one grammar), where
such references would dangle, so they are inlined. Titles and discriminators go, objects are closed
(`additionalProperties: false`), and an optional argument is simply one that is not required.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from coterie.model.chat import JsonSchema

_DROPPED = frozenset({"title", "discriminator", "$defs"})
_LITERAL = frozenset({"default", "const", "enum", "examples", "required"})
_NAMED = frozenset({"properties", "patternProperties"})


class RecursiveSchemaError(ValueError):
    """The schema refers to itself, so no finite self-contained form exists; `name` is the type at fault."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"type {name} contains itself")


def self_contained(schema: Mapping[str, Any]) -> JsonSchema:
    """The schema with every `$ref` inlined, objects closed and titles gone. Raises RecursiveSchemaError."""
    cleaned: JsonSchema = _clean(dict(schema), schema.get("$defs", {}), ())
    return cleaned


def for_arguments(schema: Mapping[str, Any]) -> JsonSchema:
    """`self_contained`, with each argument that defaults to null offered as a plain optional argument."""
    cleaned = self_contained(schema)
    properties = cleaned.get("properties", {})
    result: JsonSchema = {
        "type": "object",
        "properties": {name: _without_null_default(value) for name, value in properties.items()},
        "additionalProperties": False,
    }
    if required := cleaned.get("required"):
        result["required"] = required
    return result


def _without_null_default(schema: JsonSchema) -> JsonSchema:
    if "default" not in schema or schema["default"] is not None:
        return schema
    kept = {key: value for key, value in schema.items() if key != "default"}
    options = [option for option in kept.get("anyOf", []) if option != {"type": "null"}]
    if len(options) == 1:
        del kept["anyOf"]
        only: JsonSchema = options[0] | kept
        return only
    if options:
        kept["anyOf"] = options
    return kept


def _clean(node: Any, definitions: Mapping[str, Any], inside: Sequence[str]) -> Any:
    if isinstance(node, list):
        return [_clean(item, definitions, inside) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(node, definitions, inside)
    cleaned = {key: _clean_value(key, value, definitions, inside) for key, value in node.items() if key not in _DROPPED}
    if "properties" in cleaned:
        cleaned.setdefault("additionalProperties", False)
    return cleaned


def _clean_value(key: str, value: Any, definitions: Mapping[str, Any], inside: Sequence[str]) -> Any:
    if key in _LITERAL:
        return value
    if key in _NAMED:
        return {name: _clean(child, definitions, inside) for name, child in value.items()}
    return _clean(value, definitions, inside)


def _inlined(node: Mapping[str, Any], definitions: Mapping[str, Any], inside: Sequence[str]) -> Any:
    path = str(node["$ref"])
    name = path.removeprefix("#/$defs/").removeprefix("#/definitions/")
    if name in inside or name not in definitions:
        raise RecursiveSchemaError(name)
    target = _clean(definitions[name], definitions, (*inside, name))
    beside = {key: value for key, value in node.items() if key != "$ref"}
    return {**target, **_clean(beside, definitions, inside)}
