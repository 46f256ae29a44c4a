"""A task of a training environment to be done instead of read: its world, its tools, and what a verified run left.

The same template and seed always give the same task, so a suite of such tasks holds no more than these two.
"""

import copy
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from coterie.model.chat import ToolCard
from coterie.model.training.data.environments import distractors
from coterie.model.training.data.environments.catalog import LazyWorld, Template
from coterie.model.training.data.environments.scene import GaveUp, Scene, Step, Unlucky, trajectory
from coterie.model.training.data.surface import Ack, Face, Op, OpError, Rows, World, clip, draw_style, dress, render
from coterie.model.training.data.trajectory import Trajectory

MISSPELT = 0.25
WITHOUT_THE_TOOL = 0.08
_MAX_DRAWS = 60


@dataclass(frozen=True)
class Performed:
    """What a call gave, as text."""

    text: str
    is_error: bool = False


@dataclass
class Practice:
    """One task, its world as it was before the verified run, and the tools it is done with.

    `run` has no distractors; `cards` has. Where `impossible`, the tools of the run are left out of `cards`.
    """

    run: Trajectory
    cards: list[ToolCard]
    impossible: bool
    values: frozenset[str]
    after: World
    _world: World
    _faces: Mapping[str, tuple[Op, Face]]
    _scene: Scene

    def perform(self, name: str, arguments: Mapping[str, Any]) -> Performed:
        """Call a tool; arguments that the operation does not know are left out, as an API does with extras."""
        op, face = self._faces[name]
        roles = {shown: role for role, shown in face.names.items()}
        known = {roles[shown]: value for shown, value in arguments.items() if shown in roles}
        try:
            result = op.run(self._world, copy.deepcopy(known))
        except OpError as error:
            return Performed(clip(str(error)), is_error=True)
        native = op.fixed and (self._scene.style.native or isinstance(result, str))
        return Performed(clip(render(result, self._scene.style, native)))

    def writes(self, name: str) -> bool:
        """Whether the tool changes the world."""
        return self._faces[name][0].writes

    def state(self) -> World:
        """The world as JSON."""
        return plain(self._world)


def practice(template: Template, seed: int) -> Practice:
    """The task of this seed. Raises Unlucky where no world fits the template."""
    rng = random.Random(f"{template.name} {seed}")
    for _ in range(_MAX_DRAWS):
        environment = template.environment
        watched = _Watched.of(rng, environment.ops, _Noting(rng, environment.makers))
        try:
            template.play(watched)
        except (Unlucky, GaveUp):
            continue
        if all(goal() for goal in watched.goals):
            return _practice(template, watched, rng)
    raise Unlucky(f"{template.name} found no task in {_MAX_DRAWS} worlds")


def _practice(template: Template, scene: "_Watched", rng: random.Random) -> Practice:
    world = LazyWorld(rng, template.environment.makers)
    world.update(copy.deepcopy({**scene.made, **scene.before}))
    for part in sorted(template.environment.makers):
        _ = world[part]
    used = {face.card.name: (template.environment.ops[role], face) for role, face in scene.faces.items()}
    faces = used | _others(template, scene, used, rng)
    impossible = rng.random() < WITHOUT_THE_TOOL
    cards = [face.card for name, (_, face) in faces.items() if not (impossible and name in used)]
    rng.shuffle(cards)
    return Practice(
        run=trajectory(scene, template.name, template.family, template.environment.name, template.kind),
        cards=cards,
        impossible=impossible,
        values=frozenset(scene.values),
        after=plain(scene.world),
        _world=world,
        _faces=faces,
        _scene=scene,
    )


def _others(
    template: Template, scene: Scene, used: Mapping[str, tuple[Op, Face]], rng: random.Random
) -> dict[str, tuple[Op, Face]]:
    """Other tools of the same world, which work as well."""
    same = {op.same for op, _ in used.values()}
    ops = [op for op in template.environment.ops.values() if op.same not in same]
    others: dict[str, tuple[Op, Face]] = {}
    for op in rng.sample(ops, min(1 + distractors.pick_count(rng), len(ops))):
        face = dress(rng, op, scene.style if rng.random() < 0.7 else draw_style(rng))
        if face.card.name not in used and op.same not in same:
            others.setdefault(face.card.name, (op, face))
            same.add(op.same)
    return others


class _Noting(LazyWorld):
    """Keeps every part as it was first set."""

    def __init__(self, rng: random.Random, makers: Mapping[str, Any]) -> None:
        super().__init__(rng, makers)
        self.made: World = {}

    def __setitem__(self, key: str, value: Any) -> None:
        self.made.setdefault(key, copy.deepcopy(value))
        super().__setitem__(key, value)


@dataclass
class _Watched(Scene):
    """A scene that keeps the world as it was when the plan was made, and every value that its calls returned."""

    before: World = field(default_factory=dict)
    values: set[str] = field(default_factory=set)

    @staticmethod
    def of(rng: random.Random, ops: Mapping[str, Op], world: World) -> "_Watched":
        values: set[str] = set()
        noting = {role: replace(op, run=_noting(op, values)) for role, op in ops.items()}
        mood = "typo" if rng.random() < MISSPELT else "clean"
        return _Watched(rng, noting, world, mood=mood, values=values)  # type: ignore[arg-type]

    @property
    def made(self) -> World:
        """The parts of the world as they were made."""
        assert isinstance(self.world, _Noting)
        return self.world.made

    def plan(self, *steps: Step) -> None:
        """See `Scene.plan`."""
        self.before = copy.deepcopy(dict(self.world))
        super().plan(*steps)


def _noting(op: Op, values: set[str]) -> Any:
    def run(world: World, arguments: dict[str, Any]) -> Any:
        result = op.run(world, arguments)
        values.update(_leaves(result))
        return result

    return run


def _leaves(value: Any) -> Iterator[str]:
    match value:
        case Ack():
            yield from _leaves(value.facts)
        case Rows():
            yield from _leaves(list(value.rows))
        case Mapping():
            for part in value.values():
                yield from _leaves(part)
        case list() | tuple():
            for part in value:
                yield from _leaves(part)
        case bool() | None:
            return
        case _:
            yield str(value)


def plain(world: World) -> World:
    """The parts of a world that are data, as JSON."""
    state: World = json.loads(json.dumps({key: part for key, part in world.items() if not callable(part)}))
    return state
