"""What a finished episode says to a later, similar task: one line on how it went.

Solved before: "Which orders are late?" with read_table -> calculate -> write_file: 3 orders are late
"""

from collections.abc import Sequence
from itertools import groupby

from coterie.memory.records import Outcome

MAX_TASK_CHARS = 160
MAX_ANSWER_CHARS = 160
MAX_TOOLS = 12
SOLVED = "Solved before"
_VERBS = {"success": SOLVED, "failed": "Tried before and failed", "limit": "Tried before, ran out of budget"}
IMPORTANCE = {"success": 0.7, "failed": 0.5, "limit": 0.4}
"""How much each outcome weighs in recall; outcomes not here say nothing about the task and are not recalled."""


def summarise(task: str, outcome: Outcome, tools: Sequence[str]) -> str:
    """One line: how the task ended and by which tools, in the order they were called."""
    how = f" with {_sequence(tools)}" if tools else ""
    end = outcome.answer if outcome.status == "success" else outcome.error or outcome.cause or outcome.answer
    tail = f": {clip(end, MAX_ANSWER_CHARS)}" if end else ""
    return f'{_VERBS.get(outcome.status, "Seen before")}: "{clip(task, MAX_TASK_CHARS)}"{how}{tail}'


def clip(text: str, max_chars: int) -> str:
    """The text on one line, cut with an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= max_chars else line[: max_chars - 1].rstrip() + "…"


def _sequence(tools: Sequence[str]) -> str:
    runs = [(name, len(list(group))) for name, group in groupby(tools)]
    shown = [name if count == 1 else f"{name}×{count}" for name, count in runs[:MAX_TOOLS]]
    return " -> ".join(shown + (["…"] if len(runs) > MAX_TOOLS else []))
