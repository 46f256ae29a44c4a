"""The tools that tasks of every environment end in: mail, messages, files, notes, sums, dates, policy pages."""

import random
from typing import Any

from coterie.model.training.data.environments.words import day, near
from coterie.model.training.data.surface import Ack, Op, OpError, Param, World

TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "number"}
WHOLE: dict[str, Any] = {"type": "integer"}
DATE: dict[str, Any] = {"type": "string", "format": "date"}


def words(*patterns: str) -> tuple[str, ...]:
    """Names from patterns such as `send|dispatch mail|email`: every combination of the alternatives."""
    names: list[str] = []
    for pattern in patterns:
        partial = [""]
        for part in pattern.split():
            partial = [f"{head}_{option}" if head else option for head in partial for option in part.split("|")]
        names += partial
    return tuple(names)


# Mail, messages, notes


def _send_mail(world: World, a: dict[str, Any]) -> Ack:
    if "@" not in a["to"]:
        raise OpError(f"'{a['to']}' is not an email address")
    world["outbox"].append(dict(a))
    return Ack(f"Mail sent to {a['to']}.", {"message_id": f"msg-{len(world['outbox']) + 400}", "to": a["to"]})


def _post(world: World, a: dict[str, Any]) -> Ack:
    world["posts"].append(dict(a))
    return Ack(f"Posted to {a['channel']}.", {"channel": a["channel"], "ts": f"{len(world['posts']) + 17}"})


def _remind(world: World, a: dict[str, Any]) -> Ack:
    world["reminders"].append(dict(a))
    return Ack(f"Reminder set for {a['date']}.", {"date": a["date"], "text": a["text"]})


def _note(world: World, a: dict[str, Any]) -> Ack:
    world["memos"].append(dict(a))
    return Ack(f"Note '{a['title']}' saved.", {"title": a["title"], "saved": True})


MAIL_TO = Param(
    "to",
    ("to", "recipient", "to_address", "email"),
    TEXT,
    ("Email address", "Who gets it", "Address of the recipient"),
    True,
    ("addressee", "destination"),
)
MAIL = Op(
    "mail.send",
    words("send mail|email|message", "mail|email|compose|sendmail", "email send", "send_an email", "mail user|person"),
    (
        "Send an email.",
        "Send an email to one address with a subject and a text.",
        "Mails a plain-text message to somebody.",
    ),
    (
        MAIL_TO,
        Param(
            "subject",
            ("subject", "title", "subject_line"),
            TEXT,
            ("Subject line", "What it is about"),
            True,
            ("headline",),
        ),
        Param(
            "body",
            ("body", "text", "message", "content"),
            TEXT,
            ("The text", "Message in plain text"),
            True,
            ("payload",),
        ),
    ),
    _send_mail,
    "mail",
    words("dispatch letter|missive|email", "transmit email"),
    writes=True,
)
POST = Op(
    "chat.post",
    words(
        "post message|to_channel",
        "send chat_message|channel_message",
        "notify channel|team",
        "chat post|send",
        "slack post",
    ),
    (
        "Post a message to a channel.",
        "Write a message into a team channel.",
        "Sends text to a chat channel such as #general.",
    ),
    (
        Param(
            "channel",
            ("channel", "room", "channel_name", "team"),
            TEXT,
            ("Channel name", "Where to post, such as #ops"),
            True,
            ("thread", "space"),
        ),
        Param(
            "text", ("text", "message", "content", "body"), TEXT, ("What to say", "Message text"), True, ("utterance",)
        ),
    ),
    _post,
    "chat",
    words("broadcast|announce update|notice"),
    writes=True,
)
REMIND = Op(
    "reminders.set",
    words("set|create|add reminder", "remind", "schedule reminder", "reminder create"),
    ("Set a reminder.", "Remember the user of something on a day.", "Creates a reminder that fires on the given date."),
    (
        Param(
            "date",
            ("date", "on", "due", "when", "due_date"),
            DATE,
            ("Day, YYYY-MM-DD", "When to remind"),
            True,
            ("fire_on",),
        ),
        Param(
            "text",
            ("text", "what", "title", "message"),
            TEXT,
            ("What to remember", "Text shown"),
            True,
            ("subject_matter",),
        ),
    ),
    _remind,
    "reminders",
    words("schedule|arrange nudge|alert"),
    writes=True,
)
MEMO = Op(
    "memos.save",
    words("save|add|create memo|note", "write memo|note", "memo create", "jot down"),
    ("Save a note.", "Keep a short note under a title.", "Stores a titled note in the notebook."),
    (
        Param("title", ("title", "name", "heading"), TEXT, ("Title of the note",), True, ("caption",)),
        Param(
            "text",
            ("text", "body", "content", "note"),
            TEXT,
            ("The note itself", "Text to keep"),
            True,
            ("inscription",),
        ),
    ),
    _note,
    "memos",
    words("record|log memo|entry"),
    writes=True,
)

# Sums


def total(world: World, a: dict[str, Any]) -> float:
    """Numbers added up by cents, so that no binary dust is left."""
    del world
    value = round(sum(a["numbers"]), 4)
    return int(value) if value == int(value) else value


SUM = Op(
    "calc.sum",
    words("sum|add|total numbers|values|list", "sum", "add up"),
    ("Add up numbers.", "The total of a list of numbers.", "Returns the sum of all values given."),
    (
        Param(
            "numbers",
            ("numbers", "values", "items", "amounts"),
            {"type": "array", "items": NUMBER},
            ("What to add up",),
            True,
            ("addends",),
        ),
    ),
    total,
    "calc",
    words("accumulate|tally figures"),
)


# Policy pages


def _policy(world: World, a: dict[str, Any]) -> str:
    pages = world["policies"]
    if a["topic"] in pages:
        return str(pages[a["topic"]])
    close = near(a["topic"], list(pages)) or list(pages)[:1]
    raise OpError(f"No page '{a['topic']}'. Pages: {', '.join(pages) or 'none'}", {"topic": close[0]} if close else {})


POLICY = Op(
    "docs.policy",
    words(
        "get|read|fetch|show policy", "lookup rules|policy", "policy lookup|get", "get guidelines", "read handbook_page"
    ),
    ("Read a policy page.", "The company's rule on a topic.", "Returns the text of a handbook page."),
    (
        Param(
            "topic",
            ("topic", "name", "page", "subject", "policy"),
            TEXT,
            ("Topic, such as refunds", "Name of the page"),
            True,
            ("matter",),
        ),
    ),
    _policy,
    "docs",
    words("consult|obtain rulebook|regulation"),
)

SERVICES: dict[str, Op] = {op.role: op for op in (MAIL, POST, REMIND, MEMO, SUM, POLICY)}


def _empty_list(rng: random.Random, world: World) -> list[Any]:
    del rng, world
    return []


def _empty_map(rng: random.Random, world: World) -> dict[str, Any]:
    del rng, world
    return {}


MAKERS = (
    {"today": lambda rng, world: day(rng)}
    | dict.fromkeys(("outbox", "posts", "reminders", "memos", "facts"), _empty_list)
    | dict.fromkeys(("files", "policies", "tables"), _empty_map)
)
