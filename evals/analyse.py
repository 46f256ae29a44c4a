"""Why runs failed: the step that sank a trial, found by doing it again, and a cause for every failure.

A trial's environment is reset, the first calls of the run are made in it, and then what the suite's reference has left
to do. The longest beginning after which that still passes ends at the decisive step: the next call is the one that the
task did not survive. Where every call can be lived with, the run stopped too early or answered wrongly.

Causes are mapped to the failure modes of MAST (Cemri et al. 2025, "Why do multi-agent LLM systems fail?", arXiv
2503.13657). Oddities of the record (`coterie.agent.state.Signal`) are told beside them: where to look, and no verdict.
"""

import re
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from coterie.agent.errors import UsageError
from coterie.agent.fork import is_made
from coterie.agent.replay import signals_of
from coterie.evals.agents import InfrastructureFailure, Limits, Replay
from coterie.evals.replaying import Trial
from coterie.evals.scorers import states
from coterie.evals.suite import Call, Solution
from coterie.evals.trial import BrokenSuite, run_trial
from coterie.memory.records import Episode, Failure, Observation, Record, encode
from coterie.model.protocol import dumps

CAUSES: Mapping[str, tuple[str | None, str]] = {
    "refused": ("FM-1.1", "refused what can be done"),
    "acted": ("FM-1.1", "did something where no tool fits"),
    "repeated_call": ("FM-1.3", "made a call again that was made before"),
    "budget": ("FM-1.5", "used up a budget"),
    "needless_call": ("FM-2.3", "changed something more when all was done"),
    "wrong_tool": ("FM-2.6", "called another tool than was needed"),
    "wrong_argument": ("FM-2.6", "called the right tool with a wrong argument"),
    "stopped_early": ("FM-3.1", "stopped before all was done"),
    "gave_up": ("FM-3.1", "said that it cannot be done"),
    "not_found_out": ("FM-3.1", "answered without having seen what the answer needs"),
    "wrong_answer": ("FM-3.3", "changed and saw all that was needed, and answered wrongly"),
    "malformed": (None, "did not write what was asked"),
    "infrastructure": (None, "was cut off by the machine or a person"),
}
"""Every cause with its MAST failure mode and what it means."""


@dataclass(frozen=True)
class Analysis(Record):
    """Why one run failed. `decisive` says that the step was found by re-execution."""

    episode: str
    task: str
    cause: str
    mast: str | None
    message: str
    step_id: int | None = None
    tool: str | None = None
    decisive: bool = False
    signals: tuple[Mapping[str, Any], ...] = ()


class _Made(NamedTuple):
    """A call that the run made."""

    step_id: int
    call: Call


class _Survived(NamedTuple):
    """How many of the run's calls the task survives, and what the reference then has left to do."""

    calls: int
    left: Sequence[Call]


async def analyse(episode: Episode, trial: Trial | None, home: Path) -> Analysis | None:
    """Why the run failed; None for one that did not. Raises UsageError where its trial cannot be done again."""
    failed = episode.status != "success" if trial is None else not trial.passed
    if not failed:
        return None
    found = _recorded(episode) if trial is None else await _tried(episode, trial)
    return replace(found, signals=tuple(await signals_of(episode, home)))


def failure_of(found: Analysis) -> Failure:
    """The analysis as an entry of the failure log; analysing again replaces it."""
    return Failure(
        found.episode,
        found.cause,
        found.message,
        id=f"fail-of-{found.episode}",
        step_id=found.step_id,
        tool=found.tool,
        mast=found.mast,
        decisive=found.decisive,
        signals=found.signals,
    )


def by_cause(analyses: Sequence[Analysis]) -> list[tuple[str, int]]:
    """How often each cause sank a run, the most frequent first."""
    return sorted(Counter(a.cause for a in analyses).items(), key=lambda item: (-item[1], item[0]))


async def _tried(episode: Episode, trial: Trial) -> Analysis:
    made = _made(episode)
    survived = await _survived(trial, made)
    if survived is None:
        raise UsageError(f"task {trial.task.id!r}: its own reference does not pass; see: coterie eval check")
    if survived.calls < len(made):
        return _sunk(episode, trial, made, survived)
    last = episode.steps[-1].step_id if episode.steps else None
    if episode.status == "limit":
        return _of(episode, "budget", _ending(episode), last)
    if episode.status not in ("success", "failed"):
        return _of(episode, "infrastructure", _ending(episode), last)
    if episode.plan.refusal and survived.left:
        return _of(episode, "refused", episode.plan.refusal, last)
    if survived.left:
        open_steps = [step.do for step in episode.plan.steps if step.status in ("failed", "skipped", "pending")]
        said = f"; planned and not done: {'; '.join(open_steps)}" if open_steps else ""
        return _of(episode, "stopped_early", f"left to do: {_listed(survived.left)}{said}", last)
    return _answered(episode, trial, last)


def _answered(episode: Episode, trial: Trial, last: int | None) -> Analysis:
    """The cause where the world is as it should be and the answer is not."""
    answer = (episode.outcome.answer if episode.outcome else None) or ""
    seen = [(step.step_id, r.content) for step in episode.steps for r in (step.observation or Observation()).results]
    for fact in trial.task.expect.answer:
        if states(answer, fact):
            continue
        where = [step_id for step_id, content in seen if states(content, fact)]
        if not where and _is_found_out(fact):
            return _of(episode, "not_found_out", f"no result has {_fact(fact)}", last)
        had = f", which step {where[-1]} has" if where else ""
        return _of(episode, "wrong_answer", f"does not say {_fact(fact)}{had}", last)
    return _of(episode, "wrong_answer", "; ".join(trial.reasons) or "the answer is not what was asked for", last)


def _sunk(episode: Episode, trial: Trial, made: Sequence[_Made], survived: _Survived) -> Analysis:
    """The cause where a call of the run is the decisive one."""
    step_id, call = made[survived.calls]
    before, left = [each.call for each in made[: survived.calls]], survived.left
    said = f"{call.tool} {dumps(call.arguments)}"
    if trial.task.reference.refuse:
        cause, message = "acted", said
    elif call in before:
        cause, message = "repeated_call", f"{said}, as before"
    elif not left:
        cause, message = "needless_call", f"{said}, when nothing was left to do"
    elif same := [each for each in left if each.tool == call.tool]:
        near = min(same, key=lambda each: len(_differing(each, call)))
        wrong = ", ".join(
            f"{name} {dumps(call.arguments.get(name))} for {dumps(near.arguments.get(name))}"
            for name in _differing(near, call)
        )
        cause, message = "wrong_argument", f"{call.tool}: {wrong}"
    else:
        cause, message = "wrong_tool", f"{said}, with this left to do: {_listed(left)}"
    return replace(_of(episode, cause, message, step_id), tool=call.tool, decisive=True)


async def _survived(trial: Trial, made: Sequence[_Made]) -> _Survived | None:
    """The longest beginning after which the reference can be brought to its end, with as little left as will do."""
    reference, beginning = trial.task.reference, [each.call for each in made]
    for count in range(len(beginning), -1, -1):
        for at in range(len(reference.calls), -1, -1):
            left = reference.calls[at:]
            if await _passes(trial, [*beginning[:count], *left]):
                return _Survived(count, left)
    return None


async def _passes(trial: Trial, calls: list[Call]) -> bool:
    reference = trial.task.reference
    solution = Solution(calls=calls, answer=reference.answer, refuse=reference.refuse)
    with tempfile.TemporaryDirectory(prefix="coterie-analyse-") as folder:
        given = (Path(folder) / "workspace", "analyse", 0, Limits())
        (Path(folder) / "workspace").mkdir()
        try:
            done = await run_trial(trial.suite, trial.task, Replay(lambda task: solution), *given)
        except (BrokenSuite, InfrastructureFailure) as error:
            raise UsageError(f"task {trial.task.id!r} cannot be done again: {error}") from None
    return done.verdict.passed


def _made(episode: Episode) -> list[_Made]:
    """The calls that the environment saw, in their order."""
    return [
        _Made(step.step_id, Call(tool=call.function_name, arguments=encode(call.arguments)))
        for step in episode.steps
        if step.observation
        for call, seen in zip(step.tool_calls, step.observation.results, strict=False)
        if is_made(seen)
    ]


def _recorded(episode: Episode) -> Analysis:
    """What the record alone says of a run that is no trial of a suite."""
    last = episode.steps[-1].step_id if episode.steps else None
    cause = (episode.outcome.cause if episode.outcome else None) or ""
    if episode.plan.refusal:
        return _of(episode, "refused", episode.plan.refusal, last)
    if episode.status == "limit":
        return _of(episode, "budget", _ending(episode), last)
    if cause in ("TurnError", "MalformedCompletion"):
        return _of(episode, "malformed", _ending(episode), last)
    return _of(episode, "gave_up" if cause == "gave_up" else "infrastructure", _ending(episode), last)


def _of(episode: Episode, cause: str, message: str, step_id: int | None) -> Analysis:
    named = episode.task.name or re.sub(r"\s+", " ", episode.task.text)
    return Analysis(episode.id, named, cause, CAUSES[cause][0], message, step_id)


def _ending(episode: Episode) -> str:
    if episode.outcome is None:
        return "it was killed, or runs still"
    return episode.outcome.error or episode.outcome.answer or episode.outcome.cause or episode.status


def _is_found_out(fact: Any) -> bool:
    """Whether a fact comes from the world: words of which any will do, as for "no", are the answer's own."""
    return not isinstance(fact, list) or any(re.search(r"\d", str(each)) for each in fact)


def _fact(fact: Any) -> str:
    return f"any of {dumps(fact[:3])}" if isinstance(fact, list) else dumps(fact)


def _differing(first: Call, second: Call) -> list[str]:
    names = {**first.arguments, **second.arguments}
    return [name for name in names if first.arguments.get(name) != second.arguments.get(name)]


def _listed(calls: Sequence[Call]) -> str:
    return "; ".join(f"{call.tool} {dumps(call.arguments)}" for call in calls)
