"""What can be scored: anything that turns an assignment into an Episode.

`Replay` walks a given solution through the real tools: the gold replay of the self-tests, and a scripted agent for
tests of the runner. `coterie.evals.ours` is our loop, `coterie.evals.single_loop` a baseline without plan and
judgement, `coterie.evals.function_caller` plans and writes calls without running a loop. `coterie.evals.foreign`
runs other frameworks, `coterie.evals.random_agent` is the floor.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from pydantic import JsonValue

from coterie.agent.as_data import as_data
from coterie.evals.suite import Call, Solution
from coterie.memory.records import (
    Episode,
    ModelCall,
    ModelRef,
    Observation,
    ObservationResult,
    Outcome,
    Plan,
    Step,
    Task,
    ToolCall,
    Usage,
    now,
)
from coterie.tools import Registry, Tool, ToolResult

_MAX_PAST_CHARS = 500


@dataclass(frozen=True)
class Limits:
    """Where an episode is cut off; steps of a plan are counted by our loop only, all else by every agent."""

    max_steps: int = 20
    max_model_calls: int = 100
    max_tool_calls: int = 30
    max_tokens: int = 60_000
    timeout_s: float = 300.0

    def reached(self, asked: Sequence[ModelCall]) -> str | None:
        """The limit that these model calls use up, in words; None while there may be another."""
        if len(asked) >= self.max_model_calls:
            return f"{self.max_model_calls} model calls"
        tokens = sum(call.prompt_tokens + call.completion_tokens for call in asked)
        return f"{self.max_tokens} tokens" if tokens >= self.max_tokens else None


@dataclass(frozen=True)
class Assignment:
    """One task for one agent: `tools` are all it may use, `namespace` is the memory it may use.

    In a task of several turns `history` has the turns before this one, as this agent did them. Only an agent that
    reads it, and says so with `converses = True`, is given one. `earlier` has the sessions before, for agents without
    a memory of their own.
    """

    task: Task
    tools: Sequence[Tool]
    workspace: Path
    namespace: str
    seed: int = 0
    limits: Limits = field(default_factory=Limits)
    history: Sequence[Episode] = ()
    earlier: Sequence[Episode] = ()

    def told_all(self) -> "Assignment":
        """The same with the sessions before told as the beginning of this conversation: a memory for any agent."""
        return replace(self, history=(*self.earlier, *self.history), earlier=())


class InfrastructureFailure(Exception):
    """The trial could not be carried out through no fault of the agent: it is retried, and never scored."""


class Refused(InfrastructureFailure):
    """The server wants another key, model or request: the trial is not retried until somebody mends that."""


class Agent(Protocol):
    """An agent as the runner sees it."""

    @property
    def model(self) -> ModelRef:
        """The model behind it."""
        ...

    def settings(self) -> Mapping[str, JsonValue]:
        """What else the score depends on; kept with the run."""
        ...

    async def run(self, assignment: Assignment) -> Episode:
        """Do the task. Raises InfrastructureFailure; every other end is in the episode's outcome."""
        ...


def converses(agent: Agent | type[Agent]) -> bool:
    """Whether the agent (or its class) can be told further turns of a task."""
    return getattr(agent, "converses", False) is True


def transcript(assignment: Assignment) -> str:
    """The conversation so far and the new message as one text, for agents that start from a task."""
    if not assignment.history:
        return assignment.task.text
    past = "\n".join(line for episode in assignment.history for line in _told_and_done(episode))
    return f"The conversation so far; what was done is done:\n{past}\n\nNow the user says:\n{assignment.task.text}"


def _told_and_done(episode: Episode) -> Iterator[str]:
    yield f"User: {episode.task.text}"
    for step in episode.steps:
        results = step.observation.results if step.observation else ()
        for call, result in zip(step.tool_calls, results, strict=False):
            seen = as_data(result.content[:_MAX_PAST_CHARS])
            yield f"Called {call.function_name} {json.dumps(dict(call.arguments), ensure_ascii=False)}: {seen}"
    yield f"Answer: {(episode.outcome and episode.outcome.answer) or episode.plan.refusal or '(none)'}"


class Replay:
    """Makes the calls of a solution and gives its answer; `choose` finds the solution for a task."""

    converses = True

    def __init__(self, choose: Callable[[Task], Solution], name: str = "replay") -> None:
        self._choose = choose
        self.model = ModelRef(name)

    def settings(self) -> Mapping[str, JsonValue]:
        """Nothing beside the solutions."""
        return {}

    async def run(self, assignment: Assignment) -> Episode:
        """See `Agent.run`; a call of an unknown tool is an error the solution has to live with."""
        begun, started_at = time.perf_counter(), now()
        solution = self._choose(assignment.task)
        registry = Registry(assignment.tools)
        steps = [await called(number, call, registry) for number, call in enumerate(solution.calls, start=1)]
        usage = Usage(tool_calls=len(steps), wall_s=time.perf_counter() - begun)
        outcome = Outcome("failed" if solution.refuse else "success", answer=solution.answer)
        return Episode(
            id="",
            task=assignment.task,
            model=self.model,
            outcome=outcome,
            plan=Plan(refusal=solution.answer if solution.refuse else None),
            steps=tuple(steps),
            usage=usage,
            started_at=started_at,
            finished_at=now(),
        )


async def called(number: int, call: Call, registry: Registry) -> Step:
    """Make a call and take it down as a step; one of an unknown tool gets an error."""
    if call.tool in registry:
        result = await registry.get(call.tool)(call.arguments)
    else:
        result = ToolResult.failure("arguments", f"unknown tool {call.tool!r}; have {registry.names()}")
    made = ToolCall(f"call-{number}-1", call.tool, call.arguments)
    return Step(number, "act", (made,), Observation((observed(made.tool_call_id, result),)))


def observed(call_id: str, result: ToolResult) -> ObservationResult:
    """A tool's result as the record keeps it."""
    return ObservationResult(
        source_call_id=call_id,
        content=result.text,
        data=result.data,
        is_error=result.is_error,
        error_kind=result.error_kind,
        truncated=result.truncated,
        wall_s=result.wall_s,
    )


def with_id(episode: Episode, identifier: str) -> Episode:
    """The episode under the id the store gave it."""
    return replace(episode, id=identifier)
