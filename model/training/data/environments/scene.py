"""One task being done: operations are run, everything is recorded, and what goes wrong is handled as it comes.

A template is a function of a `Scene`: it says the task, plans, calls and judges, in that order. The scene
dresses the tools, injects failures (a tool that is down for a moment or for good), retries what an error
names a way out of, and at the end makes the `Trajectory`.
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from coterie.model.protocol import Answer, Plan, PlannedStep, Verdict, VerdictWord, in_schema_order
from coterie.model.training.data.environments import checks
from coterie.model.training.data.environments.words import misspell, near, pick
from coterie.model.training.data.surface import Face, Op, OpError, Style, World, clip, draw_style, dress, render
from coterie.model.training.data.trajectory import Attempt, StepRecord, Trajectory, known_texts

Mood = Literal["clean", "transient", "broken", "typo"]
_DOWN = (
    "503 Service Unavailable",
    "timeout after 30 s",
    "connection reset by peer",
    "temporarily unavailable, try again later",
    "HTTP 502 Bad Gateway",
    "database is locked",
    "rate limit exceeded, retry in 2 s",
    "upstream did not answer",
)
_BROKEN = (
    "500 Internal Server Error",
    "the service is shut down for maintenance until tomorrow",
    "authentication expired; an administrator has to sign in again",
    "permission denied for this account",
    "quota for this month is used up",
    "out of service until next week",
    "the office that does this is closed today",
    "blocked by the administrator until further notice",
    "this can not be done before the first of next month",
)


class Unlucky(Exception):
    """This world does not fit the task; another is drawn."""


class GaveUp(Exception):
    """A tool stays broken: the run ends with an honest failure."""


@dataclass(frozen=True)
class Step:
    """A planned step by roles: the operation, what to do, arguments known now, steps needed first."""

    role: str
    do: str
    known: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[int, ...] = ()


@dataclass
class Scene:
    """The state of one run: its world, its tools, its record so far."""

    rng: random.Random
    ops: Mapping[str, Op]
    world: World
    held: bool = False
    mood: Mood = "clean"
    style: Style = field(init=False)
    faces: dict[str, Face] = field(default_factory=dict)
    text: str = ""
    recalled: list[str] = field(default_factory=list)
    first_plan: list[Step] = field(default_factory=list)
    queue: list[tuple[Step, PlannedStep]] = field(default_factory=list)
    records: list[StepRecord] = field(default_factory=list)
    replans: dict[int, Plan] = field(default_factory=dict)
    goals: list[Callable[[], bool]] = field(default_factory=list)
    outcome: Answer | None = None
    plan_turn: Plan | None = None
    context: list[str] = field(default_factory=list)
    _open: Attempt | None = None
    _fault_at: int = 0

    def __post_init__(self) -> None:
        self.style = draw_style(self.rng, self.held)
        self._fault_at = 1 + int(self.rng.random() * 3)

    # What is said

    def task(self, text: str) -> None:
        """The task as the user gives it."""
        self.text = text
        self.context.append(text)

    def recall(self, *lines: str) -> None:
        """Lines that memory recalls for the task."""
        self.recalled.extend(lines)
        self.context.extend(lines)

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.rng.random() < probability

    def pick(self, *values: str) -> str:
        """One of the phrasings."""
        return pick(self.rng, values)

    def mention(self, value: str, others: Iterable[str]) -> str:
        """The value as the task spells it: misspelt now and then; the error that follows names the right one."""
        if self.mood == "typo" and len(value) > 4:
            slip = misspell(self.rng, value)
            keys = list(others)
            if slip not in keys and near(slip, keys) == [value]:
                self.mood = "clean"
                return slip
        return value

    def quote(self, value: str) -> str:
        """The value, sometimes in quotation marks."""
        mark = pick(self.rng, ("", "", "'", '"', "`"))
        return f"{mark}{value}{mark}"

    # Planning

    def face(self, role: str) -> Face:
        """The tool of a role as this run shows it."""
        if role not in self.faces:
            taken = {face.card.name for face in self.faces.values()}
            face = dress(self.rng, self.ops[role], self.style)
            while face.card.name in taken:
                face = dress(self.rng, self.ops[role], draw_style(self.rng, self.held))
            self.faces[role] = face
        return self.faces[role]

    def tool(self, role: str) -> str:
        """The tool's name in this run."""
        return self.face(role).card.name

    def plan(self, *steps: Step) -> None:
        """The first plan."""
        self.plan_turn = self._planned(steps, 1)
        self.first_plan = list(steps)

    def refuse(self, reason: str) -> None:
        """No plan: nothing here can do it."""
        self.plan_turn = Plan(refusal=reason)

    def _planned(self, steps: Sequence[Step], first: int) -> Plan:
        planned = []
        for step in steps:
            face = self.face(step.role)
            said = {role: value for role, value in step.known.items() if checks.is_shown(value, self.context)}
            known = in_schema_order(self._arguments(face, said), face.card.parameters)
            planned.append(PlannedStep(step.do, known_texts(known), step.needs))
        self.queue = list(zip(steps, planned, strict=True))
        return Plan(tuple(planned), first=first)

    def _arguments(self, face: Face, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return {face.names[role]: value for role, value in arguments.items()}

    # Doing

    def call(self, **arguments: Any) -> Any:
        """Run the next planned step with its known arguments and these; an OpError comes back as a value.

        An error that names the value that would have done is retried with that value first.
        """
        self._begin()
        return self._attempt({**self.queue[0][0].known, **arguments})

    def again(self, **arguments: Any) -> Any:
        """Run the same step once more, after `retry`."""
        return self._attempt({**self.queue[0][0].known, **arguments})

    def breaks(self, **arguments: Any) -> str:
        """The next planned step meets a tool that is down for good; the error, still to be judged."""
        self.mood, message = "clean", pick(self.rng, _BROKEN)
        self._begin()
        self._record({**self.queue[0][0].known, **arguments}, message, is_error=True)
        return message

    def _begin(self) -> None:
        planned = self.queue[0][1]
        tool = self.tool(self.queue[0][0].role)
        self.records.append(StepRecord(planned, tool, [], [tool]))

    def _attempt(self, arguments: dict[str, Any]) -> Any:
        step = self.queue[0][0]
        if self.mood in ("transient", "broken") and len(self.records) >= self._fault_at:
            self._fault(arguments)
        result = self._run(step.role, arguments)
        if not isinstance(result, OpError) or not result.near:
            return result
        tried = ", ".join(str(arguments.get(role)) for role in result.near)
        better = ", ".join(str(value) for value in result.near.values())
        self.retry(self.pick(f"{tried} does not exist; try {better}.", f"No {tried}; the nearest is {better}."))
        return self._run(step.role, {**arguments, **result.near})

    def _run(self, role: str, arguments: dict[str, Any]) -> Any:
        try:
            result = self.ops[role].run(self.world, dict(arguments))
        except OpError as error:
            self._record(arguments, clip(str(error)), is_error=True)
            return error
        native = self.ops[role].fixed and (self.style.native or isinstance(result, str))
        self._record(arguments, clip(render(result, self.style, native)), is_error=False)
        return result

    def _fault(self, arguments: dict[str, Any]) -> None:
        lasting, self.mood = self.mood == "broken", "clean"
        message = pick(self.rng, _BROKEN if lasting else _DOWN)
        self._record(arguments, message, is_error=True)
        if not lasting:
            self.retry(
                self.pick("Temporary failure; same call again.", "Not done yet, the tool was unavailable; try again.")
            )
            return
        if self.chance(0.5):
            self.retry(self.pick("It failed; try once more.", f"Failed: {message}. One more try."))
            self._record(arguments, message, is_error=True)
        do = self.queue[0][0].do
        undone = f"{do[0].lower()}{do[1:]}"
        self.finish(self.pick(f"Cannot {undone}: {message}.", f"Not possible now: {message}."))
        self.answer(
            self.pick(f"I could not {undone}: {message}.", f"Not done: {message} (tried to {undone})."), "failed"
        )
        raise GaveUp

    def _record(self, arguments: Mapping[str, Any], observation: str, is_error: bool) -> None:
        step = self.queue[0][0]
        face = self.face(step.role)
        named = in_schema_order(self._arguments(face, arguments), face.card.parameters)
        checks.derivable(step.role, named, self.context, face.card.parameters)
        self._open = Attempt(named, observation, Verdict("", "done"), is_error)
        self.records[-1].attempts.append(self._open)
        self.context.append(observation)

    # Judging

    def _judge(self, note: str, word: VerdictWord) -> None:
        assert self._open is not None, "nothing to judge"
        self._open.verdict = Verdict(note, word)
        self._open = None
        if word != "retry":
            self.queue.pop(0)

    def done(self, note: str) -> None:
        """On with the next step."""
        self._judge(note, "done")

    def retry(self, note: str) -> None:
        """The same step again, otherwise."""
        self._judge(note, "retry")

    def finish(self, note: str) -> None:
        """Nothing more to do, or nothing more can be done."""
        self._judge(note, "finish")

    def replan(self, note: str, *steps: Step) -> None:
        """The steps that remain become these."""
        self._judge(note, "replan")
        self.left(*steps)

    def left(self, *steps: Step) -> None:
        """The plan of what remains, which the loop asks for after a `replan` and when a plan is used up."""
        number = len(self.records)
        self.replans[number] = self._planned(steps, number + 1)

    def answer(self, text: str, status: Literal["success", "failed"] = "success") -> None:
        """The final answer."""
        self.outcome = Answer(text, status)

    def check(self, goal: Callable[[], bool]) -> None:
        """What must hold in the world when a run has gone through."""
        self.goals.append(goal)

    @property
    def here(self) -> int:
        """Number of the step that was called last."""
        return len(self.records)


def trajectory(scene: Scene, template: str, family: str, environment: str, kind: str) -> Trajectory:
    """The record of a finished scene, its candidates and distractors still to be added by the registry."""
    assert scene.plan_turn is not None, template
    assert scene.outcome is not None or scene.plan_turn.refusal, template
    assert all(record.attempts for record in scene.records), template
    cards = [face.card for face in scene.faces.values()]
    return Trajectory(
        task=scene.text,
        tools=cards,
        plan=scene.plan_turn,
        template=template,
        family=family,
        environment=environment,
        kind=kind,
        steps=scene.records,
        replans=scene.replans,
        answer=scene.outcome,
        recalled=scene.recalled,
    )


def mood(rng: random.Random) -> Mood:
    """What goes wrong in this run, if anything."""
    draw = rng.random()
    return "transient" if draw < 0.14 else "broken" if draw < 0.17 else "typo" if draw < 0.32 else "clean"
