"""One trial: a fresh environment, the earlier sessions, the task itself, the verdict.

reset -> state before -> agent does each earlier session -> agent does the task -> state after -> judge
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, TypeVar

from coterie.evals.agents import Agent, Assignment, InfrastructureFailure, Limits
from coterie.evals.environment import Environment, Ruled, State, state_hash, with_faults
from coterie.evals.scorers import Verdict, judge
from coterie.evals.suite import Suite, TaskSpec
from coterie.memory.records import Episode, Task
from coterie.tools import Tool

T = TypeVar("T")

ENVIRONMENT_TIMEOUT_S = 60.0


class BrokenSuite(Exception):
    """The suite's own code failed: its environment raised or hung, or its expectation cannot be checked."""


@dataclass(frozen=True)
class TrialResult:
    """A trial that was carried out: the episodes in their order, the last one scored, and the final state."""

    verdict: Verdict
    episodes: tuple[Episode, ...]
    state_hash: str

    @property
    def episode(self) -> Episode:
        """The episode that was scored."""
        return self.episodes[-1]


class _Ready(NamedTuple):
    """An environment that has been reset: its state, and the tools with their faults."""

    environment: Environment
    before: State
    tools: Sequence[Tool]


async def run_trial(
    suite: Suite, task: TaskSpec, agent: Agent, folder: Path, namespace: str, seed: int, limits: Limits
) -> TrialResult:
    """Carry out one trial in `folder`. Raises InfrastructureFailure or BrokenSuite; all else is in the result."""
    ready = await guarded(task, "setting up", lambda: _set_up(suite, task, folder))
    episodes: list[Episode] = []
    for told in sessions(task, folder):
        assignment = Assignment(told, ready.tools, folder, namespace, seed, limits)
        episodes.append(await _run(agent, assignment))
    verdict, after = await guarded(task, "checking", lambda: _judged(ready, task, episodes[-1]))
    return TrialResult(verdict, tuple(episodes), state_hash(after))


def sessions(task: TaskSpec, folder: Path | None = None) -> list[Task]:
    """What the agent is told, in order; earlier sessions are named `id#1`, `id#2`, ..."""
    workspace = str(folder) if folder else None
    earlier = [Task(s.task, f"{task.id}#{i}", workspace) for i, s in enumerate(task.earlier, start=1)]
    return [*earlier, Task(task.task, task.id, workspace, tuple(task.tags))]


async def guarded(task: TaskSpec, what: str, call: Callable[[], T]) -> T:
    """Run a piece of the suite's own code, in a thread and for a limited time."""
    try:
        return await asyncio.wait_for(asyncio.to_thread(call), ENVIRONMENT_TIMEOUT_S)
    except TimeoutError:
        raise BrokenSuite(f"task {task.id!r}: {what} took longer than {ENVIRONMENT_TIMEOUT_S:g} s") from None
    except Exception as error:  # whatever a suite's code raises is the suite's fault, and the other trials go on
        raise BrokenSuite(f"task {task.id!r}: {what} raised {type(error).__name__}: {error}") from error


async def _run(agent: Agent, assignment: Assignment) -> Episode:
    try:
        episode = await agent.run(assignment)
    except InfrastructureFailure:
        raise
    except Exception as error:  # an agent that raises instead of ending its episode says nothing about the task
        raise InfrastructureFailure(f"the agent raised {type(error).__name__}: {error}") from error
    outcome = episode.outcome
    if outcome is None or outcome.status in ("infrastructure", "cancelled"):
        raise InfrastructureFailure((outcome and (outcome.error or outcome.cause)) or "the episode has no outcome")
    return episode


def _set_up(suite: Suite, task: TaskSpec, folder: Path) -> _Ready:
    environment = suite.environments[task.environment].make(folder)
    environment.reset(task.setup)
    faults = [(fault.tool, fault.error, fault.on_calls) for fault in task.faults]
    return _Ready(environment, environment.state(), with_faults(environment.tools(), faults))


def _judged(ready: _Ready, task: TaskSpec, episode: Episode) -> tuple[Verdict, State]:
    after = ready.environment.state()
    verdict = judge(task.expect, ready.before, after, episode)
    broken = tuple(ready.environment.violations()) if isinstance(ready.environment, Ruled) else ()
    if broken:
        reasons = (*verdict.reasons, *(f"rule broken: {line}" for line in broken))
        verdict = replace(verdict, passed=False, reasons=reasons)
    return verdict, after
