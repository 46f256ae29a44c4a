"""What the framework costs a step: everything but the model and the tools, checkpoints and recording on.

    python -m coterie.agent.overhead [STEPS]

A scripted model that takes as long as a small one would; a tool that does nothing. A step's overhead is the wall
time between two verdicts less the time spent in the model and in the tool. Beside it, run by run in turns, LangGraph's
prebuilt agent with its SQLite checkpointer (`overhead_langgraph`), which judges and records nothing. Prints one JSON
object, times in ms; `spread_ms` are the quartiles.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from coterie.agent import overhead_langgraph
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


class Measured(NamedTuple):
    """One run: the overhead of each step, and the CPU time of the process over the whole run."""

    overheads_ms: list[float]
    cpu_s: float


def measure(runs: int) -> dict[str, object]:
    """Run both in a temporary home, the first run of each for warming up."""
    ours: list[Measured] = []
    theirs: list[Measured] = []
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "home") as store:
        for run in range(runs + 1):
            ours.append(our_run(Path(folder), store))
            theirs.append(langgraph_run(Path(folder) / f"{run}.sqlite"))
    mine, yardstick = summary(ours[1:]), summary(theirs[1:])
    ratio = round(statistics.median(_all(ours[1:])) / statistics.median(_all(theirs[1:])), 2)
    return {**mine, "target_ms": TARGET_MS, "langgraph": yardstick, "ratio_to_langgraph": ratio}


def our_run(folder: Path, store: Store) -> Measured:
    """One run of our loop."""
    bare = {"memory": False, "builtin_tools": False, "tool_choice": "model", "show_relevance": False}
    settings = Settings(home=folder / "home", workspace=folder, **bare)
    watch = Stopwatch()
    model = PacedModel(script(MAX_STEPS_IN_PLAN))
    started_s = time.process_time()
    Agent(tools=[look], model=model, settings=settings, store=store).run("look at them", watch)
    return Measured(watch.overheads_ms, time.process_time() - started_s)


def langgraph_run(database: Path) -> Measured:
    """One run of as many steps by LangGraph's prebuilt agent."""
    started_s = time.process_time()
    overheads_ms = asyncio.run(overhead_langgraph.run(database, MAX_STEPS_IN_PLAN, MODEL_S))
    return Measured(overheads_ms, time.process_time() - started_s)


def summary(runs: Sequence[Measured]) -> dict[str, object]:
    """The median and the quartiles of a step."""
    quartiles = statistics.quantiles(_all(runs), n=4)
    return {
        "steps": len(_all(runs)),
        "median_ms": round(quartiles[1], 2),
        "spread_ms": [round(quartiles[0], 2), round(quartiles[2], 2)],
        "cpu_ms_per_step": round(1000 * sum(run.cpu_s for run in runs) / (len(runs) * MAX_STEPS_IN_PLAN), 2),
    }


def _all(runs: Sequence[Measured]) -> list[float]:
    return [value for run in runs for value in run.overheads_ms]


if __name__ == "__main__":
    print(json.dumps(measure(runs=max(1, int(sys.argv[1]) // MAX_STEPS_IN_PLAN if len(sys.argv) > 1 else 5))))
