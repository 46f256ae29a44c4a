"""The real operations as a source of trajectories: tools in many spellings, requests, hard siblings, results."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from coterie.model.chat import JsonSchema, ToolCard
from coterie.model.training.data.apis import catalogue_values, requests
from coterie.model.training.data.apis.asks import Ask, Result, Together, join_requests
from coterie.model.training.data.apis.documentation import Operation
from coterie.model.training.data.apis.frames import STYLES, is_held, styled, words_of
from coterie.model.training.data.apis.slots import Value, say_list
from coterie.model.training.data.trajectory import Split

HELD_FRAMES = frozenset({5, 8})
_EASY_SERVICES = 0.5


@dataclass(frozen=True)
class Tool:
    """An operation as it is shown: its card, the public names of its parameters, and its style."""

    operation: Operation
    card: ToolCard
    names: dict[str, str]
    style: str


class CatalogueSource:
    """Real operations, split by service."""

    environment = "apis"

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._services: dict[str, list[Operation]] = defaultdict(list)
        for operation in operations:
            self._services[operation.service].append(operation)
        self._names = {held: sorted(s for s in self._services if is_held(s) == held) for held in (False, True)}
        self._flat = {held: [o for s in self._names[held] for o in self._services[s]] for held in (False, True)}

    def services(self, held: bool) -> list[list[Operation]]:
        """The operations of every service of a split."""
        return [self._services[name] for name in self._names[held]]

    def operation(self, rng: random.Random, split: Split) -> Operation:
        """An operation of the split; half of them by service, so that small services are not drowned."""
        if split == "held_environment":
            raise ValueError("the API data has no environments to hold out; ask for 'held_family' or 'held_template'")
        held = split == "held_family"
        if rng.random() < _EASY_SERVICES:
            return rng.choice(self._services[rng.choice(self._names[held])])
        return rng.choice(self._flat[held])

    def ask(self, rng: random.Random, split: Split) -> Ask:
        """A tool and a request for it."""
        while True:
            tool = show(rng, self.operation(rng, split))
            ask = ask_for(rng, tool, split)
            if ask is not None:
                return ask

    def together(self, rng: random.Random, split: Split, count: int) -> Together | None:
        """Several calls of one operation: one argument lists its values, or requests follow each other."""
        tool = show(rng, self.operation(rng, split))
        first = ask_for(rng, tool, split)
        if first is None:
            return None
        if rng.random() < 0.6:
            return self._listed(rng, tool, split, count)
        rest = [ask_for(rng, tool, split) for _ in range(count - 1)]
        asks = [first, *(a for a in rest if a is not None)]
        if len({str(a.arguments) for a in asks}) < count:
            return None
        return Together(join_requests(rng, [a.text for a in asks]), False, asks)

    def _listed(self, rng: random.Random, tool: Tool, split: Split, count: int) -> Together | None:
        keys = [k for k in tool.operation.required if tool.operation.parameters[k]["type"] in ("string", "integer")]
        if not keys:
            return None
        key = rng.choice(keys)
        drawn = [
            catalogue_values.draw(rng, tool.operation.service, key, tool.operation.parameters[key])
            for _ in range(count)
        ]
        values = [v for v in drawn if v is not None]
        if len({str(v.value) for v in values}) < count:
            return None
        joined = say_list(rng, [v.text for v in values])
        ask = ask_for(rng, tool, split, {key: Value("", joined)})
        if ask is None:
            return None
        name = tool.names[key]
        asks = [
            replace(
                ask,
                text=ask.text.replace(joined, value.text, 1),
                arguments=ask.arguments | {name: value.value},
                result=result(rng, tool),
            )
            for value in values
        ]
        return Together(ask.text, ask.imperative, asks)

    def siblings(self, rng: random.Random, asks: Sequence[Ask], count: int) -> list[ToolCard]:
        """Other operations, most of the same service and as close as possible by name."""
        return self._others(rng, asks, count, hard=rng.random() < 0.75)

    def unfit(self, rng: random.Random, ask: Ask, count: int, hard: bool) -> list[ToolCard]:
        """Operations that cannot serve the request."""
        return self._others(rng, [ask], count, hard, strict=True)

    def _others(
        self, rng: random.Random, asks: Sequence[Ask], count: int, hard: bool, strict: bool = False
    ) -> list[ToolCard]:
        targets: list[Operation] = [ask.origin.operation for ask in asks]
        style = asks[0].origin.style if rng.random() < 0.8 else None
        pool: Sequence[Operation] = (
            self._services[targets[0].service] if hard else self._flat[is_held(targets[0].service)]
        )
        drawn = rng.sample(list(pool), min(len(pool), max(24, count * 4) if hard else count * 2))
        mine = set(words_of(targets[0].name))
        if hard:
            drawn.sort(key=lambda o: rng.random() - len(mine & set(words_of(o.name))))
        taken = {ask.card.name for ask in asks}
        chosen: dict[str, ToolCard] = {}
        for operation in drawn:
            if len(chosen) == count:
                break
            if any(_confusable(target, operation, 0.5 if strict else 0.95) for target in targets):
                continue
            card = show(rng, operation, style).card
            if card.name not in taken:
                chosen.setdefault(card.name, card)
        return list(chosen.values())


def _confusable(target: Operation, other: Operation, limit: float) -> bool:
    return other is target or other.description == target.description or _similar(target, other) >= limit


def _similar(a: Operation, b: Operation) -> float:
    """How likely two operations do the same: only those with the same verb can."""
    x, y = words_of(a.name), words_of(b.name)
    reading = {"get", "list", "describe", "search", "fetch", "retrieve", "batch", "query", "lookup", "find"}
    writing = {"update", "modify", "put", "set", "patch", "edit", "change", "create", "insert", "upsert"}
    removing = {"delete", "remove", "disassociate", "deregister", "detach", "terminate", "cancel", "stop", "untag"}
    group = next((g for g in (reading, writing, removing) if x[0] in g), {x[0]})
    if y[0] not in group:
        return 0.0 if x[0] in reading | writing | removing else len(set(x) & set(y)) / len(set(x) | set(y))
    nouns, others = {_singular(w) for w in x[1:]}, {_singular(w) for w in y[1:]}
    return len(nouns & others) / max(1, min(len(nouns), len(others)))


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") else word


def show(rng: random.Random, operation: Operation, style: str | None = None) -> Tool:
    """The operation as a tool: spelling of names, wording of the description, which optional parameters."""
    style = style or rng.choice(STYLES)
    names: dict[str, str] = {}
    properties: dict[str, JsonSchema] = {}
    for key, schema in operation.parameters.items():
        if key not in operation.required and rng.random() < 0.35:
            continue
        names[key] = _spelled(key, style)
        properties[names[key]] = {k: v for k, v in schema.items() if k != "pattern"}
    parameters: JsonSchema = {
        "type": "object",
        "properties": properties,
        "required": [names[k] for k in operation.required],
    }
    description = operation.description if rng.random() < 0.6 else operation.action + "."
    return Tool(
        operation,
        ToolCard(styled(operation.name, style, operation.service.replace("-", "_")), description, parameters),
        names,
        style,
    )


def _spelled(key: str, style: str) -> str:
    words = words_of(key)
    if style in ("snake", "prefixed"):
        return "_".join(words)
    if style == "camel":
        return words[0] + "".join(w.title() for w in words[1:])
    return key


def ask_for(
    rng: random.Random, tool: Tool, split: Split, fixed: dict[str, Value] | None = None, omit: str | None = None
) -> Ask | None:
    """A request for the tool with all required and some optional arguments; None if a required one has no value."""
    operation = tool.operation
    said: dict[str, Value] = {}
    optional = [k for k in tool.names if k not in operation.required]
    few = set(rng.sample(optional, min(len(optional), rng.choice([0, 0, 1, 1, 2]))))
    if not operation.required and not few and optional:
        few = {rng.choice(optional)}
    for key in tool.names:
        if key == omit or (key not in operation.required and key not in few):
            continue
        value = (fixed or {}).get(key) or catalogue_values.draw(rng, operation.service, key, operation.parameters[key])
        if value is None:
            if key in operation.required:
                return None
            continue
        said[key] = value
    for _ in range(8):
        text, imperative, frame = requests.compose(rng, operation, tool.names, said)
        if (frame in HELD_FRAMES) == (split == "held_template"):
            break
    else:
        return None
    arguments = {tool.names[k]: v.value for k, v in said.items()}
    return Ask(
        text, imperative, tool.card, arguments, operation.service, f"request/{frame}", result(rng, tool),
        operation.action, tool,
    )  # fmt: skip


def result(rng: random.Random, tool: Tool) -> Result:
    """A plausible response with the operation's own fields."""
    words = words_of(tool.operation.name)
    verb, noun = words[0], " ".join(words[1:]) or "result"
    data: dict[str, Any] = {}
    for field in tool.operation.outputs[:4]:
        last = words_of(field)[-1]
        if last in ("token", "marker", "etag", "kind", "metadata"):
            continue
        data[field] = _field(rng, field)
    if not data:
        data = {"status": rng.choice(["OK", "SUCCEEDED", "accepted"])} if rng.random() < 0.7 else {}
    facts = [(human, v) for k, v in data.items() if isinstance(v, (str, int)) and (human := requests.human(k))][:3]
    note = ", ".join(f"{k} {v}" for k, v in facts) or f"{verb} {noun}: ok"
    answer = f"The {facts[0][0]} is {facts[0][1]}." if facts else f"Done: {verb} {noun}."
    return Result(data, note, answer)


def _field(rng: random.Random, field: str) -> Any:
    words = words_of(field)
    if field.endswith("s") and words[-1] not in ("status", "address", "class", "progress", "access"):
        return [catalogue_values.identifier(rng, words) for _ in range(rng.choice([1, 2, 3]))]
    if words[-1] in ("status", "state"):
        return rng.choice(["ACTIVE", "PENDING", "RUNNING", "COMPLETED", "CREATING"])
    if words[-1] in ("count", "size", "total", "number"):
        return rng.randint(0, 400)
    if words[-1] == "result":
        return rng.choice([round(rng.uniform(-5, 50), 3), rng.randint(0, 99)])
    value = catalogue_values.draw(rng, "service", field, {"type": "string"})
    return value.value if value else catalogue_values.slug(rng)
