"""Plans in the words of the task: what is taken from it, and what stays the template's own."""

import random

import pytest

from coterie.model.training.data import registry
from coterie.model.training.data.own_words import about_it, clean, sentence
from coterie.model.training.data.trajectory import Trajectory


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("Could you please cancel order 3?", "Cancel order 3"),
        ("Then, delete item p-8, please.", "Delete item p-8"),
        ("2. pull up contract #36270.", "Pull up contract #36270"),
        ("Is it worth skiing at Krone now?", "Is it worth skiing at Krone now?"),
    ],
)
def test_a_step_is_said_without_what_people_say_around_it(text: str, step: str) -> None:
    assert clean(text) == step


def test_the_sentence_with_the_values_is_the_step() -> None:
    task = "The stock count is tomorrow. Please set the price of item P-3 to 4.20. Thanks!"
    assert sentence(task, ["P-3", "4.20"]) == "Set the price of item P-3 to 4.20"
    assert sentence(task, []) is None


@pytest.mark.parametrize(
    ("task", "values", "step"),
    [
        ("I ran 15 km in 90 minutes. What's my pace?", ["15", "90"], "I ran 15 km in 90 minutes. What's my pace?"),
        ("The bench is P-3. Its price must be 4. Update the price!", ["4"], "Its price must be 4. Update the price"),
        ("My seat is 4A; check me in. Thanks!", ["4A"], "My seat is 4A; check me in"),
    ],
)
def test_a_step_says_what_is_wanted_and_not_only_how_things_are(task: str, values: list[str], step: str) -> None:
    assert sentence(task, values) == step


def planned(seed: int, count: int) -> list[Trajectory]:
    source = registry.stream(seed)
    return [run for run in (next(source) for _ in range(count)) if run.plan.steps and not run.replans]


def test_plans_mostly_speak_the_words_of_the_task() -> None:
    steps = [(step, run.task.lower()) for run in planned(5, 200) for step in run.plan.steps]
    taken = [step for step, task in steps if step.do.lower() in task]
    assert len(taken) > 0.4 * len(steps)
    assert all(value not in step.do for step, _ in steps for value in step.known), "what the text says is not repeated"


def test_a_thing_named_before_is_what_the_step_knows() -> None:
    rng = random.Random(2)
    changed = [new for run in planned(6, 300) if (new := about_it(run, rng)) is not run]
    assert changed
    for run in changed:
        [step] = run.plan.steps
        key = str(next(iter(run.steps[0].attempts[0].arguments.values())))
        assert key in run.task
        assert key in step.known
        assert key not in step.do
        assert step.do in run.task
