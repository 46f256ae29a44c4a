"""What every agent framework that is not ours is run through: same tools, same model, same limits, one Episode.

    assignment -> gateway + tools that are recorded -> the framework's own loop -> Episode

A framework is a function that does a task with what it finds on the bench and returns its answer. What it raises ends
the episode as failed: it is part of how good the framework is. Only a model server that fails is nobody's fault.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from typing import Any

from pydantic import JsonValue

from coterie.agent.connect import Connected
from coterie.agent.errors import UsageError
from coterie.evals.agents import Assignment, InfrastructureFailure, observed
from coterie.evals.gateway import Gateway, opened
from coterie.evals.single_loop import MAX_RESULT_CHARS, LoopSettings
from coterie.memory.records import Episode, Observation, Outcome, Step, ToolCall, Usage, now
from coterie.model.errors import ContextOverflow
from coterie.tools import Registry, Tool

MODULES = {"langchain": ("langchain", "langchain_openai"), "smolagents": ("smolagents",)}


def require_framework(name: str) -> None:
    """Raise UsageError, saying how to get it, where a framework is not installed."""
    missing = [module for module in MODULES[name] if find_spec(module) is None]
    if missing:
        have = f"{', '.join(missing)} is not installed"
        raise UsageError(f"the agent {name!r} cannot run: {have}; get it with: python3 .setup/install.py agents")


@dataclass
class Bench:
    """What a framework works with: the endpoint's address, the model's name, and tools that keep a record."""

    assignment: Assignment
    gateway: Gateway
    memory: bool = True
    """Whether it is told, or remembers, the sessions before."""
    steps: list[Step] = field(default_factory=list)

    @property
    def tools(self) -> list[Tool]:
        """The tools it may use; they are run with `call`."""
        return list(self.assignment.tools)

    async def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Run a tool and keep the step; what the model is to see."""
        limits = self.assignment.limits
        if len(self.steps) >= limits.max_tool_calls:
            self.gateway.limit = f"{limits.max_tool_calls} tool calls"
            return f"Error: the limit of {limits.max_tool_calls} tool calls is reached"
        number = len(self.steps) + 1
        result = await Registry(self.assignment.tools).get(name)(arguments)
        made = ToolCall(f"call-{number}-1", name, dict(arguments))
        self.steps.append(Step(number, "act", (made,), Observation((observed(made.tool_call_id, result),))))
        return ("Error: " if result.is_error else "") + result.text[:MAX_RESULT_CHARS]


Framework = Callable[[Bench], Awaitable[str]]


@dataclass(frozen=True)
class ForeignAgent:
    """A framework as an agent that can be scored."""

    name: str
    framework: Framework
    connected: Connected
    versions: Mapping[str, str]
    """The packages it runs on."""
    sampling: LoopSettings = field(default_factory=LoopSettings)
    converses: bool = True

    @property
    def model(self) -> Any:
        """See `Agent.model`."""
        return self.connected.ref

    def settings(self) -> Mapping[str, JsonValue]:
        """How the model writes, and the framework's version."""
        return {**asdict(self.sampling), "packages": dict(self.versions)}

    async def run(self, assignment: Assignment) -> Episode:
        """See `Agent.run`."""
        begun, started_at = time.perf_counter(), now()
        sampling = self.sampling.sampling(assignment.seed)
        assignment.workspace.mkdir(parents=True, exist_ok=True)
        async with opened(self.connected.model, sampling, assignment.limits) as gateway:
            bench = Bench(assignment, gateway, self.sampling.memory)
            outcome = await _outcome(self.framework, bench)
        asked = gateway.calls
        usage = Usage(
            prompt_tokens=sum(call.prompt_tokens for call in asked),
            completion_tokens=sum(call.completion_tokens for call in asked),
            tool_calls=len(bench.steps),
            wall_s=time.perf_counter() - begun,
            model_calls=len(asked),
        )
        return Episode(
            id="",
            task=assignment.task,
            model=self.model,
            outcome=outcome,
            steps=tuple(bench.steps),
            usage=usage,
            model_calls=tuple(asked),
            started_at=started_at,
            finished_at=now(),
        )


async def _outcome(framework: Framework, bench: Bench) -> Outcome:
    """How it ended. The gateway knows better than the framework's own exception, which may be about the same thing."""
    answer: str | None = None
    raised: Outcome | None = None
    try:
        async with asyncio.timeout(bench.assignment.limits.timeout_s):
            answer = await framework(bench)
    except TimeoutError:
        bench.gateway.limit = f"{bench.assignment.limits.timeout_s:g} s"
    except Exception as error:  # whatever a framework raises is its own failure, and the other trials go on
        raised = Outcome("failed", error=f"{type(error).__name__}: {error}"[:500], cause=type(error).__name__)
    failure, limit = bench.gateway.failure, bench.gateway.limit
    if isinstance(failure, ContextOverflow):
        return Outcome("limit", error=str(failure), cause="ContextOverflow")
    if failure is not None:
        raise InfrastructureFailure(str(failure)) from failure
    if limit is not None:
        return Outcome("limit", error=f"the limit of {limit} is reached", cause="limit")
    return raised or Outcome("success", answer=answer)
