"""Asking the person at the terminal, under `--approve ask`, and about calls in doubt after an interruption."""

import asyncio
import sys
from typing import Any

from coterie.agent.display import Display
from coterie.agent.view import shown_arguments
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
        return await self._yes(f"{spec.effect}: {spec.name}({shown_arguments(arguments)})\nRun it?")

    async def repeat(self, spec: ToolSpec, key: CallKey) -> Doubt:
        """Whether a call that was cut off may run again."""
        question = f"{spec.name} {key.arguments}\nwas cut off and may have taken effect. Run it again?"
        return "repeat" if await self._yes(question) else "skip"

    async def _yes(self, question: str) -> bool:
        async with self._turn:
            with self._display.paused():
                print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
                answer = await run_in_thread(sys.stdin.readline, "approval")
        return answer.strip().lower() in ("y", "yes")
