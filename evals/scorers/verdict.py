"""The verdict on one trial: end state, answer and refusal together, with a reason for every fault found."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from coterie.agent.errors import TurnError
from coterie.evals.scorers.answer import states
from coterie.evals.scorers.state import compare
from coterie.evals.suite import Expect
from coterie.memory.records import Episode
from coterie.model.errors import MalformedCompletion
from coterie.model.protocol import MalformedTurn

_OWN_WORD = frozenset({"refused", "gave_up"})
_UNREADABLE = frozenset(kind.__name__ for kind in (TurnError, MalformedTurn, MalformedCompletion))


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


def refused(episode: Episode, unreadable_refuses: bool = False) -> bool:
    """Whether the agent said it cannot: a plan that is a refusal, its own giving up, or words without any call.

    An agent that broke off has said nothing; with `unreadable_refuses`, writing what is no turn counts as well.
    """
    outcome = episode.outcome
    assert outcome is not None
    if episode.plan.refusal is not None:
        return True
    if outcome.status == "failed":
        return outcome.cause in (_OWN_WORD | _UNREADABLE if unreadable_refuses else _OWN_WORD)
    return outcome.status == "success" and not episode.usage.tool_calls and bool(outcome.answer)


def _ending(expect: Expect, episode: Episode) -> list[str]:
    outcome = episode.outcome
    if outcome is None:
        return ["the episode has no outcome"]
    has_refused = refused(episode, expect.unreadable_refuses)
    if expect.may_refuse and has_refused:
        return []
    if expect.refuse:
        return [] if has_refused else ["no tool fits this task, and the agent did not say so"]
    if outcome.status == "success" and episode.plan.refusal is None:
        return []
    detail = episode.plan.refusal or outcome.error or outcome.answer or ""
    return [
        f"ended as {'refused' if episode.plan.refusal else outcome.status}" + (f": {detail[:120]}" if detail else "")
    ]
