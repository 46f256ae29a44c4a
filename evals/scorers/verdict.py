"""The verdict on one trial: end state, answer and refusal together, with a reason for every fault found."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from coterie.evals.scorers.answer import states
from coterie.evals.scorers.refusal import declines
from coterie.evals.scorers.state import compare
from coterie.evals.suite import Expect
from coterie.memory.records import Episode

_OWN_WORD = frozenset({"refused", "gave_up"})
"""Causes of a failure that the model itself declared; every other is of the runtime."""


@dataclass(frozen=True)
class Verdict:
    """Whether the trial passed; otherwise why not. `side_effects` counts changes nobody asked for."""

    passed: bool
    reasons: tuple[str, ...] = ()
    side_effects: int = 0


def judge(expect: Expect, before: Mapping[str, JsonValue], after: Mapping[str, JsonValue], episode: Episode) -> Verdict:
    """Judge a finished episode by the states before and after it. The same inputs give the same verdict."""
    difference = compare(dict(before), dict(after), expect.changes, expect.ignore)
    reasons = [*_ending(expect, episode), *difference.unmet]
    reasons += [f"unwanted: {line}" for line in difference.side_effects]
    answer = (episode.outcome.answer if episode.outcome else None) or episode.plan.refusal or ""
    reasons += [f"the answer does not state {fact!r}" for fact in expect.answer if not states(answer, fact)]
    reasons += [f"the answer states {fact!r}" for fact in expect.not_in_answer if states(answer, fact)]
    return Verdict(not reasons, tuple(reasons), len(difference.side_effects))


def refused(episode: Episode) -> bool:
    """Whether the agent said it cannot: by a plan that is a refusal, a failure that it declares, or in its answer.

    Looking around first is no fault. Running into a limit or an error, or claiming success, is no refusal.
    """
    outcome = episode.outcome
    assert outcome is not None
    if episode.plan.refusal is not None:
        return True
    if outcome.status == "failed":
        return outcome.cause in _OWN_WORD
    return outcome.status == "success" and declines(outcome.answer or "")


def _ending(expect: Expect, episode: Episode) -> list[str]:
    outcome = episode.outcome
    if outcome is None:
        return ["the episode has no outcome"]
    if expect.any_ending or (expect.may_refuse and refused(episode)):
        return []
    if expect.refuse:
        return [] if refused(episode) else ["no tool fits this task, and the agent did not say so"]
    if outcome.status == "success" and episode.plan.refusal is None:
        return []
    detail = episode.plan.refusal or outcome.error or outcome.answer or ""
    return [
        f"ended as {'refused' if episode.plan.refusal else outcome.status}" + (f": {detail[:120]}" if detail else "")
    ]
