"""Replan: a new plan for what remains, numbered on from the last step that was tried; nothing may be left to do."""

from functools import partial
from typing import Any

from coterie.agent.ask import ask
from coterie.agent.deps import Deps
from coterie.agent.state import State, closed, left_out, next_number, planned
from coterie.agent.trace import PlanMade
from coterie.model import protocol


async def replan(state: State, deps: Deps) -> dict[str, Any]:
    """Replace the steps that were not tried; the system prompt and its tools stay as they are."""
    step_id, first = state["next_step_id"], next_number(state["steps"])
    left = left_out(state["task"], state["steps"]) if deps.choices.check_coverage else ()
    prompt = [*state["transcript"], protocol.ask_replan(first, left)]
    schema = protocol.plan_schema(first)
    parse = partial(protocol.parse_plan, first=first)
    made = await ask(deps, "replan", step_id, prompt, schema, parse)
    fresh = [planned(step, number) for number, step in enumerate(made.steps, first)]
    steps = closed([step for step in state["steps"] if step["attempts"]], "failed") + fresh
    revision = state["revision"] + 1
    await deps.trace.emit(PlanMade(step_id, steps, made.refusal, revision))
    return {
        "transcript": [*prompt, protocol.say(made)],
        "steps": steps,
        "refusal": made.refusal,
        "revision": revision,
        "replans_left": state["replans_left"] - 1,
        "next_step_id": step_id + 1,
        "spent": deps.budget.spent(),
    }
