"""Plan: choose the tools to show, then ask for the steps, or a refusal where no tool fits.

The tools shown are fixed here for the whole run: they are part of the system prompt, and prompts only
grow, so that the server's prefix cache keeps hitting.
"""

import re
from typing import Any

from coterie.agent.ask import ask
from coterie.agent.deps import Deps
from coterie.agent.grounding import spans
from coterie.agent.state import State, planned
from coterie.agent.trace import PlanMade
from coterie.model import protocol
from coterie.model.chat import ToolCard

BUILT_IN = "built in"
MAX_PARTS = 16


async def plan(state: State, deps: Deps) -> dict[str, Any]:
    """Make the first plan."""
    step_id = state["next_step_id"]
    shown = await tools_shown(state["task"], deps)
    names = [card.name for card in shown]
    prompt = [protocol.system(shown), protocol.ask_plan(state["task"], state["recalled"])]
    values = spans([state["task"], *state["recalled"]]) if deps.choices.ground_plan else ()
    made = await ask(deps, "plan", step_id, prompt, protocol.plan_schema(values=values), protocol.parse_plan)
    steps = [planned(step, number) for number, step in enumerate(made.steps, 1)]
    await deps.trace.emit(PlanMade(step_id, steps, made.refusal, revision=0))
    return {
        "shown": names,
        "transcript": [*prompt, protocol.say(made)],
        "steps": steps,
        "refusal": made.refusal,
        "next_step_id": step_id + 1,
        "spent": deps.budget.spent(),
    }


async def tools_shown(task: str, deps: Deps) -> list[ToolCard]:
    """All tools, or where there are too many for one prompt: the person's own, and those nearest to the task."""
    limit = deps.choices.num_tools_shown
    if len(deps.tools) <= limit:
        return deps.tools.cards()
    own = [tool.name for tool in deps.tools if tool.spec.source != BUILT_IN]
    kept = own if len(own) <= limit // 2 else []
    rankings = [await deps.nearest(part, limit) for part in parts_of(task)]
    by_rank = (tool.name for rank in zip(*rankings, strict=True) for tool in rank)
    names = list(dict.fromkeys([*kept, *by_rank]))[:limit]
    return [tool.card() for tool in deps.tools if tool.name in names]


def parts_of(task: str) -> list[str]:
    """The task and its clauses: a task of several steps is near to no single tool, its clauses are."""
    clauses = [clause.strip() for clause in re.split(r"[.,;:!?\n]\s", task)]
    return list(dict.fromkeys([task, *(clause for clause in clauses if clause)]))[:MAX_PARTS]
