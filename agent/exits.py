"""From an error or an outcome to what the shell sees: one line on stderr and an exit code, never a traceback.

0 ok    1 the task failed    2 usage    3 infrastructure    130 interrupted
"""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from coterie.memory.records import Outcome, Status
from coterie.model.telling import INFRASTRUCTURE, INTERRUPTED, USAGE, fail

CODES: dict[Status, int] = {"success": 0, "failed": 1, "limit": 1, "infrastructure": 3, "cancelled": 130}


@contextmanager
def told() -> Iterator[None]:
    """Turn what the block raises into a message and an exit code."""
    try:
        yield
    except (typer.Exit, typer.Abort):
        raise
    except (KeyboardInterrupt, EOFError):
        fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        raise typer.Exit(1) from None
    except Exception as error:
        fail(describe(error), code_of(error))


def code_of_outcome(outcome: Outcome) -> int:
    """How a run ended, as an exit code."""
    from coterie.agent.errors import is_usage

    return USAGE if is_usage(outcome.cause) else CODES[outcome.status]


def code_of(error: Exception) -> int:
    """Whose fault it is: the person's (2), ours or the machine's (3), or nobody's (130)."""
    from coterie.agent.errors import Stopped, UsageError, single
    from coterie.agent.recording import Drift
    from coterie.memory.errors import RecordNotFound
    from coterie.model.errors import ModelError
    from coterie.tools.errors import DefinitionError
    from coterie.tools.workspace import WorkspaceError

    cause = single(error)
    if isinstance(cause, Stopped):
        return INTERRUPTED
    if isinstance(cause, UsageError | Drift | DefinitionError | WorkspaceError | RecordNotFound):
        return USAGE
    return USAGE if isinstance(cause, ModelError) and cause.blame == "usage" else INFRASTRUCTURE


def describe(error: Exception) -> str:
    """The error's own message; for a defect of ours, where it is."""
    from coterie.agent.errors import AgentError, single
    from coterie.memory.errors import StoreError
    from coterie.model.errors import ModelError
    from coterie.tools.errors import DefinitionError, ToolError
    from coterie.tools.workspace import WorkspaceError

    cause = single(error)
    if isinstance(cause, AgentError | StoreError | ModelError | DefinitionError | WorkspaceError | ToolError):
        return str(cause)
    if isinstance(cause, OSError) and cause.strerror:
        return f"{cause.filename or ''}: {cause.strerror}".lstrip(": ")
    last = traceback.extract_tb(cause.__traceback__)[-1] if cause.__traceback__ else None
    place = f" ({last.filename}:{last.lineno})" if last else ""
    return f"a defect in Coterie: {type(cause).__name__}: {cause}{place}; please report it with the command you ran"
