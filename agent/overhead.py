"""What the framework costs a step: everything but the model and the tools, checkpoints and recording on.

    python -m coterie.agent.overhead [STEPS]

A scripted model that takes as long as a small one would; a tool that does nothing. A step's overhead is the wall
time between two verdicts less the time spent in the model and in the tool. Prints one JSON object, times in ms.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from coterie.agent.run import Agent
from coterie.agent.settings import Settings
from coterie.agent.trace import Event, ModelAnswered, ResultSeen, VerdictGiven
from coterie.memory.store import Store
from coterie.model import protocol
from coterie.model.chat import Completion, JsonSchema, Message, Sampling
from coterie.model.protocol import MAX_STEPS_IN_PLAN, Answer, CallDraft, Plan, PlannedStep, Verdict
from coterie.model.scripted import ScriptedModel
from coterie.tools.tool import tool

MODEL_S = 0.05
TARGET_MS = 10.0


class PacedModel(ScriptedModel):
    """Says its lines, each after the time a small model takes for one."""

    async def complete(self, messages: Sequence[Message], schema: JsonSchema | None, sampling: Sampling) -> Completion:
        """The next line, later."""
        await asyncio.sleep(MODEL_S)
        return await super().complete(messages, schema, sampling)


class Stopwatch:
    """Listens to the trace and takes the time of each step."""

    def __init__(self) -> None:
        self.overheads_ms: list[float] = []
        self._since: float | None = None
        self._elsewhere_s = 0.0

    def __call__(self, event: Event) -> None:
        """Take the time."""
        match event:
            case ModelAnswered(call=call):
                self._elsewhere_s += call.wall_s
            case ResultSeen(result=result):
                self._elsewhere_s += result.wall_s
            case VerdictGiven():
                now = time.perf_counter()
                if self._since is not None:
                    self.overheads_ms.append(1000 * (now - self._since - self._elsewhere_s))
                self._since, self._elsewhere_s = now, 0.0


@tool(effect="read")
async def look(number: int) -> int:
    """Look at a number."""
    return number


def script(steps: int) -> list[str]:
    """A run of so many steps, one after the other."""
    plan = Plan(tuple(PlannedStep(f"look at {i}", needs=(i - 1,) if i > 1 else ()) for i in range(1, steps + 1)))
    turns: list[Plan | CallDraft | Verdict | Answer] = [plan]
    for i in range(steps):
        turns += [CallDraft("look", {"number": i}), Verdict(f"saw {i}", "done")]
    return [protocol.say(turn)["content"] for turn in [*turns, Answer("seen", "success")]]


def measure(runs: int) -> dict[str, object]:
    """Run it in a temporary home, the first run for warming up."""
    overheads_ms: list[float] = []
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "home") as store:
        home, workspace = Path(folder) / "home", Path(folder)
        bare = {"memory": False, "builtin_tools": False, "tool_choice": "model"}
        settings = Settings(home=home, workspace=workspace, **bare)
        cpu_s = 0.0
        for run in range(runs + 1):
            watch = Stopwatch()
            model = PacedModel(script(MAX_STEPS_IN_PLAN))
            started_s = time.process_time()
            Agent(tools=[look], model=model, settings=settings, store=store).run("look at them", watch)
            if run:
                cpu_s += time.process_time() - started_s
                overheads_ms += watch.overheads_ms
    quartiles = statistics.quantiles(overheads_ms, n=4)
    return {
        "steps": len(overheads_ms),
        "median_ms": round(quartiles[1], 2),
        "spread_ms": [round(quartiles[0], 2), round(quartiles[2], 2)],
        "cpu_ms_per_step": round(1000 * cpu_s / (runs * MAX_STEPS_IN_PLAN), 2),
        "target_ms": TARGET_MS,
    }


if __name__ == "__main__":
    print(json.dumps(measure(runs=max(1, int(sys.argv[1]) // MAX_STEPS_IN_PLAN if len(sys.argv) > 1 else 5))))
