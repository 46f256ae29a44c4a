"""Where the loop goes next: pure functions of the state."""

from typing import Literal

from coterie.agent.state import State


def after_plan(state: State) -> Literal["act", "finish"]:
    """A refusal ends the run, and so does a plan with nothing left to do."""
    pending = any(step["status"] == "pending" for step in state["steps"])
    return "act" if pending and state["refusal"] is None else "finish"


def after_judge(state: State) -> Literal["act", "replan", "finish"]:
    """The strongest verdict of the wave wins: finish, then replan (also when retries are used up), then go on.

    A plan that is used up ends the run, and so does `finish`, unless a part of the task was left out (`untouched`).
    """
    words = [call["judged"]["word"] for call in state["wave"] if call["judged"]]
    worked_on = {call["number"] for call in state["wave"]}
    given_up = any(step["status"] == "failed" for step in state["steps"] if step["number"] in worked_on)
    if "finish" in words and not state["untouched"]:
        return "finish"
    if "replan" in words or given_up:
        return "replan" if state["replans_left"] > 0 else "finish"
    if any(step["status"] == "pending" for step in state["steps"]):
        return "act"
    return "replan" if state["untouched"] and state["replans_left"] > 0 else "finish"
