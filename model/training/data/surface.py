"""How a tool looks in one trajectory: name, parameter names, descriptions, and the shape of its results.

An `Op` is what a tool does; a `Style` is drawn for each trajectory, and `dress` gives the op a face in it,
so that no fixed name or result shape can be memorised. Held-out vocabulary (`held_names`) is only drawn
for the split that never trains. Pure standard library.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from coterie.model.chat import JsonSchema, ToolCard
from coterie.model.protocol import dumps
from coterie.model.training.data.environments.words import pick

World = dict[str, Any]
MAX_OBSERVATION_CHARS = 900


@dataclass(frozen=True)
class Param:
    """A parameter by its role, with the names and descriptions it may go under."""

    role: str
    names: tuple[str, ...]
    schema: JsonSchema
    docs: tuple[str, ...] = ()
    required: bool = True
    held_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ack:
    """Result of a write: a sentence, and the facts as data."""

    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rows:
    """A list of records with the total number that matched."""

    rows: Sequence[Mapping[str, Any]]
    noun: str = "items"


class OpError(Exception):
    """A call that an environment refuses; `near` holds the values it would have taken, by parameter role."""

    def __init__(self, text: str, near: Mapping[str, Any] | None = None) -> None:
        super().__init__(text)
        self.near = dict(near or {})


Run = Callable[[World, dict[str, Any]], Any]


@dataclass(frozen=True)
class Op:
    """An operation of an environment: what it does (`run`) and every way it may be called."""

    role: str
    names: tuple[str, ...]
    docs: tuple[str, ...]
    params: tuple[Param, ...]
    run: Run
    service: str = ""
    held_names: tuple[str, ...] = ()
    fixed: bool = False  # a built-in of the runtime: shown exactly as it is
    alike: str = ""  # ops that could stand in for one another share this
    writes: bool = False

    @property
    def same(self) -> str:
        """What two tools must differ in to be told apart."""
        return self.alike or self.role


@dataclass(frozen=True)
class Face:
    """An op as one trajectory shows it."""

    card: ToolCard
    names: Mapping[str, str]  # parameter role -> name


@dataclass(frozen=True)
class Style:
    """The look of one trajectory's tools and results."""

    case: str
    prefix: str
    docs: str  # which description: "short", "long", "any"
    param_docs: float
    extras: float
    results: str
    rows: str
    held: bool
    native: bool = False  # the runtime's built-ins as they are


def draw_style(rng: random.Random, held: bool = False) -> Style:
    """A style; snake_case and JSON are the commonest, as in the world."""
    return Style(
        case=pick(rng, ("snake", "snake", "snake", "snake", "camel", "camel", "pascal", "dotted", "kebab")),
        prefix=pick(rng, ("none", "none", "none", "none", "none", "service", "mcp", "api")),
        docs=pick(rng, ("short", "any", "any", "long")),
        param_docs=(0.0, 0.0, 0.6, 1.0)[int(rng.random() * 4)],
        extras=(0.0, 0.0, 0.15, 0.4)[int(rng.random() * 4)],
        results=pick(rng, ("json", "json", "json", "data", "result", "named", "lines", "lines", "sentence")),
        rows=pick(rng, ("json", "json", "items", "named", "csv", "table", "bullets")),
        held=held,
        native=not held and rng.random() < 0.5,
    )


def respell(name: str, case: str) -> str:
    """A snake_case name in another spelling."""
    if case == "snake":
        return name
    words = name.split("_")
    if case == "camel":
        return words[0] + "".join(w[:1].upper() + w[1:] for w in words[1:])
    if case == "pascal":
        return "".join(w[:1].upper() + w[1:] for w in words)
    return "-".join(words)


def _tool_name(rng: random.Random, op: Op, style: Style) -> str:
    bare = pick(rng, op.held_names if style.held and op.held_names else op.names)
    service = op.service or op.role.partition(".")[0]
    if style.case == "dotted":
        return f"{service}.{bare}"
    name = respell(bare, style.case)
    match style.prefix:
        case "service" if style.case in ("snake", "kebab") and not bare.startswith(service):
            return respell(f"{service}_{bare}", style.case)
        case "mcp":
            return f"{service}__{bare}"
        case "api":
            return respell(f"{pick(rng, ('api', 'svc', 'app', 'v2', 'do'))}_{bare}", style.case)
    return name


_EXTRAS: tuple[tuple[str, JsonSchema, str], ...] = (
    ("verbose", {"type": "boolean", "default": False}, "Add details to the result"),
    ("dry_run", {"type": "boolean", "default": False}, "Only check, change nothing"),
    ("locale", {"type": "string", "default": "en"}, "Language of the messages"),
    ("timeout", {"type": "integer", "default": 30}, "Seconds to wait"),
    ("format", {"enum": ["json", "text"], "default": "json"}, "Shape of the result"),
    ("request_id", {"type": "string"}, "Your own id for this request"),
    ("tenant", {"type": "string"}, "Workspace to act in, the default one if left out"),
    ("fields", {"type": "array", "items": {"type": "string"}}, "Only return these fields"),
    ("include_archived", {"type": "boolean"}, "Also look in the archive"),
    ("trace", {"type": "boolean", "default": False}, "Return timing information"),
)


def dress(rng: random.Random, op: Op, style: Style) -> Face:
    """The op under a drawn name, with drawn parameter names and descriptions."""
    if op.fixed and style.native:
        return Face(_fixed_card(op), {p.role: p.names[0] for p in op.params})
    names, properties = {}, {}
    case = style.case if style.case in ("snake", "camel") else "snake"
    with_docs = style.param_docs
    for param in op.params:
        pool = param.held_names if style.held and param.held_names else param.names
        name = respell(pick(rng, pool), case)
        while name in properties:
            name += "_2" if case == "snake" else "2"
        names[param.role] = name
        properties[name] = _documented(rng, param.schema, param.docs, with_docs)
    if rng.random() < style.extras:
        extra, schema, doc = _EXTRAS[int(rng.random() * len(_EXTRAS))]
        if (name := respell(extra, case)) not in properties:
            properties[name] = _documented(rng, schema, (doc,), with_docs)
    required = [names[p.role] for p in op.params if p.required]
    parameters = {"type": "object", "properties": properties, "required": required}
    return Face(ToolCard(_tool_name(rng, op, style), _description(rng, op, style), parameters), names)


def _fixed_card(op: Op) -> ToolCard:
    properties = {p.names[0]: p.schema | ({"description": p.docs[0]} if p.docs else {}) for p in op.params}
    required = [p.names[0] for p in op.params if p.required]
    parameters: JsonSchema = {"type": "object", "properties": properties, "required": required}
    return ToolCard(op.names[0], op.docs[0], parameters)


def _documented(rng: random.Random, schema: JsonSchema, docs: Sequence[str], chance: float) -> JsonSchema:
    return schema | {"description": pick(rng, docs)} if docs and rng.random() < chance else schema


def _description(rng: random.Random, op: Op, style: Style) -> str:
    if style.docs == "short":
        return min(op.docs, key=len)
    return max(op.docs, key=len) if style.docs == "long" else pick(rng, op.docs)


# Results


def render(value: Any, style: Style, native: bool = False) -> str:
    """What a tool returns, as text, in the trajectory's result shape; built-ins give text or plain JSON."""
    if native:
        return value if isinstance(value, str) else dumps(value)
    match value:
        case str():
            return value
        case Ack():
            return _ack(value, style)
        case Rows():
            return _rows(value, style)
        case Mapping():
            return _record(value, style)
        case bool() | int() | float():
            return dumps({"result": value}) if style.results in ("result", "data") else dumps(value)
    return dumps(value)


def _keys(record: Mapping[str, Any], style: Style) -> dict[str, Any]:
    if style.case == "camel":
        return {respell(k, "camel"): v for k, v in record.items()}
    return dict(record)


def plain(value: Any) -> str:
    """A value as a person writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(plain(v) for v in value)
    return "none" if value is None else str(value)


def _record(record: Mapping[str, Any], style: Style) -> str:
    data = _keys(record, style)
    match style.results:
        case "data":
            return dumps({"data": data})
        case "result":
            return dumps({"result": data, "error": None})
        case "named":
            return dumps({"ok": True, **data})
        case "lines":
            return "\n".join(f"{k}: {plain(v)}" for k, v in data.items())
        case "sentence":
            return "; ".join(f"{k.replace('_', ' ')} is {plain(v)}" for k, v in data.items()) + "."
    return dumps(data)


def _ack(ack: Ack, style: Style) -> str:
    facts = _keys(ack.facts, style)
    match style.results:
        case "json" | "named":
            return dumps({"ok": True, **facts} if facts else {"ok": True, "message": ack.text})
        case "data":
            return dumps({"data": {"message": ack.text, **facts}})
        case "result":
            return dumps({"result": facts or ack.text, "error": None})
    return ack.text


def _rows(value: Rows, style: Style) -> str:
    rows, count = [_keys(r, style) for r in value.rows], len(value.rows)
    if not rows:
        return {"json": "[]", "items": dumps({"items": [], "count": 0})}.get(style.rows, f"No {value.noun} found.")
    match style.rows:
        case "items":
            return dumps({"items": rows, "count": count})
        case "named":
            return dumps({value.noun.replace(" ", "_"): rows, "total": count})
        case "csv":
            return f"{count} {value.noun}\n" + csv_text(rows)
        case "table":
            return _table(rows) + f"\n({count} rows)"
        case "bullets":
            lines = ("- " + ", ".join(f"{k}: {plain(v)}" for k, v in row.items()) for row in rows)
            return f"{count} {value.noun}:\n" + "\n".join(lines)
    return dumps(rows)


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV with a header; values with commas are quoted."""
    return "\n".join([",".join(rows[0]), *(",".join(_cell(v) for v in row.values()) for row in rows)])


def _cell(value: Any) -> str:
    text = plain(value)
    return f'"{text}"' if "," in text else text


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    head = "| " + " | ".join(rows[0]) + " |"
    return "\n".join([head, *("| " + " | ".join(plain(v) for v in row.values()) + " |" for row in rows)])


def clip(text: str) -> str:
    """Text cut to what a prompt shows."""
    if len(text) <= MAX_OBSERVATION_CHARS:
        return text
    kept = text[:MAX_OBSERVATION_CHARS].rpartition("\n")[0] or text[:MAX_OBSERVATION_CHARS]
    return f"{kept}\n[{len(text) - len(kept)} characters left out]"
