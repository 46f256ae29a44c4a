"""Environments and templates: how a template becomes a verified trajectory with tools to choose among."""

import random
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from coterie.model.training.data.environments import checks, distractors, memories
from coterie.model.training.data.environments.scene import GaveUp, Scene, Unlucky, mood, trajectory
from coterie.model.training.data.surface import Op, World
from coterie.model.training.data.trajectory import Split, Trajectory

Play = Callable[[Scene], None]
Maker = Callable[[random.Random, World], Any]
HELD_TEMPLATE_SHARE = 0.07  # besides the goals that are held out in every environment
HELD_GOALS = ("_copy_value", "_two_values", "files_compare_files")
REFUSALS = 0.12
MAX_OTHERS, BROKEN_BEFORE = 2, 0.15


class LazyWorld(dict[str, Any]):
    """A world whose parts are made when first touched."""

    def __init__(self, rng: random.Random, makers: Mapping[str, Maker]) -> None:
        super().__init__()
        self.rng, self.makers = rng, makers

    def __missing__(self, key: str) -> Any:
        self[key] = self.makers[key](self.rng, self)
        return self[key]


@dataclass(frozen=True)
class Environment:
    """A small world: its operations, what its state is made of, and whether it is held out whole."""

    name: str
    ops: Mapping[str, Op]
    makers: Mapping[str, Maker]
    held: bool = False


@dataclass(frozen=True)
class Template:
    """One way of asking for one goal. `split` is where it belongs and never changes."""

    name: str
    environment: Environment
    family: str
    kind: str
    play: Play
    split: Split
    weight: float = 1.0
    neighbours: Sequence["Template"] = field(default=(), repr=False, compare=False)
    """The templates of the environment: what was done in it before."""

    def generate(self, rng: random.Random, split: Split | None = None) -> Trajectory:
        """One verified trajectory; `split` defaults to the template's own. Raises Unlucky where no world fits."""
        split = split or self.split
        for _ in range(40):
            try:
                return self._once(rng, split)
            except Unlucky:
                continue
        raise Unlucky(f"{self.name} found no task in 40 worlds")

    def _once(self, rng: random.Random, split: Split) -> Trajectory:
        scene = Scene(
            rng,
            self.environment.ops,
            LazyWorld(rng, self.environment.makers),
            held=split == "held_family",
            mood=mood(rng),
        )
        try:
            self.play(scene)
        except GaveUp:
            pass
        else:
            assert all(goal() for goal in scene.goals), f"{self.name}: the end state is not the goal\n{scene.text}"
        called = list(scene.faces)
        others = list(self._others(scene)) if rng.random() < memories.OTHER_TASKS else []
        run = trajectory(scene, self.name, self.family, self.environment.name, self.kind)
        memories.add(rng, run, lambda: self._sibling(rng), others)
        used = [self.environment.ops[role] for role in called]
        if rng.random() < REFUSALS and run.plan.steps:
            distractors.take_away(rng, run, used, self.environment.ops, others)
        else:
            shown = [self.environment.ops[role] for role in scene.faces]
            distractors.add(rng, run, scene.style, shown, self.environment.ops, split)
        checks.whole(run)
        return run

    def _others(self, scene: Scene) -> Iterator[str]:
        """What memory has of other tasks of the environment; the tools they took are shown in this run, too."""
        fitting = [t for t in self.neighbours if t.split == self.split and t.name != self.name]
        for other in scene.rng.sample(fitting, min(len(fitting), scene.rng.randint(1, MAX_OTHERS))):
            before = Scene(scene.rng, self.environment.ops, scene.world, scene.held)
            before.style, before.faces = scene.style, scene.faces
            before.mood = "broken" if scene.chance(BROKEN_BEFORE) else "clean"
            with suppress(Unlucky, AssertionError):
                try:
                    other.play(before)
                except GaveUp:
                    assert before.outcome
                    yield memories.failed(before.text, before.records, before.outcome.text)
                else:
                    if before.records:
                        yield memories.solved(before.text, before.records)

    def _sibling(self, rng: random.Random) -> str:
        """The text of another task of this template."""
        scene = Scene(rng, self.environment.ops, LazyWorld(rng, self.environment.makers))
        with suppress(Unlucky, GaveUp, AssertionError):
            self.play(scene)
        return scene.text


@dataclass
class Catalog:
    """All templates, in the order in which they were declared."""

    templates: dict[str, Template] = field(default_factory=dict)
    by_environment: dict[str, list[Template]] = field(default_factory=dict)

    def add(
        self,
        environment: Environment,
        name: str,
        family: str,
        kind: str,
        play: Play,
        weight: float = 1.0,
        held: bool = False,
    ) -> None:
        """Register one; whether it is held out follows from its environment, its family and its name."""
        full = f"{environment.name}.{name}"
        assert full not in self.templates, full
        split: Split = "train"
        if environment.held:
            split = "held_environment"
        elif held:
            split = "held_family"
        elif name.endswith(HELD_GOALS) or zlib.crc32(full.encode()) % 1000 < HELD_TEMPLATE_SHARE * 1000:
            split = "held_template"
        neighbours = self.by_environment.setdefault(environment.name, [])
        template = Template(full, environment, family, kind, play, split, weight, neighbours)
        self.templates[full] = template
        neighbours.append(template)
