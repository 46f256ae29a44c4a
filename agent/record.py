"""The recorder: folds the trace's events into the Episode and writes it to the store as it happens.

A step is written when its node is done, before LangGraph checkpoints the node, so a resumed run never
holds a state whose record is missing. Model calls are written at once.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from coterie.agent import trace
from coterie.agent.state import CallState, Signal, Spent, StepState
from coterie.memory.episodes import Episodes
from coterie.memory.records import (
    Metrics,
    Observation,
    ObservationResult,
    Plan,
    PlanStep,
    Step,
    ToolCall,
    Usage,
    now,
)
from coterie.tools.result import ToolResult


@dataclass
class Recorder:
    """Listens to one episode's trace; `steps` has what was recorded of it so far."""

    episodes: Episodes
    episode: str
    home: Path
    steps: dict[int, Step] = field(default_factory=dict)
    signals: list[Signal] = field(default_factory=list)
    plan: Plan = field(default_factory=Plan)
    _unwritten: set[int] = field(default_factory=set)

    async def __call__(self, event: trace.Event) -> None:
        """Take down one event."""
        match event:
            case trace.ModelAnswered(call=call):
                self._count(call.step_id or 0, call.prompt_tokens, call.completion_tokens, call.wall_s)
                await self._write(self.episodes.record_model_call, call)
            case trace.MemoryRecalled(step_id=step_id, read=read, lines=lines):
                self._change(step_id, node="recall", message="\n".join(lines) or None)
                await self._write(self.episodes.record_memory_read, read)
            case trace.PlanMade():
                await self._planned(event)
            case trace.CallDrafted(call=call):
                self._change(call["step_id"], node="act", plan_step=call["number"], tool_calls=(tool_call(call),))
                await self._write_steps()
            case trace.ResultSeen(call=call, result=result):
                self._change(call["step_id"], observation=self._observation(call, result))
                await self._write_steps()
            case trace.VerdictGiven(call={"step_id": step_id, "judged": {"note": note, "word": word}}):
                self._change(step_id, verdict=word, message=note)
            case trace.SignalRaised(signal=signal):
                self.signals.append(signal)
            case trace.Answered(step_id=step_id, ending=ending):
                self._change(step_id, node="finish", message=ending["answer"])
            case trace.NodeDone(step_ids=step_ids, state_hash=state_hash):
                for step_id in step_ids:
                    self._change(step_id, state_hash=state_hash)
                await self._write_steps()

    async def close_plan(self, steps: Sequence[StepState]) -> None:
        """Write how the plan's steps ended, and any step not yet written."""
        self.plan = replace(self.plan, steps=plan_steps(steps))
        await self._write_steps()
        await self._write(self.episodes.record_plan, self.plan)

    async def _planned(self, event: trace.PlanMade) -> None:
        self.plan = Plan(plan_steps(event.steps), event.refusal, event.revision)
        node = "replan" if event.revision else "plan"
        self._change(event.step_id, node=node, plan=self.plan, message=event.refusal)
        await self._write(self.episodes.record_plan, self.plan)

    def _change(self, step_id: int, **changes: Any) -> None:
        step = self.steps.get(step_id) or Step(step_id, changes.get("node", ""), timestamp=now())
        self.steps[step_id] = replace(step, **changes)
        self._unwritten.add(step_id)

    def _count(self, step_id: int, prompt: int, completion: int, wall_s: float) -> None:
        step = self.steps.get(step_id)
        old = step.metrics if step and step.metrics else Metrics()
        new = Metrics(old.prompt_tokens + prompt, old.completion_tokens + completion, round(old.wall_s + wall_s, 4))
        self._change(step_id, metrics=new)

    def _observation(self, call: CallState, result: ToolResult) -> Observation:
        assert call["observed"] is not None
        seen = ObservationResult(
            source_call_id=call_id(call),
            content=call["observed"]["text"],
            data=result.data,
            is_error=result.is_error,
            error_kind=result.error_kind,
            truncated=result.truncated,
            full_path=_relative(result.full_path, self.home),
            wall_s=round(result.wall_s, 4),
        )
        return Observation((seen,))

    async def _write_steps(self) -> None:
        for step_id in sorted(self._unwritten):
            if self.steps[step_id].node:  # a model call may come before the event that names its node
                await self._write(self.episodes.record_step, self.steps[step_id])
                self._unwritten.discard(step_id)

    async def _write(self, method: Callable[[str, Any], None], record: Any) -> None:
        await asyncio.to_thread(method, self.episode, record)


def tool_call(call: CallState) -> ToolCall:
    """The call as the episode keeps it."""
    return ToolCall(call_id(call), call["name"], call["arguments"])


def call_id(call: CallState) -> str:
    """`call-<step_id>-1`: each pass makes one call."""
    return f"call-{call['step_id']}-1"


def plan_steps(steps: Sequence[StepState]) -> tuple[PlanStep, ...]:
    """The plan as the episode keeps it."""
    return tuple(
        PlanStep(s["do"], tuple(s["known"]), tuple(s["needs"]), number=s["number"], status=s["status"])
        for s in steps
    )


def usage(spent: Spent) -> Usage:
    """The budget's count as the episode keeps it."""
    return Usage(**{key: value for key, value in _counts(spent).items() if key != "steps"})


def _counts(spent: Spent) -> Mapping[str, Any]:
    return {**spent}


def _relative(path: Path | None, home: Path) -> str | None:
    if path is None:
        return None
    return str(path.relative_to(home)) if path.is_relative_to(home) else str(path)
