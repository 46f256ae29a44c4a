"""A verified trajectory, and the chat the runtime would have had on it.

Generators fill a `Trajectory`; `chat` renders it with `coterie.model.protocol`, message for message as
the agent loop does, so a trained prompt and a served prompt are the same bytes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from coterie.model import protocol
from coterie.model.chat import Message, ToolCard
from coterie.model.protocol import Answer, CallDraft, Plan, PlannedStep, Verdict

Split = Literal["train", "held_template", "held_family", "held_environment"]


@dataclass
class Attempt:
    """One call of a step, what came back, and the verdict on it; `tool` where it is not the step's right one.

    Without an observation the run is cut after this call: nothing may follow it.
    """

    arguments: Mapping[str, Any]
    observation: str | None = None
    verdict: Verdict | None = None
    is_error: bool = False
    tool: str | None = None


@dataclass
class StepRecord:
    """A planned step, the tool that is right for it, its attempts in order, and the tools offered (nearest first)."""

    planned: PlannedStep
    tool: str
    attempts: list[Attempt]
    candidates: list[str]


@dataclass
class Trajectory:
    """A whole run on one task. `replans` maps a step number to the plan made after it."""

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


def chat(run: Trajectory) -> list[Message]:
    """The run as the append-only chat of the agent loop; assistant turns are what is learned."""
    return [
        protocol.system(run.tools),
        protocol.ask_plan(run.task, run.recalled),
        protocol.say(run.plan),
        *_steps(run),
        *([protocol.ask_answer(), protocol.say(run.answer)] if run.answer else []),
    ]


def known_texts(known: Mapping[str, Any]) -> tuple[str, ...]:
    """Known arguments as the values a plan lists: text as it is, everything else as JSON."""
    return tuple(value if isinstance(value, str) else protocol.dumps(value) for value in known.values())


def _steps(run: Trajectory) -> Iterator[Message]:
    parameters = {tool.name: tool.parameters for tool in run.tools}
    for number, step in enumerate(run.steps, 1):
        for i, attempt in enumerate(step.attempts):
            name = attempt.tool or step.tool
            arguments = protocol.in_schema_order(attempt.arguments, parameters[name])
            yield protocol.ask_step(number, step.planned.do, step.planned.known, step.candidates, again=i > 0)
            yield protocol.say(CallDraft(name, arguments))
            if attempt.observation is None or attempt.verdict is None:
                return
            yield protocol.show_result(name, attempt.observation, attempt.is_error)
            yield protocol.say(attempt.verdict)
        if number in run.replans:
            yield protocol.ask_replan(number + 1)
            yield protocol.say(run.replans[number])
