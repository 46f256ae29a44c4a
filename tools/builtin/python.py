"""run_python: code in the sandbox, with the workspace as its working folder."""

from typing import TypedDict

from coterie.tools.errors import ToolError
from coterie.tools.sandbox import Outcome, SandboxLimits, run_code
from coterie.tools.tool import Tool, tool
from coterie.tools.workspace import Workspace

_SPARE_S = 10.0


class Run(TypedDict):
    """What run_python gives; `isolation` says which protections held (see `coterie.tools.sandbox`)."""

    output: str
    isolation: dict[str, bool]


class Python:
    """The Python tool of one workspace."""

    def __init__(self, workspace: Workspace, limits: SandboxLimits) -> None:
        self._workspace = workspace
        self._limits = limits

    def tools(self) -> list[Tool]:
        """The tool, ready to be offered."""
        timeout_s = self._limits.wall_s + _SPARE_S
        return [tool(effect="dangerous", timeout_s=timeout_s)(self.run_python)]

    async def run_python(self, code: str) -> Run:
        """Run Python code and get what it prints. The code can use the files of the workspace, but no network.

        Args:
            code: the Python code; print what you want to see
        """
        if not code.strip():
            raise ToolError("code is empty; write the Python code to run")
        outcome = await run_code(code, self._workspace.root, self._limits)
        if outcome.timed_out:
            raise ToolError(f"the code was stopped: its time is limited to {self._limits.wall_s:g} s")
        if outcome.exit_code != 0:
            raise ToolError(_failure(outcome))
        return {"output": outcome.output or "(nothing was printed)", "isolation": dict(outcome.locks)}


def _failure(outcome: Outcome) -> str:
    how = f"a signal ({-outcome.exit_code})" if outcome.exit_code < 0 else f"exit code {outcome.exit_code}"
    printed = f"\nprinted before that:\n{outcome.output}" if outcome.output else ""
    return f"the code ended with {how}:\n{outcome.errors.strip() or 'no message'}{printed}"
