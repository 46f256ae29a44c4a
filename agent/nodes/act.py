"""Act: the model writes the tool call of every step that is ready, one wave of them at a time.

Nothing runs here. The drafted calls are in the checkpoint before `observe` touches the world, so a
resumed run makes the very same calls and the effects ledger recognises them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from coterie.agent import dataflow, grounding, options
from coterie.agent.ask import ask
from coterie.agent.deps import Deps
from coterie.agent.state import CallState, State, StepState, is_behind, made, ready
from coterie.agent.trace import CallDrafted, SignalRaised, StepStarted
from coterie.model import protocol
from coterie.model.chat import Message
from coterie.model.protocol import CallDraft, MalformedTurn


async def act(state: State, deps: Deps) -> dict[str, Any]:
    """Draft the calls of the next wave, concurrently."""
    wave = [(step, await candidates(state, deps, step)) for step in ready(state["steps"])]
    if deps.choices.hold_writes:
        wave = [
            (step, names) for step, names in wave if _only_reads(deps, names) or not is_behind(step, state["steps"])
        ]
    wave = wave[: min(deps.choices.max_parallel, max(1, deps.budget.steps_left()))]
    deps.budget.reserve_steps(len(wave))
    first_id = state["next_step_id"]
    async with asyncio.TaskGroup() as group:
        drafts = [
            group.create_task(draft(state, deps, step, names, first_id + i)) for i, (step, names) in enumerate(wave)
        ]
    tried = {step["number"] for step, _ in wave}
    return {
        "wave": [task.result() for task in drafts],
        "steps": [
            {**step, "attempts": step["attempts"] + 1} if step["number"] in tried else step for step in state["steps"]
        ],
        "next_step_id": first_id + len(wave),
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
    if deps.choices.name_options:
        written = await _completed(deps, step, step_id, prompt, written)
    if deps.choices.carry_figures:
        written = await _carried(state, deps, step, step_id, prompt, written)
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
    ranking = await deps.near_step(step["do"], len(deps.tools))
    offered = shortlist([(tool.name, score) for tool, score in ranking], state["shown"], deps.choices.candidate_margin)
    return offered[: 1 if deps.choices.tool_choice == "encoder" else deps.choices.num_candidates]


def shortlist(ranking: Sequence[tuple[str, float]], shown: Sequence[str], margin: float) -> list[str]:
    """The tools shown whose score is within the margin of the best of them: a clear first is alone."""
    near = [(name, score) for name, score in ranking if name in shown]
    return [name for name, score in near if score >= near[0][1] - margin]


def _only_reads(deps: Deps, names: Sequence[str]) -> bool:
    """Whether the nearest of the candidates changes nothing."""
    return all(deps.tools.get(name).spec.effect == "read" for name in names[:1])


async def _grounded(
    deps: Deps, step: StepState, step_id: int, prompt: Sequence[Message], written: CallDraft
) -> CallDraft:
    """The call as written, or written again where an argument is a slip of the pen or an error names another."""
    tool = deps.tools.get(written.name)
    seen, is_read = grounding.seen_in(prompt), tool.spec.effect == "read"
    written = grounding.trimmed(written, seen)
    past = [CallDraft(written.name, arguments) for arguments in made(step, written.name)]
    failed = [(call, protocol.errors_of(call, prompt)) for call in past]
    slipped = grounding.corrected(written, tool.card(), failed, f"{seen[0]}\n{step['do']}", is_read=is_read)
    if not slipped and written not in past:
        slipped = grounding.slipped(written, tool.card(), seen, is_read=is_read, do=step["do"])
    if not slipped:
        return written
    values = ", ".join(f"{name}={written.arguments[name]!r}" for name in slipped)
    detail = f"{written.name}: {values} is not what was seen"
    await deps.trace.emit(SignalRaised({"kind": "ungrounded_argument", "step_id": step_id, "detail": detail}))
    return await _chosen(deps, step_id, prompt, written, slipped)


async def _completed(
    deps: Deps, step: StepState, step_id: int, prompt: Sequence[Message], written: CallDraft
) -> CallDraft:
    """The call as written, or with the options that its step names and it leaves out."""
    card = deps.tools.get(written.name).card()
    names = options.left_out(written, card, step["do"])
    if not names:
        return written
    detail = f"{written.name}: {', '.join(names)} is named and not said"
    await deps.trace.emit(SignalRaised({"kind": "left_out_option", "step_id": step_id, "detail": detail}))
    schema = protocol.call_schema([options.completed(card, written, names)])
    return await ask(deps, "act", step_id, prompt, schema, protocol.parse_call)


async def _carried(
    state: State, deps: Deps, step: StepState, step_id: int, prompt: Sequence[Message], written: CallDraft
) -> CallDraft:
    """The call as written, or its text chosen again where it leaves out the one figure that it is due to say."""
    tool = deps.tools.get(written.name)
    figure = dataflow.figure_due(step, state["steps"], prompt)
    if figure is None or tool.spec.effect == "read":
        return written
    unsaid = dataflow.unsaid(written, figure, tool.spec.parameters, f"{state['task']}\n{step['do']}")
    if not unsaid:
        return written
    detail = f"{written.name}: {', '.join(unsaid)} does not say {figure.text}"
    await deps.trace.emit(SignalRaised({"kind": "unsaid_figure", "step_id": step_id, "detail": detail}))
    return await _chosen(deps, step_id, prompt, written, unsaid)


async def _chosen(
    deps: Deps, step_id: int, prompt: Sequence[Message], written: CallDraft, choices: Mapping[str, Sequence[str]]
) -> CallDraft:
    """The call written again, with some of its arguments chosen among these values."""
    card = grounding.narrowed(deps.tools.get(written.name).card(), written.arguments, choices)
    return await ask(deps, "act", step_id, prompt, protocol.call_schema([card]), protocol.parse_call)


def _read(text: str, names: list[str]) -> CallDraft:
    written = protocol.parse_call(text)
    if written.name not in names:
        raise MalformedTurn(f"{written.name!r} is not a candidate; call one of {names}")
    return written
