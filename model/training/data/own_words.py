"""Plan steps in the words of the task: where a part of the task says what a step does, the step is that part.

A small model copies far better than it rephrases, and the words of the user also work for tasks of a field it has
never seen. Steps that the task only implies keep the wording of their template.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from coterie.model.protocol import PlannedStep
from coterie.model.training.data.trajectory import Trajectory
from coterie.model.training.data.verbs import VERBS

MAX_WORDS = 34
_SENTENCE = re.compile(r"(?<=[.?!])\s+|\n+")
_CLAUSE = re.compile(r"(?<=[.?!])\s+|\n+|;\s+|,?\s+(?:and\s+)?then,?\s+|,\s+(?:and\s+)?|\s+and\s+", re.I)
_OPENING = re.compile(
    r"(?:(?:please|kindly|also|and|then|next|now|ok|right|so|plus|besides|first|second|after that|in addition|oh|"
    r"(?:could|can|would) you(?: please)?|i need you to|i(?: would|'d) like you to|i want you to|you should now|"
    r"time to|go ahead and|help me|once that is done)\b[,:]?|\d+\.|-|\([ab]\))\s+",
    re.I,
)
_WISH = re.compile(
    r"\b(?:I'd like|I would like|I want|I need|we need|(?:I|we) have to|tell me|I wonder|wondering|looking for)\b", re.I
)
_SAID = VERBS | frozenset(
    "mail email let tell post announce keep note pull lend return mute refuse postpone drop rename reopen enrol".split()  # noqa: SIM905
)
_LOOKING_UP = frozenset({"compare", "compute", "parallel"})
"""Kinds whose first steps only look up what the task asks to compare or to work out."""


def in_own_words(run: Trajectory) -> Trajectory:
    """The run with the steps of its first plan in the task's words, as far as the task has words for them."""
    if run.plan.refusal or run.replans:
        return reworded(run, [step.do for step in run.plan.steps])
    steps = run.plan.steps
    if len(steps) == 1:
        said = [sentence(run.task, steps[0].known)]
    else:
        implied = run.kind in _LOOKING_UP
        said = [None if implied and not step.needs else _clause(run.task, i, steps) for i, step in enumerate(steps)]
    doubled = {text for text in said if said.count(text) > 1}
    texts = [step.do if text is None or text in doubled else text for text, step in zip(said, steps, strict=True)]
    return reworded(run, texts)


def reworded(run: Trajectory, texts: Sequence[str]) -> Trajectory:
    """The run whose first plan says these texts. Its steps know what the task shows and their text does not say."""
    shown = "\n".join([run.task, *run.recalled])
    first = [_step(step, text, shown) for step, text in zip(run.plan.steps, texts, strict=True)]
    renewed = {id(old): new for old, new in zip(run.plan.steps, first, strict=True)}
    for plan in run.replans.values():
        renewed |= {id(step): _step(step, step.do) for step in plan.steps}
    return replace(
        run,
        plan=replace(run.plan, steps=tuple(first)),
        replans={n: replace(p, steps=tuple(renewed[id(s)] for s in p.steps)) for n, p in run.replans.items()},
        steps=[replace(record, planned=renewed[id(record.planned)]) for record in run.steps],
    )


def clean(text: str) -> str:
    """A part of a task as a step: without politeness, joints and the full stop; it begins with a capital."""
    text = text.strip()
    while opening := _OPENING.match(text):
        text = text[opening.end() :].strip()
    is_order = text.split(" ", 1)[0].lower() in _SAID
    text = re.sub(r",? please[.?!]?$", "", text).rstrip(".!,;: ?" if is_order else ".!,;: ")
    return text[:1].upper() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def in_short(text: str, most: int = 14) -> str:
    """The beginning of a task as it stands behind a colon: at most so many words of its first line."""
    said = clean(text.split("\n")[0])
    words = (said[:1].lower() + said[1:] if said[1:2].islower() else said).split()
    return " ".join(words[:most]).rstrip(".?!,;:")


def sentence(text: str, values: Sequence[str]) -> str | None:
    """The shortest run of whole sentences that names all values and asks for something, as a step; nothing where it
    names none."""
    wanted = [value for value in values if value in text]
    if not wanted:
        return None
    fitting = [part for part in _parts(text, _SENTENCE) if all(value in part for value in wanted)]
    return _fit([part for part in fitting if _asks(part)] or fitting)


def _asks(text: str) -> bool:
    """Whether it has a question, an order or a wish, and not only says how things are."""
    orders = any(clean(part).split(" ", 1)[0].lower() in _SAID for part in _CLAUSE.split(text))
    return orders or "?" in text or _WISH.search(text) is not None


def _step(step: PlannedStep, do: str, shown: str | None = None) -> PlannedStep:
    known = [v for v in step.known if v not in do and (shown is None or v in shown)]
    return replace(step, do=do, known=tuple(sorted(known, key=shown.index) if shown else known))


def _clause(task: str, index: int, steps: Sequence[PlannedStep]) -> str | None:
    """The shortest part that names the values of this step and none that only other steps have."""
    own = [value for value in steps[index].known if value in task]
    others = {v for i, step in enumerate(steps) if i != index for v in step.known if v in task and v not in own}
    if not own:
        return None
    fitting = [
        part
        for part in _parts(task, _CLAUSE)
        if all(value in part for value in own) and not any(value in part for value in others)
    ]
    return _fit([part for part in fitting if clean(part).split(" ", 1)[0].lower() in _SAID])


def _parts(task: str, cut: re.Pattern[str]) -> Iterator[str]:
    """Every stretch of the task between two cuts."""
    starts, ends = [0], []
    for match in cut.finditer(task):
        ends.append(match.start())
        starts.append(match.end())
    ends.append(len(task))
    for i, start in enumerate(starts):
        for end in ends[i:]:
            yield task[start:end]


def _fit(parts: Sequence[str]) -> str | None:
    said = [text for text in map(clean, parts) if 2 <= len(text.split()) <= MAX_WORDS and "\n" not in text]
    return min(said, key=len) if said else None


def about_it(run: Trajectory, rng: random.Random) -> Trajectory:
    """A run of one step with its thing named first and called `it` in the order: what the step's text leaves out, it
    knows. The run itself where its order has no thing that can be called so."""
    if len(run.plan.steps) != 1 or run.replans or run.plan.refusal:
        return run
    [step] = run.plan.steps
    thing = _THING.search(step.do)
    first = next(iter(run.steps[0].attempts[0].arguments.values()), None) if run.steps else None
    if thing is None or str(first) != thing["key"] or step.do.split(" ", 1)[0].lower() not in _SAID:
        return run
    noun, key = thing["noun"].lower(), thing["key"]
    said = f"{step.do[: thing.start()]}it{step.do[thing.end() :]}"
    if key in said:
        return run
    topic = rng.choice(_TOPICS).format(noun=noun, Noun=noun[:1].upper() + noun[1:], key=key)
    named = replace(step, do=said, known=(key, *step.known))
    return replace(
        run,
        task=f"{topic} {said}.",
        plan=replace(run.plan, steps=(named,)),
        steps=[replace(record, planned=named) for record in run.steps],
    )


_NO_NOUN = "of|to|for|with|the|in|from|at|by|and|an?|all|is|that|which|mentions|dated|before|after|since|until"
_NOUN = rf"(?!(?:{_NO_NOUN})\b)[a-z]{{3,}}(?: [a-z]{{3,}})?"
_KEY = r"[A-Za-z]*[-_]?[A-Za-z]*[-_]?\d[\w-]{2,}"
_THING = re.compile(rf"\b(?:the )?(?P<noun>{_NOUN})(?: number| with id)? [`'\"]?#?(?P<key>{_KEY})[`'\"]?(?=$|[ ,;:.])")
_TOPICS = (
    "This is about {noun} {key}.",
    "{Noun} {key} again.",
    "{Noun} {key} came up today.",
    "I'm looking at {noun} {key}.",
    "A request on {noun} {key}:",
    "There is {noun} {key}.",
    "My question is about {noun} {key}.",
    "{Noun} {key}:",
    "We talked about {noun} {key}.",
)
