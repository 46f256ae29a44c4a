"""The work suite: enough of it, well spread, and sound: references pass, near misses and idle agents do not."""

import asyncio
from collections import Counter, defaultdict
from dataclasses import replace

import pytest

from coterie.evals.catalogue import find_suite
from coterie.evals.selftest import self_test
from coterie.evals.suite import Suite, TaskSpec
from coterie.evals.templates.write import ENVIRONMENTS, FOLDER, table


@pytest.fixture(scope="module")
def suite() -> Suite:
    return find_suite("work")


def families(suite: Suite) -> dict[str, list[TaskSpec]]:
    grouped: dict[str, list[TaskSpec]] = defaultdict(list)
    for task in suite.tasks:
        grouped[task.family].append(task)
    return grouped


def test_it_is_large_and_spread(suite: Suite) -> None:
    assert len(suite.tasks) >= 300
    assert len({task.environment for task in suite.tasks}) >= 8
    tags = Counter(tag for task in suite.tasks for tag in task.all_tags)
    for tag in ("refusal", "recovery", "conditional", "memory", "parallel", "faults", "policy", "injection"):
        assert tags[tag] >= 6, tag
    for level in (1, 2, 3):
        assert tags[f"level:{level}"] >= 80
    assert tags["split:sealed"] >= 120


def test_no_two_tasks_are_the_same(suite: Suite) -> None:
    seen = Counter((task.environment, task.task, str(task.setup), str(task.earlier)) for task in suite.tasks)
    assert max(seen.values()) == 1


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_tables_are_what_the_templates_write(environment: str) -> None:
    assert (FOLDER / f"{environment}.jsonl").read_text(encoding="utf-8") == table(environment)


def test_one_task_of_each_family_is_sound(suite: Suite) -> None:
    chosen = tuple(tasks[0] for tasks in families(suite).values())
    assert asyncio.run(self_test(replace(suite, tasks=chosen))) == []


@pytest.mark.slow
def test_every_task_is_sound(suite: Suite) -> None:
    assert asyncio.run(self_test(suite)) == []
