"""Runs of the written requests, a sheet at a time: one set of tools, and everything that is asked of it.

The chats of a sheet begin alike, so a training row has their rules and tools once (`data.tokens.pack`). A request for
several calls is one run for each of them, as a caller drafts them side by side, straight after the plan. Where parts of
a request are in no call after that, or would not be had the first plan said too little, another run has what the model
is asked then, and the steps that remain.
"""

import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from zlib import crc32

from coterie.model import protocol
from coterie.model.chat import ToolCard
from coterie.model.protocol import Plan, PlannedStep, Verdict
from coterie.model.training.data import own_words
from coterie.model.training.data.apis import frames, kinds, written
from coterie.model.training.data.apis.written import Domain, Request
from coterie.model.training.data.environments import memories
from coterie.model.training.data.slips import LUMPED, lumped, shortened
from coterie.model.training.data.trajectory import (
    FIRST_PLAN,
    Attempt,
    Split,
    StepRecord,
    Trajectory,
    known_texts,
    left_out,
)

ENVIRONMENT = "functions"
# How many other tools are shown, how many of them are of the same file, and how often names are spelt in another style.
OTHERS = {0: 14, 1: 12, 2: 14, 3: 16, 4: 12, 6: 10, 8: 8}
NEAR, RESTYLED = 0.7, 0.3
WITH_OTHERS = 0.75
"""How often a sheet has the tools that its mixed requests need."""
STRANGE = {0: 2, 1: 1, 2: 2, 4: 3, 6: 2}
"""How often a sheet has so many requests for tools that it does not show: they cost little beside its tools."""
STRANGE_NEAR = 0.5
"""How often such a request is of the sheet's own file."""
GONE_OVER, WHOLE = 0.5, 0.25
"""How often a request is gone over; one for several calls after the whole plan, else after one that said too little."""
REMEMBERED, MAX_REMEMBERED = 0.25, 3
"""How often memory has other requests of the sheet, and at most so many."""
TAKEN = ("taken down", "ok", "done", '{"ok": true}', '{"status": "accepted"}', "true", '{"result": "noted"}')
DRAWS = 40
"""After so many a sheet does with fewer: a split may have none that fits."""


class Sheets:
    """Draws runs; every request of a split comes once before any comes again."""

    def __init__(self, domains: Sequence[Domain] | None = None) -> None:
        self._domains = written.load() if domains is None else domains
        self._waiting: dict[Split, deque[Trajectory]] = {}
        self._anchors: dict[Split, list[tuple[Domain, str]]] = {}

    def __call__(self, rng: random.Random, split: Split) -> Trajectory:
        """The next run."""
        waiting = self._waiting.setdefault(split, deque())
        while not waiting:
            waiting.extend(self._sheet(rng, split, *self._anchor(rng, split)))
        return waiting.popleft()

    def _anchor(self, rng: random.Random, split: Split) -> tuple[Domain, str]:
        """The function that the next sheet is about."""
        left = self._anchors.setdefault(split, [])
        if not left:
            left += [(d, name) for d in self._domains for name in d.functions if belongs(name, split)]
            rng.shuffle(left)
        return left.pop()

    def _sheet(self, rng: random.Random, split: Split, domain: Domain, anchor: str) -> Iterator[Trajectory]:
        mine = [r for r in _about(domain, anchor) if is_held(r) == (split == "held_template") or split == "held_family"]
        needed = {anchor}
        if rng.random() < WITH_OTHERS:
            needed |= {call.name for request in mine for call in request.calls if belongs(call.name, split)}
        [count] = rng.choices(list(OTHERS), list(OTHERS.values()))
        tools = [domain.functions[name] for name in domain.functions if name in needed]
        tools += self._others(rng, split, domain, needed, count)
        asked = [r for r in mine if {call.name for call in r.calls} <= needed]
        shown = {tool.name for tool in tools}
        [strange] = rng.choices(list(STRANGE), list(STRANGE.values()))
        asked += islice(self._strange(rng, split, domain, shown), strange)
        rng.shuffle(tools)
        called = _restyled(rng, domain.name, tools) if rng.random() < RESTYLED else {t.name: t for t in tools}
        for request in asked:
            recalled = list(_remembered(rng, request, asked, called)) if rng.random() < REMEMBERED else []
            for run in _runs(request, called, f"{domain.name}/{anchor}", recalled):
                yield run
                if run.alone == 1 and split == "train" and rng.random() < GONE_OVER:
                    yield from _gone_over(run, rng)

    def _others(self, rng: random.Random, split: Split, domain: Domain, needed: set[str], count: int) -> list[ToolCard]:
        """Tools for something else, most of them of the same file."""
        chosen: dict[str, ToolCard] = {}
        for _ in range(count * 4):
            other = domain if rng.random() < NEAR else rng.choice(self._domains)
            name = rng.choice(list(other.functions))
            if len(chosen) < count and name not in needed and belongs(name, split):
                chosen[name] = other.functions[name]
        return list(chosen.values())

    def _strange(self, rng: random.Random, split: Split, domain: Domain, shown: set[str]) -> Iterator[Request]:
        """Requests for functions that are not shown, each once, seen as some that nothing can serve."""
        told: set[str] = set()
        for _ in range(DRAWS):
            request = rng.choice((domain if rng.random() < STRANGE_NEAR else rng.choice(self._domains)).requests)
            names = {call.name for call in request.calls}
            is_fit = names and not names & shown and all(belongs(name, split) for name in names)
            if is_fit and is_held(request) == (split == "held_template") and request.text not in told:
                told.add(request.text)
                yield Request(request.text)


def belongs(name: str, split: Split) -> bool:
    """Whether a split may show the function: some are kept out of training whole."""
    return frames.is_held(name) == (split == "held_family")


def is_held(request: Request) -> bool:
    """Whether a request is kept out of training though its function is not (one in sixteen)."""
    return crc32(request.text.encode()) % 16 == 0


def _about(domain: Domain, anchor: str) -> Iterator[Request]:
    """The requests that call this function first, and those beside them that nothing can serve."""
    last = ""
    for request in domain.requests:
        last = request.calls[0].name if request.calls else last
        if last == anchor:
            yield request


def _restyled(rng: random.Random, domain: str, tools: Sequence[ToolCard]) -> dict[str, ToolCard]:
    """The tools by their written names, all with names in one other spelling."""
    style = rng.choice(frames.STYLES)
    return {tool.name: replace(tool, name=frames.styled(tool.name, style, domain)) for tool in tools}


def _remembered(
    rng: random.Random, request: Request, asked: Sequence[Request], tools: dict[str, ToolCard]
) -> Iterator[str]:
    """What memory has of others of these requests."""
    done = [other for other in asked if other.calls and other.text != request.text]
    for other in rng.sample(done, min(len(done), rng.randint(1, MAX_REMEMBERED))):
        yield memories.solved(other.text, _steps(other, tools))


def _steps(request: Request, tools: dict[str, ToolCard]) -> list[StepRecord]:
    steps: list[StepRecord] = []
    for call in request.calls:
        tool = tools[call.name]
        arguments = protocol.in_schema_order(call.arguments, tool.parameters)
        text = call.step or kinds.step_of(request.text, arguments, tool.description)
        planned = PlannedStep(text, known_texts(arguments))
        steps.append(StepRecord(planned, tool.name, [Attempt(arguments)], [tool.name]))
    return steps


def _runs(request: Request, tools: dict[str, ToolCard], template: str, recalled: list[str]) -> Iterator[Trajectory]:
    """The runs of one request; the plan is learned in the first alone."""
    shown = list(tools.values())
    if not request.calls:
        plan = Plan(refusal=f"No tool here gives this: {own_words.in_short(request.text)}.")
        kind = "refusal_hard"
        said = (request.text, shown, plan, f"refuse:{template}", template, ENVIRONMENT, kind)
        yield Trajectory(*said, recalled=recalled)
        return
    steps = _steps(request, tools)
    kind = "single" if len(steps) == 1 else "parallel" if len({s.tool for s in steps}) == 1 else "parallel_mixed"
    plan = Plan(tuple(step.planned for step in steps))
    run = Trajectory(request.text, shown, plan, template, template, ENVIRONMENT, kind, steps, recalled=recalled)
    whole = own_words.reworded(run, [step.planned.do for step in steps])
    yield replace(whole, alone=1)
    for number in range(2, len(steps) + 1):
        yield replace(whole, alone=number, slips=frozenset({FIRST_PLAN}))


def _gone_over(run: Trajectory, rng: random.Random) -> Iterator[Trajectory]:
    """The run as it goes on once its plan is used up and parts of the request are in no call; none where none is.

    The plan was the whole, or one step for all, or some of the steps. Only what remains is learned, which may be
    nothing: a call of a step that says more than it must not be an example.
    """
    gone = replace(run, alone=None, steps=[_taken_down(step, rng) for step in run.steps])
    count, draw = len(run.steps), rng.random()
    if count > 1 and draw < LUMPED:
        gone = lumped(gone, rng)
    elif count > 1 and draw < 1 - WHOLE:
        gone = shortened(gone, rng.randrange(1, count))
    else:
        gone = replace(gone, replans={count: Plan((), first=count + 1)})
    [kept] = gone.replans
    if left_out(gone, kept):
        yield replace(gone, steps=gone.steps[:kept], slips=frozenset({FIRST_PLAN, *range(1, kept + 1)}))


def _taken_down(step: StepRecord, rng: random.Random) -> StepRecord:
    [attempt] = step.attempts
    shown = Attempt(attempt.arguments, rng.choice(TAKEN), Verdict("noted", "done"), is_slip=True)
    return replace(step, attempts=[shown])
