"""Observe: run the calls of the wave and take down what came back, as data.

Calls run in parallel; two that share an argument value run in plan order if either may change something
(two edits of one file). Approval, time limits and the effects ledger are `coterie.tools.execute`'s.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from coterie.agent.as_data import as_data
from coterie.agent.deps import Deps
from coterie.agent.state import CallState, Signal, State, StepState, made, values_of
from coterie.agent.trace import CallStarted, ResultSeen, SignalRaised
from coterie.tools.result import ToolResult

NOT_RUN_AGAIN = "was not run again: this step already made exactly this call"


async def observe(state: State, deps: Deps) -> dict[str, Any]:
    """Run the wave's calls; those that repeat themselves are answered without running."""
    repeats = [_is_repeat(call, state["steps"]) for call in state["wave"]]
    deps.budget.reserve_tool_calls(repeats.count(False))
    signals = [_repeat_signal(call) for call, repeat in zip(state["wave"], repeats, strict=True) if repeat]
    for signal in signals:
        await deps.trace.emit(SignalRaised(signal))
    done = [asyncio.Event() for _ in state["wave"]]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_in_turn(deps, state["wave"], i, done, repeat)) for i, repeat in enumerate(repeats)]
    return {
        "wave": [task.result() for task in tasks],
        "signals": [*state["signals"], *signals],
        "spent": deps.budget.spent(),
    }


async def _in_turn(
    deps: Deps, wave: Sequence[CallState], i: int, done: Sequence[asyncio.Event], repeat: bool
) -> CallState:
    for j in range(i):
        if _conflict(deps, wave[j], wave[i]):
            await done[j].wait()
    result = _repeat_result(wave[i]) if repeat else await _run(deps, wave[i])
    done[i].set()
    text = as_data(result.text)
    call: CallState = {
        **wave[i],
        "observed": {"text": text, "is_error": result.is_error, "error_kind": result.error_kind},
    }
    await deps.trace.emit(ResultSeen(call, result))
    return call


async def _run(deps: Deps, call: CallState) -> ToolResult:
    await deps.trace.emit(CallStarted(call))
    return await deps.execute(call)


def _conflict(deps: Deps, first: CallState, second: CallState) -> bool:
    effects = {deps.tools.get(call["name"]).spec.effect for call in (first, second)}
    if effects == {"read"}:
        return False
    return not set(values_of(first["arguments"])).isdisjoint(values_of(second["arguments"]))


def _is_repeat(call: CallState, steps: Sequence[StepState]) -> bool:
    step = next(step for step in steps if step["number"] == call["number"])
    return call["arguments"] in made(step, call["name"])


def _repeat_result(call: CallState) -> ToolResult:
    text = (
        f"{call['name']} {NOT_RUN_AGAIN}, and the same call gives the same answer. Change the arguments, or go on with "
        "what is known."
    )
    return ToolResult.failure("arguments", text)


def _repeat_signal(call: CallState) -> Signal:
    return {"kind": "repeated_call", "step_id": call["step_id"], "detail": f"{call['name']} {call['arguments']}"}
