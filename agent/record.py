"""The recorder: folds the trace's events into the Episode and writes it to the store as it happens.

What a node did is written soon after the node is done, off the loop's path, while it waits for its tool or model;
the next node that writes waits for it at its own end. So at a kill the record is at most one node behind the
checkpoint, and `recover` makes that up from the checkpoint; effects are in the ledger before that.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from coterie.agent import trace
from coterie.agent.state import CallState, Signal, Spent, State, StepState
from coterie.memory.records import (
    Episode,
    Metrics,
    ModelCall,
    Observation,
    ObservationResult,
    Plan,
    PlanStep,
    Step,
    ToolCall,
    Usage,
    now,
)
from coterie.memory.writes import Recorded
from coterie.tools.result import ToolResult

PAUSE_S = 0.01


class Records(Protocol):
    """Where a run is written as it happens: `coterie.memory.episodes.Episodes`."""

    def record(self, episode_id: str, *records: Recorded) -> None:
        """Write as one transaction."""
        ...


@dataclass
class Recorder:
    """Listens to one episode's trace; `steps` has what was recorded of it so far."""

    episodes: Records
    episode: str
    home: Path
    steps: dict[int, Step] = field(default_factory=dict)
    signals: list[Signal] = field(default_factory=list)
    plan: Plan = field(default_factory=Plan)
    _unwritten_steps: set[int] = field(default_factory=set)
    _unwritten_records: list[Recorded] = field(default_factory=list)
    _writing: asyncio.Task[None] | None = None
    _hurry: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, event: trace.Event) -> None:
        """Take down one event."""
        match event:
            case trace.ModelAnswered(call=call):
                self._count(call)
                self._unwritten_records.append(call)
            case trace.MemoryRecalled(step_id=step_id, read=read, lines=lines):
                self._change(step_id, node="recall", message="\n".join(lines) or None)
                self._unwritten_records.append(read)
            case trace.PlanMade():
                self._planned(event)
            case trace.CallDrafted(call=call):
                self._drafted(call)
            case trace.ResultSeen(call=call, result=result):
                self._change(call["step_id"], observation=self._observation(call, result))
            case trace.VerdictGiven(call=call):
                self._judged(call)
            case trace.SignalRaised(signal=signal):
                self.signals.append(signal)
            case trace.Answered(step_id=step_id, ending=ending):
                self._change(step_id, node="finish", message=ending["answer"])
            case trace.NodeDone(node=node, step_ids=step_ids, state_hash=state_hash):
                for step_id in step_ids:
                    self._change(step_id, state_hash=state_hash)
                if node != "observe":  # the ledger has the results, and judge follows at once
                    await self._write()

    def reached(self) -> dict[int, Step]:
        """The steps so far; a node that failed leaves none."""
        return {step_id: step for step_id, step in self.steps.items() if step.node}

    def recover(self, past: Episode, state: State | None) -> None:
        """Take up an interrupted episode: what was recorded, and what only the checkpoint knows."""
        self.steps = {step.step_id: step for step in past.steps}
        self.plan = past.plan
        if state is None:
            return
        self.signals = list(state["signals"])
        for call in state["wave"]:
            self._drafted(call)
            seen = self.steps[call["step_id"]].observation
            if call["observed"] and seen is None:
                observed = call["observed"]
                result = ToolResult(observed["text"], is_error=observed["is_error"])
                self._change(call["step_id"], observation=self._observation(call, result))
            if call["judged"]:
                self._judged(call)

    async def close(self, steps: Sequence[StepState]) -> None:
        """Write how the plan's steps ended, and all that is not yet written."""
        self.plan = replace(self.plan, steps=plan_steps(steps))
        self._unwritten_records.append(self.plan)
        await self._write()
        await self._written()

    def _planned(self, event: trace.PlanMade) -> None:
        self.plan = Plan(plan_steps(event.steps), event.refusal, event.revision)
        node = "replan" if event.revision else "plan"
        self._change(event.step_id, node=node, plan=self.plan, message=event.refusal)
        self._unwritten_records.append(self.plan)

    def _drafted(self, call: CallState) -> None:
        made = ToolCall(call_id(call), call["name"], call["arguments"])
        self._change(call["step_id"], node="act", plan_step=call["number"], tool_calls=(made,))

    def _judged(self, call: CallState) -> None:
        assert call["judged"] is not None
        self._change(call["step_id"], verdict=call["judged"]["word"], message=call["judged"]["note"])

    def _change(self, step_id: int, **changes: Any) -> None:
        step = self.steps.get(step_id) or Step(step_id, "", timestamp=now())
        self.steps[step_id] = replace(step, **changes)
        self._unwritten_steps.add(step_id)

    def _count(self, call: ModelCall) -> None:
        assert call.step_id is not None
        step = self.steps.get(call.step_id)
        old = step.metrics if step and step.metrics else Metrics()
        new = Metrics(
            old.prompt_tokens + call.prompt_tokens,
            old.completion_tokens + call.completion_tokens,
            round(old.wall_s + call.wall_s, 4),
        )
        self._change(call.step_id, metrics=new)

    def _observation(self, call: CallState, result: ToolResult) -> Observation:
        assert call["observed"] is not None
        seen = ObservationResult(
            source_call_id=call_id(call),
            content=call["observed"]["text"],
            data=result.data,
            is_error=result.is_error,
            error_kind=call["observed"]["error_kind"],
            truncated=result.truncated,
            full_path=_relative(result.full_path, self.home),
            wall_s=round(result.wall_s, 4),
        )
        return Observation((seen,))

    async def _write(self) -> None:
        """Have written what there is, after what was begun before; raises what that ran into."""
        await self._written()
        known = sorted(self._unwritten_steps & self.reached().keys())
        records = [*self._unwritten_records, *(self.steps[step_id] for step_id in known)]
        self._unwritten_records.clear()
        self._unwritten_steps.difference_update(known)
        if records:
            self._hurry = asyncio.Event()
            self._writing = asyncio.create_task(self._written_soon(records, self._hurry))

    async def _written_soon(self, records: Sequence[Recorded], hurry: asyncio.Event) -> None:
        """Write, a little later: by then the loop waits for its tool or model, and the two do not share a processor."""
        with suppress(TimeoutError):
            await asyncio.wait_for(hurry.wait(), PAUSE_S)
        await asyncio.to_thread(self.episodes.record, self.episode, *records)

    async def _written(self) -> None:
        if self._writing is not None:
            self._hurry.set()
            writing, self._writing = self._writing, None
            await writing


def call_id(call: CallState) -> str:
    """`call-<step_id>-1`: each pass makes one call."""
    return f"call-{call['step_id']}-1"


def plan_steps(steps: Sequence[StepState]) -> tuple[PlanStep, ...]:
    """The plan as the episode keeps it."""
    return tuple(
        PlanStep(s["do"], tuple(s["known"]), tuple(s["needs"]), number=s["number"], status=s["status"]) for s in steps
    )


def usage(spent: Spent) -> Usage:
    """The budget's count as the episode keeps it."""
    counts = {name: count for name, count in spent.items() if name != "steps"}
    return Usage(**counts)  # type: ignore[arg-type]  # the names and types are Spent's


def _relative(path: Path | None, home: Path) -> str | None:
    if path is None:
        return None
    return str(path.relative_to(home)) if path.is_relative_to(home) else str(path)
