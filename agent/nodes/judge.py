"""Judge: the model reads each result of the wave and says done, retry, replan or finish.

Afterwards the wave's blocks (ask, call, result, verdict) join the transcript in plan order. The only
checks here are of structure; what a result means is the model's to say.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from coterie.agent.ask import ask
from coterie.agent.deps import Deps
from coterie.agent.grounding import is_mendable, is_not_there
from coterie.agent.state import CallState, Signal, State, StepState, StepStatus, Tried, left_out, may_pass
from coterie.agent.trace import SignalRaised, VerdictGiven
from coterie.model import protocol
from coterie.model.chat import Message
from coterie.model.protocol import VERDICTS, CallDraft, Verdict, VerdictWord


async def judge(state: State, deps: Deps) -> dict[str, Any]:
    """Judge the wave's results, concurrently."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_verdict(state, deps, call)) for call in state["wave"]]
    wave = [task.result() for task in tasks]
    steps = after_verdicts(state["steps"], wave, deps.choices.max_retries)
    left = _left_out(state, wave, steps) if deps.choices.check_coverage else []
    signals = [_ignored(call) for call in wave if _word(call) == "done" and _failed(call)]
    signals += [_untouched(part, wave[-1]["step_id"]) for part in left]
    for signal in signals:
        await deps.trace.emit(SignalRaised(signal))
    return {
        "wave": wave,
        "transcript": [*state["transcript"], *(message for call in wave for message in block(call))],
        "steps": steps,
        "untouched": left,
        "signals": [*state["signals"], *signals],
        "spent": deps.budget.spent(),
    }


async def _verdict(state: State, deps: Deps, call: CallState) -> CallState:
    messages = [*state["transcript"], *block(call)]
    schema = protocol.verdict_schema(_verdicts(state, deps, call))
    verdict = await ask(deps, "judge", call["step_id"], messages, schema, protocol.parse_verdict)
    judged: CallState = {**call, "judged": {"note": verdict.note, "word": verdict.word}}
    await deps.trace.emit(VerdictGiven(judged))
    return judged


def _verdicts(state: State, deps: Deps, call: CallState) -> list[VerdictWord]:
    """What the model may judge: a call that failed is not done, one that its error mends is tried again, and one for
    what is not there is not; where nothing else is planned and no other tool reads, that ends the run."""
    if not _certainly_failed(call):
        return list(VERDICTS)
    if deps.choices.keep_asked and _is_not_there(state, deps, call):
        return ["replan", "finish"] if _has_another_way(state, deps, call) else ["finish"]
    if deps.choices.retry_mendable and call["attempt"] <= deps.choices.max_retries and _is_mendable(deps, call):
        return ["retry"]
    return [word for word in VERDICTS if word != "done" or not deps.choices.verify_results]


def _is_mendable(deps: Deps, call: CallState) -> bool:
    assert call["observed"] is not None
    card = deps.tools.get(call["name"]).card()
    return is_mendable(CallDraft(call["name"], call["arguments"]), card, call["observed"]["text"])


def _is_not_there(state: State, deps: Deps, call: CallState) -> bool:
    assert call["observed"] is not None
    card, failed = deps.tools.get(call["name"]).card(), CallDraft(call["name"], call["arguments"])
    return is_not_there(failed, card, call["observed"]["text"], state["task"])


def _has_another_way(state: State, deps: Deps, call: CallState) -> bool:
    """Whether another step is planned, or another tool could find what this one has not."""
    planned = any(step["status"] == "pending" and step["number"] != call["number"] for step in state["steps"])
    others = [name for name in state["shown"] if name != call["name"]]
    return planned or any(deps.tools.get(name).spec.effect == "read" for name in others)


def block(call: CallState) -> list[Message]:
    """The call's part of the transcript, as far as it has come."""
    messages = [call["asked"], protocol.say(CallDraft(call["name"], call["arguments"]))]
    if observed := call["observed"]:
        messages.append(protocol.show_result(call["name"], observed["text"], observed["is_error"]))
    if judged := call["judged"]:
        messages.append(protocol.say(Verdict(judged["note"], judged["word"])))
    return messages


def after_verdicts(steps: Sequence[StepState], wave: Sequence[CallState], max_retries: int) -> list[StepState]:
    """The plan with the judged steps done, failed, or pending again for a retry."""
    calls = {call["number"]: call for call in wave}
    return [_judged(step, calls[step["number"]], max_retries) if step["number"] in calls else step for step in steps]


def _judged(step: StepState, call: CallState, max_retries: int) -> StepState:
    observed = call["observed"]
    kind = observed["error_kind"] if observed else None
    made: Tried = {
        "name": call["name"],
        "arguments": call["arguments"],
        "error_kind": kind,
        "may_pass": may_pass(observed, call["arguments"]),
    }
    status: StepStatus = "failed" if _failed(call) and _word(call) != "done" else "done"
    if _word(call) == "retry":
        status = "pending" if step["attempts"] <= max_retries else "failed"
    return {**step, "status": status, "tried": [*step["tried"], made]}


def _word(call: CallState) -> str:
    assert call["judged"] is not None
    return call["judged"]["word"]


def _failed(call: CallState) -> bool:
    assert call["observed"] is not None
    return call["observed"]["is_error"]


def _certainly_failed(call: CallState) -> bool:
    """A call in doubt may have had its effect before the run was cut."""
    assert call["observed"] is not None
    return call["observed"]["is_error"] and call["observed"]["error_kind"] != "in_doubt"


def _left_out(state: State, wave: Sequence[CallState], steps: Sequence[StepState]) -> list[str]:
    """The parts of the task that no call took up, once the first plan is used up or given up after an error.

    A verdict of finish on a good result stands.
    """
    ended = [call for call in wave if _word(call) == "finish"]
    over = any(_failed(call) for call in ended) if ended else all(step["status"] != "pending" for step in steps)
    return left_out(state["task"], steps) if state["revision"] == 0 and over else []


def _untouched(part: str, step_id: int) -> Signal:
    return {"kind": "untouched_part", "step_id": step_id, "detail": f"no call took up {part!r} of the task"}


def _ignored(call: CallState) -> Signal:
    assert call["observed"] is not None
    return {"kind": "ignored_error", "step_id": call["step_id"], "detail": call["observed"]["text"][:200]}
