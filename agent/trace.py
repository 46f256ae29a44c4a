"""The trace: what happens in a run as typed events, in order, delivered to whoever listens.

The recorder (`coterie.agent.record`) turns them into the Episode, the display into what a person sees,
the HTTP API into a stream. Events are data: parse these, never a log.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from coterie.agent.state import CallState, Ending, Signal, Spent, StepState
from coterie.memory.records import MemoryRead, ModelCall, Outcome, encode
from coterie.tools.result import ToolResult


@dataclass(frozen=True)
class Event:
    """Something that happened."""

    def to_json(self) -> dict[str, Any]:
        """The event as plain JSON; `event` is its kind."""
        body = {f.name: _plain(getattr(self, f.name)) for f in fields(self)}
        return {"event": type(self).__name__, **body}


@dataclass(frozen=True)
class RunStarted(Event):
    """The loop is about to run, or to go on with an episode that was interrupted, whose `steps` are planned."""

    episode: str
    task: str
    model: str
    workspace: str
    resumed: bool = False
    steps: Sequence[StepState] = ()


@dataclass(frozen=True)
class Waiting(Event):
    """Something slow was begun that is not the loop's own work (a server starts, a tool server connects)."""

    what: str


@dataclass(frozen=True)
class MemoryRecalled(Event):
    """Memory was asked; `lines` is what the prompt shows of it."""

    step_id: int
    read: MemoryRead
    lines: Sequence[str]


@dataclass(frozen=True)
class ModelAsked(Event):
    """The model is being asked for something."""

    purpose: str
    step_id: int


@dataclass(frozen=True)
class ModelAnswered(Event):
    """One completion, whole; or the error that came instead."""

    call: ModelCall
    spent: Spent


@dataclass(frozen=True)
class PlanMade(Event):
    """A plan is in force: all steps so far, or a refusal. `revision` counts replans."""

    step_id: int
    steps: Sequence[StepState]
    refusal: str | None
    revision: int


@dataclass(frozen=True)
class StepStarted(Event):
    """A step of the plan is being worked on; `candidates` are the tools offered for it."""

    step_id: int
    number: int
    do: str
    attempt: int
    candidates: Sequence[str]


@dataclass(frozen=True)
class CallDrafted(Event):
    """The model wrote the call of a step; nothing has run yet."""

    call: CallState


@dataclass(frozen=True)
class CallStarted(Event):
    """The tool starts."""

    call: CallState


@dataclass(frozen=True)
class ResultSeen(Event):
    """The tool answered; the call has what the model sees, `result` all of it."""

    call: CallState
    result: ToolResult


@dataclass(frozen=True)
class VerdictGiven(Event):
    """The model judged a result."""

    call: CallState


@dataclass(frozen=True)
class SignalRaised(Event):
    """A structural oddity."""

    signal: Signal


@dataclass(frozen=True)
class NodeDone(Event):
    """A node finished: the hash of the state it left, and the steps it worked on."""

    node: str
    step_ids: Sequence[int]
    state_hash: str


@dataclass(frozen=True)
class Answered(Event):
    """The model ended the run."""

    step_id: int
    ending: Ending


@dataclass(frozen=True)
class RunFinished(Event):
    """The run is over, whatever way; `files` are those in the workspace that are new or changed."""

    episode: str
    outcome: Outcome
    spent: Spent
    files: Sequence[str] = ()


Listener = Callable[[Event], Awaitable[None] | None]


class Trace:
    """Delivers each event to its listeners, in order, one event at a time."""

    def __init__(self, listeners: Sequence[Listener] = ()) -> None:
        self._listeners = list(listeners)
        self._turn = asyncio.Lock()

    async def emit(self, event: Event) -> None:
        """Deliver; a listener that raises ends the run, so an episode is never silently incomplete."""
        async with self._turn:
            for listener in self._listeners:
                delivered = listener(event)
                if inspect.isawaitable(delivered):
                    await delivered


def _plain(value: Any) -> Any:
    return value.to_json() if isinstance(value, ToolResult) else encode(value)
