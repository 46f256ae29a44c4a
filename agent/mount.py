"""The commands of the other packages under `coterie`, imported only when one of them is called.

`coterie --help` shows their one-line descriptions from here, so it needs none of their packages.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class Mounted(NamedTuple):
    """Where a command's Typer app is, and what the overview says of it."""

    module: str
    summary: str


MOUNTED: Mapping[str, Mounted] = {
    "serve": Mounted("coterie.model.serving.cli", "The local model server: start, stop, status."),
    "episodes": Mounted("coterie.memory.episodes_cli", "Recorded runs: list, show, export, delete."),
    "replay": Mounted("coterie.evals.replay_cli", "A recorded run again: from its record, or live from a step."),
    "diff": Mounted("coterie.evals.diff_cli", "Where two recorded runs part."),
    "analyze": Mounted("coterie.evals.analyze_cli", "Why runs failed: causes, and the step that sank each."),
    "memory": Mounted(
        "coterie.memory.cli", "Long-term memory: add, search, list, show, forget, rebuild, export, import."
    ),
    "tools": Mounted("coterie.tools.cli", "Tools: list, show, call, check."),
    "eval": Mounted("coterie.evals.cli", "Scores on suites of tasks: list, check, run, resume, compare, report."),
    "ui": Mounted("coterie.evals.ui_cli", "Runs, replays, scores and memory in a browser, and the HTTP API."),
    "model": Mounted("coterie.model.cli", "The model: build, card, bench, train, route."),
}


class Faces(TyperGroup):
    """The top group: own commands, then the mounted ones as entries that are replaced when called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, mounted in MOUNTED.items():
            self.commands[name] = TyperCommand(name, help=mounted.summary)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import the command that is called."""
        name = args[0]
        if name in MOUNTED:
            app: typer.Typer = import_module(MOUNTED[name].module).app
            self.commands[name] = typer.main.get_command(app)
        return super().resolve_command(ctx, args)
