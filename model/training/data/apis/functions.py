# ruff: noqa: E501 (phrases are kept on one line)
"""Frames composed from nouns and verbs: every entity of `entities/` with everything that can be done to it.

An entity is a noun with typed attributes and the words that say each of them ("due on {}"). Verbs give names,
descriptions and requests. The composed frames are written in the frame language and read like any other.
"""

import random
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from zlib import crc32

from coterie.model.training.data.apis import frames
from coterie.model.training.data.apis.frames import Frame

ENTITIES = Path(__file__).parent / "entities"


@dataclass(frozen=True)
class Attribute:
    """A property of an entity and the phrase that says it."""

    name: str
    kind: str
    phrase: str
    required: bool

    def said(self) -> str:
        """The phrase as a template part."""
        return self.phrase.replace("{?", f"{{{self.name}?").replace("{}", f"{{{self.name}}}")

    def line(self, optional: bool) -> str:
        """The parameter line of a frame."""
        words = self.name.replace("_", " ")
        mark = "?" if optional else ""
        return f"{self.name}{mark} {self.kind} -- {words.capitalize()} / The {words}"


@dataclass(frozen=True)
class Entity:
    """A noun, its domain, its special verbs and its attributes."""

    one: str
    many: str
    domain: str
    verbs: tuple[str, ...]
    attributes: tuple[Attribute, ...]

    @property
    def ident(self) -> str:
        """The noun as a name part."""
        return self.one.replace(" ", "_")


@cache
def load() -> tuple[Frame, ...]:
    """The frames of all entities and verbs."""
    text = "\n".join(path.read_text("utf-8") for path in sorted(ENTITIES.glob("*.txt")))
    entities = [_entity(line[2:]) for line in text.splitlines() if line.startswith("& ")]
    return tuple(frame for entity in entities for frame in _frames(entity))


def _entity(line: str) -> Entity:
    noun, domain, verbs, *attributes = (part.strip() for part in line.split(" ; "))
    one, many = noun.split("/")
    return Entity(one, many, domain, tuple(verbs.split()), tuple(_attribute(a) for a in attributes))


def _attribute(text: str) -> Attribute:
    match = re.fullmatch(r"(\w+)(!?) (.+?) <(.+)>", text)
    if match is None:
        raise ValueError(f"an attribute is `name kind <phrase>`, got {text!r}")
    return Attribute(match[1], match[3], match[4], bool(match[2]))


def _frames(entity: Entity) -> list[Frame]:
    rng = random.Random(crc32(entity.one.encode()))
    blocks = {
        "create": _create(entity, rng),
        "get": _get(entity),
        "update": _update(entity),
        "delete": _delete(entity),
        "list": _list(entity, rng),
        "count": _count(entity),
    } | {verb: _special(entity, verb) for verb in entity.verbs}
    held = frames.is_held(entity.ident)
    return [
        replace(frame, held=held, entity=entity.ident, verb=verb)
        for verb, block in blocks.items()
        for frame in frames.read(_articles(block), entity.domain)
    ]


def _articles(block: str) -> str:
    return re.sub(r"\b([aA]) (?=[aeiou](?!ne\b|ni|se))", r"\1n ", block)


def _id_line(entity: Entity) -> str:
    code = "".join(word[0] for word in entity.one.split()).upper()
    code = code if len(code) > 1 else entity.one[:2].upper()
    kind = "intid" if crc32(entity.one.encode()) % 3 == 0 else f"id:{code}"
    return f"{entity.ident}_id|id {kind} -- Identifier of the {entity.one} / Which {entity.one}"


def _the(entity: Entity) -> str:
    return f"{entity.one} {{{entity.ident}_id}}"


def _parts(attributes: list[Attribute]) -> str:
    return " ".join(a.said() if a.required else f"[{a.said()}]" for a in attributes)


def _create(entity: Entity, rng: random.Random) -> str:
    verb = {"vehicle": "register"}.get(entity.one, "create")
    article = "an" if entity.one[0] in "aeiou" else "a"
    shuffled = [rng.sample(entity.attributes, len(entity.attributes)) for _ in range(3)]
    lines = [
        f"@ {verb}_{entity.ident}|add_{entity.ident}|new_{entity.ident}|make_{entity.ident} : Create {article} {entity.one}. / Add a new {entity.one}.",
        *(a.line(not a.required) for a in entity.attributes),
        f"! (Create|Add|Set up|Make) ({article}|a new) {entity.one} {_parts(list(entity.attributes))}",
        f"> (I need|I'd like|We want|We need) ({article}|a new) {entity.one} {_parts(shuffled[0])}",
        f"> (Can|Could) you (make|set up|add|prepare) {article} {entity.one} {_parts(shuffled[1])}?",
        f"> New {entity.one}, please: {_parts(shuffled[2])}",
        f"= {entity.ident}_id id | The {entity.one} was created with the id {{{entity.ident}_id}}.",
    ]
    return "\n".join(lines)


def _get(entity: Entity) -> str:
    return "\n".join([
        f"@ get_{entity.ident}|fetch_{entity.ident}|{entity.ident}_details|show_{entity.ident} : Get the details of one {entity.one}. / Look up a {entity.one} by its id.",
        _id_line(entity),
        "include_history?=false bool -- Whether earlier versions are included",
        f"! (Show me|Get|Pull up|Open|Fetch|Get me) {_the(entity)}[ {{include_history?with its history/without the history}}]",
        f"> (What are|Let me see|I need) the details of {_the(entity)}[, {{include_history?including its history/no history}}]",
        f"> What does {_the(entity)} look like?",
        f"= status enum:active|pending|closed | The {entity.one} is {{status}}.",
    ])  # fmt: skip


def _update(entity: Entity) -> str:
    changes = [a for a in entity.attributes if not a.kind.startswith("bool")]
    requests = []
    for i, a in enumerate(changes):
        words, other = a.name.replace("_", " "), changes[(i + 1) % len(changes)]
        requests.append(
            f"! (Change|Set|Update) the {words} of {_the(entity)} to {{{a.name}}}[ and the {other.name.replace('_', ' ')} to {{{other.name}}}]"
        )
        requests.append(
            f"> (The {words} of|The {words} for) {_the(entity)} (should be|has to be|is now) {{{a.name}}}, (please correct that|please update it|can you change it?)"
        )
    return "\n".join([
        f"@ update_{entity.ident}|edit_{entity.ident}|change_{entity.ident}|modify_{entity.ident} : Change a {entity.one}; only the given fields are changed. / Update fields of a {entity.one}.",
        _id_line(entity), *(a.line(True) for a in entity.attributes), *requests[:7],
        f"= status pick:updated;saved;ok | The {entity.one} was changed.",
    ])  # fmt: skip


def _delete(entity: Entity) -> str:
    return "\n".join([
        f"@ delete_{entity.ident}|remove_{entity.ident}|discard_{entity.ident} : Delete a {entity.one}. / Remove a {entity.one} for good.",
        _id_line(entity),
        "notify?=false bool -- Whether the people concerned are told / Notify those concerned",
        f"! (Delete|Remove|Get rid of) {_the(entity)}[ {{notify?and let everyone know/without telling anyone}}]",
        f"> (I no longer need|We don't need|Nobody needs) {_the(entity)} (any more|any longer), (delete it|please remove it)",
        f"> {_the(entity)} (can go|was a mistake), (please delete it|remove it)[ {{notify?and notify everyone/silently}}]",
        f"= status pick:deleted;removed | The {entity.one} was deleted.",
    ])  # fmt: skip


def _list(entity: Entity, rng: random.Random) -> str:
    said = list(entity.attributes)
    requests = []
    for a in said:
        rest = " ".join(f"[{o.said()}]" for o in rng.sample([o for o in said if o is not a], min(2, len(said) - 1)))
        requests.append(
            f"! (List|Find|Show me|Look for|Search for) (all |){entity.many} {a.said()} {rest}[, at most {{limit}}]"
        )
        requests.append(f"> (Are there any|Which|Do we have any|What) {entity.many} {a.said()} {rest}?")
    return "\n".join([
        f"@ list_{entity.many.replace(' ', '_')}|search_{entity.many.replace(' ', '_')}|find_{entity.many.replace(' ', '_')} : List {entity.many} that match the given filters. / Search {entity.many}.",
        *(a.line(True) for a in entity.attributes), "limit?=20|max_results int:2-50 -- Most results to return",
        *requests[:7], f"= count int:0-40 | There are {{count}} {entity.many}.",
    ])  # fmt: skip


def _count(entity: Entity) -> str:
    first, second = entity.attributes[0], entity.attributes[1]
    return "\n".join([
        f"@ count_{entity.many.replace(' ', '_')}|number_of_{entity.many.replace(' ', '_')} : Count the {entity.many} that match. / How many {entity.many} there are.",
        *(a.line(True) for a in entity.attributes),
        f"> How many {entity.many} (are there|do we have) {first.said()}[ {second.said()}]?",
        f"! Count the {entity.many} {second.said()}[ {first.said()}]",
        f"> What's the number of {entity.many} {first.said()}[ {second.said()}]?",
        "= count int:0-90 | There are {count}.",
    ])  # fmt: skip


# verb -> (description, parameter line, phrases)
_SPECIAL: dict[str, tuple[str, str]] = {
    "cancel": (
        "reason? pick:change of plans;illness;too expensive;double booking;bad weather -- Reason given",
        "[ because of {reason}]",
    ),
    "confirm": ("note? message -- Message sent along", "[ with the note {note}]"),
    "share": ("with_email|recipient email -- Who gets access", " with {with_email}"),
    "send": ("to|recipient email -- Address it is sent to", " to {to}"),
    "remind": ("days_before int:1-14 -- How many days ahead", " {days_before} days ahead"),
    "rename": ("new_name|name title -- The new name", " to {new_name}"),
    "export": ("format enum:pdf~PDF|csv~CSV|json~JSON|xlsx~Excel -- File format", " as {format}"),
    "assign": ("assignee|person person -- Who takes it over", " to {assignee}"),
    "transfer": ("to_person|recipient person -- The new owner", " to {to_person}"),
    "extend": ("days|by_days int:2-30 -- By how many days", " by {days} days"),
    "renew": ("months int:2-24 -- For how many months", " for {months} months"),
    "reschedule": ("new_date date -- The new date", " to {new_date}"),
    "schedule": ("date|on date -- When it happens", " for {date}"),
    "snooze": ("minutes int:5-90 -- For how many minutes", " for {minutes} minutes"),
    "pause": ("until? date -- When it goes on", "[ until {until}]"),
    "move": ("target|new_place id:SH -- Where it goes", " to {target}"),
    "rate": ("stars int:2-5 -- Number of stars", " with {stars} stars"),
    "grade": ("points|score int:20-100 -- Points given", " with {points} points"),
    "compare": ("other_id|with_id id -- The other one", " with {other_id}"),
    "merge": ("into|target_id id -- What it is merged into", " into {into}"),
    "refund": ("amount? money:5-400 -- Amount; everything when left out", "[, {amount} only]"),
    "report": ("reason enum:spam|offensive|fake -- What is wrong with it", " as {reason}"),
    "enroll": ("person|participant person -- Who takes part", " for {person}"),
    "swap": ("with_person|other person -- Who takes it instead", " with {with_person}"),
    "track": (
        "detailed?=false bool -- Whether every stage is listed",
        "[, {detailed?with all the stages/just the last stage}]",
    ),
}


def _special(entity: Entity, verb: str) -> str:
    line, said = _SPECIAL.get(verb, ("comment? message -- Comment kept with it", "[ with the comment {comment}]"))
    spoken = verb.replace("_", " ")
    first = f"! {spoken.capitalize()} {_the(entity)}{said}"
    if verb == "remind":
        first = f"! Send a reminder about {_the(entity)}{said}"
    if verb == "enroll":
        first = "! Enroll {person} in " + _the(entity)
    return "\n".join([
        f"@ {verb}_{entity.ident}|{entity.ident}_{verb} : {_sentence(verb, entity)} / {_sentence(verb, entity)[:-1]} with the given id.",
        _id_line(entity), line, first,
        f"> (I want to|I need to|We should|Let's|I have to) {first[2].lower()}{first[3:]}",
        f"> (Can|Could) you {first[2].lower()}{first[3:]}?",
        f"= status pick:done;accepted;ok | Done: the {entity.one} is taken care of.",
    ])  # fmt: skip


def _sentence(verb: str, entity: Entity) -> str:
    words = {"remind": "Send a reminder about", "enroll": "Enroll somebody in"}.get(
        verb, verb.replace("_", " ").capitalize()
    )
    return f"{words} a {entity.one}."
