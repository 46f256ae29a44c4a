"""How a prompt shows a tool: a typed signature with its description, a third of the tokens of JSON Schema.

get_order(order_id: string, fields?: list[id|status|total]): Look up an order.
  order_id: The order's id, such as A-17
"""

import json
from typing import Any

from coterie.model.chat import JsonSchema, ToolCard

MAX_DESCRIPTION_CHARS = 240
MAX_PARAMETER_CHARS = 120
MAX_ENUM_VALUES = 12
MAX_DEPTH = 3


def signature(tool: ToolCard) -> str:
    """The tool in one line, then a line for every parameter that has a description."""
    properties: dict[str, JsonSchema] = tool.parameters.get("properties", {})
    required = set(tool.parameters.get("required", ()))
    parameters = ", ".join(_parameter(name, schema, name in required) for name, schema in properties.items())
    lines = [f"{tool.name}({parameters}): {_clip(tool.description, MAX_DESCRIPTION_CHARS)}"]
    for name, schema in properties.items():
        if text := _clip(str(schema.get("description", "")), MAX_PARAMETER_CHARS):
            lines.append(f"  {name}: {text}")
    return "\n".join(lines)


def _parameter(name: str, schema: JsonSchema, required: bool) -> str:
    default = schema.get("default")
    suffix = f" = {json.dumps(default, ensure_ascii=False)}" if default is not None else ""
    return f"{name}{'' if required else '?'}: {type_text(schema)}{suffix}"


def type_text(schema: JsonSchema, depth: int = 0) -> str:
    """The type a JSON Schema describes, as a person would write it."""
    if "const" in schema:
        return _literal(schema["const"])
    if "enum" in schema:
        values = [_literal(value) for value in schema["enum"][:MAX_ENUM_VALUES]]
        return "|".join(values + (["..."] if len(schema["enum"]) > MAX_ENUM_VALUES else []))
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        return "|".join(dict.fromkeys(type_text(o, depth) for o in options if o.get("type") != "null"))
    kind = schema.get("type", "any")
    if isinstance(kind, list):
        return "|".join(str(k) for k in kind if k != "null")
    if kind == "array":
        return f"list[{type_text(schema.get('items') or {}, depth + 1)}]"
    if kind == "object":
        return _object(schema, depth)
    return {"date": "date", "date-time": "datetime"}.get(str(schema.get("format")), str(kind))


def _object(schema: JsonSchema, depth: int) -> str:
    properties: dict[str, JsonSchema] = schema.get("properties", {})
    if not properties or depth >= MAX_DEPTH:
        return "object"
    required = set(schema.get("required", ()))
    fields = (f"{n}{'' if n in required else '?'}: {type_text(s, depth + 1)}" for n, s in properties.items())
    return "{" + ", ".join(fields) + "}"


def _literal(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _clip(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
