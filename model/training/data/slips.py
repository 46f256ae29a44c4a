"""Slips of the model itself, and how to go on from them: the slip is shown, only what follows is learned.

A model that has only seen its own turns go well does not know what to do after one that did not.
"""

import random
import re
from dataclasses import replace

from coterie.model.chat import JsonSchema
from coterie.model.protocol import Plan, PlannedStep, Verdict
from coterie.model.training.data.compose import joins
from coterie.model.training.data.environments.words import CITIES, misspell, person
from coterie.model.training.data.own_words import clean
from coterie.model.training.data.trajectory import FIRST_PLAN, Attempt, StepRecord, Trajectory, left_out

SHORTENED = 0.35
HESITANT = 0.03
MISFILLED = 0.14
LUMPED = 0.5
MAX_LUMP = 300


def slipped(run: Trajectory, rng: random.Random) -> Trajectory:
    """The run, now and then with a slip in it."""
    draw = rng.random()
    if not joins(run) or not run.steps or draw > SHORTENED + HESITANT + MISFILLED:
        return run
    if draw < SHORTENED:
        if len(run.steps) == 1:
            return run
        return lumped(run, rng) if rng.random() < LUMPED else shortened(run, rng.randrange(1, len(run.steps)))
    if draw < SHORTENED + HESITANT:
        return hesitant(run, rng.randint(1, len(run.steps)))
    return misfilled(run, rng.randint(1, len(run.steps)), rng)


def shortened(run: Trajectory, kept: int) -> Trajectory:
    """The first plan stopped too early; the rest is planned when its last step is done, or judged so.

    The loop asks by itself where it can see that a part of the task is in no call.
    """
    steps = run.steps if left_out(run, kept) else _judged(run.steps, kept, "replan")
    return replace(
        run,
        plan=Plan(run.plan.steps[:kept]),
        steps=steps,
        replans={kept: Plan(run.plan.steps[kept:], first=kept + 1)},
        slips=frozenset({FIRST_PLAN}),
    )


def lumped(run: Trajectory, rng: random.Random) -> Trajectory:
    """The first plan was the whole task as one step; its call did the first part, the rest is planned then."""
    whole = PlannedStep(clean(run.task))
    first, *_ = run.steps
    made = replace(run, plan=Plan((whole,)), steps=[replace(first, planned=whole), *run.steps[1:]])
    if "\n" in whole.do or len(whole.do) > MAX_LUMP or not left_out(made, 1):
        return shortened(run, rng.randrange(1, len(run.steps)))
    return replace(made, replans={1: Plan(run.plan.steps[1:], first=2)}, slips=frozenset({FIRST_PLAN}))


def hesitant(run: Trajectory, at: int) -> Trajectory:
    """A good result was judged `replan`; the new plan is what remained of the old one, perhaps nothing."""
    return replace(
        run,
        steps=_judged(run.steps, at, "replan"),
        replans={at: Plan(run.plan.steps[at:], first=at + 1)},
        slips=frozenset({at}),
    )


def misfilled(run: Trajectory, at: int, rng: random.Random) -> Trajectory:
    """One argument of a call was wrong at first; the error names what there is, and the step is tried again."""
    step = run.steps[at - 1]
    good = step.attempts[0]
    card = next(card for card in run.tools if card.name == step.tool)
    properties = card.parameters["properties"]
    names = [n for n, value in good.arguments.items() if n not in _PROSE and _is_name(value, properties.get(n))]
    if not names or good.is_error:
        return run
    name = rng.choice(names)
    right, noun = str(good.arguments[name]), _noun(name, step.tool)
    wrong = rng.choice(_wrongs(right, noun, [str(good.arguments[n]) for n in names if n != name], rng))
    if wrong == right:
        return run
    listed = ", ".join(rng.sample(there := [right, *_alike(right, rng)], len(there)))
    error = rng.choice(_ERRORS).format(noun=noun, name=name, wrong=wrong, right=right, listed=listed)
    note = rng.choice(_NOTES).format(noun=noun, wrong=wrong, right=right)
    slip = Attempt({**good.arguments, name: wrong}, error, Verdict(note, "retry"), is_error=True, is_slip=True)
    changed = replace(step, attempts=[slip, *step.attempts])
    return replace(run, steps=[*run.steps[: at - 1], changed, *run.steps[at:]])


_WORD = re.compile("[A-Za-z][a-z]*")
_BARE = frozenset({"id", "name", "path", "of", "the", "to"})
_PROSE = frozenset("expression text query term body message content note comment question sql code value".split())  # noqa: SIM905
_ERRORS = (
    "no {noun} {wrong!r}; the {noun}s are {listed}",
    "no {noun} {wrong!r}; did you mean {right!r}?",
    "unknown {noun} {wrong!r}, there are {listed}",
    "{name}: {wrong!r} not found. Known: {listed}",
    "There is no {noun} called {wrong}. Available: {listed}.",
    "{name} {wrong!r} does not exist (try one of {listed})",
    "404 {noun} '{wrong}' not found; nearest: {right}",
    "invalid {name} {wrong!r}: expected one of [{listed}]",
)
_NOTES = (
    "No {noun} {wrong}; it is {right}.",
    "{wrong} does not exist; try {right}.",
    "The {noun} is called {right}.",
    "Wrong {noun}; {right} is meant.",
    "Use {right} as the {noun}.",
)


def _is_name(value: object, schema: JsonSchema | None) -> bool:
    fixed = bool({"enum", "const", "format"} & (schema or {}).keys())
    return isinstance(value, str) and not fixed and 1 < len(value) <= 40 and len(value.split()) <= 4


def _noun(name: str, tool: str) -> str:
    words = [word for word in _WORD.findall(name) if word.lower() not in _BARE]
    return " ".join(words).lower() or _WORD.findall(tool)[-1].lower()


def _wrongs(right: str, noun: str, others: list[str], rng: random.Random) -> list[str]:
    wrongs = [f"{noun} {right}", f"the {noun} {right}", *others]
    if len(right) > 4:
        wrongs.append(misspell(rng, right))
    if len(words := right.split()) > 1:
        wrongs += [words[0], words[-1]]
    return wrongs


def _alike(right: str, rng: random.Random) -> list[str]:
    """Other things of the kind: the same form with other digits, or other names."""
    count = rng.randint(1, 4)
    if any(c.isdigit() for c in right):
        made = [re.sub(r"[0-9]", lambda _: str(rng.randrange(10)), right) for _ in range(count)]
    else:
        made = [rng.choice(CITIES) if rng.random() < 0.5 else person(rng).split()[0] for _ in range(count)]
    return [other for other in dict.fromkeys(made) if other != right]


def _judged(steps: list[StepRecord], number: int, word: str) -> list[StepRecord]:
    step = steps[number - 1]
    last = step.attempts[-1]
    assert last.verdict
    judged = replace(last, verdict=Verdict(last.verdict.note, word))  # type: ignore[arg-type]
    changed = replace(step, attempts=[*step.attempts[:-1], judged])
    return [*steps[: number - 1], changed, *steps[number:]]
