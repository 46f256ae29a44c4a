"""Recall: what memory knows about the task, as lines that name their origin. First node of the loop."""

import re
from typing import Any

from coterie.agent.as_data import as_data
from coterie.agent.deps import Deps, Recalled
from coterie.agent.state import State
from coterie.agent.trace import MemoryRecalled
from coterie.memory.records import MemoryRead, now
from coterie.memory.summary import SOLVED

_WAY = re.compile(r'(".*?" with [^:]+): ')


async def recall(state: State, deps: Deps) -> dict[str, Any]:
    """Ask memory about the task; the lines go into the first prompt and stay there."""
    step_id = state["next_step_id"]
    hits = await deps.recall(state["task"])
    lines = [recalled_line(hit) for hit in hits]
    read = MemoryRead(
        query=state["task"],
        hits=tuple(_record(hit) for hit in hits),
        step_id=step_id,
        timestamp=now(),
    )
    await deps.trace.emit(MemoryRecalled(step_id, read, lines))
    return {"recalled": lines, "next_step_id": step_id + 1}


def recalled_line(hit: Recalled) -> str:
    """One line of the prompt: `[fact] ...`; an episode's own first words say how it went: `[solved before] ...`.

    What was solved is told with its tools and without its answer, which may be out of date and is taken for today's.
    """
    text = " ".join(as_data(hit.text).split())
    how, colon, rest = text.partition(": ")
    if how == SOLVED and (way := _WAY.match(rest)):
        rest = way[1]
    return f"[{how.lower()}] {rest}" if hit.kind == "episode" and colon else f"[{hit.kind}] {text}"


def _record(hit: Recalled) -> dict[str, Any]:
    return {"text": hit.text, "kind": hit.kind, "source_id": hit.source_id, "score": hit.score, "why": str(hit.why)}
