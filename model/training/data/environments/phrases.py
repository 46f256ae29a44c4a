# ruff: noqa: E501  (phrases and tables are read best on one line)
"""How people put things: politeness, reasons, names for a record, short texts made of facts."""

from collections.abc import Mapping, Sequence
from typing import Any

from coterie.model.training.data.environments.records import C, F
from coterie.model.training.data.environments.scene import Scene, Unlucky
from coterie.model.training.data.environments.words import between, pick
from coterie.model.training.data.surface import plain

_TAILS = (
    "",
    "",
    "",
    "",
    "",
    "",
    " Thanks!",
    " Thank you.",
    " No rush.",
    " I need it before lunch.",
    " It is a bit urgent.",
    " Cheers",
)
_LEADS = (
    "Hi there.", "Hello!", "Quick one.", "I'm preparing for a meeting.", "I'm on my phone, so keep it short.", "Good morning.",
    "Sorry to bother you again.", "Someone just asked me about this.", "I'm tidying up before the holidays.", "One more thing.",
)  # fmt: skip


def lower(text: str) -> str:
    """Text that goes on in the middle of a sentence."""
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def upper(text: str) -> str:
    """Text that begins a sentence; ids and paths stay as they are."""
    head = text.split(" ", 1)[0].rstrip(":,.;")
    return text[:1].upper() + text[1:] if head.replace("-", "").replace("'", "").isalpha() else text


def order(t: Scene, imperative: str) -> str:
    """An imperative such as 'Cancel order 3', said in one of the ways people give orders."""
    one = ". " not in imperative
    said, rest = (imperative, "") if one else imperative.split(". ", 1)
    said = said.rstrip(".")
    draw = t.rng.random()
    if draw < 0.45:
        text = f"{said}."
    elif draw < 0.57:
        text = f"Please {lower(said)}."
    elif draw < 0.66:
        text = f"{t.pick('Could you', 'Can you', 'Would you', 'Could you please', 'Can you please')} {lower(said)}?"
    elif draw < 0.74:
        text = f"{t.pick('I need you to', 'I would like you to', 'I want you to', 'You should now', 'Time to', 'Kindly')} {lower(said)}."
    elif draw < 0.84:
        text = lower(said)
    elif draw < 0.92:
        text = f"{said}, please."
    else:
        text = f"{t.pick('Next', 'Then', 'OK', 'Right', 'So', 'Now')}, {lower(said)}."
    if rest and text[-1] not in ".?":
        text += "."
    return f"{text} {rest}".strip() if rest else text


def conjoined(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    return ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1]


def an(noun: str) -> str:
    """The noun with its article."""
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def counted(c: C, n: int) -> str:
    """A number of records."""
    return f"1 {c.noun}" if n == 1 else f"{n} {c.plural}"


def spoken(t: Scene, c: C | None, text: str) -> str:
    """The task with what people say around it."""
    lead = ""
    if t.chance(0.2):
        lead = pick(t.rng, (c.leads if c and t.chance(0.7) else _LEADS) or _LEADS) + " "
    return lead + (upper(text) if lead else text) + (pick(t.rng, _TAILS) if t.chance(0.35) else "")


def it(t: Scene, c: C, key: str) -> str:
    """A record by its id."""
    noun = pick(t.rng, (c.noun, c.noun, *(n.replace("_", " ") for n in c.nouns)))
    return t.pick(
        f"{noun} {t.quote(key)}",
        f"{noun} {key}",
        f"{noun} number {key}",
        f"the {noun} {t.quote(key)}",
        f"{noun} with id {key}",
    )


def some(t: Scene, c: C, wanted: int = 1, **having: Any) -> list[dict[str, Any]]:
    """Different records of the collection, with these field values if given."""
    rows = [r for r in t.world[c.name].values() if all(r[k] == v for k, v in having.items())]
    if len(rows) < wanted:
        raise Unlucky
    return t.rng.sample(rows, wanted)


def labels(t: Scene, c: C) -> list[str]:
    """What the records of a collection are called."""
    return [str(r[c.label]) for r in t.world[c.name].values()]


def field(t: Scene, fields: Sequence[F]) -> F:
    """One of the fields, if there is one."""
    if not fields:
        raise Unlucky
    return fields[int(t.rng.random() * len(fields))]


def plainly(t: Scene, f: F) -> str:
    """The field in a sentence, without its article."""
    return f.said(t.rng).removeprefix("the ")


def fact(t: Scene, c: C, record: Mapping[str, Any], *fields: F) -> str:
    """What a note keeps of a record."""
    values = ", ".join(f"{f.name.replace('_', ' ')} {plain(record[f.name])}" for f in fields)
    return t.pick(
        f"{upper(c.noun)} {record['id']}: {values}.",
        f"{record['id']}: {values}.",
        f"{upper(values)} for {c.noun} {record['id']}.",
    )


def name_of(c: C, record: Mapping[str, Any]) -> str:
    """What an answer calls a record: its label, else its id."""
    return str(record[c.label]) if c.label else f"{c.noun} {record['id']}"


def report(t: Scene, title: str, lines: Sequence[tuple[str, Any]]) -> str:
    """A short text of a heading and facts, in one of several layouts."""
    pairs = [(k.replace("_", " "), plain(v)) for k, v in lines]
    match between(t.rng, 0, 5):
        case 0:
            return f"# {title}\n" + "\n".join(f"- {k}: {v}" for k, v in pairs)
        case 1:
            return f"{title}\n" + "\n".join(f"{upper(k)}: {v}" for k, v in pairs)
        case 2:
            return f"{title}: " + ", ".join(f"{k} {v}" for k, v in pairs) + "."
        case 3:
            return "\n".join(f"{upper(k)}: {v}" for k, v in pairs)
        case 4:
            return f"{title}\n\n" + "\n".join(f"{k} = {v}" for k, v in pairs)
    return f"{title}. " + " ".join(f"{upper(k)}: {v}." for k, v in pairs)


def answer(t: Scene, subject: str, what: str, value: Any) -> str:
    """An answer that says one value."""
    shown, first = plain(value), what.removeprefix("the ").split()[0]
    verb = "are" if first.endswith("s") and not first.endswith(("ss", "us")) else "is"
    return t.pick(
        f"{upper(what)} of {subject} {verb} {shown}.",
        f"{upper(subject)}: {what.removeprefix('the ')} {shown}.",
        shown,
        f"{shown}.",
        f"It is {shown}.",
    )
