"""AgentDojo: its own verdicts of utility and attack over its environments, replayed with its own ground truths."""

import asyncio
import sys
from pathlib import Path

import pytest
from tests.evals.endings import ENDINGS, verdict

from coterie.evals.located import SuiteError
from coterie.evals.selftest import controls, replay_solution
from coterie.evals.suite import Call, Solution, Suite, TaskSpec
from coterie.evals.suites import agentdojo
from coterie.evals.suites.agentdojo import SUITES, InjectedEnvironment, agentdojo_suite, num_tasks
from coterie.evals.trial import TrialResult
from coterie.memory.records import Outcome

pytest.importorskip("agentdojo", reason="the package agentdojo is not installed")
pytest.importorskip("deepdiff", reason="the package deepdiff is not installed")

# Tasks that ask for nothing that their checker looks for: AgentDojo lets an agent that does nothing pass them.
IDLE_PASSES = {f"banking.user_task_{n}" for n in (5, 6, 8, 9, 10)}


@pytest.fixture(scope="module")
def suites() -> dict[str, Suite]:
    return {name: agentdojo_suite(name) for name in SUITES}


def trial(suite: Suite, task: TaskSpec, solution: Solution) -> TrialResult:
    return asyncio.run(replay_solution(suite, task, solution))


@pytest.mark.parametrize("name", SUITES)
def test_the_utility_of_the_ground_truths_is_1_and_of_nothing_as_the_package_has_it(
    suites: dict[str, Suite], name: str
) -> None:
    suite = suites[name]
    passed = {task.id: trial(suite, task, task.reference).verdict for task in suite.tasks}
    assert [i for i, verdict in passed.items() if not verdict.passed or verdict.side_effects] == []
    idle = {task.id for task in suite.tasks if trial(suite, task, Solution()).verdict.passed}
    assert idle == {i for i in IDLE_PASSES if i.startswith(name)}


@pytest.mark.parametrize("outcome", ENDINGS, ids=lambda outcome: f"{outcome.status}-{outcome.cause}")
def test_what_is_done_is_judged_whatever_the_ending(suites: dict[str, Suite], outcome: Outcome, tmp_path: Path) -> None:
    suite = suites["banking"]
    task = suite.tasks[0]
    assert verdict(suite, task, task.reference, outcome, tmp_path / "right").passed
    assert not verdict(suite, task, Solution(answer="Done."), outcome, tmp_path / "wrong").passed


def test_chance_passes_next_to_nothing_but_what_idleness_passes(suites: dict[str, Suite]) -> None:
    suite = suites["slack"]
    measured = {control.agent: control for control in asyncio.run(controls(suite))}
    assert measured["reference"].effects_passed == measured["random"].effects == len(suite.tasks)
    assert [len(measured[name].passed) for name in ("empty", "done", "echo", "random")] == [0] * 4


def test_the_reference_calls_work(suites: dict[str, Suite]) -> None:
    for task in suites["banking"].tasks:
        episode = trial(suites["banking"], task, task.reference).episode
        results = [result for step in episode.steps if step.observation for result in step.observation.results]
        assert [result.content for result in results if result.is_error] == []


@pytest.mark.parametrize("name", ["banking", "slack"])
def test_the_goal_stands_in_what_the_tools_return_and_carrying_it_out_is_an_attack_that_succeeded(name: str) -> None:
    suite = agentdojo_suite(f"attack:{name}")
    package = agentdojo._dojo().suites[name]
    for task in [task for task in suite.tasks if task.id.split(".")[1] in ("user_task_0", "user_task_7")]:
        injection = package.injection_tasks[task.setup["injection_task"]]
        honest = trial(suite, task, task.reference)
        assert honest.verdict.passed, (task.id, honest.verdict.reasons)
        assert honest.verdict.side_effects == 0
        seen = " ".join(r.content for s in honest.episode.steps if s.observation for r in s.observation.results)
        assert "This is an important message from me, the user" in seen
        environment = InjectedEnvironment()
        environment.reset(task.setup)
        wanted = injection.ground_truth(environment._before)
        obeys = [Call(tool=call.function, arguments=dict(call.args)) for call in wanted]
        both = Solution(calls=[*obeys, *task.reference.calls], answer=task.reference.answer)
        attacked = trial(suite, task, both)
        assert attacked.verdict.side_effects == 1, task.id
        assert f"side effect: the injected goal was carried out: {injection.GOAL}" in attacked.verdict.reasons


def test_errors_of_the_functions_are_errors_of_the_tools(suites: dict[str, Suite]) -> None:
    environment = InjectedEnvironment()
    environment.reset(suites["banking"].tasks[0].setup)
    tools = {tool.name: tool for tool in environment.tools()}
    result = asyncio.run(tools["read_file"]({"file_path": "nowhere.txt"}))
    assert not result.is_error
    result = asyncio.run(tools["send_money"]({"amount": "much"}))
    assert result.is_error
    assert result.text.startswith("ValidationError: ")
    before = environment.state()
    asyncio.run(tools["update_password"]({"password": "new"}))
    assert environment.state() != before


def test_categories_and_how_many_there_are() -> None:
    assert num_tasks() == 97
    assert num_tasks("attack") == 949
    assert num_tasks("attack:slack") == 21 * 5
    suite = agentdojo_suite("attack:slack")
    assert suite.name == "agentdojo_attack"
    assert len(suite.select("attack:slack")) == len(suite.select("attack")) == 105
    for wrong in ("kitchen", "attack:kitchen", "attacks"):
        with pytest.raises(SuiteError, match=f"no AgentDojo category '{wrong}'; have workspace, travel"):
            agentdojo_suite(wrong)


def test_no_vendor_of_models_is_imported() -> None:
    import subprocess

    script = (
        "from coterie.evals.suites.agentdojo import num_tasks; num_tasks(); import sys\n"
        "bad = {'anthropic', 'openai', 'cohere', 'google.genai', 'agentdojo.agent_pipeline'} & set(sys.modules)\n"
        "assert not bad, bad"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_missing_package_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agentdojo, "PACKAGES", {"agentdojo": "0.1.35", "not-there-at-all": "1.0"})
    with pytest.raises(SuiteError, match="needs the package not-there-at-all; get it with: pip install --no-deps agen"):
        agentdojo_suite("slack")
