"""The built-in tools on a folder of their own: files, tables, arithmetic, dates.

Setup: `{"files": {"notes.txt": "..."}}`. State: the same, as it is found in the folder. Nothing of the person's own
files is in reach: the folder belongs to the trial.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

from coterie.tools import Tool
from coterie.tools.builtin import ToolContext, builtin_tools


class Workspace:
    """A folder with text files; `tools` names the built-in tools that are offered, all of them by default."""

    def __init__(self, folder: Path, tools: Sequence[str] | None = None) -> None:
        self._folder = folder
        self._offered = tools

    def reset(self, setup: Mapping[str, JsonValue]) -> None:
        """Empty the folder and write the given files."""
        files = setup.get("files", {})
        if set(setup) - {"files"} or not isinstance(files, dict):
            raise ValueError(f"a workspace is set up with {{files: {{path: text}}}}, got {sorted(setup)}")
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        for name, text in files.items():
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(str(text), encoding="utf-8")

    def state(self) -> dict[str, JsonValue]:
        """Every file with its text."""
        paths = sorted(path for path in self._folder.rglob("*") if path.is_file())
        return {"files": {str(p.relative_to(self._folder)): p.read_text("utf-8", "replace") for p in paths}}

    def tools(self) -> list[Tool]:
        """The offered tools, in the order they were named."""
        have = {tool.name: tool for tool in builtin_tools(ToolContext(workspace=self._folder))}
        offered = self._offered if self._offered is not None else list(have)
        if unknown := [name for name in offered if name not in have]:
            raise ValueError(f"no built-in tools {unknown}; have {sorted(have)}")
        return [have[name] for name in offered]
