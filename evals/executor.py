"""Where trials are carried out: in this process, or wherever an `Executor` takes them."""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from coterie.evals.agents import Agent, InfrastructureFailure, Limits
from coterie.evals.suite import Suite, TaskSpec
from coterie.evals.trial import TrialResult, run_trial, sessions

_GRACE_S = 30.0


class Executor(Protocol):
    """Carries out one attempt of a trial."""

    async def trial(self, task: TaskSpec, namespace: str, seed: int, limits: Limits) -> TrialResult:
        """One attempt. Raises InfrastructureFailure or BrokenSuite; all else is in the result."""
        ...


@dataclass(frozen=True)
class Local:
    """In this process: each attempt in a folder of its own, under a time limit beyond the agent's own."""

    suite: Suite
    agent: Agent

    async def trial(self, task: TaskSpec, namespace: str, seed: int, limits: Limits) -> TrialResult:
        """See `Executor.trial`."""
        patience_s = (limits.timeout_s + _GRACE_S) * len(sessions(task))
        with tempfile.TemporaryDirectory(prefix="coterie-trial-") as folder:
            try:
                async with asyncio.timeout(patience_s):
                    workspace = Path(folder) / "workspace"
                    return await run_trial(self.suite, task, self.agent, workspace, namespace, seed, limits)
            except TimeoutError:
                raise InfrastructureFailure(f"the agent did not stop within {patience_s:g} s") from None
