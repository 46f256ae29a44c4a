"""One run of the loop over one episode: start or go on, stop in time, and write down how it ended.

Between `Agent` (which opens what a run needs) and the graph. However the loop ends, the episode gets an
outcome by the table in `coterie.agent.errors`, and what was done so far is kept.
"""

import asyncio
import logging
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver

from coterie.agent.deps import Deps
from coterie.agent.errors import DEFECT, InfrastructureError, Stopped, cause_of, single, treatment
from coterie.agent.graph import Loop
from coterie.agent.interrupts import Stop
from coterie.agent.outcome import is_over, outcome_of
from coterie.agent.record import Recorder, usage
from coterie.agent.state import State, initial
from coterie.agent.trace import RunFinished
from coterie.agent.workspace import Snapshot, changed, snapshot
from coterie.memory.errors import StoreError
from coterie.memory.records import Episode, Failure, ModelRef, Outcome, Task
from coterie.memory.store import Store

MAX_SUPERSTEPS = 100_000  # the budgets end a run, not LangGraph's own counter
log = logging.getLogger("coterie.agent")


@dataclass
class Session:
    """What one run needs. `stop` requested means: end now, keep what there is."""

    task: Task
    model: ModelRef
    workspace: Path
    store: Store
    loop: Loop
    recorder: Recorder
    deps: Deps
    stop: Stop

    async def run(self) -> Outcome:
        """Run the loop to its end, whatever that is; raises only when cancelled from outside."""
        files = await asyncio.to_thread(snapshot, self.workspace)
        try:
            state = await self._driven()
        except Exception as error:
            outcome = self._broken(single(error))
        except asyncio.CancelledError as error:
            await self._conclude(self._broken(error), files)
            raise
        else:
            outcome = outcome_of(state)
        return await self._conclude(outcome, files)

    async def _driven(self) -> State:
        """The loop, until it ends, the time is up, or somebody wants it to stop."""
        thread = thread_of(self.deps.episode)
        start = None if await last_state(self.loop, thread) else initial(self.task.text, self.deps.choices.max_replans)
        run = asyncio.ensure_future(self.loop.ainvoke(start, thread, context=self.deps, durability="sync"))
        stopping = asyncio.ensure_future(self.stop.wait())
        try:
            timeout_s = self.deps.budget.left_s()
            await asyncio.wait({run, stopping}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if run.done():
                return cast(State, run.result())
            raise Stopped("stopped") if stopping.done() else self.deps.budget.time_is_up()
        finally:
            for unfinished in (run, stopping):
                unfinished.cancel()
            await asyncio.gather(run, stopping, return_exceptions=True)

    def _broken(self, error: BaseException) -> Outcome:
        """The outcome of a run that did not end by itself."""
        row = treatment(error)
        if row.status == "cancelled":
            return Outcome("cancelled", self._partial(), f"stopped; {self._how_to_resume}", "cancelled")
        message = str(error) or type(error).__name__
        if row is DEFECT:
            path = self._keep_traceback(error)
            message = f"a defect in Coterie: {type(error).__name__}: {message}; traceback in {path}"
        if row.usage:
            message = f"{message}; once that is mended, {self._how_to_resume}"
        elif row.status in ("infrastructure", "limit"):
            message = f"{message}; {self._how_to_resume}"
        return Outcome(row.status, self._partial(), message, cause_of(error))

    def _partial(self) -> str | None:
        """What the steps found out before the run was cut off."""
        steps = [self.recorder.steps[step_id] for step_id in sorted(self.recorder.steps)]
        notes = [step.message for step in steps if step.verdict and step.message]
        return "\n".join(notes) or None

    def _keep_traceback(self, error: BaseException) -> Path:
        text = "".join(traceback.format_exception(error))
        path = self.deps.artefacts / "error.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.deps.redact(text), encoding="utf-8", errors="replace")
        return path

    async def _conclude(self, outcome: Outcome, files: Snapshot) -> Outcome:
        """Write the end: plan, usage, outcome, failure; the checkpoints of a run that is over are dropped."""
        try:
            await self._record_end(outcome)
        except (StoreError, InfrastructureError) as error:
            log.error("the end of episode %s was not recorded: %s", self.deps.episode, error)
            message = f"the end was not recorded: {error}; {self._how_to_resume}"
            outcome = Outcome("infrastructure", outcome.answer, message, cause_of(error))
        made = await asyncio.to_thread(changed, files, self.workspace)
        await self.deps.trace.emit(RunFinished(self.deps.episode, outcome, self.deps.budget.spent(), made))
        return outcome

    async def _record_end(self, outcome: Outcome) -> None:
        thread = thread_of(self.deps.episode)
        state = await last_state(self.loop, thread)
        await self.recorder.close(state["steps"] if state else [])
        spent = usage(self.deps.budget.spent())
        await asyncio.to_thread(self.store.episodes.finish, self.deps.episode, outcome, spent)
        if outcome.status in ("failed", "limit") and outcome.cause != "refused":
            await asyncio.to_thread(self.store.failures.add, self._failure(outcome))
        if is_over(outcome) and isinstance(self.loop.checkpointer, BaseCheckpointSaver):
            await self.loop.checkpointer.adelete_thread(self.deps.episode)

    def _failure(self, outcome: Outcome) -> Failure:
        signals: Sequence[dict[str, object]] = [{**signal} for signal in self.recorder.signals]
        last = max(self.recorder.steps, default=None)
        message = outcome.error or outcome.answer or ""
        return Failure(self.deps.episode, outcome.cause or "failed", message, step_id=last, signals=tuple(signals))

    @property
    def _how_to_resume(self) -> str:
        return f"go on with: coterie run --resume {self.deps.episode}"

    def unrecorded(self, outcome: Outcome) -> Episode:
        """The episode as it is in memory, for when the store cannot be read back."""
        recorder = self.recorder
        steps = tuple(recorder.steps[step_id] for step_id in sorted(recorder.steps))
        spent = usage(self.deps.budget.spent())
        return Episode(self.deps.episode, self.task, self.model, outcome, recorder.plan, steps, spent)


def thread_of(episode: str) -> RunnableConfig:
    """Where LangGraph keeps the episode's checkpoints."""
    return {"configurable": {"thread_id": episode}, "recursion_limit": MAX_SUPERSTEPS}


async def last_state(loop: Loop, thread: RunnableConfig) -> State | None:
    """The last state on disk, None before the first."""
    values = (await loop.aget_state(thread)).values
    return cast(State, values) if values else None
