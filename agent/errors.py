"""How a run can end badly, and what that means: one table from cause to (status, retry, scored).

    ToolError              (coterie.tools) never ends a run: the model sees it and goes on
    AgentError
      UsageError           what the person gave cannot be used; nothing was started
      LimitReached         a budget is spent: ends the run with its partial result; scored
      TurnError            the model twice did not write what was asked; scored
      Stopped              the person asked the run to stop; never scored
      InfrastructureError  the machine, not the model, failed: resumable, never scored
    ModelError             (coterie.model.errors) the server's side; its usage errors are the person's to mend
    StoreError             (coterie.memory) the database's side

Anything else that reaches the top is a defect of Coterie: recorded as infrastructure with its traceback on file.
"""

import asyncio
from dataclasses import dataclass
from typing import Literal

from coterie.memory.errors import StoreError
from coterie.memory.records import Status
from coterie.model.errors import (
    AccessDenied,
    ContextOverflow,
    MalformedCompletion,
    ModelError,
    ModelNotFound,
    RequestRefused,
)

LimitName = Literal["steps", "model_calls", "tool_calls", "tokens", "wall_s", "context"]


class AgentError(Exception):
    """What the agent itself raises."""


class UsageError(AgentError, ValueError):
    """Something the person gave cannot be used; the message says what to do."""


class LimitReached(AgentError):
    """A budget is spent. `name` is the budget, `limit` its size."""

    def __init__(self, name: LimitName, limit: float, message: str) -> None:
        self.name, self.limit = name, limit
        super().__init__(message)


class TurnError(AgentError):
    """The model did not write what was asked, twice; the message has the reason."""


class Stopped(AgentError):
    """The person asked the run to stop."""


class InfrastructureError(AgentError):
    """The machine failed the run; it can be resumed."""


@dataclass(frozen=True)
class Treatment:
    """What to do with an end: its status, whether running again can help, whether it counts as the agent's result.

    `usage`: the person has to mend what was given (a key, a model's name) first.
    """

    status: Status
    retry: bool
    scored: bool
    usage: bool = False


USAGE = Treatment("infrastructure", retry=False, scored=False, usage=True)


TREATMENTS: tuple[tuple[type[BaseException], Treatment], ...] = (
    (LimitReached, Treatment("limit", retry=False, scored=True)),
    (ContextOverflow, Treatment("limit", retry=False, scored=True)),
    (TurnError, Treatment("failed", retry=False, scored=True)),
    (MalformedCompletion, Treatment("failed", retry=False, scored=True)),
    (AccessDenied, USAGE),
    (ModelNotFound, USAGE),
    (RequestRefused, USAGE),
    (ModelError, Treatment("infrastructure", retry=True, scored=False)),
    (StoreError, Treatment("infrastructure", retry=True, scored=False)),
    (InfrastructureError, Treatment("infrastructure", retry=True, scored=False)),
    (Stopped, Treatment("cancelled", retry=False, scored=False)),
    (asyncio.CancelledError, Treatment("cancelled", retry=False, scored=False)),
)
DEFECT = Treatment("infrastructure", retry=False, scored=False)


def treatment(error: BaseException) -> Treatment:
    """The row of the table for this error; a defect if it has none."""
    return next((row for kind, row in TREATMENTS if isinstance(error, kind)), DEFECT)


def is_usage(cause: str | None) -> bool:
    """Whether an outcome's cause is of the kind that the person has to mend."""
    return any(kind.__name__ == cause and row.usage for kind, row in TREATMENTS)


def cause_of(error: BaseException) -> str:
    """The typed reason as the outcome records it: the budget's name, else the error's class."""
    return f"limit:{error.name}" if isinstance(error, LimitReached) else type(error).__name__


def single(error: BaseException) -> BaseException:
    """The first error of a group: a wave's TaskGroup wraps what its calls raise."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
