"""Function frames: what a family of similar tools is called, takes and is asked for; read from `frames/*.txt`.

    @ name|other_name : Description. / Another description.
    parameter|alias kind -- Description / another      (`parameter?` is optional, `parameter?=x` has a default)
    ! Imperative request with {parameter} [and {other}]
    > Question or statement
    = result_key kind; result_key kind | Answer text with {result_key}

`build` makes one tool of a frame: a choice of names, casing, descriptions and optional parameters. `ask` makes a
request for it together with the arguments the request states.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zlib import crc32

from coterie.model.chat import JsonSchema, ToolCard
from coterie.model.training.data.apis import phrasing
from coterie.model.training.data.apis.slots import Kind, Slot, Value
from coterie.model.training.data.apis.values import kind

FRAMES = Path(__file__).parent / "frames"


@dataclass(frozen=True)
class Parameter:
    """A parameter of a frame; `fields` for a nested object."""

    name: str
    aliases: tuple[str, ...]
    kind: Kind | None
    descriptions: tuple[str, ...]
    optional: bool = False
    default: Any = None
    fields: tuple["Parameter", ...] = ()


@dataclass(frozen=True)
class Request:
    """One way to ask; an imperative can be wrapped in politeness."""

    template: phrasing.Sequence
    imperative: bool
    slots: frozenset[str]


@dataclass(frozen=True)
class Frame:
    """A family of tools that do the same."""

    key: str
    domain: str
    names: tuple[str, ...]
    descriptions: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    requests: tuple[Request, ...]
    results: tuple[tuple[str, Kind], ...] = ()
    answer: str = ""
    held: bool = False
    tokens: frozenset[str] = field(default=frozenset())
    entity: str = ""
    verb: str = ""


@dataclass(frozen=True)
class Built:
    """One tool of a frame, with the public name and the slot of every parameter it kept."""

    frame: Frame
    card: ToolCard
    names: dict[str, str]
    slots: dict[str, Slot]
    required: frozenset[str]
    style: str


@dataclass(frozen=True)
class Asked:
    """A request and the call that answers it."""

    text: str
    arguments: dict[str, Any]
    built: Built
    said: dict[str, str]
    imperative: bool
    template: int


def is_held(key: str) -> bool:
    """Whether a family is kept out of training (8 %)."""
    return crc32(key.encode()) % 100 < 8


@cache
def load() -> tuple[Frame, ...]:
    """Every frame of the frame files."""
    frames = [frame for path in sorted(FRAMES.glob("*.txt")) for frame in read(path.read_text("utf-8"), path.stem)]
    keys = [frame.key for frame in frames]
    if repeated := {key for key in keys if keys.count(key) > 1}:
        raise ValueError(f"frames defined twice: {sorted(repeated)}")
    return tuple(frames)


def read(text: str, domain: str) -> Iterator[Frame]:
    """The frames of one file."""
    for block in re.split(r"^@ ", text, flags=re.M)[1:]:
        try:
            yield _frame(block, domain)
        except (ValueError, IndexError) as error:
            raise ValueError(f"frame {block.splitlines()[0]!r} of {domain}: {error}") from error


def _frame(block: str, domain: str) -> Frame:
    head, *lines = [line.strip() for line in block.splitlines() if line.strip() and not line.startswith("#")]
    names_text, _, description = head.partition(" : ")
    names = tuple(name.strip() for name in names_text.split("|"))
    parameters = [_parameter(line) for line in lines if line[0] not in "!>="]
    required = {p.name for p in parameters if not p.optional}
    requests = [_request(line, required) for line in lines if line[0] in "!>"]
    results, answer = next((_results(line[1:]) for line in lines if line[0] == "="), ((), ""))
    known = {f"{p.name}.{f.name}" for p in parameters for f in p.fields} | {p.name for p in parameters}
    for request in requests:
        if unknown := phrasing.all_slots(request.template) - known:
            raise ValueError(f"a request says {sorted(unknown)}, which are no parameters")
    return Frame(
        names[0], domain, names, tuple(d.strip() for d in description.split(" / ")), tuple(parameters), tuple(requests),
        results, answer, is_held(names[0]), frozenset(words_of(names[0])),
    )  # fmt: skip


def _parameter(line: str) -> Parameter:
    head, _, description = line.partition(" -- ")
    label, kind_text = head.strip().split(None, 1)
    first, *aliases = label.split("|")
    first, _, default = first.partition("=")
    name, optional = first.rstrip("?"), first.endswith("?")
    texts = tuple(text.strip() for text in description.split(" / ") if text.strip())
    if kind_text.startswith("obj("):
        fields = tuple(_parameter(f"{part.strip()} -- ") for part in kind_text[4:].rstrip(") ").split("; "))
        return Parameter(name, tuple(aliases), None, texts, optional, None, fields)
    value: Any = default or None
    if value is not None and kind_text.split(":")[0] in ("int", "num", "pct", "money", "bool"):
        value = (
            {"true": True, "false": False}.get(value.lower())
            if value.lower() in ("true", "false")
            else float(value)
            if "." in value
            else int(value)
        )
    return Parameter(name, tuple(aliases), kind(kind_text.strip()), texts, optional, value)


def _request(line: str, required: set[str]) -> Request:
    template = phrasing.parse(line[1:].strip())
    slots = phrasing.all_slots(template)
    roots = {slot.partition(".")[0] for slot in slots}
    if missing := required - roots:
        raise ValueError(f"the request {line!r} does not say {sorted(missing)}")
    return Request(template, line[0] == "!", frozenset(slots))


def _results(line: str) -> tuple[tuple[tuple[str, Kind], ...], str]:
    keys, _, answer = line.partition(" | ")
    pairs = [part.strip().split(None, 1) for part in keys.split("; ") if part.strip()]
    return tuple((name, kind(spec.strip())) for name, spec in pairs), answer.strip()


@lru_cache(maxsize=200_000)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a snake, camel, Pascal or dotted name, in lower case."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", name))
    return tuple(word.lower() for word in re.split(r"[\s_.\-/:]+", spaced) if word)


STYLES = ["snake"] * 9 + ["camel"] * 4 + ["Pascal"] * 2 + ["dotted"] * 3 + ["prefixed"] * 2


def styled(name: str, style: str, domain: str) -> str:
    """A tool name in one of the usual spellings."""
    words = words_of(name)
    if style == "camel":
        return words[0] + "".join(word.title() for word in words[1:])
    if style == "Pascal":
        return "".join(word.title() for word in words)
    joined = "_".join(words)
    if style == "dotted":
        return f"{domain}.{joined}"
    return f"{domain}_{joined}" if style == "prefixed" else joined


def cased(name: str, style: str) -> str:
    """A parameter name in the casing that goes with a tool's style."""
    if style == "camel":
        words = words_of(name)
        return words[0] + "".join(word.title() for word in words[1:])
    return name


def build(rng: random.Random, frame: Frame, style: str | None = None, needs: frozenset[str] = frozenset()) -> Built:
    """One tool of the frame; optional parameters in `needs` are kept."""
    style = style or rng.choice(STYLES)
    names: dict[str, str] = {}
    slots: dict[str, Slot] = {}
    properties: dict[str, JsonSchema] = {}
    required: list[str] = []
    described = rng.random() < 0.9
    seed = rng.random()  # one seed for all slots: a tool writes all its dates, enums and rates in the same way
    for parameter in frame.parameters:
        if parameter.optional and parameter.name not in needs and rng.random() < 0.3:
            continue
        public = cased(rng.choice([parameter.name, parameter.name, *parameter.aliases]), style)
        if public in properties:
            public = cased(parameter.name, style)
        slot = _slot(seed, parameter, style)
        names[parameter.name], slots[parameter.name] = public, slot
        properties[public] = _described(rng, parameter, slot, described)
        if not parameter.optional:
            required.append(public)
    if rng.random() < 0.15:
        properties = dict(rng.sample(list(properties.items()), len(properties)))
    schema: JsonSchema = {"type": "object", "properties": properties, "required": required}
    card = ToolCard(styled(rng.choice(frame.names), style, frame.domain), rng.choice(frame.descriptions), schema)
    return Built(frame, card, names, slots, frozenset(p.name for p in frame.parameters if not p.optional), style)


def _slot(seed: float, parameter: Parameter, style: str) -> Slot:
    if parameter.kind is not None:
        return parameter.kind(random.Random(seed))
    inner = {f.name: _slot(seed, f, style) for f in parameter.fields}
    properties = {cased(f.name, style): inner[f.name].schema for f in parameter.fields}
    required = [cased(f.name, style) for f in parameter.fields if not f.optional]
    schema: JsonSchema = {"type": "object", "properties": properties, "required": required}
    return Slot(schema, lambda rng: Value({}, ""), "", inner)


def _described(rng: random.Random, parameter: Parameter, slot: Slot, described: bool) -> JsonSchema:
    schema = dict(slot.schema)
    text = rng.choice(parameter.descriptions) if parameter.descriptions and described else ""
    if slot.hint:
        text = f"{text.rstrip('.')}, {slot.hint}" if text else slot.hint
    if parameter.default is not None:
        style = rng.random()
        default = _spelled(schema, parameter.default)
        if style < 0.6:
            schema["default"] = default
        if style > 0.5:
            text = f"{text.rstrip('.')}. Default: {default}".lstrip(". ")
    if text:
        schema["description"] = text
    return schema


def _spelled(schema: JsonSchema, default: Any) -> Any:
    if "enum" in schema and default not in schema["enum"]:
        return next((v for v in schema["enum"] if v.lower() == str(default).lower()), schema["enum"][0])
    return default


def ask(
    rng: random.Random,
    built: Built,
    template: int,
    fixed: dict[str, Value] | None = None,
    structure: random.Random | None = None,
) -> Asked:
    """A request for the tool after one of its frame's templates.

    `fixed` gives values of slots; `structure` chooses the optional parts, apart from the values.
    """
    request = built.frame.requests[template]
    drawn: dict[str, Value] = dict(fixed or {})

    def has(slot: str) -> bool:
        return slot.partition(".")[0] in built.slots

    def speak(slot: str, when: tuple[str, str] | None) -> str:
        if slot not in drawn:
            drawn[slot] = _distinct(rng, built, slot, when, drawn)
        value = drawn[slot]
        return value.text if when is None else when[0] if value.value else when[1]

    text = phrasing.tidy(phrasing.render(request.template, structure or rng, speak, has))
    if text[-1].isalnum() and text.split()[0].lower() in _QUESTIONS:
        text += "?"
    arguments = {built.names[root]: value for root, value in _gather(built, drawn).items()}
    joined = _UNIT.sub(r"\1", text)
    if (structure or rng).random() < 0.15 and not any(v.text in text and v.text not in joined for v in drawn.values()):
        text = joined
    begins = text.split(" ", 1)[0].rstrip(",.:;?")
    is_word = len(begins) == 1 or (begins[1:].islower() and begins.replace("'", "").isalpha())
    return Asked(
        text[0].upper() + text[1:] if is_word else text,
        arguments,
        built,
        {s: v.text for s, v in drawn.items()},
        request.imperative,
        template,
    )


_UNIT = re.compile(
    r"(?<=\d) ((?:kg|g|mg|km|cm|mm|m|ml|l|kW|kWh|W|V|A|N|kN|Hz|kHz|km/h|mph|GB|MB|ms|s|min|h|ha|lbs?|oz|ft)\b|°[CF]?)"
)  # "5 kg", which many write as "5kg"
_QUESTIONS = frozenset(
    "what what's which who who's how how's when where where's why is are do does did can could was were".split()  # noqa: SIM905
)


def held_requests(frame: Frame) -> list[int]:
    """Which of the frame's requests are kept out of training: one in four frames holds back its last one."""
    count = len(frame.requests)
    return [count - 1] if count >= 3 and crc32(b"template" + frame.key.encode()) % 4 == 0 else []


def templates(frame: Frame, held: bool, built: Built | None = None) -> list[int]:
    """The templates of a split, of those that the built tool can serve."""
    kept = held_requests(frame)
    numbers = kept if held else [n for n in range(len(frame.requests)) if n not in kept]
    if built is None:
        return numbers
    return [n for n in numbers if needs_of(frame, n) <= built.slots.keys()]


def needs_of(frame: Frame, template: int) -> frozenset[str]:
    """The parameters a template cannot do without."""
    return frozenset(slot.partition(".")[0] for slot in frame.requests[template].template.slots)


def _distinct(
    rng: random.Random, built: Built, slot: str, when: tuple[str, str] | None, drawn: dict[str, Value]
) -> Value:
    """A value that no other text slot has yet: nobody flies from Oslo to Oslo."""
    value = _draw(rng, built, slot, when)
    for _ in range(8):
        if not isinstance(value.value, str) or all(value.value != other.value for other in drawn.values()):
            break
        value = _draw(rng, built, slot, when)
    return value


def _draw(rng: random.Random, built: Built, slot: str, when: tuple[str, str] | None) -> Value:
    root, _, leaf = slot.partition(".")
    source = built.slots[root]
    if leaf and source.fields:
        source = source.fields[leaf]
    if when is not None:
        yes = rng.random() < 0.5 if all(when) else bool(when[0])
        return Value(yes, "")
    return source.draw(rng)


def _gather(built: Built, drawn: dict[str, Value]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for slot, value in drawn.items():
        root, _, leaf = slot.partition(".")
        if leaf:
            arguments.setdefault(root, {})[cased(leaf, built.style)] = value.value
        else:
            arguments[root] = value.value
    return arguments
