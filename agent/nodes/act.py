"""Act: the model writes the tool call of every step that is ready, one wave of them at a time.

Nothing runs here. The drafted calls are in the checkpoint before `observe` touches the world, so a
resumed run makes the very same calls and the effects ledger recognises them.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from coterie.agent import grounding
from coterie.agent.ask import ask
from coterie.agent.deps import Deps
from coterie.agent.state import CallState, Signal, State, StepState, has_failed, ready
from coterie.agent.trace import CallDrafted, SignalRaised, StepStarted
from coterie.model import protocol
from coterie.model.chat import Message
from coterie.model.protocol import CallDraft, MalformedTurn


async def act(state: State, deps: Deps) -> dict[str, Any]:
    """Draft the calls of the next wave, concurrently."""
    steps = ready(state["steps"])[: min(deps.choices.max_parallel, max(1, deps.budget.steps_left()))]
    deps.budget.reserve_steps(len(steps))
    offered = [await candidates(state, deps, step) for step in steps]
    first_id = state["next_step_id"]
    async with asyncio.TaskGroup() as group:
        drafts = [
            group.create_task(draft(state, deps, step, names, first_id + i))
            for i, (step, names) in enumerate(zip(steps, offered, strict=True))
        ]
    tried = {step["number"] for step in steps}
    return {
        "wave": [task.result() for task in drafts],
        "steps": [
            {**step, "attempts": step["attempts"] + 1} if step["number"] in tried else step for step in state["steps"]
        ],
        "next_step_id": first_id + len(steps),
        "spent": deps.budget.spent(),
    }


async def draft(state: State, deps: Deps, step: StepState, names: list[str], step_id: int) -> CallState:
    """Ask for the call of one step, one of the tools named."""
    attempt = step["attempts"] + 1
    await deps.trace.emit(StepStarted(step_id, step["number"], step["do"], attempt, names))
    asked = protocol.ask_step(step["number"], step["do"], step["known"], names, again=attempt > 1)
    cards = [deps.tools.get(name).card() for name in names]
    schema = protocol.call_schema(cards)
    prompt = [*state["transcript"], asked]
    written = await ask(deps, "act", step_id, prompt, schema, lambda text: _read(text, names))
    if deps.choices.ground_arguments:
        written = await _grounded(deps, step, step_id, prompt, written)
    parameters = deps.tools.get(written.name).spec.parameters
    call: CallState = {
        "step_id": step_id,
        "number": step["number"],
        "attempt": attempt,
        "do": step["do"],
        "asked": asked,
        "name": written.name,
        "arguments": protocol.in_schema_order(written.arguments, parameters),
        "observed": None,
        "judged": None,
    }
    await deps.trace.emit(CallDrafted(call))
    return call


async def candidates(state: State, deps: Deps, step: StepState) -> list[str]:
    """The tools offered for a step, nearest first: the encoder's shortlist, its first alone, or all shown."""
    if deps.choices.tool_choice == "model":
        return state["shown"]
    ranking = await deps.nearest(step["do"], len(deps.tools))
    offered = shortlist([(tool.name, score) for tool, score in ranking], state["shown"], deps.choices.candidate_margin)
    return offered[: 1 if deps.choices.tool_choice == "encoder" else deps.choices.num_candidates]


def shortlist(ranking: Sequence[tuple[str, float]], shown: Sequence[str], margin: float) -> list[str]:
    """The tools shown whose score is within the margin of the best of them: a clear first is alone."""
    near = [(name, score) for name, score in ranking if name in shown]
    return [name for name, score in near if score >= near[0][1] - margin]


async def _grounded(
    deps: Deps, step: StepState, step_id: int, prompt: Sequence[Message], written: CallDraft
) -> CallDraft:
    """The call as written, or written again where an argument is a slip of the pen or has just failed."""
    tool = deps.tools.get(written.name)
    seen, is_read = grounding.seen_in(prompt), tool.spec.effect == "read"
    written = grounding.trimmed(written, seen)
    if has_failed(step, written.name, written.arguments):
        errors = protocol.errors_of(written, prompt)
        slipped = grounding.corrected(written, tool.card(), errors, [seen[0], step["do"]], is_read=is_read)
    else:
        slipped = grounding.slipped(written, tool.card(), seen, is_read=is_read)
    if not slipped:
        return written
    await deps.trace.emit(SignalRaised(_slip(step_id, written, list(slipped))))
    card = grounding.narrowed(tool.card(), written.arguments, slipped)
    return await ask(deps, "act", step_id, prompt, protocol.call_schema([card]), protocol.parse_call)


def _slip(step_id: int, written: CallDraft, slipped: Sequence[str]) -> Signal:
    values = ", ".join(f"{name}={written.arguments[name]!r}" for name in slipped)
    return {
        "kind": "ungrounded_argument",
        "step_id": step_id,
        "detail": f"{written.name}: {values} is not what was seen",
    }


def _read(text: str, names: list[str]) -> CallDraft:
    written = protocol.parse_call(text)
    if written.name not in names:
        raise MalformedTurn(f"{written.name!r} is not a candidate; call one of {names}")
    return written
