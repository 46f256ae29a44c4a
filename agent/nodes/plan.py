"""Plan: choose the tools to show, then ask for the steps, or a refusal where no tool fits.

The tools shown are fixed here for the whole run: they are part of the system prompt, and prompts only
grow, so that the server's prefix cache keeps hitting.
"""

from collections.abc import Sequence
from typing import Any

from coterie.agent.ask import ask
from coterie.agent.deps import Deps, Ranking
from coterie.agent.grounding import spans
from coterie.agent.state import State, planned
from coterie.agent.trace import PlanMade
from coterie.model import protocol
from coterie.model.relevance import matches, parts_of
from coterie.tools.tool import Tool

BUILT_IN = "built in"


async def plan(state: State, deps: Deps) -> dict[str, Any]:
    """Make the first plan."""
    step_id = state["next_step_id"]
    limit = deps.choices.num_tools_shown
    is_ranked = deps.choices.show_relevance or len(deps.tools) > limit
    rankings = [await deps.near_task(part, len(deps.tools)) for part in parts_of(state["task"])] if is_ranked else []
    shown = tools_shown(list(deps.tools), rankings, limit)
    nearest = matches(rankings) if deps.choices.show_relevance else ()
    cards = [tool.card() for tool in shown]
    prompt = [protocol.system(cards), protocol.ask_plan(state["task"], state["recalled"], nearest)]
    values = spans([state["task"], *state["recalled"]]) if deps.choices.ground_plan else ()
    made = await ask(deps, "plan", step_id, prompt, protocol.plan_schema(values=values), protocol.parse_plan)
    steps = [planned(step, number) for number, step in enumerate(made.steps, 1)]
    await deps.trace.emit(PlanMade(step_id, steps, made.refusal, revision=0))
    return {
        "shown": [tool.name for tool in shown],
        "transcript": [*prompt, protocol.say(made)],
        "steps": steps,
        "refusal": made.refusal,
        "next_step_id": step_id + 1,
        "spent": deps.budget.spent(),
    }


def tools_shown(tools: Sequence[Tool], rankings: Sequence[Ranking], limit: int) -> list[Tool]:
    """All tools, or where there are too many for one prompt: the person's own, and those nearest to the task."""
    if len(tools) <= limit:
        return list(tools)
    own = [tool.name for tool in tools if tool.spec.source != BUILT_IN]
    kept = own if len(own) <= limit // 2 else []
    by_rank = (tool.name for rank in zip(*rankings, strict=True) for tool, _ in rank)
    names = list(dict.fromkeys([*kept, *by_rank]))[:limit]
    return [tool for tool in tools if tool.name in names]
