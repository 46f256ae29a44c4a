"""Does a suite measure what it says? Its reference solutions must pass; idle agents and each near miss must fail.

Every solution is replayed through the real tools, so a suite whose tools, setups and expectations have drifted
apart is found before it scores anybody. `controls` runs the agents whose scores are known beforehand: the reference
passes everything; doing nothing passes nothing, whether it is silent, says "Done." or repeats the task; and random
calls pass next to nothing.
"""

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from coterie.evals.agents import Agent, InfrastructureFailure, Limits, Replay
from coterie.evals.random_agent import CLAIM, RandomTools, claiming_agent, echoing_agent, empty_agent
from coterie.evals.suite import Solution, Suite, TaskSpec
from coterie.evals.trial import BrokenSuite, TrialResult, run_trial, sessions, solutions
from coterie.memory.records import Episode

_AT_ONCE = 8
MOST_BY_CHANCE = 0.05
_FEWEST_FOR_CHANCE = 20
_IDLE = {"empty": "does nothing", "done": f"only says {CLAIM!r}", "echo": "only repeats the task"}


class Control(NamedTuple):
    """What one of the known agents scored; `effects` are the tasks in which something must be done."""

    agent: str
    tasks: int
    passed: tuple[str, ...]
    unearned: tuple[str, ...]
    """Those passed of which doing nothing must not pass."""
    effects: int
    effects_passed: int


async def self_test(suite: Suite) -> list[str]:
    """Every fault found, one line each; none when the suite is sound. What breaks several tasks is told once."""
    places = asyncio.Semaphore(_AT_ONCE)
    broken: dict[str, list[str]] = {}

    async def checked(task: TaskSpec) -> list[str]:
        async with places:
            try:
                return await _task_faults(suite, task)
            except (BrokenSuite, InfrastructureFailure) as error:  # a replay needs nothing but the suite
                where, named = suite.places.get(task.id), f"task {task.id!r}: "
                reason = str(error).removeprefix(named)
                broken.setdefault(reason, []).append(f"{where}: {named}" if where else named)
                return []

    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(checked(task)) for task in suite.tasks]
    faults = [fault for done in waiting for fault in done.result()]
    return [_told_once(reason, where) for reason, where in broken.items()] + faults


def _told_once(reason: str, where: list[str]) -> str:
    others = len(where) - 1
    return f"{where[0]}{reason}" + (f" (and so in {others} more task{'s' * (others > 1)})" if others else "")


async def controls(suite: Suite, seed: int = 0) -> list[Control]:
    """The scores of the reference, of agents that do nothing and of random calls, one trial a task."""
    known = solutions_of(suite)
    reference = Replay(lambda task: known[task.name or ""], "reference")
    idle = (empty_agent(), claiming_agent(), echoing_agent())
    return [await _control(suite, agent, seed) for agent in (reference, *idle, RandomTools())]


def control_faults(measured: list[Control]) -> list[str]:
    """What these agents should not have scored, one line each."""
    faults = []
    for agent, tasks, passed, unearned, effects, effects_passed in measured:
        if agent == "reference" and len(passed) < tasks:
            faults.append(f"the reference solutions pass {len(passed)} of {tasks} tasks")
        if agent in _IDLE and unearned:
            faults.append(f"an agent that {_IDLE[agent]} passes {len(unearned)} tasks: {', '.join(unearned[:5])}")
        if agent == "random" and effects >= _FEWEST_FOR_CHANCE and effects_passed > MOST_BY_CHANCE * effects:
            faults.append(f"random calls pass {effects_passed} of {effects} tasks that need an effect")
    return faults


async def _control(suite: Suite, agent: Agent, seed: int) -> Control:
    places = asyncio.Semaphore(_AT_ONCE)

    async def passes(task: TaskSpec) -> bool:
        async with places:
            try:
                with tempfile.TemporaryDirectory() as folder:
                    trial = await run_trial(suite, task, agent, Path(folder) / "workspace", "self-test", seed, Limits())
            except (BrokenSuite, InfrastructureFailure):  # `self_test` says why
                return False
            return trial.verdict.passed

    async with asyncio.TaskGroup() as group:
        waiting = [(task, group.create_task(passes(task))) for task in suite.tasks]
    passed = [task for task, verdict in waiting if verdict.result()]
    effects, effects_passed = (sum(map(_needs_effect, tasks)) for tasks in (suite.tasks, passed))
    return Control(
        agent.model.name,
        len(suite.tasks),
        tuple(task.id for task in passed),
        tuple(task.id for task in passed if not _idle_is_right(task)),
        effects,
        effects_passed,
    )


def _needs_effect(task: TaskSpec) -> bool:
    """Whether something must change; where a checker of its own has the verdict, whether the reference makes calls."""
    turns = task.reference.spread(len(task.turns))
    return bool(task.expect.changes) or (task.expect.any_ending and any(turn.calls for turn in turns))


def _idle_is_right(task: TaskSpec) -> bool:
    """Whether doing nothing passes, whatever is said: no tool fits, and the ending does not count."""
    return task.expect.refuse and task.expect.any_ending


async def replay_solution(suite: Suite, task: TaskSpec, solution: Solution) -> TrialResult:
    """Carry out one solution of a task, after the reference solutions of its earlier sessions."""
    names = [told.name or "" for told in sessions(task)]
    chosen = dict(zip(names, solutions(task, solution), strict=True))
    with tempfile.TemporaryDirectory() as folder:
        agent = Replay(lambda told: chosen[told.name or ""])
        return await run_trial(suite, task, agent, Path(folder) / "workspace", "self-test", 0, Limits())


async def _task_faults(suite: Suite, task: TaskSpec) -> list[str]:
    gold = await replay_solution(suite, task, task.reference)
    faults = [f"{task.id}: the reference fails: {reason}" for reason in gold.verdict.reasons]
    turns = task.reference.spread(len(task.turns))
    for episode, solution in zip(gold.episodes[-len(turns) :], turns, strict=True):
        faults += [f"{task.id}: {line}" for line in _unexpected_errors(episode, solution)]
    for agent, words in _idle_words(task).items():
        says = Solution(answer=words, turns=[Solution(answer=words)] * len(task.turns))
        if (await replay_solution(suite, task, says)).verdict.passed:
            faults.append(f"{task.id}: an agent that {_IDLE[agent]} passes")
    for near_miss in task.near_misses:
        if (await replay_solution(suite, task, near_miss)).verdict.passed:
            faults.append(f"{task.id}: the near miss {near_miss.why!r} passes")
    return faults


def _idle_words(task: TaskSpec) -> dict[str, str]:
    """What the idle agents say; nothing to try where doing nothing is right."""
    if _idle_is_right(task):
        return {}
    return {"empty": "", "done": CLAIM, "echo": "\n".join([task.task, *task.turns])}


def _unexpected_errors(episode: Episode, solution: Solution) -> list[str]:
    return [
        f"the call of {call.tool} should {'fail' if call.fails else 'work'}, got {result.content[:120]!r}"
        for call, result in zip(solution.calls, episode.results(), strict=True)
        if call.fails != result.is_error
    ]


def solutions_of(suite: Suite) -> Mapping[str, Solution]:
    """The reference solution of every task and earlier session, by the names the agent is told."""
    return {
        told.name or "": solution
        for task in suite.tasks
        for told, solution in zip(sessions(task), solutions(task, task.reference), strict=True)
    }
