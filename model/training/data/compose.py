"""Two runs as one task: the longer plans that single templates do not reach.

Both parts stay as verified; their steps, tools and answers are put behind one another and renumbered.
"""

import random
from dataclasses import replace

from coterie.model.protocol import Answer, Plan, PlannedStep
from coterie.model.training.data.trajectory import StepRecord, Trajectory

MAX_STEPS = 8
MAX_TOOLS = 13
_JOINED = (
    "{a} {b}",
    "{a}\n{b}",
    "{a} Then: {b}",
    "{a} And then: {b}",
    "{a} After that: {b}",
    "{a} Also: {b}",
    "{a} Once that is done: {b}",
    "{a}\n\nAnd: {b}",
    "1. {a}\n2. {b}",
    "- {a}\n- {b}",
    "First: {a} Second: {b}",
    "Two things. {a} {b}",
    "Do both of these.\n(a) {a}\n(b) {b}",
)


def joins(run: Trajectory) -> bool:
    """Whether a run can be a part: it went through to a successful answer along its first plan."""
    words = [a.verdict.word for s in run.steps for a in s.attempts if a.verdict]
    return (
        run.answer is not None
        and run.answer.status == "success"
        and not run.replans
        and not run.plan.refusal
        and len(words) == sum(len(s.attempts) for s in run.steps)
        and set(words) <= {"done", "retry"}
    )


def compose(a: Trajectory, b: Trajectory, rng: random.Random) -> Trajectory | None:
    """One run of both, or nothing where they do not go together (the same tool name for two tools, too long)."""
    shift = len(a.steps)
    if not (joins(a) and joins(b)) or shift + len(b.steps) > MAX_STEPS:
        return None
    assert a.answer
    assert b.answer
    cards = {card.name: card for card in a.tools}
    if any(cards.setdefault(card.name, card) != card for card in b.tools):
        return None
    used = {name for s in (*a.steps, *b.steps) for name in (s.tool, *(t.tool for t in s.attempts if t.tool))}
    spare = rng.sample([n for n in cards if n not in used], k=len(cards) - len(used))[: max(MAX_TOOLS - len(used), 0)]
    kept = [card for name, card in cards.items() if name in used or name in spare]
    later = [_shifted(step, shift) for step in b.steps]
    return Trajectory(
        task=rng.choice(_JOINED).format(a=a.task, b=b.task),
        tools=rng.sample(kept, len(kept)),
        plan=Plan((*a.plan.steps, *(_moved(step, shift) for step in b.plan.steps))),
        template=f"{a.template}+{b.template}",
        family=a.family,
        environment=a.environment,
        kind="composed",
        steps=[*a.steps, *later],
        answer=Answer(_joined(a.answer.text, b.answer.text), "success"),
        recalled=[*a.recalled, *b.recalled],
    )


def _moved(step: PlannedStep, by: int) -> PlannedStep:
    return replace(step, needs=tuple(n + by for n in step.needs))


def _shifted(step: StepRecord, by: int) -> StepRecord:
    return replace(step, planned=_moved(step.planned, by))


def _joined(a: str, b: str) -> str:
    return f"{a} {b}" if a.endswith((".", "!")) else f"{a}; {b}"
