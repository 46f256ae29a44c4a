"""Scored runs that are begun here: each a `coterie eval` of its own, so that many trials keep no page waiting.

What is done is on disk after every trial, so a run that is stopped, or whose server is, can be resumed.
"""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping, Sequence

from coterie.agent.errors import InfrastructureError, UsageError
from coterie.agent.settings import Settings, data_home
from coterie.evals.session import runs_folder
from coterie.model.telling import USAGE

PROGRAM = (sys.executable, "-c", "from coterie.agent.cli import main; main()", "eval")
POLL_S = 0.1
START_S = 660.0  # a model's server may have to start first
RESUME_S = 5.0
GRACE_S = 20.0


class Scoring:
    """The runs that are being scored for this server, by name."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._processes: dict[str, Process] = {}
        self._listening: dict[str, asyncio.Task[str]] = {}

    def is_at_work(self, run: str) -> bool:
        """Whether the run goes on here."""
        process = self._processes.get(run)
        return process is not None and process.returncode is None

    async def begin(self, run: str, *words: str) -> None:
        """`coterie eval WORDS`, which makes the run; returns when it is at work.

        Raises UsageError or InfrastructureError with what the command says where it ends at once.
        """
        header = runs_folder(self._settings) / run / "run.json"
        await self._start(run, words, until=header.exists, at_most_s=START_S)

    async def resume(self, run: str) -> None:
        """Go on with a run; raises as `begin`."""
        await self._start(run, ("resume", run), until=lambda: False, at_most_s=RESUME_S)

    async def _start(self, run: str, words: Sequence[str], until: Callable[[], bool], at_most_s: float) -> None:
        command = (*PROGRAM, *words, *self._model(), "--quiet")
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, env=self._environment()
        )
        self._processes[run] = process
        said = self._listening[run] = asyncio.create_task(_said(process))
        deadline = time.monotonic() + at_most_s
        while not (said.done() or until() or time.monotonic() > deadline):
            await asyncio.wait({said}, timeout=POLL_S)
        if process.returncode not in (None, 0, 1):
            blame = UsageError if process.returncode == USAGE else InfrastructureError
            raise blame((await said).removeprefix("coterie: "))

    async def stop(self, run: str) -> None:
        """End the run after the trials that are done."""
        process = self._processes[run]
        process.send_signal(signal.SIGINT)
        try:
            await asyncio.wait_for(process.wait(), GRACE_S)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def close(self) -> None:
        """End them all."""
        await asyncio.gather(*(self.stop(run) for run in self._processes if self.is_at_work(run)))

    def _model(self) -> list[str]:
        settings = self._settings
        url = [] if settings.base_url is None else ["--base-url", settings.base_url]
        return [*url, *(["--model", settings.model] if "model" in settings.model_fields_set else [])]

    def _environment(self) -> Mapping[str, str]:
        """This server's own, with the stores and the key that its settings name."""
        settings = self._settings
        here = {
            "COTERIE_HOME": str(data_home(settings)),
            "COTERIE_DATABASE_URL": settings.database_url,
            "COTERIE_CHROMA_URL": settings.chroma_url,
            "COTERIE_API_KEY": settings.api_key,
        }
        return os.environ | {name: value for name, value in here.items() if value}


async def _said(process: Process) -> str:
    """The last line of what it says, once it has ended."""
    _, errors = await process.communicate()
    return errors.decode(errors="replace").strip().rpartition("\n")[2]
