"""BFCL's memory questions: the package's memories as tools over sessions, and its verdict on the last answer."""

import asyncio

import pytest

from coterie.evals.agents import Assignment, Limits
from coterie.evals.selftest import replay_solution
from coterie.evals.suite import Call, Solution
from coterie.evals.suites.bfcl import bfcl_suite, num_items
from coterie.evals.suites.bfcl_memory import CATEGORIES, Memory, check
from coterie.evals.trial import run_trial, sessions
from coterie.memory.records import Episode, ModelRef, Outcome

pytest.importorskip("bfcl_eval")


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_reference_answer_is_taken_and_no_silence(category: str) -> None:
    tasks = bfcl_suite(category).tasks
    assert len(tasks) == 155
    for task in tasks:
        environment = Memory()
        environment.reset(task.setup)
        assert environment.findings(f"It was {task.reference.answer}, as you said.").faults == []
        assert environment.findings("").faults == ["there is no answer"]
        assert environment.findings("I do not know").faults != []
    assert num_items("memory") == 310


def test_the_verdict_is_that_of_the_packages_checker() -> None:
    assert check("On April 1, 2024.", ["April 1 2024"]) == []
    assert check("On April 12, 2024.", ["April 1 2024"])[0].startswith("agentic:answer_not_found")


def test_a_trial_has_every_session_of_its_scenario_and_one_memory() -> None:
    suite = bfcl_suite("memory_kv")
    task = next(task for task in suite.tasks if task.setup["scenario"] == "notetaker")
    remember = Solution(calls=[Call(tool="core_memory_add", arguments={"key": "milk", "value": "two litres"})])
    earlier = [task.earlier[0].model_copy(update={"reference": remember}), *task.earlier[1:]]
    task = task.model_copy(update={"earlier": earlier})
    retrieve = Call(tool="core_memory_retrieve", arguments={"key": "milk"})
    solution = task.reference.model_copy(update={"calls": [retrieve]})
    trial = asyncio.run(replay_solution(suite, task, solution))
    assert trial.verdict.passed, trial.verdict.reasons
    assert len(trial.episodes) == len(sessions(task)) == 25
    seen = trial.episode.steps[0].observation
    assert seen is not None
    assert seen.results[0].content == '{"value": "two litres"}'


class Listener:
    """Writes to memory in its first turn, and keeps what it is told."""

    model = ModelRef("listener")
    converses = True

    def __init__(self) -> None:
        self.told: list[str] = []

    def settings(self) -> dict[str, object]:
        return {}

    async def run(self, assignment: Assignment) -> Episode:
        self.told.append(assignment.task.text)
        if len(self.told) == 1:
            tools = {tool.name: tool for tool in assignment.tools}
            name, arguments = (
                ("memory_append", {"text": "the user is called Kim"})
                if "memory_append" in tools
                else ("core_memory_add", {"key": "name", "value": "the user is called Kim"})
            )
            result = await tools[name](arguments)
            assert not result.is_error, result.text
        return Episode("", assignment.task, self.model, Outcome("success", answer="Kim"))


@pytest.mark.parametrize("category", CATEGORIES)
def test_each_session_begins_with_what_the_memory_shows(category: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    suite = bfcl_suite(category)
    task = next(task for task in suite.tasks if task.setup["scenario"] == "notetaker")
    agent = Listener()
    asyncio.run(run_trial(suite, task, agent, tmp_path, "n", 0, Limits()))  # type: ignore[arg-type]
    begun = [text for text in agent.told if text.startswith("You are a personal organization assistant.")]
    assert len(begun) == len(task.earlier) + 1
    assert "the user is called Kim" not in begun[0]
    assert all("the user is called Kim" in text for text in begun[1:])
    assert ["For your final answer to the user" in text for text in begun] == [False] * len(task.earlier) + [True]
    assert begun[-1].endswith(task.task)


def test_importing_the_memories_writes_nothing_beside_the_package() -> None:
    import subprocess
    import sys

    script = (
        "import os; made = []; real = os.mkdir\n"
        "os.mkdir = lambda path, *a, **k: (made.append(str(path)), real(path, *a, **k))[1]\n"
        "from coterie.evals.suites.bfcl import bfcl_suite\n"
        "suite = bfcl_suite('memory_kv'); task = suite.tasks[0]\n"
        "env = suite.environments['bfcl'].make(None); env.reset(task.setup); env.tools()\n"
        "import sys; assert not made, made; assert 'bfcl_eval.utils' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_environments_set_up_side_by_side_in_a_fresh_process() -> None:
    """The first trials of a run import the package at the same time, each in a thread of its own."""
    import subprocess
    import sys

    script = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from coterie.evals.suites.bfcl import bfcl_suite\n"
        "tasks = [task for c in ('memory_kv', 'memory_rec_sum') for task in bfcl_suite(c).tasks[:8]]\n"
        "suite = bfcl_suite('memory_kv')\n"
        "def set_up(task):\n"
        "    environment = suite.environments['bfcl'].make(None)\n"
        "    environment.reset(task.setup)\n"
        "    return len(environment.tools())\n"
        "with ThreadPoolExecutor(16) as pool:\n"
        "    assert min(pool.map(set_up, tasks)) > 3"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
