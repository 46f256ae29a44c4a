"""What an ended loop means: the model's own ending, unless the world it worked in was not there.

A run that the model gives up on because a tool's service was unavailable says nothing of the agent: it is
infrastructure, and never scored. A success stays one, and so does a refusal.
"""

from collections.abc import Sequence

from coterie.agent.state import State, StepState
from coterie.memory.records import Outcome

TOOL_UNAVAILABLE = "ToolUnavailable"


def outcome_of(state: State) -> Outcome:
    """The outcome of a loop that reached its end."""
    ending = state["ending"]
    assert ending is not None
    missing = unavailable(state["steps"])
    if ending["status"] == "success" or ending["cause"] == "refused" or not missing:
        return Outcome(**ending)
    what = f"the service behind {', '.join(missing)} did not answer"
    return Outcome(
        "infrastructure", ending["answer"], f"{what}; see that it runs, then run the task again", TOOL_UNAVAILABLE
    )


def is_over(outcome: Outcome) -> bool:
    """Whether the loop reached its end, so that there is nothing to go on with."""
    return outcome.status in ("success", "failed") or outcome.cause == TOOL_UNAVAILABLE


def unavailable(steps: Sequence[StepState]) -> list[str]:
    """The tools that steps failed on, because what they depend on was gone."""
    last = [step["tried"][-1] for step in steps if step["status"] == "failed" and step["tried"]]
    return list(dict.fromkeys(tried["name"] for tried in last if tried["error_kind"] == "unavailable"))
