"""The floor: what doing nothing and calling at random score, on our own suites."""

import asyncio
import random
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.evals.suite_files import write_lamp

from coterie.evals.agents import Assignment
from coterie.evals.catalogue import find_suite
from coterie.evals.random_agent import RandomTools, random_value
from coterie.evals.selftest import MOST_BY_CHANCE, Control, control_faults, controls
from coterie.evals.suite import read_suite
from coterie.memory.records import Task


def assignment(folder: Path, seed: int) -> Assignment:
    environment = read_suite(write_lamp(folder / "suite")).environments["lamp"].make(folder)
    environment.reset({})
    return Assignment(Task("Switch the lamp on."), environment.tools(), folder, "n", seed)


def test_random_calls_are_the_same_for_the_same_seed_and_others_for_another(tmp_path: Path) -> None:
    episodes = [asyncio.run(RandomTools().run(assignment(tmp_path, seed))) for seed in (1, 1, 2, 3)]
    calls = [[(c.function_name, c.arguments) for step in e.steps for c in step.tool_calls] for e in episodes]
    assert calls[0] == calls[1]
    assert calls[0] != calls[2] or calls[0] != calls[3]
    assert all(calls)
    assert episodes[0].outcome is not None
    assert episodes[0].outcome.answer


@pytest.mark.parametrize("name", ["examples", "work"])
def test_random_arguments_fit_the_schemas_of_all_our_tools(name: str, tmp_path: Path) -> None:
    draw = random.Random(5)
    for environment in find_suite(name).environments.values():
        for tool in environment.make(tmp_path).tools():
            schema = tool.card().parameters
            for _ in range(20):
                Draft202012Validator(schema).validate(random_value(schema, ["A-17", "late"], draw))


def test_random_values_keep_to_bounds_lengths_and_choices() -> None:
    schema = {
        "type": "object",
        "properties": {
            "n": {"type": "integer", "minimum": 200, "exclusiveMaximum": 203},
            "x": {"type": ["number", "null"], "minimum": -3, "maximum": -1},
            "s": {"type": "string", "minLength": 12, "maxLength": 14},
            "e": {"anyOf": [{"const": 4}, {"enum": ["a", "b"]}]},
            "l": {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 2},
        },
        "required": ["n", "x", "s", "e", "l"],
        "additionalProperties": False,
    }
    draw = random.Random(0)
    for _ in range(200):
        Draft202012Validator(schema).validate(random_value(schema, ["word"], draw))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["examples", "work"])
def test_our_suites_give_chance_and_idleness_next_to_nothing(name: str) -> None:
    suite = find_suite(name)
    if name == "work":
        suite = replace(suite, tasks=suite.tasks[::3])  # two of the six tasks of each family
    measured = asyncio.run(controls(suite))
    reference, *idle, chance = measured
    assert len(reference.passed) == len(suite.tasks)
    assert [(control.agent, control.passed) for control in idle] == [("empty", ()), ("done", ()), ("echo", ())]
    assert chance.effects_passed == 0
    assert len(chance.passed) <= MOST_BY_CHANCE * len(suite.tasks)
    assert control_faults(measured) == []


def test_a_suite_that_chance_passes_is_named() -> None:
    faults = control_faults(
        [
            Control("reference", 40, ("a",) * 39, (), 30, 30),
            Control("empty", 40, ("a", "b", "c"), ("a", "b"), 30, 0),
            Control("done", 40, ("a",), ("a",), 30, 0),
            Control("echo", 40, ("c",), (), 30, 0),
            Control("random", 40, (), (), 30, 9),
        ]
    )
    assert faults == [
        "the reference solutions pass 39 of 40 tasks",
        "an agent that does nothing passes 2 tasks: a, b",
        "an agent that only says 'Done.' passes 1 tasks: a",
        "random calls pass 9 of 30 tasks that need an effect",
    ]
