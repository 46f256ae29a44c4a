"""Several runs as one task: the longer plans that single templates do not reach.

The parts stay as verified; their steps, tools and answers are put behind one another and renumbered. Parts of one
step are joined clause by clause ("Cancel order 3, look up item 7 and mail it to ..."), others sentence by sentence.
Half of them are cut after a call, since what is rare in them is the plan.
"""

import random
from collections.abc import Sequence
from dataclasses import replace

from coterie.model.chat import ToolCard
from coterie.model.protocol import Answer, Plan, PlannedStep
from coterie.model.training.data.environments import memories
from coterie.model.training.data.trajectory import StepRecord, Trajectory

MAX_STEPS = 8
MAX_TOOLS = 9
CUT = 0.5
_SENTENCES = (
    "{a} {b}",
    "{a} {b}",
    "{a}\n{b}",
    "{a} Then: {b}",
    "{a} And then: {b}",
    "{a} After that: {b}",
    "{a} Also: {b}",
    "{a} Once that is done: {b}",
    "{a}\n\nAnd: {b}",
)
_LISTS = ("{n}. {part}", "- {part}", "* {part}", "({n}) {part}", "{n}) {part}")
_LINKS = (", ", ", ", "; ", ", then ", " and then ")
_LAST = (" and ", ", and ", ", then ", " and then ", "; finally, ", ", and finally ", " and also ")


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


def compose(parts: Sequence[Trajectory], rng: random.Random) -> Trajectory | None:
    """One run of all, or nothing where they do not go together (one tool name for two tools, too long)."""
    if not all(joins(part) for part in parts) or sum(len(part.steps) for part in parts) > MAX_STEPS:
        return None
    tools = _tools(parts, rng)
    if tools is None:
        return None
    planned: list[PlannedStep] = []
    steps: list[StepRecord] = []
    for part in parts:
        by = len(steps)
        planned += [_moved(step, by) for step in part.plan.steps]
        steps += [replace(step, planned=_moved(step.planned, by)) for step in part.steps]
    run = Trajectory(
        task=_task(parts, rng),
        tools=tools,
        plan=Plan(tuple(planned)),
        template="+".join(part.template for part in parts),
        family=parts[0].family,
        environment=parts[0].environment,
        kind="composed",
        steps=steps,
        answer=Answer(_joined([part.answer.text for part in parts if part.answer]), "success"),
        recalled=[line for part in parts for line in part.recalled],
    )
    if rng.random() < memories.SOLVED_BEFORE:
        told = run if rng.random() < memories.SAME else rng.choice(parts)
        run.recalled = [*run.recalled, memories.solved(told.task, told.steps)]
    return _cut(run, rng.randrange(len(steps))) if rng.random() < CUT else run


def _cut(run: Trajectory, last: int) -> Trajectory:
    """The run up to the first call of one step: the plan is what it teaches."""
    kept = run.steps[last]
    call = replace(kept, attempts=[replace(kept.attempts[0], observation=None, verdict=None)])
    return replace(run, steps=[*run.steps[:last], call], answer=None)


def _tools(parts: Sequence[Trajectory], rng: random.Random) -> list[ToolCard] | None:
    """The tools that are called, and a few of the others."""
    used: dict[str, ToolCard] = {}
    spare: dict[str, ToolCard] = {}
    for part in parts:
        called = {a.tool or step.tool for step in part.steps for a in step.attempts} | {s.tool for s in part.steps}
        for card in part.tools:
            if card.name not in called:
                spare[card.name] = card
            elif used.setdefault(card.name, card) != card:
                return None
    free = [card for name, card in spare.items() if name not in used]
    kept = rng.sample(free, min(len(free), rng.randint(0, max(MAX_TOOLS - len(used), 0))))
    return rng.sample([*used.values(), *kept], len(used) + len(kept))


def _task(parts: Sequence[Trajectory], rng: random.Random) -> str:
    clauses = [part.plan.steps[0].do for part in parts if len(part.plan.steps) == 1]
    if len(clauses) == len(parts) and all(_plain(clause) for clause in clauses) and rng.random() < 0.7:
        return _sentence(clauses, rng)
    if rng.random() < 0.2:
        form = rng.choice(_LISTS)
        lines = "\n".join(form.format(n=n, part=part.task) for n, part in enumerate(parts, 1))
        return rng.choice(("", "", "Do these things.\n", f"{len(parts)} things:\n", "To do:\n")) + lines
    text = parts[0].task
    for part in parts[1:]:
        text = rng.choice(_SENTENCES).format(a=text, b=part.task)
    return text


def _plain(clause: str) -> bool:
    """An order that can stand inside a sentence."""
    first = clause.split(" ", 1)[0]
    return not clause.endswith("?") and ". " not in clause and first.isalpha() and first not in ("I", "We", "The")


def _sentence(clauses: Sequence[str], rng: random.Random) -> str:
    first, *rest = clauses
    said = [clause if clause[1:2].isupper() else clause[:1].lower() + clause[1:] for clause in rest]
    link = rng.choice(_LINKS)
    text = first + "".join(link + clause for clause in said[:-1]) + rng.choice(_LAST) + said[-1]
    if rng.random() < 0.25:
        lowered = text if text[1:2].isupper() else text[:1].lower() + text[1:]
        text = rng.choice(("Please ", "I need you to ", "Now ", "Today: ", "Next, ")) + lowered
    return text + rng.choice((".", ".", ".", "", ", please."))


def _moved(step: PlannedStep, by: int) -> PlannedStep:
    return replace(step, needs=tuple(n + by for n in step.needs))


def _joined(texts: Sequence[str]) -> str:
    return " ".join(text if text.endswith((".", "!", "?")) else f"{text}." for text in texts)
