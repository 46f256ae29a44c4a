"""The work suite: enough of it, well spread, and sound: references pass, near misses and idle agents do not."""

import asyncio
import subprocess
import sys
from collections import Counter, defaultdict

import pytest

from coterie.evals.catalogue import find_suite
from coterie.evals.selftest import self_test
from coterie.evals.suite import Suite, TaskSpec
from coterie.evals.templates.family import Split
from coterie.evals.templates.write import ENVIRONMENTS, FOLDER, SPLITS, SUITE, summary, table


@pytest.fixture(scope="module")
def suite() -> Suite:
    return find_suite("work")


def families(suite: Suite) -> dict[str, list[TaskSpec]]:
    grouped: dict[str, list[TaskSpec]] = defaultdict(list)
    for task in suite.tasks:
        grouped[task.family].append(task)
    return grouped


def test_it_is_large_and_spread(suite: Suite) -> None:
    assert len(suite.tasks) >= 450
    assert len({task.environment for task in suite.tasks}) >= 8
    tags = Counter(tag for task in suite.tasks for tag in task.all_tags)
    for tag in ("refusal", "recovery", "conditional", "memory", "parallel", "faults", "policy", "injection"):
        assert tags[tag] >= 6, tag
    for level in (1, 2, 3):
        assert tags[f"level:{level}"] >= 80
    assert tags["split:sealed"] >= 200


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize(
    ("tag", "least"), [("recovery", 6), ("faults", 6), ("outage", 2), ("memory", 4), ("refusal", 4)]
)
def test_what_is_hard_is_asked_in_several_environments(suite: Suite, split: Split, tag: str, least: int) -> None:
    assert len({task.environment for task in suite.tasks if tag in task.tags and task.split == split}) >= least


def test_every_task_has_two_near_misses(suite: Suite) -> None:
    assert [task.id for task in suite.tasks if len(task.near_misses) < 2] == []


def test_the_documented_counts_hold(suite: Suite) -> None:
    documented = SUITE.with_name("README.md").read_text(encoding="utf-8")
    assert f"{len(suite.tasks)} tasks in {len(families(suite))} families" in documented
    for split in SPLITS:
        assert summary(split) in documented


def test_no_two_tasks_are_the_same(suite: Suite) -> None:
    seen = Counter((task.environment, task.task, str(task.setup), str(task.earlier)) for task in suite.tasks)
    assert max(seen.values()) == 1


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_tables_are_what_the_templates_write(environment: str, split: Split) -> None:
    written = (FOLDER / split / f"{environment}.jsonl").read_text(encoding="utf-8")
    assert written == table(environment, split)


def test_public_work_opens_no_sealed_file() -> None:
    code = (
        "import sys; from coterie.evals.templates.write import ENVIRONMENTS, table\n"
        "for environment in ENVIRONMENTS: table(environment, 'public')\n"
        "sys.exit(any('templates.sealed' in name for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.timeout(900)  # all tasks in four minutes and a half on two busy cores
def test_every_task_is_sound(suite: Suite) -> None:
    assert asyncio.run(self_test(suite)) == []
