"""The tools that tasks of every environment end in: mail, messages, files, notes, sums, dates, policy pages."""

import ast
import operator
import random
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from coterie.model.training.data.environments.words import near
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


MAIL_TO = Param("to", ("to", "recipient", "to_address", "email"), TEXT, ("Email address", "Who gets it", "Address of the recipient"), True, ("addressee", "destination"))
MAIL = Op(
    "mail.send",
    words("send mail|email|message", "mail|email|compose|sendmail", "email send", "send_an email", "mail user|person"),
    ("Send an email.", "Send an email to one address with a subject and a text.", "Mails a plain-text message to somebody."),
    (
        MAIL_TO,
        Param("subject", ("subject", "title", "subject_line"), TEXT, ("Subject line", "What it is about"), True, ("headline",)),
        Param("body", ("body", "text", "message", "content"), TEXT, ("The text", "Message in plain text"), True, ("payload",)),
    ),
    _send_mail,
    "mail",
    words("dispatch letter|missive|email", "transmit email"),
    writes=True,
)
POST = Op(
    "chat.post",
    words("post message|to_channel", "send chat_message|channel_message", "notify channel|team", "chat post|send", "slack post"),
    ("Post a message to a channel.", "Write a message into a team channel.", "Sends text to a chat channel such as #general."),
    (
        Param("channel", ("channel", "room", "channel_name", "team"), TEXT, ("Channel name", "Where to post, such as #ops"), True, ("thread", "space")),
        Param("text", ("text", "message", "content", "body"), TEXT, ("What to say", "Message text"), True, ("utterance",)),
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
        Param("date", ("date", "on", "due", "when", "due_date"), DATE, ("Day, YYYY-MM-DD", "When to remind"), True, ("fire_on",)),
        Param("text", ("text", "what", "title", "message"), TEXT, ("What to remember", "Text shown"), True, ("subject_matter",)),
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
        Param("text", ("text", "body", "content", "note"), TEXT, ("The note itself", "Text to keep"), True, ("inscription",)),
    ),
    _note,
    "memos",
    words("record|log memo|entry"),
    writes=True,
)

# Sums and dates

_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def evaluate(expression: str) -> float:
    """A sum of numbers with + - * / and parentheses; whole results are integers, others rounded to 6 places."""
    try:
        value = _value(ast.parse(expression, mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError) as error:
        raise OpError(f"cannot evaluate '{expression}': {error}") from None
    return int(value) if value == int(value) else round(value, 6)


def _value(node: ast.AST) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _tidy(_OPERATORS[type(op)](_value(left), _value(right)))
    raise ValueError("only numbers and + - * / are allowed")


def _tidy(value: float) -> float:
    return round(value, 9)


def _calculate(world: World, a: dict[str, Any]) -> float:
    del world
    return evaluate(a["expression"])


CALC = Op(
    "calc.evaluate",
    words("calculate", "calculator", "evaluate", "eval expression", "compute", "calc", "do math", "solve expression", "math eval"),
    ("Evaluate an arithmetic expression.", "Calculate a sum such as (3 + 4) * 2.", "Works out + - * / and parentheses."),
    (Param("expression", ("expression", "expr", "formula", "input", "query"), TEXT, ("Such as 12.5 * 3", "Arithmetic to work out"), True, ("arithmetic",)),),
    _calculate,
    "calc",
    words("work_out|resolve sum|figure"),
)


def total(world: World, a: dict[str, Any]) -> float:
    """Numbers added up by cents, so that no binary dust is left."""
    del world
    value = round(sum(a["numbers"]), 4)
    return int(value) if value == int(value) else value


SUM = Op(
    "calc.sum",
    words("sum|add|total numbers|values|list", "sum", "add up"),
    ("Add up numbers.", "The total of a list of numbers.", "Returns the sum of all values given."),
    (Param("numbers", ("numbers", "values", "items", "amounts"), {"type": "array", "items": NUMBER}, ("What to add up",), True, ("addends",)),),
    total,
    "calc",
    words("accumulate|tally figures"),
)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise OpError(f"'{text}' is not a date; write YYYY-MM-DD") from None


def _days_between(world: World, a: dict[str, Any]) -> int:
    del world
    return (_date(a["end"]) - _date(a["start"])).days


def _add_days(world: World, a: dict[str, Any]) -> str:
    del world
    return (_date(a["date"]) + timedelta(days=a["days"])).isoformat()


DAYS = Op(
    "dates.between",
    words("days between", "date diff|difference", "count days", "days_between dates", "get date_difference"),
    ("Days between two dates.", "How many days lie from one date to another.", "Difference of two dates in days."),
    (
        Param("start", ("start", "from_date", "start_date", "first", "date_a"), DATE, ("First day, YYYY-MM-DD",), True, ("opening",)),
        Param("end", ("end", "to_date", "end_date", "second", "date_b"), DATE, ("Last day, YYYY-MM-DD",), True, ("closing",)),
    ),
    _days_between,
    "dates",
    words("span|interval of_days"),
)
SHIFT = Op(
    "dates.add",
    words("add days", "date add|shift|offset", "shift date", "add_days to_date", "date_plus days"),
    ("Add days to a date.", "The date some days after (or, negative, before) a date.", "Moves a date by a number of days."),
    (
        Param("date", ("date", "start", "start_date", "day", "from_date"), DATE, ("YYYY-MM-DD",), True, ("anchor",)),
        Param("days", ("days", "num_days", "offset", "delta"), WHOLE, ("May be negative", "How many days"), True, ("span",)),
    ),
    _add_days,
    "dates",
    words("advance|move calendar_day"),
)

# Files and policy pages


def read_file(world: World, path: str) -> str:
    """A file's text; a missing one names those like it."""
    files = world["files"]
    if path in files:
        return str(files[path])
    close = near(path, list(files))
    raise OpError(f"{path} does not exist" + (f"; there is {', '.join(close)}" if close else ""), {"path": close[0]} if close else {})


def _write(world: World, a: dict[str, Any]) -> Ack:
    world["files"][a["path"]] = a["content"]
    return Ack(f"Wrote {len(a['content'])} characters to {a['path']}.", {"path": a["path"], "characters": len(a["content"])})


def _append(world: World, a: dict[str, Any]) -> Ack:
    old = world["files"].get(a["path"], "")
    world["files"][a["path"]] = (old.rstrip("\n") + "\n" if old else "") + a["content"]
    return Ack(f"Appended to {a['path']}.", {"path": a["path"], "appended": len(a["content"])})


PATH = Param("path", ("path", "file", "file_path", "filename", "file_name"), TEXT, ("Path of the file", "Where, relative to the root", "File name"), True, ("location", "target"))
CONTENT = Param("content", ("content", "text", "data", "contents", "body"), TEXT, ("Text to write", "What goes in"), True, ("material",))
WRITE = Op(
    "files.write",
    words("write|save|create file", "write_to file", "file write|save", "save text", "put file", "store text_file"),
    ("Write a text file.", "Write text to a file, replacing what was there.", "Saves text under the given path."),
    (PATH, CONTENT),
    _write,
    "files",
    words("persist|deposit document|text"),
    writes=True,
)
APPEND = Op(
    "files.append",
    words("append file|line|text", "append_to file", "add line|to_file", "file append"),
    ("Append text to a file.", "Add a line at the end of a file; made if missing.", "Appends to a text file."),
    (PATH, CONTENT),
    _append,
    "files",
    words("tack_on|extend document"),
    writes=True,
)
READ = Op(
    "files.read",
    words("read|open|get|load|show file", "file read", "cat", "view file", "read text_file"),
    ("Read a text file.", "Return the text of a file.", "Reads the file at a path."),
    (PATH,),
    lambda world, a: read_file(world, a["path"]),
    "files",
    words("peruse|ingest document"),
)


def _policy(world: World, a: dict[str, Any]) -> str:
    pages = world["policies"]
    if a["topic"] in pages:
        return str(pages[a["topic"]])
    close = near(a["topic"], list(pages)) or list(pages)[:1]
    raise OpError(f"No page '{a['topic']}'. Pages: {', '.join(pages) or 'none'}", {"topic": close[0]} if close else {})


POLICY = Op(
    "docs.policy",
    words("get|read|fetch|show policy", "lookup rules|policy", "policy lookup|get", "get guidelines", "read handbook_page"),
    ("Read a policy page.", "The company's rule on a topic.", "Returns the text of a handbook page."),
    (Param("topic", ("topic", "name", "page", "subject", "policy"), TEXT, ("Topic, such as refunds", "Name of the page"), True, ("matter",)),),
    _policy,
    "docs",
    words("consult|obtain rulebook|regulation"),
)

SERVICES: dict[str, Op] = {
    op.role: op for op in (MAIL, POST, REMIND, MEMO, CALC, SUM, DAYS, SHIFT, WRITE, APPEND, READ, POLICY)
}


def _empty_list(rng: random.Random, world: World) -> list[Any]:
    del rng, world
    return []


def _empty_map(rng: random.Random, world: World) -> dict[str, Any]:
    del rng, world
    return {}


MAKERS = {name: _empty_list for name in ("outbox", "posts", "reminders", "memos")} | {
    name: _empty_map for name in ("files", "policies")
}
