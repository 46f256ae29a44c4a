"""Does a suite measure what it says? Its reference solutions must pass, an empty agent and each near miss must fail.

Every solution is replayed through the real tools, so a suite whose tools, setups and expectations have drifted
apart is found before it scores anybody.
"""

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path

from coterie.evals.agents import Limits, Replay
from coterie.evals.suite import Solution, Suite, TaskSpec
from coterie.evals.trial import TrialResult, run_trial, sessions
from coterie.memory.records import Episode

_AT_ONCE = 8


async def self_test(suite: Suite) -> list[str]:
    """Every fault found, one line each; none when the suite is sound."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def checked(task: TaskSpec) -> list[str]:
        async with places:
            return await _task_faults(suite, task)

    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(checked(task)) for task in suite.tasks]
    return [fault for done in waiting for fault in done.result()]


async def replay_solution(suite: Suite, task: TaskSpec, solution: Solution) -> TrialResult:
    """Carry out one solution of a task, after the reference solutions of its earlier sessions."""
    names = [told.name or "" for told in sessions(task)]
    solutions = dict(zip(names, [*(s.reference for s in task.earlier), solution], strict=True))
    with tempfile.TemporaryDirectory() as folder:
        agent = Replay(lambda told: solutions[told.name or ""])
        return await run_trial(suite, task, agent, Path(folder) / "workspace", "self-test", 0, Limits())


async def _task_faults(suite: Suite, task: TaskSpec) -> list[str]:
    gold = await replay_solution(suite, task, task.reference)
    faults = [f"{task.id}: the reference fails: {reason}" for reason in gold.verdict.reasons]
    faults += [f"{task.id}: {line}" for line in _unexpected_errors(gold.episode, task.reference)]
    if (await replay_solution(suite, task, Solution())).verdict.passed:
        faults.append(f"{task.id}: an agent that does nothing passes")
    for near_miss in task.near_misses:
        if (await replay_solution(suite, task, near_miss)).verdict.passed:
            faults.append(f"{task.id}: the near miss {near_miss.why!r} passes")
    return faults


def _unexpected_errors(episode: Episode, solution: Solution) -> list[str]:
    results = [result for step in episode.steps if step.observation for result in step.observation.results]
    return [
        f"the call of {call.tool} should {'fail' if call.fails else 'work'}, got {result.content[:120]!r}"
        for call, result in zip(solution.calls, results, strict=True)
        if call.fails != result.is_error
    ]


def solutions_of(suite: Suite) -> Mapping[str, Solution]:
    """The reference solution of every task and earlier session, by the names the agent is told."""
    return {
        told.name or "": solution
        for task in suite.tasks
        for told, solution in zip(sessions(task), [*(s.reference for s in task.earlier), task.reference], strict=True)
    }
