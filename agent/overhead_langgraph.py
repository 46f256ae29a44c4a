"""LangGraph's prebuilt agent with its SQLite checkpointer, as the yardstick of `coterie.agent.overhead`.

One model call and one tool call a step, as often as asked, then an answer. A step's overhead is the time from one
answer of the model to its next question less the time spent in the tool.
"""

import asyncio
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import tool

_NO_LIMIT = 10_000


class Clock:
    """Takes the time of each step from the model's side and the tool's."""

    def __init__(self) -> None:
        self.overheads_ms: list[float] = []
        self._answered: float | None = None
        self._in_tool_s = 0.0

    def asked(self) -> None:
        """The model is asked: a step has ended."""
        if self._answered is not None:
            self.overheads_ms.append(1000 * (time.perf_counter() - self._answered - self._in_tool_s))

    def answered(self) -> None:
        """The model has answered: a step begins."""
        self._answered, self._in_tool_s = time.perf_counter(), 0.0

    def used(self, wall_s: float) -> None:
        """The tool took so long."""
        self._in_tool_s += wall_s


class PacedChatModel(BaseChatModel):
    """Calls `look` so many times, then answers, each after a pause."""

    clock: Any
    steps: int
    pause_s: float

    @property
    def _llm_type(self) -> str:
        return "paced"

    def bind_tools(self, tools: Sequence[Any], **more: Any) -> Runnable[Any, AIMessage]:
        """It knows its tool already."""
        return self

    def _generate(self, messages: list[BaseMessage], *arguments: Any, **more: Any) -> ChatResult:
        raise NotImplementedError("asked asynchronously only")

    async def _agenerate(self, messages: list[BaseMessage], *arguments: Any, **more: Any) -> ChatResult:
        self.clock.asked()
        await asyncio.sleep(self.pause_s)
        number = sum(message.type == "ai" for message in messages)
        call = {"name": "look", "args": {"number": number}, "id": f"call-{number}"}
        said = AIMessage("", tool_calls=[call]) if number < self.steps else AIMessage("seen")
        self.clock.answered()
        return ChatResult(generations=[ChatGeneration(message=said)])


async def run(database: Path, steps: int, pause_s: float) -> list[float]:
    """One run of so many steps; the overhead of each in ms."""
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    clock = Clock()

    @tool
    async def look(number: int) -> int:
        """Look at a number."""
        started = time.perf_counter()
        clock.used(time.perf_counter() - started)
        return number

    model = PacedChatModel(clock=clock, steps=steps, pause_s=pause_s)
    async with AsyncSqliteSaver.from_conn_string(str(database)) as saver:
        agent = _prebuilt()(model, [look], checkpointer=saver)
        settings = {"configurable": {"thread_id": "1"}, "recursion_limit": _NO_LIMIT}
        await agent.ainvoke({"messages": [("user", "look at them")]}, settings)
    return clock.overheads_ms


def _prebuilt() -> Callable[..., Any]:
    """The agent that comes with LangGraph; its successor of the same make, LangChain's, is an optional package here."""
    from langgraph.prebuilt import create_react_agent

    def make(*arguments: Any, **more: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return create_react_agent(*arguments, **more)

    return make
