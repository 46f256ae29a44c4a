"""One run of one tool: validated, captured, timed, and every way it can fail turned into a result.

Below `execute`, which adds approval, the effects ledger, retries and truncation.
"""

import asyncio
import time
import traceback
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import JsonValue

from coterie.tools.capture import Capture, captured
from coterie.tools.errors import ArgumentError, ToolError, ToolUnavailable
from coterie.tools.result import ToolResult
from coterie.tools.spec import Body, ToolSpec
from coterie.tools.text import as_text
from coterie.tools.values import UnserialisableResult, storable

_GRACE_S = 0.5
_TRACEBACK_CHARS = 20_000


async def call_once(spec: ToolSpec, body: Body, arguments: Mapping[str, Any]) -> ToolResult:
    """Validate and run; never raises but for cancellation."""
    checked = check(spec, body, arguments)
    return checked if isinstance(checked, ToolResult) else await run_checked(spec, body, checked)


def check(spec: ToolSpec, body: Body, arguments: Mapping[str, Any]) -> dict[str, Any] | ToolResult:
    """The validated arguments, or the failure: of the arguments, or of the tool's own validators."""
    try:
        return body.check(arguments)
    except ArgumentError as error:
        return ToolResult.failure("arguments", str(error))
    except Exception as error:
        text = f"{spec.name} was not run: its arguments could not be checked: {_named(error)}"
        return ToolResult.failure("exception", text, _details(error))


async def run_checked(spec: ToolSpec, body: Body, checked: dict[str, Any]) -> ToolResult:
    """Run with arguments that `body.check` gave."""
    started = time.monotonic()
    with captured() as capture:
        result = await _settled(spec, body, checked, capture)
    printed = storable(str(capture.printed))
    text = storable(_with_printed(result, printed))
    return replace(result, wall_s=time.monotonic() - started, printed=printed, text=text)


async def _settled(spec: ToolSpec, body: Body, checked: dict[str, Any], capture: Capture) -> ToolResult:
    task = asyncio.create_task(_outcome(spec.name, body, checked))
    try:
        await asyncio.wait({task}, timeout=spec.timeout_s)
    except asyncio.CancelledError:
        capture.abandoned = not await _stopped(task)
        raise
    if task.done():
        return task.result()
    capture.abandoned = True  # its thread, if it has one, may go on printing
    await _stopped(task)
    return ToolResult.failure("timeout", _timeout_text(spec))


async def _outcome(name: str, body: Body, checked: dict[str, Any]) -> ToolResult:
    try:
        data = await body.run(checked)
        return ToolResult(as_text(data), data)
    except ToolUnavailable as error:
        return ToolResult.failure("unavailable", str(error), _details(error))
    except ToolError as error:
        return ToolResult.failure("tool", str(error) or f"{name} failed without saying why", _details(error))
    except UnserialisableResult as error:
        return ToolResult.failure("result", str(error))
    except (Exception, SystemExit) as error:
        return ToolResult.failure("exception", f"{name} failed: {_named(error)}", _details(error))
    except asyncio.CancelledError as error:
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise
        return ToolResult.failure("exception", f"{name} failed: {_named(error)}", _details(error))


async def _stopped(task: "asyncio.Task[ToolResult]") -> bool:
    """Cancel and give the task a moment to end; whether it did. A task that refuses is left behind, silently."""
    task.cancel()
    task.add_done_callback(lambda ended: None if ended.cancelled() else ended.exception())
    done, _ = await asyncio.wait({task}, timeout=_GRACE_S)
    return bool(done)


def _timeout_text(spec: ToolSpec) -> str:
    effect = "" if spec.effect == "read" else " It may still take effect: check before you try again."
    return f"{spec.name} did not finish within {spec.timeout_s:g} s.{effect}"


def _with_printed(result: ToolResult, printed: str) -> str:
    if result.is_error or result.data is not None:
        return result.text
    return printed.strip() or "done (the tool returned nothing)"


def _named(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _details(error: BaseException) -> JsonValue:
    trace = "".join(traceback.format_exception(error))
    return {"type": type(error).__name__, "message": str(error), "traceback": trace[-_TRACEBACK_CHARS:]}
