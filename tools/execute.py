"""Running a tool for an agent: validate -> known already? -> approve -> intent -> run -> result -> commit.

A tool that only reads has no effect to write down: it is validated, approved and run, again after a resume.
Whatever the tool does, the caller gets a ToolResult; only cancellation and a broken ledger raise. Cancelled while
the tool runs, the call stays in doubt in the ledger, which is the truth; cancelled later, the commit still happens.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from coterie.tools.approve import Approver
from coterie.tools.call import check, run_checked
from coterie.tools.ledger import CallKey, Ledger, Prior
from coterie.tools.result import ToolResult
from coterie.tools.spec import ToolSpec
from coterie.tools.text import DEFAULT_MAX_CHARS, truncated
from coterie.tools.tool import Tool

Doubt = Literal["repeat", "skip"]
DoubtResolver = Callable[[ToolSpec, CallKey], Awaitable[Doubt]]

_RETRIED = frozenset({"exception", "timeout", "unavailable"})
_RETRY_PAUSE_S = 0.2


async def execute(
    tool: Tool,
    arguments: Mapping[str, Any],
    *,
    approve: Approver,
    ledger: Ledger,
    key: CallKey,
    max_chars: int = DEFAULT_MAX_CHARS,
    spill: Path | None = None,
    redact: Callable[[str], str] = str,
    in_doubt: DoubtResolver | None = None,
    retries: int = 0,
) -> ToolResult:
    """Run one call under approval, time limit and ledger, and cut its result to size.

    `spill` is the folder for texts over max_chars, which `redact` masks first. `in_doubt` is asked about a call that
    an earlier process began and never finished, unless the tool is repeatable; without it such a call is not run.
    `retries` applies to repeatable tools only, after an exception, a timeout or a dead dependency.
    """
    checked = check(tool.spec, tool.body, arguments)
    if isinstance(checked, ToolResult):
        return checked
    changes = tool.spec.effect != "read"  # a call that changes nothing may run again, and need not be written down
    if changes and (known := _replayed(await asyncio.to_thread(ledger.find, key))):
        return known
    if not await approve(tool.spec, dict(checked)):
        return ToolResult.failure("refused", _refused_text(tool.spec))
    if not changes:
        return truncated(await _run(tool, checked, retries), tool.spec.name, max_chars, spill, redact)
    prior = await asyncio.to_thread(ledger.begin, key, arguments)
    if known := _replayed(prior):
        return known
    if prior is not None and not await _may_repeat(tool.spec, key, in_doubt):
        return ToolResult.failure("in_doubt", _doubt_text(tool.spec))
    result = truncated(await _run(tool, checked, retries), tool.spec.name, max_chars, spill, redact)
    await _committed(ledger, key, result)
    return result


async def _run(tool: Tool, checked: dict[str, Any], retries: int) -> ToolResult:
    result = await run_checked(tool.spec, tool.body, checked)
    for attempt in range(retries if tool.spec.repeatable else 0):
        if result.error_kind not in _RETRIED:
            break
        await asyncio.sleep(_RETRY_PAUSE_S * 2**attempt)
        result = await run_checked(tool.spec, tool.body, checked)
    return result


async def _committed(ledger: Ledger, key: CallKey, result: ToolResult) -> None:
    """Write the result down even when cancelled meanwhile: the effect has happened."""
    writing = asyncio.ensure_future(asyncio.to_thread(ledger.commit, key, result))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait({writing})
        raise


async def _may_repeat(spec: ToolSpec, key: CallKey, resolver: DoubtResolver | None) -> bool:
    if spec.repeatable:
        return True
    return resolver is not None and await resolver(spec, key) == "repeat"


def _replayed(prior: Prior | None) -> ToolResult | None:
    if prior is None or prior.result is None:
        return None
    return ToolResult(**{**vars(prior.result), "replayed": True})


def _refused_text(spec: ToolSpec) -> str:
    return f"{spec.name} was not run: it is a {spec.effect} tool and approval was refused. Do without it, or say so."


def _doubt_text(spec: ToolSpec) -> str:
    return (
        f"{spec.name} was begun with these arguments before an interruption and may or may not have taken effect; it "
        "was not run again. Check what is there before you go on."
    )
