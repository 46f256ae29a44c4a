"""Collections of records: their description, and the operations that follow from it, done for real."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from coterie.model.chat import JsonSchema
from coterie.model.training.data.environments.services import DATE, NUMBER, TEXT, WHOLE
from coterie.model.training.data.environments.words import Draw, between, near, pick
from coterie.model.training.data.surface import OpError, Param, World

FieldKind = Literal["text", "person", "email", "money", "count", "date", "enum", "place", "flag"]
_SCHEMAS: dict[FieldKind, JsonSchema] = {
    "text": TEXT,
    "person": TEXT,
    "email": TEXT,
    "place": TEXT,
    "money": NUMBER,
    "count": WHOLE,
    "date": DATE,
    "flag": {"type": "boolean"},
}


@dataclass(frozen=True)
class F:
    """A field: how its value is drawn, what it is called in a sentence, and whole questions after it."""

    name: str
    kind: FieldKind
    draw: Draw
    says: tuple[str, ...] = ()  # "the delivery date"
    asks: tuple[str, ...] = ()  # "When does {it} arrive?"
    values: tuple[str, ...] = ()  # of an enum
    names: tuple[str, ...] = ()  # other names as a parameter
    fixed: bool = False  # never changed by tasks

    @property
    def schema(self) -> JsonSchema:
        """JSON Schema of the value."""
        return {"enum": list(self.values)} if self.values else _SCHEMAS[self.kind]

    def said(self, rng: random.Random) -> str:
        """The field in a sentence."""
        return pick(rng, self.says) if self.says else "the " + self.name.replace("_", " ")

    def param(self, required: bool, changed: bool = False) -> Param:
        """The field as a parameter; of a change it may be called new."""
        spaced = self.name.replace("_", " ")
        docs = (spaced.capitalize(), f"The {spaced}") + (("YYYY-MM-DD",) if self.kind == "date" else ())
        return Param(
            self.name,
            (self.name, *self.names, f"new_{self.name}") if changed else (self.name, *self.names),
            self.schema,
            docs,
            required,
        )


def enum(
    name: str, *values: str, asks: tuple[str, ...] = (), says: tuple[str, ...] = (), names: tuple[str, ...] = ()
) -> F:
    """A field with few values."""
    return F(name, "enum", lambda rng: pick(rng, values), says, asks, values, names)


@dataclass(frozen=True)
class Action:
    """A domain action on one record: allowed in some states, it sets one field."""

    name: str
    verbs: tuple[str, ...]  # for names: "refund", "issue_refund_for"
    doc: tuple[str, ...]
    asks: tuple[str, ...]  # "Refund {it}", imperative
    field: str
    value: str
    allowed: tuple[str, ...]  # values of `field` in which it may be done
    denied: str  # "order {id} is {was} and cannot be refunded"
    past: str  # "refunded"
    reason: bool = False


@dataclass(frozen=True)
class C:
    """A collection of records: one tool family."""

    name: str
    noun: str
    plural: str
    ids: Draw
    fields: tuple[F, ...]
    label: str = ""  # the field people call a record by
    nouns: tuple[str, ...] = ()
    held_nouns: tuple[str, ...] = ()
    service: str = ""
    leads: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    audience: tuple[str, ...] = ("the team", "the office", "my manager")
    channels: tuple[str, ...] = ("#general", "#updates", "ops", "#team")
    links: tuple[tuple[str, str], ...] = ()  # (field, collection it names an id of)
    held: bool = False

    def of(self, *kinds: FieldKind) -> list[F]:
        """Fields of these kinds."""
        return [f for f in self.fields if f.kind in kinds]

    @property
    def state(self) -> F | None:
        """The field that lists are filtered by."""
        enums = [f for f in self.fields if f.kind == "enum"]
        acted = [f for f in enums if any(a.field == f.name for a in self.actions)]
        return next(iter(acted or enums), None)


def make(c: C, rng: random.Random, world: World) -> dict[str, dict[str, Any]]:
    """A drawn collection of 4 to 12 records, by id; labels differ, links name ids of other collections."""
    draw: Draw = c.ids(rng)  # type: ignore[assignment]
    world[f"{c.name}#ids"] = draw
    table: dict[str, dict[str, Any]] = {}
    labels: set[Any] = set()
    for _ in range(between(rng, 4, 12)):
        key = str(draw(rng))
        record = {"id": key} | {f.name: f.draw(rng) for f in c.fields}
        if key in table or (c.label and record[c.label] in labels):
            continue
        for name, other in c.links:
            record[name] = rng.choice(list(world[other]))
        labels.add(record.get(c.label))
        table[key] = record
    return table


def found(c: C, world: World, key: str) -> dict[str, Any]:
    """The record, or an error that names ids like the one asked for."""
    table: dict[str, dict[str, Any]] = world[c.name]
    if key in table:
        return table[key]
    close = near(key, list(table))
    hint = f" Did you mean {' or '.join(close[:2])}?" if close else ""
    raise OpError(f"No {c.noun} {key}.{hint}", {"id": close[0]} if close else {})


def brief(c: C, record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as lists show it: id, label, state, and its numbers and dates."""
    shown = [c.label] if c.label else []
    shown += [f.name for f in c.fields if f.kind in ("enum", "money", "count", "date", "email") and f.name != c.label][
        :4
    ]
    if not c.label:
        shown += [f.name for f in c.of("person", "text")][:1]
    return {"id": record["id"]} | {name: record[name] for name in shown}


def created_fields(c: C) -> list[F]:
    """What a new record must be given: the label and up to two fields more."""
    label = [f for f in c.fields if f.name == c.label]
    return (
        label
        + [f for f in c.fields if f.name != c.label and f.kind in ("person", "date", "money", "count", "place")][
            : 3 - len(label)
        ]
    )


def changeable(c: C) -> list[F]:
    """Fields that tasks may change."""
    return [f for f in c.fields if not f.fixed and f.name != c.label and not any(a.field == f.name for a in c.actions)]
