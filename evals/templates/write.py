"""From templates to the tables that the suite reads: one JSONL file for each environment and split."""

import json
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import get_args

from coterie.evals.environment import load_environment
from coterie.evals.located import read
from coterie.evals.suite import EnvironmentSpec, SuiteFile
from coterie.evals.templates.family import Parts, Split, tasks
from coterie.evals.templates.near_misses import with_general

ENVIRONMENTS = ("calendar", "files", "inventory", "mail", "notebook", "shop", "tables", "terminal")
SPLITS: tuple[Split, ...] = get_args(Split)
TASKS_PER_FAMILY = 6
SUITE = Path(__file__).resolve().parents[1] / "suites" / "work.yaml"
FOLDER = SUITE.with_suffix("")


def rows(environment: str, split: Split) -> Iterator[Parts]:
    """The tasks of one environment in one split."""
    families = import_module(f"coterie.evals.templates.{split}.{environment}").FAMILIES
    stray = import_module(f"coterie.evals.templates.worlds.{environment}").stray
    writing = _writing_tools(environment)
    for task in tasks(environment, split, families, TASKS_PER_FAMILY):
        yield task | {"near_misses": with_general(task, stray(task), writing)}


def table(environment: str, split: Split) -> str:
    """The table of one environment in one split, a task a line."""
    return _table(rows(environment, split))


def write_suite(folder: Path, name: str, head: str, tasks: Iterable[Parts]) -> Path:
    """A suite of one table, `NAME.jsonl`, with this head; the path to run it by."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.jsonl").write_text(_table(tasks), "utf-8")
    suite = folder / f"{name}.yaml"
    suite.write_text(head, "utf-8")
    return suite


def _table(tasks: Iterable[Parts]) -> str:
    return "".join(json.dumps(task, ensure_ascii=False) + "\n" for task in tasks)


def _writing_tools(environment: str) -> frozenset[str]:
    given = SuiteFile.model_validate(read(SUITE).value).environments[environment]
    spec = EnvironmentSpec(use=given) if isinstance(given, str) else given
    made = load_environment(spec.use, spec.options, SUITE.parent).make(FOLDER)
    return frozenset(tool.name for tool in made.tools() if tool.spec.effect != "read")


def summary(split: Split) -> str:
    """How much there is in one split, in a line."""
    made = [task for environment in ENVIRONMENTS for task in rows(environment, split)]
    families = {task["family"] for task in made}
    return f"{split}: {len(made)} tasks in {len(families)} families over {len(ENVIRONMENTS)} environments"


def write_all() -> None:
    """Write every table."""
    for split in SPLITS:
        (FOLDER / split).mkdir(parents=True, exist_ok=True)
        for environment in ENVIRONMENTS:
            (FOLDER / split / f"{environment}.jsonl").write_text(table(environment, split), encoding="utf-8")
