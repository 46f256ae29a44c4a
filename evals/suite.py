"""What a suite is: tasks as data, each with the environment it is done in and what must be true afterwards.

    name: harbour
    environments: {harbour: harbour.py}
    tasks:
      - id: moor-kestrel
        environment: harbour
        task: Moor the boat Kestrel in berth B1.
        expect: {changes: {/berths/B1/boat: Kestrel}}
        reference: {calls: [{tool: moor, arguments: {boat: Kestrel, berth: B1}}], answer: Done.}
        near_misses:
          - {why: the other berth, calls: [{tool: moor, arguments: {boat: Kestrel, berth: B4}}], answer: Done.}

`read_suite` validates it; every problem names file, line and field. suites/README.md explains each field.
"""

import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from coterie.evals.code import code, digest
from coterie.evals.environment import EnvironmentFactory, load_environment
from coterie.evals.located import FaultySuite, Located, Place, SuiteError, read
from coterie.evals.matchers import checked

Fact = str | int | float | list[str | int | float]
Message = Annotated[str, Field(min_length=1)]
Expected = Annotated[JsonValue, AfterValidator(checked)]
FAMILY_TAG = "family:"
S = TypeVar("S", bound="Spec")


class Spec(BaseModel):
    """A part of a suite file: unknown fields are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Call(Spec):
    """One tool call of a solution; `fails` says that an error is what it should get."""

    tool: str
    arguments: dict[str, JsonValue] = {}
    fails: bool = False


class Solution(Spec):
    """A way through a task: the calls and the answer, or a refusal with its words as the answer."""

    calls: list[Call] = []
    answer: str = ""
    refuse: bool = False
    why: str = ""
    """For a near miss: what is wrong with it."""
    turns: list["Solution"] = []
    """What is done in the further turns of the task, in their order; nothing in those left out."""

    def spread(self, num_turns: int) -> "list[Solution]":
        """One solution for the task and one for each of its further turns."""
        return [self, *self.turns, *[Solution()] * (num_turns - len(self.turns))]


class Session(Spec):
    """An earlier task, done by the same agent with the same memory before the one that is scored."""

    task: str = Field(min_length=1)
    turns: list[Message] = []
    reference: Solution = Solution()


class Fault(Spec):
    """A tool that fails: its calls number `on_calls` (from 1) get `error` instead of being run."""

    tool: str
    error: str
    on_calls: list[int] = [1]


class Expect(Spec):
    """What must be true afterwards; whatever else changed counts as an unwanted side effect."""

    answer: list[Fact] = []
    """Facts the answer must state; a list inside is any one of."""
    not_in_answer: list[Fact] = []
    changes: dict[str, Expected] = {}
    """JSON pointer into the state -> the value it must have, or a matcher such as {$contains: [...]}."""
    ignore: list[str] = []
    """JSON pointers below which changes do not matter."""
    refuse: bool = False
    """No tool fits: the agent must say so and change nothing."""
    may_refuse: bool = False
    """Doing nothing is right, and saying why counts whether the agent calls that a success or not."""
    any_ending: bool = False
    """How the agent ended, and whether it said no, does not count: the environment's own checker has the verdict."""


class TaskSpec(Spec):
    """One task of a suite."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    environment: str
    task: str = Field(min_length=1)
    turns: list[Message] = []
    """What the user says next in the same conversation, each once the one before has been answered."""
    level: Literal[1, 2, 3] = 1
    family: str = ""
    """The template family; a family lies wholly in one split."""
    split: Literal["public", "sealed"] = "public"
    tags: list[str] = []
    setup: dict[str, JsonValue] = {}
    """What the environment is reset to, in its own terms."""
    earlier: list[Session] = []
    faults: list[Fault] = []
    expect: Expect
    reference: Solution
    near_misses: list[Solution] = []
    """Solutions that must not pass; a suite file gives at least one for each task."""

    @property
    def all_tags(self) -> tuple[str, ...]:
        """The tags a score is broken down by, with environment, level, split and family."""
        family = (f"{FAMILY_TAG}{self.family}",) if self.family else ()
        return (*self.tags, f"environment:{self.environment}", f"level:{self.level}", f"split:{self.split}", *family)


class EnvironmentSpec(Spec):
    """Where an environment comes from: `file.py` (a tool module), `file.py:Class` or `package.module:Class`."""

    use: str
    options: dict[str, JsonValue] = {}


class SuiteFile(Spec):
    """The head of a suite file."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    description: str = ""
    environments: dict[str, str | EnvironmentSpec] = Field(min_length=1)
    tasks: list[Any] = []
    data: list[str] = []
    """Further files with tasks, relative to this one: YAML lists or JSONL."""


@dataclass(frozen=True)
class Suite:
    """A validated suite; `digest` changes with any byte of its files or of the code that its verdicts depend on."""

    name: str
    description: str
    tasks: tuple[TaskSpec, ...]
    environments: Mapping[str, EnvironmentFactory]
    digest: str
    places: Mapping[str, str] = field(default_factory=dict)
    """Where each task stands, as `file:line`; none in a suite that does not come from files."""

    def select(self, category: str | None = None, limit: int | None = None) -> tuple[TaskSpec, ...]:
        """The tasks of a category (a tag, an environment, a split or `level:N`), or `limit` of them, evenly spaced."""
        chosen = [task for task in self.tasks if category is None or _is_in(task, category)]
        if not chosen:
            tags = {tag for task in self.tasks for tag in task.all_tags if not tag.startswith(FAMILY_TAG)}
            have = sorted(tag.removeprefix("environment:").removeprefix("split:") for tag in tags)
            raise SuiteError(f"suite {self.name!r} has no category {category!r}; have {', '.join(have)}")
        count = min(limit or len(chosen), len(chosen))
        return tuple(chosen[i * len(chosen) // count] for i in range(count))


class Examined(NamedTuple):
    """What a suite's file holds."""

    suite: Suite | None
    """The suite, as far as it is sound; None where not even its head can be read."""
    faults: tuple[str, ...]
    """All that is wrong with it, one line each."""


def read_suite(path: Path) -> Suite:
    """Read and validate a suite file. Raises SuiteError with every problem found."""
    suite, faults = examine(path)
    if suite is None or faults:
        raise FaultySuite(*faults)
    return suite


def examine(path: Path) -> Examined:
    """Read a suite file and find all that is wrong with it. Raises SuiteError where there is no file to be read."""
    try:
        head = read(path)
        spec = _validated(SuiteFile, head)
    except FaultySuite as error:
        return Examined(None, error.faults)
    faults: list[str] = []
    environments = _environments(spec, head, faults)
    tasks = _tasks(_parts(spec, head, faults), spec, environments, faults)
    data = [path.parent / name for name in spec.data]
    suite = Suite(
        spec.name,
        spec.description,
        tuple(task for task, _ in tasks),
        environments,
        "" if faults else digest([path, *data, *code(each.source for each in environments.values())]),
        {task.id: part.at(()) for task, part in tasks},
    )
    return Examined(suite, tuple(faults))


def _environments(spec: SuiteFile, head: Located, faults: list[str]) -> dict[str, EnvironmentFactory]:
    factories: dict[str, EnvironmentFactory] = {}
    folder = head.path.parent
    for name, given in spec.environments.items():
        wanted = EnvironmentSpec(use=given) if isinstance(given, str) else given
        try:
            factories[name] = load_environment(wanted.use, wanted.options, folder)
        except Exception as error:  # whatever a suite's code raises is the suite's fault
            faults.append(f"{head.at(('environments', name))}: environments.{name}: {_raised(error, folder)}")
    return factories


def _raised(error: Exception, folder: Path) -> str:
    """What loading an environment raised, with the line where it was raised in a file beside the suite."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}: {type(error).__name__}: {error.msg}"
    kind = "" if isinstance(error, ValueError | ImportError | AttributeError) else f"{type(error).__name__}: "
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if Path(frame.filename).parent == folder.resolve()]
    place = f"{inside[-1].filename}:{inside[-1].lineno}: " if inside else ""
    return f"{place}{kind}{error}"


def _parts(spec: SuiteFile, head: Located, faults: list[str]) -> list[Located]:
    """The tasks as they are written, from the suite's file and those it names."""
    parts = [head.part("tasks", index) for index in range(len(spec.tasks))]
    for name in spec.data:
        try:
            part = read(head.path.parent / name)
        except SuiteError as error:
            faults.append(str(error))
            continue
        if isinstance(part.value, list):
            parts += [part.part(index) for index in range(len(part.value))]
        else:
            faults.append(f"{part.at(())}: a list of tasks was expected, got {type(part.value).__name__}")
    if not parts and not faults:
        faults.append(f"{head.at(())}: the suite has no tasks; give them under 'tasks' or name files under 'data'")
    return parts


def _tasks(
    parts: list[Located], spec: SuiteFile, environments: Mapping[str, EnvironmentFactory], faults: list[str]
) -> list[tuple[TaskSpec, Located]]:
    """The tasks without a fault whose environment is there."""
    valid: list[tuple[TaskSpec, Located]] = []
    for part in parts:
        try:
            valid.append((_validated(TaskSpec, part), part))
        except FaultySuite as error:
            faults += error.faults
    ids = Counter(task.id for task, _ in valid)
    splits: dict[str, str] = {}
    sound = []
    for task, part in valid:
        found = [*_task_faults(task, part, spec, environments.get(task.environment))]
        if ids[task.id] > 1:
            found.append(f"{part.at(('id',))}: id: {task.id!r} is used by {ids[task.id]} tasks")
        if task.family and splits.setdefault(task.family, task.split) != task.split:
            found.append(f"{part.at(('split',))}: split: family {task.family!r} lies in both splits")
        faults += found
        if not found and task.environment in environments:
            sound.append((task, part))
    return sound


def _validated(spec: type[S], part: Located) -> S:
    if not isinstance(part.value, dict):
        raise FaultySuite(f"{part.at(())}: fields were expected, got {type(part.value).__name__}")
    try:
        return spec.model_validate(part.value)
    except ValidationError as error:
        raise FaultySuite(*dict.fromkeys(_line(part, e["loc"], e["msg"]) for e in error.errors())) from None


def _line(part: Located, loc: Place, message: str) -> str:
    return f"{part.at(_real(part, loc))}: {_dotted(loc)}: {message.removeprefix('Value error, ')}"


def _real(part: Located, loc: Place) -> Place:
    """The part of an error's location that exists in the file: pydantic adds names of union members."""
    place: Place = ()
    for step in loc:
        if (*place, step) in part.lines:
            place = (*place, step)
    return place


def _dotted(loc: Place) -> str:
    return ".".join(str(step) for step in loc)


def _task_faults(
    task: TaskSpec, part: Located, spec: SuiteFile, environment: EnvironmentFactory | None
) -> Iterator[str]:
    """What is wrong with a task by itself that its fields alone do not show."""
    if task.environment not in spec.environments:
        have = sorted(spec.environments)
        yield f"{part.at(('environment',))}: environment: unknown {task.environment!r}; have {have}"
    if not task.near_misses:
        yield f"{part.at(())}: near_misses: give at least one solution that must not pass"
    if any(len(solution.turns) > len(task.turns) for solution in (task.reference, *task.near_misses)):
        yield f"{part.at(())}: a solution has more turns than the task"
    if environment is None or environment.tools is None:
        return
    for index, fault in enumerate(task.faults):
        if fault.tool not in environment.tools:
            place = ("faults", index, "tool")
            yield f"{part.at(place)}: {_dotted(place)}: unknown tool {fault.tool!r}; have {sorted(environment.tools)}"


def _is_in(task: TaskSpec, category: str) -> bool:
    return category in task.all_tags or category in (task.environment, task.split, task.family)
