"""A verified trajectory, and the chat the runtime would have had on it.

Generators fill a `Trajectory`; `chat` renders it with `coterie.model.protocol`, message for message as
the agent loop does, so a trained prompt and a served prompt are the same bytes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from coterie.model import protocol
from coterie.model.chat import Message, ToolCard
from coterie.model.coverage import untouched
from coterie.model.protocol import Answer, CallDraft, Plan, PlannedStep, Verdict

FIRST_PLAN = 0
Split = Literal["train", "held_template", "held_family", "held_environment"]


@dataclass
class Attempt:
    """One call of a step, what came back, and the verdict on it; `tool` where it is not the step's right one.

    Without an observation the run is cut after this call: nothing may follow it. A slip is shown and not learned.
    """

    arguments: Mapping[str, Any]
    observation: str | None = None
    verdict: Verdict | None = None
    is_error: bool = False
    tool: str | None = None
    is_slip: bool = False


@dataclass
class StepRecord:
    """A planned step, the tool that is right for it, its attempts in order, and the tools offered (nearest first)."""

    planned: PlannedStep
    tool: str
    attempts: list[Attempt]
    candidates: list[str]


@dataclass
class Trajectory:
    """A whole run on one task. `replans` maps a step number to the plan made after it; `nearest` are tools and scores.

    `slips` are turns that a run shows and nobody should learn: FIRST_PLAN, or the last verdict on a step. `alone` is
    the number of the only step whose call is shown, straight after the plan, as calls are drafted side by side.
    """

    task: str
    tools: list[ToolCard]
    plan: Plan
    template: str
    family: str
    environment: str
    kind: str
    steps: list[StepRecord] = field(default_factory=list)
    replans: dict[int, Plan] = field(default_factory=dict)
    answer: Answer | None = None
    recalled: list[str] = field(default_factory=list)
    nearest: list[tuple[str, float]] = field(default_factory=list)
    slips: frozenset[int] = frozenset()
    alone: int | None = None

    def shown_steps(self) -> list[tuple[int, StepRecord]]:
        """The steps that the chat has, with their numbers."""
        numbered = list(enumerate(self.steps, 1))
        return [(number, step) for number, step in numbered if self.alone in (None, number)]


def chat(run: Trajectory) -> list[Message]:
    """The run as the append-only chat of the agent loop."""
    return [message for message, _ in turns(run)]


def turns(run: Trajectory) -> Iterator[tuple[Message, bool]]:
    """The run's chat, and of every message whether it is learned: assistant turns that are no slips."""
    yield protocol.system(run.tools), False
    yield protocol.ask_plan(run.task, run.recalled, run.nearest), False
    yield protocol.say(run.plan), FIRST_PLAN not in run.slips
    yield from _steps(run)
    if run.answer:
        yield protocol.ask_answer(), False
        yield protocol.say(run.answer), True


def left_out(run: Trajectory, number: int) -> list[str]:
    """The parts of the task that no call took up until after this step, as the loop finds them."""
    steps = run.steps[:number]
    calls = [(attempt.tool or step.tool, attempt.arguments) for step in steps for attempt in step.attempts]
    return untouched(run.task, calls, [step.planned.do for step in steps])


def known_texts(known: Mapping[str, Any]) -> tuple[str, ...]:
    """Known arguments as the values a plan lists: text as it is, everything else as JSON."""
    return tuple(value if isinstance(value, str) else protocol.dumps(value) for value in known.values())


def _steps(run: Trajectory) -> Iterator[tuple[Message, bool]]:
    parameters = {tool.name: tool.parameters for tool in run.tools}
    for number, step in run.shown_steps():
        for i, attempt in enumerate(step.attempts):
            name = attempt.tool or step.tool
            arguments = protocol.in_schema_order(attempt.arguments, parameters[name])
            yield protocol.ask_step(number, step.planned.do, step.planned.known, step.candidates, again=i > 0), False
            yield protocol.say(CallDraft(name, arguments)), not attempt.is_slip
            if attempt.observation is None or attempt.verdict is None:
                return
            last = i == len(step.attempts) - 1
            yield protocol.show_result(name, attempt.observation, attempt.is_error), False
            yield protocol.say(attempt.verdict), not (last and number in run.slips)
        if number in run.replans:
            yield protocol.ask_replan(number + 1, left_out(run, number)), False
            yield protocol.say(run.replans[number]), True
