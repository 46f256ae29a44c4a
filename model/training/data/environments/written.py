"""Tasks written one by one for a small world that is written with them, read from `written/*.txt` and run for real.

    & {"environment": "clinic", "state": {"today": "2025-03-04", "appointments": {...}}}    the world, on one line
    ? Task, `\\n` for a line break in it
    - A step of the plan, in the words of the task [1]    the numbers of the steps that it needs, if any
    = appointments.get {"id": "A-1"}                      its call: the operation's role, arguments by their roles
    n What matters in the result                          the note; `n retry: ...` and another = for the same step,
                                                          `n replan: ...` and the steps that remain, `n finish: ...`
    ~ appointments.book {"id": "A-1"}                     in place of = and n: the step was planned and is not done
    ! The answer                                          `f ` in its place where the task could not be done
    x Task that no operation of the environment can do

Every run dresses the tools anew, runs the calls, and may meet what any run of the environments meets: failures,
distractors, memories. `python -m coterie.model.training.data.environments.written FILE ...` checks files and prints
what every call gives.
"""

import argparse
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal
from zlib import crc32

from coterie.model.protocol import VERDICTS, VerdictWord
from coterie.model.training.data import own_words
from coterie.model.training.data.environments.catalog import Environment, LazyWorld, Template
from coterie.model.training.data.environments.scene import Scene, Step, Unlucky
from coterie.model.training.data.surface import OpError, csv_text, draw_style, dress
from coterie.model.training.data.trajectory import Split, Trajectory

FOLDER = Path(__file__).parent / "written"
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass
class Try:
    """One call of a step and what is made of its result."""

    role: str
    arguments: dict[str, Any]
    note: str = ""
    word: VerdictWord = "done"


@dataclass
class Planned:
    """A step, the steps it needs, and its calls; or the call of a step that is not done."""

    do: str
    needs: tuple[int, ...]
    tries: list[Try] = field(default_factory=list)
    undone: Try | None = None


@dataclass
class Task:
    """A task with the run that does it; without steps, one that nothing can do."""

    text: str
    steps: list[Planned] = field(default_factory=list)
    answer: str = ""
    status: Literal["success", "failed"] = "success"


@dataclass(frozen=True)
class Written:
    """One file: a world and its tasks."""

    name: str
    environment: Environment
    tasks: tuple[Task, ...]


def read(text: str, name: str, environments: Mapping[str, Environment]) -> Written:
    """The world and the tasks of one file. ValueError, with the line, where something is not as it should be."""
    world: Environment | None = None
    tasks: list[Task] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        mark, rest = line[0], line[1:].strip()
        try:
            if mark == "&":
                world = _world(json.loads(rest), environments)
            elif world is None:
                raise ValueError("the first line is the world: & {...}")
            else:
                _take(tasks, mark, rest, world)
        except ValueError as error:
            raise ValueError(f"{name}.txt, line {number}: {error}") from None
    if world is None:
        raise ValueError(f"{name}.txt has no world")
    return Written(name, world, tuple(tasks))


def _world(said: dict[str, Any], environments: Mapping[str, Environment]) -> Environment:
    if set(said) != {"environment", "state"}:
        raise ValueError(f"a world has environment and state, not {', '.join(said)}")
    known = _named(said["environment"], environments)
    if unknown := set(said["state"]) - set(known.makers):
        raise ValueError(f"{known.name} has no {', '.join(sorted(unknown))}; it has {', '.join(known.makers)}")
    state = said["state"]
    for path, rows in state.get("tables", {}).items():
        state.setdefault("files", {})[path] = csv_text(rows) + "\n"
    made = LazyWorld(random.Random(0), known.makers)
    for part in known.makers:
        made[part]  # also leaves what new records are numbered with
    empty = {part: type(value)() if isinstance(value, (dict, list)) else value for part, value in made.items()}
    return Environment(known.name, known.ops, {part: partial(_copy, value) for part, value in (empty | state).items()})


def _named(name: str, environments: Mapping[str, Environment]) -> Environment:
    if name not in environments:
        raise ValueError(f"no environment {name!r}; there are {', '.join(environments)}")
    return environments[name]


def _copy(value: Any, rng: random.Random, world: Any) -> Any:
    return deepcopy(value)


def _take(tasks: list[Task], mark: str, rest: str, world: Environment) -> None:
    """One line of a task."""
    if mark in "?x":
        text = rest.replace("\\n", "\n")
        if text in {task.text for task in tasks}:
            raise ValueError("this task stands here twice")
        tasks.append(Task(text))
        return
    if not tasks:
        raise ValueError("a task begins with ? or x")
    task = tasks[-1]
    last = task.steps[-1].tries[-1] if task.steps and task.steps[-1].tries else None
    match mark:
        case "-":
            do, _, needs = rest.removesuffix("]").partition(" [") if rest.endswith("]") else (rest, "", "")
            task.steps.append(Planned(do, tuple(int(n) for n in needs.split(",") if n)))
        case "=" if task.steps and (not task.steps[-1].tries or (last and last.word == "retry")):
            task.steps[-1].tries.append(_call(rest, world))
        case "~" if task.steps and not task.steps[-1].tries:
            task.steps[-1].undone = _call(rest, world)
        case "n" if last and not last.note:
            head, _, note = rest.partition(": ")
            word: VerdictWord = next((word for word in VERDICTS if word == head), "done")
            last.note, last.word = (note if head in VERDICTS else rest), word
        case "!" | "f" if any(each.note for step in task.steps for each in step.tries):
            task.answer, task.status = rest, "success" if mark == "!" else "failed"
        case _:
            raise ValueError(f"this line may not stand here: {mark} {rest}")


def _call(said: str, world: Environment) -> Try:
    role, _, arguments = said.partition(" ")
    if role not in world.ops:
        raise ValueError(f"{world.name} has no operation {role!r}")
    given = json.loads(arguments or "{}")
    if unknown := set(given) - {param.role for param in world.ops[role].params}:
        raise ValueError(f"{role} takes no {', '.join(sorted(unknown))}")
    return Try(role, given)


def play(task: Task, scene: Scene) -> None:
    """Say, plan, call and judge what is written. AssertionError where a run is not what was written."""
    scene.task(task.text)
    if not task.steps:
        scene.refuse(f"No tool here can do this: {own_words.in_short(task.text)}.")
        return
    assert task.answer, f"no answer: {task.text}"
    plans = list(_plans(task))
    scene.plan(*plans.pop(0))
    for step in task.steps:
        for i, each in enumerate(step.tries):
            result = (scene.again if i else scene.call)(**each.arguments)
            failed = isinstance(result, OpError)
            assert failed <= (each.word != "done"), f"{each.role} {each.arguments}: {result}"
            match each.word:
                case "done":
                    scene.done(each.note)
                case "retry":
                    scene.retry(each.note)
                case "finish":
                    scene.finish(each.note)
                case "replan":
                    scene.replan(each.note, *plans.pop(0))
    shown = "\n".join([*scene.context, *(each.note for step in task.steps for each in step.tries)]).replace(",", "")
    missing = [n for n in _NUMBER.findall(task.answer) if n.replace(",", "").rstrip(".") not in shown]
    assert not missing, f"the answer says {', '.join(missing)}, which no result has: {task.text}"
    scene.answer(task.answer, task.status)


def _plans(task: Task) -> Iterator[list[Step]]:
    """The first plan, and one after each `replan`; what was planned and is not done belongs to the one before. A step
    knows the arguments that the task itself says."""
    plan: list[Step] = []
    is_over = False
    for step in task.steps:
        first = step.tries[0] if step.tries else step.undone
        assert first, f"this step has no call: {step.do}"
        if is_over and step.tries:
            yield plan
            plan, is_over = [], False
        known = {role: value for role, value in first.arguments.items() if _said(value, task.text)}
        plan.append(Step(first.role, step.do, known, step.needs))
        is_over = is_over or bool(step.tries and step.tries[-1].word == "replan")
    yield plan
    if is_over:
        yield []


def _said(value: Any, text: str) -> bool:
    """Whether a text says a value as it is."""
    if isinstance(value, list):
        return all(_said(item, text) for item in value)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return False
    return value.lower() in text.lower() if isinstance(value, str) else f"{value:g}" in _NUMBER.findall(text)


def templates_of(written: Written) -> list[Template]:
    """Every task that has a run, and those that are to be refused; one in sixteen is held out."""
    made: list[Template] = []
    for number, task in enumerate(written.tasks):
        split: Split = "held_template" if crc32(task.text.encode()) % 16 == 0 else "train"
        name, family = f"written.{written.name}.{number}", f"written.{written.name}"
        play_it: Callable[[Scene], None] = partial(play, task) if task.steps else partial(_unfit, task)
        made.append(Template(name, written.environment, family, "written", play_it, split, neighbours=made))
    return made


def _unfit(task: Task, scene: Scene) -> None:
    """A few of the environment's tools, and a task that none of them can do."""
    for role in scene.rng.sample(list(scene.ops), min(len(scene.ops), scene.rng.randint(2, 6))):
        scene.face(role)
    play(task, scene)


@cache
def load() -> tuple[Template, ...]:
    """The templates of every file."""
    known = _environments()
    files = [read(path.read_text("utf-8"), path.stem, known) for path in sorted(FOLDER.glob("*.txt"))]
    return tuple(template for file in files for template in templates_of(file))


def generate(rng: random.Random, split: Split = "train") -> Trajectory:
    """A run of a task drawn at random."""
    chosen = [template for template in load() if template.split == split]
    while True:
        with suppress(Unlucky):
            run = rng.choice(chosen).generate(rng, split)
            return own_words.reworded(run, [step.do for step in run.plan.steps])


@cache
def _environments() -> dict[str, Environment]:
    from coterie.model.training.data.registry import catalog

    return {template.environment.name: template.environment for template in catalog().templates.values()}


def main(paths: Sequence[Path], described: str | None = None) -> None:
    """Run every task of the files once and print what its calls give; one line for every task that fails."""
    try:
        if described:
            describe(described)
        files = {path: read(path.read_text("utf-8"), path.stem, _environments()) for path in paths}
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from None
    for path, written in files.items():
        bad = sum(not _tried(task, written.environment) for task in written.tasks)
        refused = sum(not task.steps for task in written.tasks)
        print(f"{path}: {len(written.tasks)} tasks, {refused} of them to be refused, {bad} that do not run")


def _tried(task: Task, environment: Environment) -> bool:
    print(f"? {task.text!r}")
    scene = Scene(random.Random(0), environment.ops, LazyWorld(random.Random(0), environment.makers))
    error = ""
    try:
        play(task, scene)
    except AssertionError as failed:
        error = str(failed).split("\n")[0]
    for record in scene.records:
        for attempt in record.attempts:
            print(
                f"    {record.tool} {json.dumps(attempt.arguments, ensure_ascii=False)}\n      -> {attempt.observation}"
            )
    if error:
        print(f"  WRONG: {error}")
    return not error


def describe(name: str) -> None:
    """Print the operations of an environment, and a world of it to learn the fields from."""
    environment = _named(name, _environments())
    for role, op in environment.ops.items():
        params = ", ".join(f"{p.role}{'' if p.required else '?'}: {json.dumps(p.schema)}" for p in op.params)
        print(f"{role}({params}): {dress(random.Random(0), op, draw_style(random.Random(1))).card.description}")
    world = LazyWorld(random.Random(5), environment.makers)
    for part in environment.makers:
        world[part]
    told = {part: value for part, value in world.items() if isinstance(value, (dict, list, str))}
    print(json.dumps({"environment": name, "state": told}, ensure_ascii=False))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="*", help="to check")
    parser.add_argument("--describe", metavar="ENVIRONMENT", help="print its operations and a world of it")
    given = parser.parse_args()
    main(given.files, given.describe)
