"""A model that knows the solutions and says them in the prompt format: drives the real loop without a server."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from coterie.evals.suite import Solution, Suite
from coterie.evals.trial import sessions
from coterie.model import protocol
from coterie.model.chat import Completion, JsonSchema, Message, Sampling
from coterie.model.protocol import Answer, CallDraft, Plan, PlannedStep, Verdict


@dataclass
class GoldModel:
    """Plans the calls of a solution, makes them, judges them done and answers; nothing is ever left to do."""

    solutions: Mapping[str, Solution]
    """By the text of the task."""
    name: str = "gold"
    asked: list[Sequence[Message]] = field(default_factory=list)

    async def complete(self, messages: Sequence[Message], schema: JsonSchema | None, sampling: Sampling) -> Completion:
        """The turn that the last message asks for."""
        self.asked.append(messages)
        task = messages[1]["content"].removeprefix("Task: ").partition("\n\n")[0]
        text = protocol.say(self._turn(self.solutions[task], messages[-1]["content"]))["content"]
        prompt = sum(len(message["content"]) for message in messages) // 4
        return Completion(text, prompt, len(text) // 4, "stop")

    def _turn(self, solution: Solution, asked: str) -> Plan | CallDraft | Verdict | Answer:
        if asked.startswith("Task: "):
            return _plan(solution)
        if step := re.match(r"Step (\d+)", asked):
            call = solution.calls[int(step[1]) - 1]
            return CallDraft(call.tool, call.arguments)
        if asked.startswith("Replan"):
            return Plan()
        if asked.startswith("Answer"):
            return Answer(solution.answer, "success")
        return Verdict("noted", "done")


def gold_model(suite: Suite) -> GoldModel:
    """The model for a suite."""
    return GoldModel(
        {
            told.text: solution
            for task in suite.tasks
            for told, solution in zip(
                sessions(task), [*(s.reference for s in task.earlier), task.reference], strict=True
            )
        }
    )


def _plan(solution: Solution) -> Plan:
    if solution.refuse:
        return Plan(refusal=solution.answer)
    steps = [
        PlannedStep(f"use {call.tool.replace('_', ' ')}", needs=(number,) if number else ())
        for number, call in enumerate(solution.calls)
    ]
    return Plan(tuple(steps))
