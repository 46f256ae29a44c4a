"""Plan: choose the tools to show, then ask for the steps, or a refusal where no tool fits.

The tools shown are fixed here for the whole run: they are part of the system prompt, and prompts only
grow, so that the server's prefix cache keeps hitting.
"""

from collections.abc import Sequence
from typing import Any

from coterie.agent.ask import ask
from coterie.agent.deps import Deps
from coterie.agent.state import State, planned
from coterie.agent.trace import PlanMade
from coterie.model import protocol
from coterie.model.chat import ToolCard


async def plan(state: State, deps: Deps) -> dict[str, Any]:
    """Make the first plan."""
    step_id = state["next_step_id"]
    shown = await tools_shown(state["task"], deps)
    names = [card.name for card in shown]
    prompt = [protocol.system(shown), protocol.ask_plan(state["task"], state["recalled"])]
    made = await ask(deps, "plan", step_id, prompt, protocol.plan_schema(), protocol.parse_plan)
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


async def tools_shown(task: str, deps: Deps) -> Sequence[ToolCard]:
    """All tools, or those nearest to the task where there are too many for one prompt."""
    limit = deps.choices.num_tools_shown
    if len(deps.tools) <= limit:
        return deps.tools.cards()
    return [tool.card() for tool in await deps.nearest(task, limit)]
