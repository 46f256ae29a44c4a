"""What a person should see of a run: the trace folded into one small picture, whatever draws it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from coterie.agent import trace
from coterie.agent.state import NOTHING_SPENT, CallState, Spent, StepState, StepStatus
from coterie.memory.records import Outcome
from coterie.memory.summary import clip
from coterie.model.protocol import dumps

MAX_LINE_CHARS = 400


@dataclass
class StepView:
    """One step of the plan and the last thing that happened in it."""

    number: int
    do: str
    needs: list[int]
    status: StepStatus = "pending"
    active: str = ""
    tool: str = ""
    arguments: str = ""
    result: str = ""
    is_error: bool = False
    verdict: str = ""
    note: str = ""
    attempt: int = 0


@dataclass
class View:
    """The picture."""

    clock: Callable[[], float] = time.monotonic
    task: str = ""
    episode: str = ""
    model: str = ""
    workspace: str = ""
    recalled: list[str] = field(default_factory=list)
    steps: dict[int, StepView] = field(default_factory=dict)
    refusal: str | None = None
    doing: str = "starting"
    spent: Spent = field(default_factory=lambda: NOTHING_SPENT)
    outcome: Outcome | None = None
    files: list[str] = field(default_factory=list)
    started: float | None = None

    def elapsed_s(self) -> float:
        """Seconds since the loop began, or all of them once it is over."""
        if self.outcome is not None:
            return self.spent["wall_s"]
        return 0.0 if self.started is None else self.clock() - self.started

    def take(self, event: trace.Event) -> None:
        """Fold one event in."""
        match event:
            case trace.Waiting(what=what):
                self.doing, self.started = what, self.started or self.clock()
            case trace.RunStarted():
                self._started(event)
            case trace.MemoryRecalled(lines=lines):
                self.recalled = list(lines)
            case trace.ModelAsked(purpose=purpose):
                self._asked(purpose)
            case trace.ModelAnswered(spent=spent):
                self.spent = spent
            case trace.PlanMade():
                self._planned(event)
            case trace.StepStarted():
                self._step_started(event)
            case trace.CallDrafted(call=call):
                self._drafted(call)
            case trace.CallStarted(call=call):
                self._drafted(call)  # again: a run resumed in the middle of its calls drafts none
                self.steps[call["number"]].active = "running"
                self.doing = f"running {call['name']}"
            case trace.ResultSeen(call=call):
                self._result(call)
            case trace.VerdictGiven(call=call):
                self._verdict(call)
            case trace.RunFinished():
                self._finished(event)

    def _started(self, event: trace.RunStarted) -> None:
        self.task, self.episode, self.model = event.task, event.episode, event.model
        self.workspace, self.started = event.workspace, self.clock()
        self.doing = "recalling"
        self._plan(event.steps)

    def _asked(self, purpose: str) -> None:
        words = {"plan": "planning", "replan": "planning again", "answer": "answering", "judge": "reading the result"}
        self.doing = words.get(purpose, "choosing the call")

    def _planned(self, event: trace.PlanMade) -> None:
        self.refusal = event.refusal
        self._plan(event.steps)

    def _plan(self, steps: Sequence[StepState]) -> None:
        numbers = {step["number"] for step in steps}
        for number in [number for number in self.steps if number not in numbers]:
            del self.steps[number]
        for step in steps:
            view = self.steps.setdefault(step["number"], StepView(step["number"], step["do"], list(step["needs"])))
            view.status, view.do = step["status"], step["do"]

    def _step_started(self, event: trace.StepStarted) -> None:
        step = self.steps[event.number]
        step.active, step.attempt, step.verdict, step.note = "choosing", event.attempt, "", ""

    def _drafted(self, call: CallState) -> None:
        step = self.steps[call["number"]]
        step.tool, step.arguments = call["name"], shown_arguments(call["arguments"])
        step.result, step.is_error = "", False

    def _result(self, call: CallState) -> None:
        assert call["observed"] is not None
        step = self.steps[call["number"]]
        step.result, step.is_error = one_line(call["observed"]["text"]), call["observed"]["is_error"]
        step.active = "reading"
        self.spent = {**self.spent, "tool_calls": self.spent["tool_calls"] + 1}

    def _verdict(self, call: CallState) -> None:
        assert call["judged"] is not None
        step = self.steps[call["number"]]
        step.verdict, step.note, step.active = call["judged"]["word"], one_line(call["judged"]["note"]), ""
        if step.verdict != "retry":
            step.status = "failed" if step.is_error and step.verdict != "done" else "done"

    def _finished(self, event: trace.RunFinished) -> None:
        self.outcome, self.spent, self.files = event.outcome, event.spent, list(event.files)
        for step in self.steps.values():
            step.active = ""


def shown_arguments(arguments: dict[str, Any]) -> str:
    """Arguments as a person reads them: `path="late.txt", text="Order A-17…"`."""
    return ", ".join(f"{name}={one_line(dumps(value))}" for name, value in arguments.items())


def one_line(text: str) -> str:
    """The text on one line of the display, cut with an ellipsis."""
    return clip(text, MAX_LINE_CHARS)
