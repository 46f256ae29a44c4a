"""Finish: the model answers the task from what it noted; a refusal is the answer as it stands.

A run in which every call failed has done nothing and found nothing, whatever its answer says: it is no success.
"""

from typing import Any

from coterie.agent.ask import ask
from coterie.agent.deps import Deps
from coterie.agent.state import Ending, State, closed
from coterie.agent.trace import Answered
from coterie.model import protocol


async def finish(state: State, deps: Deps) -> dict[str, Any]:
    """End the run."""
    step_id, transcript = state["next_step_id"], state["transcript"]
    if state["refusal"] is not None:
        ending: Ending = {"status": "failed", "answer": state["refusal"], "error": "refused", "cause": "refused"}
    else:
        transcript = [*transcript, protocol.ask_answer()]
        words = ("failed",) if deps.choices.verify_results and _is_all_failed(state) else protocol.STATUSES
        answer = await ask(deps, "answer", step_id, transcript, protocol.answer_schema(words), protocol.parse_answer)
        cause = None if answer.status == "success" else "gave_up"
        ending = {"status": answer.status, "answer": answer.text, "error": None, "cause": cause}
        transcript = [*transcript, protocol.say(answer)]
    await deps.trace.emit(Answered(step_id, ending))
    return {
        "transcript": transcript,
        "steps": closed(state["steps"], "skipped"),
        "ending": ending,
        "next_step_id": step_id + 1,
        "spent": deps.budget.spent(),
    }


def _is_all_failed(state: State) -> bool:
    """Whether calls were made and none of them went through; one in doubt may have."""
    kinds = [call["error_kind"] for step in state["steps"] for call in step["tried"]]
    return bool(kinds) and all(kind not in (None, "in_doubt") for kind in kinds)
