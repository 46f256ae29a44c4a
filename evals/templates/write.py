"""From templates to the tables that the suite reads: one JSONL file for each environment."""

import json
from importlib import import_module
from pathlib import Path

from coterie.evals.templates.family import tasks

ENVIRONMENTS = ("calendar", "files", "inventory", "mail", "notebook", "shop", "tables", "terminal")
TASKS_PER_FAMILY = 6
FOLDER = Path(__file__).resolve().parents[1] / "suites" / "work"


def table(environment: str) -> str:
    """The table of one environment, a task a line."""
    module = import_module(f"coterie.evals.templates.{environment}")
    rows = tasks(environment, module.FAMILIES, TASKS_PER_FAMILY)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def write_all() -> None:
    """Write every table."""
    FOLDER.mkdir(exist_ok=True)
    for environment in ENVIRONMENTS:
        (FOLDER / f"{environment}.jsonl").write_text(table(environment), encoding="utf-8")
