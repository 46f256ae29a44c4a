# ruff: noqa: E501  (phrases and tables are read best on one line)
"""The runtime's built-in tools, with their cards and results, over a world's files, clock and memory.

Shown exactly as the runtime shows them in half of the runs, under drawn names in the others.
"""

from calendar import monthrange
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Any

from coterie.model.training.data.environments.arithmetic import calculate
from coterie.model.training.data.environments.services import DATE, TEXT, WHOLE, words
from coterie.model.training.data.surface import Op, OpError, Param, World

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_PATHS = ("path", "file", "file_path", "filename", "file_name")
_HELD_PATHS = ("location", "target")

# Files


def _missing(files: dict[str, str], path: str) -> OpError:
    name = PurePosixPath(path).name
    close = [p for p in files if PurePosixPath(p).name == name][:3] or get_close_matches(
        path, list(files), n=3, cutoff=0.5
    )
    if close:
        return OpError(
            f"no file {path!r} in the workspace; did you mean {' or '.join(map(repr, close))}?", {"path": close[0]}
        )
    return OpError(f"no file {path!r} in the workspace; it holds {', '.join(sorted(files)[:20]) or 'nothing'}")


def text_of(world: World, path: str) -> str:
    """A file's text, or an error that names files like it."""
    if path not in world["files"]:
        raise _missing(world["files"], path)
    return str(world["files"][path])


def _read(world: World, a: dict[str, Any]) -> str:
    return text_of(world, a["path"]) or "(the file is empty)"


def _write(world: World, a: dict[str, Any]) -> str:
    verb = "replaced" if a["path"] in world["files"] else "created"
    world["files"][a["path"]] = a["content"]
    return f"{verb} {a['path']} ({len(a['content'].encode()):,} bytes)"


def _append(world: World, a: dict[str, Any]) -> str:
    old = world["files"].get(a["path"], "")
    joint = "" if not old or old.endswith("\n") else "\n"
    world["files"][a["path"]] = text = old + joint + a["content"].rstrip("\n") + "\n"
    return f"appended to {a['path']}; it now has {len(text.encode()):,} bytes"


def inside(world: World, folder: str, pattern: str) -> list[str]:
    """Paths of the files in a folder whose names fit a pattern."""
    root = "" if folder in (".", "") else folder.rstrip("/") + "/"
    found = sorted(p for p in world["files"] if p.startswith(root) and fnmatch(PurePosixPath(p).name, pattern))
    if root and not any(p.startswith(root) for p in world["files"]):
        raise OpError(
            f"no file {folder!r} in the workspace; it holds {', '.join(sorted(world['files'])[:20]) or 'nothing'}"
        )
    return found


def _list(world: World, a: dict[str, Any]) -> dict[str, Any]:
    found = inside(world, a.get("folder", "."), a.get("pattern", "*"))
    return {"files": found, "total": len(found)}


def _search(world: World, a: dict[str, Any]) -> dict[str, Any]:
    wanted = a["text"].lower()
    found = [
        f"{path}:{number}: {line.strip()}"
        for path in inside(world, a.get("folder", "."), a.get("pattern", "*"))
        for number, line in enumerate(str(world["files"][path]).splitlines(), 1)
        if wanted in line.lower()
    ]
    return {"matches": found[:100], "total": len(found)}


def _move(world: World, a: dict[str, Any]) -> str:
    files = world["files"]
    if a["path"] not in files:
        raise _missing(files, a["path"])
    if a["destination"] in files:
        raise OpError(f"{a['destination']!r} exists already; choose another destination")
    files[a["destination"]] = files.pop(a["path"])
    return f"moved {a['path']} to {a['destination']}"


_CONTENTS = ("content", "text", "data", "contents", "body")
_FOLDER = Param(
    "folder",
    ("folder", "directory", "dir"),
    TEXT | {"default": "."},
    ("list only this folder, for example reports",),
    False,
)
_PATTERN = Param(
    "pattern",
    ("pattern", "glob", "mask"),
    TEXT | {"default": "*"},
    ("list only files whose name fits, for example *.csv",),
    False,
)
FILES = (
    Op("files.read", ("read_file", *words("read|open|get|load|show file", "file read", "cat", "view file", "read text_file")),
       ("Read a text file in the workspace.", "Read a text file.", "Return the text of a file."),
       (Param("path", _PATHS, TEXT, ("the file, for example notes.txt or reports/june.md", "Path of the file"), True, _HELD_PATHS),
        Param("start", ("start_line", "from_line"), {"type": "integer", "minimum": 1, "default": 1}, ("the first line to read, counting from 1",), False),
        Param("lines", ("max_lines", "num_lines"), {"type": "integer", "minimum": 1, "maximum": 5000, "default": 500}, ("how many lines to read at most",), False)),
       _read, "files", words("peruse|ingest document"), True),
    Op("files.write", ("write_file", *words("write|save|create file", "write_to file", "file write|save", "save text", "put file", "store text_file")),
       ("Write text to a file in the workspace. Creates the file, or replaces everything in it.", "Write a text file.", "Saves text under the given path."),
       (Param("path", _PATHS, TEXT, ("the file to write, for example report.md", "Where to write"), True, _HELD_PATHS),
        Param("content", _CONTENTS, TEXT, ("the whole text of the file", "Text to write"), True, ("material",))),
       _write, "files", words("persist|deposit document|text"), True, writes=True),
    Op("files.append", ("append_file", *words("append file|line|text", "append_to file", "add line|to_file", "file append")),
       ("Add text to the end of a file in the workspace. Creates the file if it does not exist.", "Append text to a file.", "Appends to a text file."),
       (Param("path", _PATHS, TEXT, ("the file to add to, for example log.txt", "File to add to"), True, _HELD_PATHS),
        Param("content", _CONTENTS, TEXT, ("the text to add; it starts on a new line", "Text to add"), True, ("material",))),
       _append, "files", words("tack_on|extend document"), True, writes=True),
    Op("files.list", ("list_files", *words("list|show files|folder|directory", "ls", "dir", "file list")),
       ("List the files in the workspace, with those in its folders.", "List files.", "Names of the files in a folder."),
       (_FOLDER, _PATTERN), _list, "files", words("enumerate documents"), True),
    Op("files.search", ("search_files", *words("search|grep|find text|in_files", "grep", "find_lines")),
       ("Find the lines that contain a text in the files of the workspace. Upper and lower case are the same.", "Search text in files.", "Lines of files that contain some words."),
       (Param("text", ("text", "query", "words", "term"), TEXT, ("the words to look for, exactly as they stand in a line",), True, ("needle",)),
        Param("folder", _FOLDER.names, _FOLDER.schema, ("search only this folder",), False),
        Param("pattern", _PATTERN.names, _PATTERN.schema, ("search only files whose name fits, for example *.txt",), False)),
       _search, "files", words("locate passages"), True),
    Op("files.move", ("move_file", *words("move|rename file", "mv", "file move|rename")),
       ("Move or rename a file in the workspace. An existing file is never overwritten.", "Move a file.", "Renames a file or moves it to another folder."),
       (Param("path", ("source", "from_path", "old_path", "src"), TEXT, ("the file to move",), True, ("origin",)),
        Param("destination", ("destination", "to_path", "new_path", "dst", "target"), TEXT, ("its new path, with the file name",), True, ("terminus",))),
       _move, "files", words("relocate document"), True, writes=True),
)  # fmt: skip

# Sums and dates


def _calculate(world: World, a: dict[str, Any]) -> str:
    del world
    try:
        return calculate(a["expression"])
    except (ValueError, SyntaxError):
        raise OpError(f"cannot read {a['expression']!r}; write it like 3 * (4 + 5), without units or words") from None
    except ZeroDivisionError:
        raise OpError("a division by 0 has no value") from None


def day_of(text: str) -> date:
    """An ISO date, or an error."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise OpError(f"{text!r} is not a date as YYYY-MM-DD") from None


def as_day(value: date) -> dict[str, str]:
    """A date as the date tools give it."""
    return {"date": value.isoformat(), "weekday": WEEKDAYS[value.weekday()]}


def shifted(start: date, amount: int, unit: str) -> date:
    """The date some units later."""
    if unit in ("days", "weeks"):
        return start + timedelta(days=amount * (7 if unit == "weeks" else 1))
    if unit == "business_days":
        for _ in range(abs(amount)):
            start += timedelta(days=1 if amount > 0 else -1)
            while start.weekday() > 4:
                start += timedelta(days=1 if amount > 0 else -1)
        return start
    months = start.year * 12 + start.month - 1 + amount * (12 if unit == "years" else 1)
    year, month = months // 12, months % 12 + 1
    return start.replace(year=year, month=month, day=min(start.day, monthrange(year, month)[1]))


def _parsed(world: World, a: dict[str, Any]) -> dict[str, str]:
    del world
    for pattern in ("%d %B %Y", "%B %d, %Y", "%d %b %Y", "%d.%m.%Y", "%Y/%m/%d"):
        try:
            return as_day(datetime.strptime(a["text"], pattern).date())
        except ValueError:
            continue
    raise OpError(f"cannot read {a['text']!r} as a date; write it like 3 May 2025 or 2025-05-03")


_UNITS = {"enum": ["days", "weeks", "months", "years", "business_days"], "default": "days"}
_DAY = ("the date, as YYYY-MM-DD", "YYYY-MM-DD")
DATES = (
    Op("dates.today", ("today", *words("get today|current_date", "current date", "now_date")), ("Get today's date and weekday.", "Today's date."), (),
       lambda w, a: as_day(day_of(w["today"])), "dates", words("present day"), True),
    Op("dates.add", ("date_add", *words("add days", "date add|shift|offset", "shift date", "add to_date", "date_plus")),
       ("Add days, weeks, months, years or business days to a date. A negative amount goes back in time.", "Add to a date.", "Moves a date by some days, weeks, months or years."),
       (Param("date", ("date", "start", "start_date", "day", "from_date"), DATE, ("the date to start from, as YYYY-MM-DD",), True, ("anchor",)),
        Param("days", ("amount", "count", "num", "offset", "delta"), WHOLE, ("how many units to add; negative to subtract",), True, ("span",)),
        Param("unit", ("unit", "units", "step"), _UNITS, ("what is counted; business_days are Monday to Friday",), False)),
       lambda w, a: as_day(shifted(day_of(a["date"]), a["days"], a.get("unit", "days"))), "dates", words("advance|move calendar_day"), True),
    Op("dates.between", ("days_between", *words("date diff|difference", "count days", "days_between dates", "get date_difference")),
       ("Count the days from one date to another. Negative if the end comes before the start.", "Days between two dates."),
       (Param("start", ("start", "from_date", "start_date", "first", "date_a"), DATE, ("the first date, as YYYY-MM-DD",), True, ("opening",)),
        Param("end", ("end", "to_date", "end_date", "second", "date_b"), DATE, ("the second date, as YYYY-MM-DD",), True, ("closing",))),
       lambda w, a: (day_of(a["end"]) - day_of(a["start"])).days, "dates", words("span|interval of_days"), True),
    Op("dates.weekday", ("weekday", *words("get weekday|day_of_week", "day of_week", "which_day")), ("Tell which day of the week a date is.", "Day of the week of a date."),
       (Param("date", ("date", "day", "on"), DATE, _DAY, True, ("instant",)),), lambda w, a: WEEKDAYS[day_of(a["date"]).weekday()], "dates", words("name day"), True),
    Op("dates.parse", ("parse_date", *words("parse|read|normalise date", "date parse|to_iso")), ("Turn a written date, such as 3 May 2025 or 05/03/2025, into YYYY-MM-DD.", "Read a written date."),
       (Param("text", ("text", "date_text", "written", "value"), TEXT, ("the date as it is written",), True, ("inscription",)),
        Param("day_first", ("day_first",), {"type": "boolean"}, ("for dates like 05/03/2025, true if the day comes first, false if the month does",), False)),
       _parsed, "dates", words("decipher day"), True),
    Op("dates.format", ("format_date", *words("format|write date", "date format|to_text")), ("Write a date in another form.", "Format a date."),
       (Param("date", ("date", "day", "value"), DATE, _DAY, True, ("instant",)),
        Param("pattern", ("pattern", "format", "layout"), TEXT | {"default": "%d %B %Y"}, ("how to write it: %d day, %m month number, %B month name, %Y year, %A weekday, %j day of the year",), False)),
       lambda w, a: day_of(a["date"]).strftime(a.get("pattern", "%d %B %Y")), "dates", words("inscribe day"), True),
)  # fmt: skip
CALCULATE = Op(
    "calc.evaluate", ("calculate", *words("calculator", "evaluate", "eval expression", "compute", "calc", "do math", "solve expression", "math eval")),
    ("Calculate an arithmetic expression exactly.\n\nKnows + - * / // % ** ( ), percentages such as 20% of 45, and round(x, digits), floor, ceil, abs, min, max, sum, mean, sqrt. Use plain numbers without units or currency signs.",
     "Evaluate an arithmetic expression.", "Calculate a sum such as (3 + 4) * 2, with round(x, digits), sum and mean."),
    (Param("expression", ("expression", "expr", "formula", "input", "query"), TEXT, ("for example (19.99 * 3 + 4.50) * 1.2 or round(100 / 7, 2)", "Arithmetic to work out"), True, ("arithmetic",)),),
    _calculate, "calc", words("work_out|resolve sum|figure"), True,
)  # fmt: skip

# Memory and code


def _remember(world: World, a: dict[str, Any]) -> str:
    world["facts"].append(a["text"])
    return f"remembered as fact-{len(world['facts']) + 11}"


def recalled(world: World, query: str, limit: int) -> list[dict[str, Any]]:
    """Facts that share words with the query, best first."""
    wanted = {w for w in query.lower().replace("'s", "").split() if len(w) > 2}
    scored = [
        (len(wanted & {w.strip(".,:") for w in f.lower().replace("'s", "").split()}) / max(len(wanted), 1), i, f)
        for i, f in enumerate(world["facts"])
    ]
    best = sorted((s for s in scored if s[0] > 0), reverse=True)[:limit]
    return [
        {"text": f, "source_id": f"fact-{i + 12}", "score": round(s, 2), "why": "shares words with the query"}
        for s, i, f in best
    ]


MEMORY = (
    Op("memory.remember", ("remember", *words("save|store fact|memory", "memory store|add", "keep_in_mind")),
       ("Store a fact in long-term memory, to be found again in later tasks.", "Store a fact.", "Keeps something for later."),
       (Param("text", ("text", "fact", "content", "what"), TEXT, ("one fact in one or two whole sentences, understandable on its own",), True, ("lore",)),),
       _remember, "memory", words("memorise lore"), True, writes=True),
    Op("memory.recall", ("recall", *words("search|lookup memory|facts", "memory search|recall", "find_in memory")),
       ("Find facts and earlier episodes in long-term memory.", "Search the memory.", "What is known about something."),
       (Param("query", ("query", "q", "about", "question"), TEXT, ("what to look for, in words",), True, ("enquiry",)),
        Param("limit", ("limit", "k", "max_results"), {"type": "integer", "minimum": 1, "maximum": 20, "default": 5}, ("how many to return at most",), False)),
       lambda w, a: recalled(w, a["query"], a.get("limit", 5)), "memory", words("reminisce about"), True),
)  # fmt: skip
PYTHON = Op(
    "code.python", ("run_python", *words("execute|run code|script")),
    ("Run Python code and get what it prints. The code can use the files of the workspace, but no network.", "Run Python code."),
    (Param("code", ("code", "source", "script"), TEXT, ("the Python code; print what you want to see",)),), lambda w, a: "", "code", (), True, writes=True,
)  # fmt: skip

BUILTIN: dict[str, Op] = {op.role: op for op in (*FILES, *DATES, CALCULATE, *MEMORY)}
