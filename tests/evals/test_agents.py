"""Our loop and the function caller as contenders, on a model that knows the solutions."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.evals.gold_model import GoldModel, gold_model
from tests.evals.suite_files import write_lamp

from coterie.agent.connect import Connected
from coterie.agent.settings import Settings
from coterie.evals.agents import Assignment, InfrastructureFailure, Limits
from coterie.evals.catalogue import find_suite
from coterie.evals.function_caller import CallerSettings, FunctionCaller, each_once
from coterie.evals.keep import StoreKeeper
from coterie.evals.ours import OurLoop
from coterie.evals.results import Results, RunHeader, read_results
from coterie.evals.runner import Conditions, Runner
from coterie.evals.single_loop import LoopSettings, SingleLoop
from coterie.evals.suite import Suite, read_suite
from coterie.evals.trial import run_trial
from coterie.memory.records import ModelRef, Task
from coterie.memory.store import Store
from coterie.model.errors import ServerUnavailable
from coterie.model.protocol import CallDraft
from coterie.model.scripted import ScriptedModel


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "home")
    yield opened
    opened.close()


def carry_out(suite: Suite, agent: OurLoop | FunctionCaller, store: Store, runs: Path) -> dict[str, str]:
    """Run every task once; the verdict and reasons by task."""
    header = RunHeader("r", suite.name, suite.digest, tuple(task.id for task in suite.tasks), 1, 0)
    results = Results.create(runs, header)
    conditions = Conditions(concurrency=4, pauses_s=(0.0, 0.0))
    asyncio.run(Runner(suite, agent, results, StoreKeeper(store.episodes), conditions).run())
    results.close()
    return {r.task: "; ".join((r.status, *r.reasons)) for r in read_results(runs, "r")[1]}


def loop(model: GoldModel | ScriptedModel, store: Store, home: Path) -> OurLoop:
    settings = Settings(home=home, tool_choice="model")
    return OurLoop(settings, store, Connected(model, ModelRef(model.name, "ab" * 32)))


def test_our_loop_with_perfect_knowledge_passes_a_suite_and_keeps_its_episodes(store: Store, tmp_path: Path) -> None:
    suite = read_suite(write_lamp(tmp_path / "suite"))
    model = gold_model(suite)
    verdicts = carry_out(suite, loop(model, store, tmp_path / "home"), store, tmp_path / "runs")
    assert verdicts == {task.id: "passed" for task in suite.tasks}
    page = store.episodes.list(limit=50)
    assert page.total == 6
    episode = store.episodes.get(page.episodes[0].id)
    assert episode.model.weights_sha256 == "ab" * 32
    assert episode.task.name in {"on", "add", "flaky", "again", "again#1", "cannot"}


def test_the_second_session_recalls_the_first_and_no_other_trial(store: Store, tmp_path: Path) -> None:
    suite = read_suite(write_lamp(tmp_path / "suite"))
    model = gold_model(suite)
    carry_out(suite, loop(model, store, tmp_path / "home"), store, tmp_path / "runs")
    plans = {m[1]["content"] for m in model.asked if len(m) == 2}
    recalled = [text for text in plans if "Recalled:" in text]
    assert len(recalled) == 1
    assert recalled[0].startswith("Task: Add the same number as last time.")
    assert "Add 4 to the counter." in recalled[0]


@pytest.mark.slow
def test_our_loop_with_perfect_knowledge_passes_the_examples(store: Store, tmp_path: Path) -> None:
    suite = find_suite("examples")
    verdicts = carry_out(suite, loop(gold_model(suite), store, tmp_path / "home"), store, tmp_path / "runs")
    assert verdicts == {task.id: "passed" for task in suite.tasks}


def test_a_dead_server_is_infrastructure_not_a_failed_task(store: Store, tmp_path: Path) -> None:
    suite = read_suite(write_lamp(tmp_path / "suite"))
    suite = replace(suite, tasks=suite.tasks[:1])
    model = ScriptedModel([ServerUnavailable("http://127.0.0.1:1/v1", "refused")] * 9)
    verdicts = carry_out(suite, loop(model, store, tmp_path / "home"), store, tmp_path / "runs")
    assert verdicts["on"].startswith("infrastructure; no model server")


def test_the_function_caller_plans_and_writes_calls(store: Store, tmp_path: Path) -> None:
    suite = read_suite(write_lamp(tmp_path / "suite"))
    suite = replace(suite, tasks=tuple(task for task in suite.tasks if task.id in ("on", "cannot")))
    caller = FunctionCaller(gold_model(suite), CallerSettings(tool_choice="model"))
    assert carry_out(suite, caller, store, tmp_path / "runs") == {"on": "passed", "cannot": "passed"}


def assignment(suite: Suite, tmp_path: Path) -> Assignment:
    environment = suite.environments["lamp"].make(tmp_path)
    environment.reset({})
    return Assignment(Task("Switch the lamp on."), environment.tools(), tmp_path, "n")


PLAN = '{"steps": [{"do": "switch the lamp", "with": ["on"], "needs": []}]}'


@pytest.mark.parametrize(
    ("lines", "status", "calls"),
    [
        ([PLAN, '{"name": "switch", "arguments": {"to": "on"}}'], "success", 1),
        ([PLAN, "I would rather not"], "success", 0),
        (["no plan at all"], "failed", 0),
        (['{"refuse": "no tool"}'], "failed", 0),
    ],
)
def test_the_function_caller_without_a_grammar_survives_any_text(
    tmp_path: Path, lines: list[str], status: str, calls: int
) -> None:
    suite = read_suite(write_lamp(tmp_path / "suite"))
    caller = FunctionCaller(ScriptedModel(lines), CallerSettings(tool_choice="model", grammar=False))
    episode = asyncio.run(caller.run(assignment(suite, tmp_path)))
    assert episode.outcome is not None
    assert episode.outcome.status == status
    assert sum(len(step.tool_calls) for step in episode.steps) == calls
    assert len(episode.model_calls) == len(lines)


SWITCHED = '{"name": "switch", "arguments": {"to": "on"}}'


@pytest.mark.parametrize(
    ("later", "calls"),
    [
        (['{"steps": []}'], 1),
        (['{"refuse": "nothing else"}'], 1),
        (["no plan at all"], 1),
        ([PLAN, SWITCHED], 1),
        (['{"steps": [{"do": "add 7", "with": [], "needs": []}]}', '{"name": "add", "arguments": {"number": 7}}'], 2),
    ],
)
def test_the_function_caller_goes_over_what_no_call_took_up(tmp_path: Path, later: list[str], calls: int) -> None:
    suite = read_suite(write_lamp(tmp_path / "suite"))
    model = ScriptedModel([PLAN, SWITCHED, *later])
    given = replace(assignment(suite, tmp_path), task=Task("Switch the lamp on and add 7."))
    episode = asyncio.run(FunctionCaller(model, CallerSettings(tool_choice="model")).run(given))
    assert model.asked[2].messages[-1]["content"] == "Replan from step 2. No call so far for:\n- add 7"
    assert episode.outcome is not None
    assert episode.outcome.status == "success"
    assert sum(len(step.tool_calls) for step in episode.steps) == calls == len(episode.plan.steps)


def test_the_function_caller_makes_the_same_call_once(tmp_path: Path) -> None:
    suite = read_suite(write_lamp(tmp_path / "suite"))
    two = '{"steps": [{"do": "switch the lamp", "with": [], "needs": []}, {"do": "on", "with": [], "needs": []}]}'
    caller = FunctionCaller(ScriptedModel([two, SWITCHED, SWITCHED]), CallerSettings(tool_choice="model"))
    episode = asyncio.run(caller.run(replace(assignment(suite, tmp_path), task=Task("Switch the lamp on."))))
    assert [len(step.tool_calls) for step in episode.steps] == [1, 0]


def test_a_call_that_says_a_part_of_another_is_not_made() -> None:
    bare, whole = CallDraft("find", {"city": "Lyon"}), CallDraft("find", {"city": "Lyon", "parts": ["address"]})
    other = CallDraft("find", {"city": "Nice"})
    assert each_once([bare, whole, other], []) == [None, whole, other]
    assert each_once([whole, bare, None], []) == [whole, None, None]
    assert each_once([whole, whole], []) == [whole, None]
    assert each_once([bare, other], [("find", whole.arguments)]) == [None, other]


@pytest.mark.parametrize("before", [[], [PLAN]])
def test_the_function_caller_tells_a_dead_server_from_a_bad_answer(tmp_path: Path, before: list[str]) -> None:
    suite = read_suite(write_lamp(tmp_path / "suite"))
    caller = FunctionCaller(ScriptedModel([*before, ServerUnavailable("u", "gone")]))
    with pytest.raises(InfrastructureFailure, match="gone"):
        asyncio.run(caller.run(assignment(suite, tmp_path)))


def single(*lines: str | Exception) -> SingleLoop:
    return SingleLoop(Connected(ScriptedModel(lines), ModelRef("scripted")))


def test_the_single_loop_calls_reads_and_answers(tmp_path: Path) -> None:
    suite = read_suite(write_lamp(tmp_path / "suite"))
    agent = single(
        '{"name": "switch", "arguments": {"to": "up"}}',
        '{"name": "switch", "arguments": {"to": "on"}}',
        '{"answer": "The lamp is on."}',
    )
    episode = asyncio.run(agent.run(assignment(suite, tmp_path)))
    assert episode.outcome is not None
    assert (episode.outcome.status, episode.outcome.answer) == ("success", "The lamp is on.")
    results = [step.observation.results[0] for step in episode.steps if step.observation]
    assert [result.is_error for result in results] == [True, False]
    assert (episode.usage.tool_calls, episode.usage.model_calls) == (2, 3)


@pytest.mark.parametrize(
    ("lines", "status"),
    [(['{"name": "add", "arguments": {"number": 1}}'] * 30, "limit"), (["not a turn"], "failed")],
)
def test_the_single_loop_always_ends(tmp_path: Path, lines: list[str], status: str) -> None:
    suite = read_suite(write_lamp(tmp_path / "suite"))
    episode = asyncio.run(single(*lines).run(assignment(suite, tmp_path)))
    assert episode.status == status


@pytest.mark.parametrize(
    ("limits", "words", "turns"),
    [
        (Limits(max_tokens=1), "1 tokens", 1),
        (Limits(max_model_calls=2), "2 model calls", 2),
        (Limits(max_tool_calls=3), "3 tool calls", 3),
    ],
)
def test_the_single_loop_ends_at_the_limits_of_the_trial(
    tmp_path: Path, limits: Limits, words: str, turns: int
) -> None:
    suite = read_suite(write_lamp(tmp_path / "suite"))
    agent = single(*['{"name": "add", "arguments": {"number": 1}}'] * 9)
    episode = asyncio.run(agent.run(replace(assignment(suite, tmp_path), limits=limits)))
    assert episode.outcome is not None
    assert (episode.outcome.status, episode.usage.model_calls) == ("limit", turns)
    assert words in (episode.outcome.error or "")


@pytest.mark.parametrize("memory", [True, False])
def test_the_single_loop_is_told_the_session_before_unless_memory_is_off(tmp_path: Path, memory: bool) -> None:
    suite = read_suite(write_lamp(tmp_path / "suite"))
    task = next(task for task in suite.tasks if task.id == "again")
    model = ScriptedModel(['{"name": "add", "arguments": {"number": 4}}', '{"answer": "8"}'] * 2)
    agent = SingleLoop(Connected(model, ModelRef("scripted")), LoopSettings(memory=memory))
    trial = asyncio.run(run_trial(suite, task, agent, tmp_path / "w", "n", 0, Limits()))
    assert trial.verdict.passed
    assert any(message["content"] == "Add 4 to the counter." for message in model.asked[-1].messages) is memory


def test_the_function_caller_ends_at_the_model_calls_of_the_trial(tmp_path: Path) -> None:
    suite = read_suite(write_lamp(tmp_path / "suite"))
    caller = FunctionCaller(ScriptedModel([PLAN]), CallerSettings(tool_choice="model"))
    given = replace(assignment(suite, tmp_path), limits=Limits(max_model_calls=1))
    episode = asyncio.run(caller.run(given))
    assert episode.outcome is not None
    assert (episode.status, episode.outcome.error) == ("limit", "the limit of 1 model calls is reached")


def test_the_single_loop_tells_a_dead_server_from_a_bad_answer(tmp_path: Path) -> None:
    suite = read_suite(write_lamp(tmp_path / "suite"))
    with pytest.raises(InfrastructureFailure, match="gone"):
        asyncio.run(single(ServerUnavailable("u", "gone")).run(assignment(suite, tmp_path)))


@pytest.mark.parametrize(("choice", "shown"), [("encoder", 1), ("both", 2), ("model", 2)])
def test_tool_choice_narrows_the_candidates(tmp_path: Path, choice: str, shown: int) -> None:
    suite = read_suite(write_lamp(tmp_path / "suite"))
    model = ScriptedModel([PLAN, '{"name": "switch", "arguments": {"to": "on"}}'])
    settings = CallerSettings(tool_choice=choice, num_candidates=2)  # type: ignore[arg-type]
    asyncio.run(FunctionCaller(model, settings).run(assignment(suite, tmp_path)))
    candidates = model.asked[1].messages[-1]["content"].partition("Candidates: ")[2].split(", ")
    assert len(candidates) == shown
    assert candidates[0] == "switch"
