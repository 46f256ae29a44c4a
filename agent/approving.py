"""Asking the person at the terminal, under `--approve ask`, and about calls in doubt after an interruption."""

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

from coterie.agent.display import Display
from coterie.tools.execute import Doubt
from coterie.tools.ledger import CallKey
from coterie.tools.spec import ToolSpec
from coterie.tools.threads import run_in_thread


class Asker:
    """One question at a time, on stderr, answered on stdin; anything but yes is no."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._turn = asyncio.Lock()

    async def approve(self, spec: ToolSpec, arguments: dict[str, Any]) -> bool:
        """Whether the call may run."""
        return await self._yes(f"{spec.effect}: {spec.name}({whole(arguments)})\nRun it?")

    async def repeat(self, spec: ToolSpec, key: CallKey) -> Doubt:
        """Whether a call that was cut off may run again."""
        question = f"{spec.name} {visible(key.arguments)}\nwas cut off and may have taken effect. Run it again?"
        return "repeat" if await self._yes(question) else "skip"

    async def _yes(self, question: str) -> bool:
        async with self._turn:
            with self._display.paused():
                print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
                answer = await run_in_thread(sys.stdin.readline, "approval")
        return answer.strip().lower() in ("y", "yes")


def whole(arguments: Mapping[str, Any]) -> str:
    """The validated arguments to their last character: the person answers for all of them."""
    written = {name: json.dumps(value, ensure_ascii=False, default=str) for name, value in arguments.items()}
    return visible(", ".join(f"{name}={value}" for name, value in written.items()))


def visible(text: str) -> str:
    """The text with what a terminal would obey or not show (controls, changes of direction) spelt out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
