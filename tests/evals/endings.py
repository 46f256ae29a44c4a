"""An agent that makes a solution's calls and then ends in any way an episode can end and still be scored."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import JsonValue

from coterie.evals.agents import Assignment, Limits, Replay
from coterie.evals.scorers import Verdict
from coterie.evals.suite import Solution, Suite, TaskSpec
from coterie.evals.trial import run_trial, sessions, solutions
from coterie.memory.records import Episode, ModelRef, Outcome

ENDINGS = [
    Outcome("success"),
    Outcome("failed", cause="gave_up"),
    Outcome("failed", cause="refused"),
    Outcome("failed", cause="TurnError", error="not a turn"),
    Outcome("failed", cause="GraphRecursionError"),
    Outcome("limit", cause="limit:steps"),
    Outcome("limit", cause="ContextOverflow"),
]


@dataclass
class EndsAs:
    """Plays solutions; the last episode ends as `outcome` says, with the solution's answer."""

    solutions: Mapping[str, Solution]
    last: str
    outcome: Outcome
    model = ModelRef("ends-as")
    converses = True

    def settings(self) -> Mapping[str, JsonValue]:
        return {}

    async def run(self, assignment: Assignment) -> Episode:
        solution = self.solutions[assignment.task.name or ""]
        episode = await Replay(lambda task: solution).run(assignment)
        if assignment.task.name != self.last:
            return episode
        return replace(episode, outcome=replace(self.outcome, answer=solution.answer or None))


def verdict(suite: Suite, task: TaskSpec, solution: Solution, outcome: Outcome, folder: Path) -> Verdict:
    """What a trial gets in which the solution is carried out and the episode ends so."""
    names = [told.name or "" for told in sessions(task)]
    agent = EndsAs(dict(zip(names, solutions(task, solution), strict=True)), names[-1], outcome)
    return asyncio.run(run_trial(suite, task, agent, folder, "test", 0, Limits())).verdict
