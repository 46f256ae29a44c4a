"""Runs a suite: every trial of every task that has no result yet, a bounded number of them at a time.

    pending trials -> [begin -> trial -> keep the episodes -> result line] x concurrency -> results

Only infrastructure errors are retried. A trial's seed depends on the run's seed, the task and the trial's number
alone, so neither order nor concurrency changes it.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from coterie.agent.errors import single
from coterie.evals.agents import Agent, InfrastructureFailure, Limits, Refused
from coterie.evals.executor import Executor, Local
from coterie.evals.results import Key, Result, Results
from coterie.evals.suite import Suite, TaskSpec
from coterie.evals.trial import BrokenSuite, TrialResult
from coterie.memory.records import Episode, now

PAUSES_S = (2.0, 8.0, 20.0)  # together they outlast a cold start of the model server
_MAX_FAILURES_IN_A_ROW = 8


class Keeper(Protocol):
    """Where episodes go."""

    def keep(self, episode: Episode, namespace: str) -> str:
        """Store an episode unless it is stored already; its id."""
        ...


class RunStopped(Exception):
    """The run was given up because nothing works any more; what was done is kept and can be resumed."""


@dataclass(frozen=True)
class Conditions:
    """How a run is carried out; none of it changes what a trial is."""

    concurrency: int = 1
    limits: Limits = field(default_factory=Limits)
    pauses_s: tuple[float, ...] = PAUSES_S
    """After an infrastructure error, how long to wait before each further attempt."""


@dataclass
class Runner:
    """One run of a suite by an agent."""

    suite: Suite
    agent: Agent
    results: Results
    keeper: Keeper
    conditions: Conditions = field(default_factory=Conditions)
    on_result: Callable[[Result], None] = lambda result: None
    executor: Executor | None = None
    """Where trials are carried out; None: in this process."""
    _failures_in_a_row: int = field(default=0, init=False)
    _token: str = field(default_factory=lambda: secrets.token_hex(4), init=False)

    async def run(self) -> None:
        """Do every trial that has no scored result yet; first those that were never begun, then the suspects alone."""
        pending = list(pending_trials(self.suite, self.results))
        fresh = iter([item for item in pending if item[1] not in self.results.suspects])
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.conditions.concurrency):
                    group.create_task(self._work(fresh))
        except ExceptionGroup as group_error:
            raise single(group_error) from None
        for task, key in pending:
            if key in self.results.suspects:
                await self._do(task, key, alone=True)

    async def _work(self, queue: Iterator[tuple[TaskSpec, Key]]) -> None:
        for task, key in queue:
            await self._do(task, key, alone=self.conditions.concurrency == 1)

    async def _do(self, task: TaskSpec, key: Key, alone: bool) -> None:
        begun_at = now()
        if self.results.died_too_often(key):
            why = ("the process died in this trial each time it was run",)
            result = Result(*key, "broken", why, attempts=0, tags=task.all_tags)
        else:
            result = await self._begun(task, key, alone)
        result = replace(result, begun_at=begun_at, ended_at=now())
        self.results.add(result)
        self.on_result(result)
        self._failures_in_a_row = self._failures_in_a_row + 1 if result.status == "infrastructure" else 0
        if self._failures_in_a_row >= _MAX_FAILURES_IN_A_ROW:
            raise RunStopped(
                f"{self._failures_in_a_row} trials in a row failed for reasons outside the agent, the last with: "
                f"{result.reasons[0]}; `coterie eval resume {self.results.header.run}` goes on when that is put right"
            )

    async def _begun(self, task: TaskSpec, key: Key, alone: bool) -> Result:
        self.results.begin(key, alone)
        try:
            return await self._attempts(task, key)
        except BaseException:  # the run is stopped, which says nothing about this trial
            self.results.release(key)
            raise

    async def _attempts(self, task: TaskSpec, key: Key) -> Result:
        seed = trial_seed(self.results.header.seed, key)
        executor = self.executor or Local(self.suite, self.agent)
        reason = ""
        for attempt, pause_s in enumerate((*self.conditions.pauses_s, None), start=1):
            begun = time.perf_counter()
            blank = Result(*key, "failed", seed=seed, attempts=attempt, tags=task.all_tags)
            try:
                trial = await executor.trial(task, self._namespace(key, attempt), seed, self.conditions.limits)
                return await self._scored(blank, trial, key)
            except BrokenSuite as error:
                return replace(blank, status="broken", reasons=(str(error),), wall_s=time.perf_counter() - begun)
            except Refused as error:
                return replace(blank, status="infrastructure", reasons=(str(error),))
            except InfrastructureFailure as error:
                reason = str(error)
            if pause_s is not None:
                await asyncio.sleep(pause_s)
        return replace(blank, status="infrastructure", reasons=(reason,))

    def _namespace(self, key: Key, attempt: int) -> str:
        """Each attempt has a memory of its own, also after a kill: nothing leaks from one into another."""
        return f"eval/{self.results.header.run}/{self._token}/{key[0]}/{key[1]}/{attempt}"

    async def _scored(self, blank: Result, trial: TrialResult, key: Key) -> Result:
        namespace = self._namespace(key, blank.attempts)
        ids = [await asyncio.to_thread(self.keeper.keep, episode, namespace) for episode in trial.episodes]
        usages = [episode.usage for episode in trial.episodes]
        outcome = trial.episode.outcome
        return replace(
            blank,
            status="passed" if trial.verdict.passed else "failed",
            reasons=trial.verdict.reasons,
            side_effects=trial.verdict.side_effects,
            episodes=tuple(ids),
            prompt_tokens=sum(usage.prompt_tokens for usage in usages),
            completion_tokens=sum(usage.completion_tokens for usage in usages),
            tool_calls=sum(usage.tool_calls for usage in usages),
            model_calls=sum(usage.model_calls for usage in usages),
            wall_s=sum(usage.wall_s for usage in usages),
            model_s=sum(call.wall_s for episode in trial.episodes for call in episode.model_calls),
            tool_s=sum(result.wall_s for episode in trial.episodes for result in episode.results()),
            answer=outcome.answer if outcome else None,
            state_hash=trial.state_hash,
        )


def pending_trials(suite: Suite, results: Results) -> Iterator[tuple[TaskSpec, Key]]:
    """What is left to do: trials without a result, and those that infrastructure or suite kept from having a score."""
    tasks = {task.id: task for task in suite.tasks}
    for number in range(1, results.header.trials + 1):
        for name in results.header.tasks:
            done = results.done.get((name, number))
            if done is None or not done.scored:
                yield tasks[name], (name, number)


def trial_seed(seed: int, key: Key) -> int:
    """The seed of one trial: the same for the same run seed, task and number."""
    digest = hashlib.sha256(f"{seed}/{key[0]}/{key[1]}".encode()).digest()
    return int.from_bytes(digest[:4]) >> 1
