"""The graph's state: plain JSON data, so that every checkpoint is readable and every step can be hashed.

Nodes take the state and return the keys they change; nothing here holds a connection or a clock.
What a run depends on beside it (model, tools, store, budget) is `coterie.agent.deps.Deps`.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypedDict

from coterie.model.chat import Message
from coterie.model.coverage import untouched
from coterie.model.protocol import PlannedStep, VerdictWord

StepStatus = Literal["pending", "done", "failed", "skipped"]


class Tried(TypedDict):
    """A call that a step has already made, what kind of error it gave, if any, and whether that may be gone by now."""

    name: str
    arguments: dict[str, Any]
    error_kind: str | None
    may_pass: bool


class StepState(TypedDict):
    """One planned step; `number` is global and goes on after a replan. `tried` has its judged calls."""

    number: int
    do: str
    known: list[str]
    needs: list[int]
    status: StepStatus
    attempts: int
    tried: list[Tried]


class Observed(TypedDict):
    """What a call returned, as the model sees it."""

    text: str
    is_error: bool
    error_kind: str | None


class Judged(TypedDict):
    """The model's verdict on one call."""

    note: str
    word: VerdictWord


class CallState(TypedDict):
    """One call of the wave being worked on: drafted by act, run by observe, judged by judge.

    `asked` is the message the call answers. `step_id` counts passes in the episode, `number` is the
    plan's step, `attempt` counts the tries of that step from 1.
    """

    step_id: int
    number: int
    attempt: int
    do: str
    asked: Message
    name: str
    arguments: dict[str, Any]
    observed: Observed | None
    judged: Judged | None


class Spent(TypedDict):
    """What the run has used of its budget."""

    steps: int
    model_calls: int
    tool_calls: int
    prompt_tokens: int
    completion_tokens: int
    wall_s: float


class Signal(TypedDict):
    """A structural oddity worth an analyst's look; never a judgement by content."""

    kind: Literal[
        "ignored_error",
        "repeated_call",
        "malformed_turn",
        "ungrounded_argument",
        "left_out_option",
        "unsaid_figure",
        "untouched_part",
    ]
    step_id: int
    detail: str


class Ending(TypedDict):
    """How the model, not the runtime, ended the run."""

    status: Literal["success", "failed"]
    answer: str
    error: str | None
    cause: str | None


class State(TypedDict):
    """Everything a resumed run needs."""

    task: str
    recalled: list[str]
    shown: list[str]
    transcript: list[Message]
    steps: list[StepState]
    wave: list[CallState]
    refusal: str | None
    revision: int
    replans_left: int
    next_step_id: int
    spent: Spent
    signals: list[Signal]
    untouched: list[str]
    ending: Ending | None


# Errors that may be gone the next time, whatever they say.
PASSING = frozenset({"exception", "timeout", "unavailable"})
NOTHING_SPENT: Spent = {
    "steps": 0,
    "model_calls": 0,
    "tool_calls": 0,
    "prompt_tokens": 0,
    "completion_tokens": 0,
    "wall_s": 0.0,
}


def initial(task: str, max_replans: int) -> State:
    """The state a run starts from."""
    return {
        "task": task,
        "recalled": [],
        "shown": [],
        "transcript": [],
        "steps": [],
        "wave": [],
        "refusal": None,
        "revision": 0,
        "replans_left": max_replans,
        "next_step_id": 1,
        "spent": NOTHING_SPENT,
        "signals": [],
        "untouched": [],
        "ending": None,
    }


def planned(step: PlannedStep, number: int) -> StepState:
    """A step of a fresh plan."""
    return {
        "number": number,
        "do": step.do,
        "known": list(step.known),
        "needs": list(step.needs),
        "status": "pending",
        "attempts": 0,
        "tried": [],
    }


def ready(steps: list[StepState]) -> list[StepState]:
    """The pending steps that wait for no other pending step; never empty while one is pending."""
    pending = {step["number"] for step in steps if step["status"] == "pending"}
    return [step for step in steps if step["number"] in pending and not pending.intersection(step["needs"])]


def closed(steps: list[StepState], status: StepStatus) -> list[StepState]:
    """The steps with the pending ones ended in this status."""
    return [{**step, "status": status} if step["status"] == "pending" else step for step in steps]


def next_number(steps: list[StepState]) -> int:
    """The number a new plan starts at: after the last step that was tried."""
    return 1 + max((step["number"] for step in steps if step["attempts"]), default=0)


def made(step: StepState, name: str) -> list[dict[str, Any]]:
    """The arguments of the step's calls of this tool so far that would get the same answer again."""
    return [past["arguments"] for past in step["tried"] if past["name"] == name and not past["may_pass"]]


def may_pass(observed: Observed | None, arguments: Mapping[str, Any]) -> bool:
    """Whether the same call may get another answer: its error is of a kind that passes, or the tool's own and about no
    value of the call ("no order 'A17'" is, "503 Service Unavailable" is not)."""
    if observed is None or not observed["is_error"]:
        return False
    about = (re.search(rf"(?<!\w){re.escape(str(value))}(?!\w)", observed["text"]) for value in values_of(arguments))
    return observed["error_kind"] in PASSING or (observed["error_kind"] == "tool" and not any(about))


def values_of(arguments: Any) -> Iterator[str | float]:
    """The texts and numbers in the arguments of a call."""
    if isinstance(arguments, Mapping):
        arguments = list(arguments.values())
    if isinstance(arguments, list):
        for item in arguments:
            yield from values_of(item)
    elif isinstance(arguments, str | int | float) and not isinstance(arguments, bool) and arguments != "":
        yield arguments


def is_behind(step: StepState, steps: Sequence[StepState]) -> bool:
    """Whether a step before this one is still pending."""
    return any(other["status"] == "pending" and other["number"] < step["number"] for other in steps)


def left_out(task: str, steps: Sequence[StepState]) -> list[str]:
    """The parts of the task that no call took up so far."""
    calls = [(call["name"], call["arguments"]) for step in steps for call in step["tried"]]
    return untouched(task, calls, [step["do"] for step in steps if step["tried"]])


def state_hash(state: State) -> str:
    """SHA-256 of the state without its clock, which a replay must reach again."""
    spent = {key: value for key, value in state["spent"].items() if key != "wall_s"}
    text = json.dumps({**state, "spent": spent}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
