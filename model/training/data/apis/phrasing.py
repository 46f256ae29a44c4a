"""Request templates: `(a|b)` chooses, `(a)` is as it is, `[...]` is said or left out, `{p}` says a value,
`{p?yes/no}` says a boolean.

An optional part with slots is said only if the tool has all of them and the caller wants them. Rendering
reports which slots were said: those, and only those, become arguments.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

_TOKEN = re.compile(r"[()\[\]|]|\{[^{}]*\}|[^()\[\]|{}]+")


@dataclass(frozen=True)
class Text:
    """Words as they are."""

    words: str


@dataclass(frozen=True)
class Say:
    """The value of a slot; for a boolean, the words for true and for false."""

    slot: str
    when: tuple[str, str] | None = None


@dataclass(frozen=True)
class Choice:
    """One of several sequences."""

    options: tuple["Sequence", ...]


@dataclass(frozen=True)
class Optional:
    """A sequence that may be left out."""

    body: "Sequence"


@dataclass(frozen=True)
class Sequence:
    """Parts in order, and the slots among them that are always said."""

    parts: tuple["Part", ...]
    slots: frozenset[str] = field(default=frozenset())


Part = Text | Say | Choice | Optional | Sequence
Speak = Callable[[str, tuple[str, str] | None], str]


def parse(template: str) -> Sequence:
    """Read a template; an unbalanced bracket is an error."""
    tokens = _TOKEN.findall(template)
    sequence, rest = _sequence(tokens, 0, "")
    if rest != len(tokens):
        raise ValueError(f"unbalanced brackets in the template {template!r}")
    return sequence


def _sequence(tokens: list[str], at: int, stops: str) -> tuple[Sequence, int]:
    parts: list[Part] = []
    while at < len(tokens) and not (tokens[at] in stops and tokens[at]):
        token = tokens[at]
        if token == "(":
            options: list[Sequence] = []
            while token != ")":
                option, at = _sequence(tokens, at + 1, "|)")
                options.append(option)
                token = tokens[at]
            if len(options) == 1:
                parts += [Text("("), options[0], Text(")")]
            else:
                parts.append(Choice(tuple(options)))
        elif token == "[":
            body, at = _sequence(tokens, at + 1, "]")
            parts.append(Optional(body))
        elif token.startswith("{"):
            parts.append(_say(token[1:-1]))
        else:
            parts.append(Text(token))
        at += 1
    return Sequence(tuple(parts), frozenset(_slots(parts))), at


def _say(body: str) -> Say:
    slot, mark, words = body.partition("?")
    if not mark:
        return Say(slot.strip())
    yes, _, no = words.partition("/")
    return Say(slot.strip(), (yes, no))


def _slots(parts: list[Part]) -> set[str]:
    found: set[str] = set()
    for part in parts:
        if isinstance(part, Say):
            found.add(part.slot)
        elif isinstance(part, Sequence):
            found |= part.slots
        elif isinstance(part, Choice):
            found |= frozenset.union(*(option.slots for option in part.options))
    return found


def all_slots(part: Part) -> set[str]:
    """Every slot a template may say."""
    match part:
        case Say(slot):
            return {slot}
        case Choice(options):
            return set().union(*(all_slots(o) for o in options))
        case Optional(body):
            return all_slots(body)
        case Sequence(parts):
            return set().union(*(all_slots(p) for p in parts)) if parts else set()
    return set()


def render(part: Part, rng: random.Random, speak: Speak, has: Callable[[str], bool]) -> str:
    """The words of a template. `speak` says a slot, `has` tells which slots the tool offers."""
    match part:
        case Text(words):
            return words
        case Say(slot, when):
            return speak(slot, when)
        case Choice(options):
            fit = [o for o in options if all(has(slot) for slot in o.slots)] or list(options)
            return render(rng.choice(fit), rng, speak, has)
        case Optional(body):
            said = all(has(slot) for slot in body.slots) and rng.random() < 0.5
            return render(body, rng, speak, has) if said else ""
        case Sequence(parts):
            return "".join(render(p, rng, speak, has) for p in parts)


def tidy(text: str) -> str:
    """Single spaces, none before punctuation."""
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r" ([,.?!;:])(?=\s|$)", r"\1", text)
    return re.sub(r"([,.;])\1+", r"\1", text).rstrip(",; ")


_JOINTS = frozenset(
    "with for by that in from of and to using which when on or if as at including specified associated".split()  # noqa: SIM905
) | {"who", "where"}
_OPEN = _JOINTS | {"the", "a", "an", "its", "your", "given", "new", "existing", "is", "are"}


def clause(description: str, max_words: int) -> str:
    """The beginning of a description, cut where a new thought begins."""
    first = description.split(". ")[0].split("; ")[0].split(" (")[0].rstrip(".")
    words = first.split()
    if len(words) > max_words:
        cut = next((n for n in range(max_words, 2, -1) if words[n].lower() in _JOINTS), max_words)
        words = words[:cut]
    while len(words) < len(first.split()) and len(words) > 2 and words[-1].lower() in _OPEN:
        words.pop()
    return " ".join(words).rstrip(",:")
