"""One trial: a fresh environment, the earlier sessions, the task itself, the verdict.

reset -> state before -> agent does each earlier session -> agent does the task, turn by turn -> state after -> judge
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from coterie.agent.errors import is_usage
from coterie.evals.agents import Agent, Assignment, InfrastructureFailure, Limits, Refused, converses
from coterie.evals.environment import Attentive, Checked, Environment, Findings, Ruled, State, state_hash, with_faults
from coterie.evals.scorers import Verdict, judge
from coterie.evals.suite import Solution, Suite, TaskSpec
from coterie.memory.records import Episode, Task
from coterie.tools import Tool
from coterie.tools.threads import run_in_thread

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


class Given(NamedTuple):
    """What is the same in every assignment of a trial, in the order of `Assignment`."""

    workspace: Path
    namespace: str
    seed: int
    limits: Limits


class _Turn(NamedTuple):
    """What the agent was told, and the episode it made of that."""

    told: Task
    episode: Episode

    def past(self) -> Episode:
        """The turn as later ones are given it: an agent's own record may tell the task in other words."""
        return replace(self.episode, task=self.told)


class _Ready(NamedTuple):
    """An environment that has been reset: its state, and the tools with their faults."""

    environment: Environment
    before: State
    tools: Sequence[Tool]


async def run_trial(
    suite: Suite, task: TaskSpec, agent: Agent, folder: Path, namespace: str, seed: int, limits: Limits
) -> TrialResult:
    """Carry out one trial in `folder`. Raises InfrastructureFailure or BrokenSuite; all else is in the result."""
    if reason := cannot_do(agent, task):
        raise BrokenSuite(reason)
    ready = await guarded(task, "setting up", lambda: _set_up(suite, task, folder))
    given = Given(folder, namespace, seed, limits)
    turns: list[_Turn] = []
    for messages in conversations(task, folder):
        turns += await _conversation(agent, ready, task, messages, given, [turn.past() for turn in turns])
    verdict, after = await guarded(task, "checking", lambda: _judged(ready, task, turns[-1].episode))
    return TrialResult(verdict, tuple(turn.episode for turn in turns), state_hash(after))


def conversations(task: TaskSpec, folder: Path | None = None) -> list[list[Task]]:
    """What the agent is told: the messages of each earlier session, then of the task.

    Earlier sessions are named `id#1`, `id#2`, ...; further turns `id@2`, `id@3`, ...
    """
    workspace = str(folder) if folder else None
    parts = [(f"{task.id}#{i}", s.task, s.turns, ()) for i, s in enumerate(task.earlier, start=1)]
    return [
        [
            Task(message, name if number == 1 else f"{name}@{number}", workspace, tags)
            for number, message in enumerate([first, *turns], start=1)
        ]
        for name, first, turns, tags in [*parts, (task.id, task.task, task.turns, tuple(task.tags))]
    ]


def sessions(task: TaskSpec, folder: Path | None = None) -> list[Task]:
    """Every message the agent is told, in order."""
    return [told for messages in conversations(task, folder) for told in messages]


def solutions(task: TaskSpec, last: Solution) -> list[Solution]:
    """What answers each of `sessions`: the references of the earlier sessions, then `last` for the task itself."""
    earlier = [part for session in task.earlier for part in session.reference.spread(len(session.turns))]
    return [*earlier, *last.spread(len(task.turns))]


def cannot_do(agent: Agent | type[Agent], task: TaskSpec) -> str | None:
    """Why this agent (or its class) cannot be given this task; None when it can."""
    if converses(agent) or not (task.turns or any(session.turns for session in task.earlier)):
        return None
    kind = agent if isinstance(agent, type) else type(agent)
    return (
        f"task {task.id!r} is a conversation of several turns, and {kind.__name__} does one task at a time; "
        "use an agent that converses, such as --agent loop or --agent single"
    )


async def guarded(task: TaskSpec, what: str, call: Callable[[], T]) -> T:
    """Run a piece of the suite's own code for a limited time, in a thread that never keeps the process from ending."""
    try:
        return await asyncio.wait_for(run_in_thread(call, f"suite: {what}"), ENVIRONMENT_TIMEOUT_S)
    except TimeoutError:
        raise BrokenSuite(f"task {task.id!r}: {what} took longer than {ENVIRONMENT_TIMEOUT_S:g} s") from None
    except Exception as error:  # whatever a suite's code raises is the suite's fault, and the other trials go on
        raise BrokenSuite(f"task {task.id!r}: {what} raised {type(error).__name__}: {error}") from error


async def _conversation(
    agent: Agent, ready: _Ready, task: TaskSpec, messages: Sequence[Task], given: Given, earlier: Sequence[Episode]
) -> list[_Turn]:
    """One turn for each message; one that runs into a limit ends the conversation."""
    turns: list[_Turn] = []
    for number, message in enumerate(messages, start=1):
        told, tools = await guarded(task, "beginning a turn", partial(_begin_turn, ready, task, number, message))
        history = tuple(turn.past() for turn in turns)
        assignment = Assignment(told, tools, *given, history=history, earlier=tuple(earlier))
        turns.append(_Turn(told, await _run(agent, assignment)))
        if turns[-1].episode.status == "limit":
            break
    return turns


async def _run(agent: Agent, assignment: Assignment) -> Episode:
    try:
        episode = await agent.run(assignment)
    except InfrastructureFailure:
        raise
    except Exception as error:  # an agent that raises instead of ending its episode says nothing about the task
        raise InfrastructureFailure(f"the agent raised {type(error).__name__}: {error}") from error
    if not isinstance(episode, Episode):  # an agent of the user's own is not type-checked
        raise InfrastructureFailure(f"the agent's run gave {type(episode).__name__}, no Episode")
    outcome = episode.outcome
    if outcome is None or outcome.status in ("infrastructure", "cancelled"):
        kind = Refused if outcome and is_usage(outcome.cause) else InfrastructureFailure
        raise kind((outcome and (outcome.error or outcome.cause)) or "the episode has no outcome")
    return episode


def _set_up(suite: Suite, task: TaskSpec, folder: Path) -> _Ready:
    environment = suite.environments[task.environment].make(folder)
    environment.reset(task.setup)
    return _Ready(environment, environment.state(), _tools(environment, task))


def _tools(environment: Environment, task: TaskSpec) -> list[Tool]:
    faults = [(fault.tool, fault.error, fault.on_calls) for fault in task.faults]
    return with_faults(environment.tools(), faults)


def _begin_turn(ready: _Ready, task: TaskSpec, number: int, message: Task) -> tuple[Task, Sequence[Tool]]:
    """What the agent is told, and its tools; an environment that follows the conversation may change both."""
    if not isinstance(ready.environment, Attentive):
        return message, ready.tools
    told = replace(message, text=ready.environment.begin_turn(number, message.text))
    return told, _tools(ready.environment, task)


def _judged(ready: _Ready, task: TaskSpec, episode: Episode) -> tuple[Verdict, State]:
    environment = ready.environment
    after = environment.state()
    verdict = judge(task.expect, ready.before, after, episode)
    faults = [f"rule broken: {line}" for line in environment.violations()] if isinstance(environment, Ruled) else []
    found = Findings(faults)
    if isinstance(environment, Checked):
        own = environment.findings((episode.outcome and episode.outcome.answer) or episode.plan.refusal or "")
        found = Findings([*faults, *own.faults], own.side_effects)
    return Verdict(
        passed=verdict.passed and not found.faults,
        reasons=(*verdict.reasons, *found.faults, *(f"side effect: {line}" for line in found.side_effects)),
        side_effects=verdict.side_effects + len(found.side_effects),
    ), after
