"""Forks of recorded runs, several of each: a trial of a suite in its environment again, any other run where it was.

A trial's environment is reset and the calls before the fork are made again, which must give what is recorded; then the
run goes on live, and the suite's checker has the verdict. For any other run the calls before the fork are not repeated.
"""

import re
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import JsonValue

from coterie.agent.connect import Connected, connect
from coterie.agent.diff import Difference, differences
from coterie.agent.errors import AgentError, UsageError
from coterie.agent.fork import Fork, redo
from coterie.agent.run import Agent as Loop
from coterie.agent.settings import Settings
from coterie.agent.trace import Trace
from coterie.evals.agents import Assignment, InfrastructureFailure, Limits
from coterie.evals.catalogue import find_suite
from coterie.evals.metrics import Interval, wilson_interval
from coterie.evals.ours import OF_A_TRIAL
from coterie.evals.results import Result, RunHeader, read_results
from coterie.evals.scorers import Verdict
from coterie.evals.suite import Suite, TaskSpec
from coterie.evals.trial import run_trial
from coterie.memory.records import Episode, Record
from coterie.memory.store import Store
from coterie.tools import Registry

_NAMESPACE = re.compile(r"eval/(?P<run>[^/]+)/[^/]+/(?P<task>.+)/(?P<trial>\d+)/\d+")


@dataclass(frozen=True)
class Trial:
    """Where an episode is from: a run's trial of a task, and whether it passed."""

    header: RunHeader
    suite: Suite
    task: TaskSpec
    number: int
    passed: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Forked(Record):
    """One fork: how it ended, and where it first parts from the run it forks."""

    trial: int
    episode: str
    status: str
    passed: bool | None
    """The suite's verdict; None for a run that is no trial of one."""
    reasons: tuple[str, ...]
    first_difference: Difference | None
    flipped: bool
    """Whether it ended otherwise: another verdict, or where there is none another status."""


@dataclass(frozen=True)
class Flips(Record):
    """How often forks end otherwise than the run they fork."""

    episode: str
    was: str
    trials: tuple[Forked, ...]
    flip_rate: float
    interval: Interval
    """95 %, Wilson's."""


def trial_of(episode: Episode, runs: Path) -> Trial | None:
    """The trial an episode is the scored one of; None for an episode that is none.

    Raises RunError, SuiteError and UsageError where its run or suite is not as it was.
    """
    namespace = str(episode.config.get("settings", {}).get("namespace", ""))
    if (named := _NAMESPACE.fullmatch(namespace)) is None:
        return None
    header, results = read_results(runs, named["run"])
    result = next((r for r in results if r.task == named["task"] and r.trial == int(named["trial"])), None)
    if result is None or not result.scored:
        raise UsageError(f"the trial of episode {episode.id} in run {header.run!r} has no score")
    if result.episodes[-1:] != (episode.id,):
        raise UsageError(f"episode {episode.id} is not the one that run {header.run!r} scored in its trial")
    return trial_from(header, suite_of(header), result)


def suite_of(header: RunHeader) -> Suite:
    """The suite of a run. Raises UsageError where it has been edited since, SuiteError where it is not there."""
    suite = find_suite(header.reference, header.category)
    if suite.digest != header.digest:
        raise UsageError(
            f"the suite {header.reference!r} has changed since run {header.run!r}: it is not that task now"
        )
    return suite


def trial_from(header: RunHeader, suite: Suite, result: Result) -> Trial:
    """A scored trial of a run. Raises UsageError for one of several sessions."""
    task = next(task for task in suite.tasks if task.id == result.task)
    if task.turns or task.earlier:
        raise UsageError(f"task {task.id!r} has several sessions or turns; only trials of one run can be done again")
    return Trial(header, suite, task, result.trial, result.status == "passed", result.reasons)


async def forks(
    past: Episode, fork: Fork, settings: Settings, store: Store, number: int, trial: Trial | None
) -> AsyncIterator[Forked]:
    """So many forks, one after the other, each with a seed of its own. Raises UsageError, Drift, ModelError."""
    connected = await connect(settings, None, Trace())
    for i in range(number):
        mine = settings.model_copy(update={"seed": settings.seed + i})
        if trial is None:
            loop = Loop(settings=mine, model=connected, store=store)
            episode, verdict = await loop.afork(past, fork), None
        else:
            episode, verdict = await _tried(trial, past, fork, mine, connected, store)
        parts = next(differences(past, episode), None)
        yield Forked(
            trial=i + 1,
            episode=episode.id,
            status=episode.status,
            passed=verdict.passed if verdict else None,
            reasons=verdict.reasons if verdict else (),
            first_difference=parts,
            flipped=verdict.passed != trial.passed if verdict and trial else episode.status != past.status,
        )


def require_nobody_asked(settings: Settings) -> None:
    """Raise UsageError where a fork would wait for a person, who is not asked in it."""
    if settings.approve == "ask":
        raise UsageError("the run asked before each change: say --approve auto or --approve deny for what comes now")


def flips(past: Episode, trial: Trial | None, made: Sequence[Forked]) -> Flips:
    """How often these forks ended otherwise."""
    count = sum(each.flipped for each in made)
    was = past.status if trial is None else "passed" if trial.passed else "failed"
    return Flips(past.id, was, tuple(made), count / len(made), wilson_interval(count, len(made)))


async def _tried(
    trial: Trial, past: Episode, fork: Fork, settings: Settings, connected: Connected, store: Store
) -> tuple[Episode, Verdict]:
    agent = _ForkingLoop(past, fork, settings, connected, store)
    given = (f"replay/{past.id}", settings.seed, Limits(**trial.header.limits))
    with tempfile.TemporaryDirectory(prefix="coterie-fork-") as folder:
        try:
            done = await run_trial(trial.suite, trial.task, agent, Path(folder) / "workspace", *given)
        except InfrastructureFailure as error:
            if isinstance(error.__cause__, AgentError):
                raise error.__cause__ from None
            raise UsageError(f"the fork of episode {past.id} could not be carried out: {error}") from None
    return done.episode, done.verdict


class _ForkingLoop:
    """The fork as an agent: what was done before it is done again in the environment it is given."""

    def __init__(self, past: Episode, fork: Fork, settings: Settings, connected: Connected, store: Store) -> None:
        self._past, self._fork, self._settings, self._store = past, fork, settings, store
        self._connected, self.model = connected, connected.ref

    def settings(self) -> Mapping[str, JsonValue]:
        """Those of the past episode."""
        return {}

    async def run(self, assignment: Assignment) -> Episode:
        """See `Agent.run`."""
        await redo(self._past, self._fork, Registry(assignment.tools))
        assignment.workspace.mkdir(parents=True, exist_ok=True)
        mine = {"workspace": assignment.workspace, **OF_A_TRIAL, **asdict(assignment.limits)}
        settings = self._settings.model_copy(update=mine)
        loop = Loop(tools=assignment.tools, settings=settings, model=self._connected, store=self._store)
        return await loop.afork(self._past, self._fork)
