"""Other frameworks as contenders: the real packages, over real HTTP, on a scripted model."""

import asyncio
import importlib
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests.evals.suite_files import write_lamp

from coterie.agent.connect import Connected
from coterie.agent.errors import UsageError
from coterie.evals import foreign
from coterie.evals.agents import Assignment, InfrastructureFailure, Limits
from coterie.evals.contenders import contender
from coterie.evals.gateway import Gateway, opened
from coterie.evals.single_loop import LoopSettings
from coterie.evals.suite import read_suite
from coterie.evals.trial import run_trial
from coterie.memory.records import Episode, ModelRef, Task
from coterie.model.chat import Completion, Sampling
from coterie.model.errors import ContextOverflow, ServerUnavailable
from coterie.model.scripted import Line, ScriptedModel
from coterie.tools import tool

UP, ON = '{"name": "switch", "arguments": {"to": "up"}}', '{"name": "switch", "arguments": {"to": "on"}}'
DONE = {
    "langchain": '{"answer": "It is on."}',
    "smolagents": '{"name": "final_answer", "arguments": {"answer": "It is on."}}',
}
FRAMEWORKS = list(DONE)
BLOCKED = """
import asyncio, sys, time
from dataclasses import replace
from pathlib import Path
from tests.evals.test_foreign import *

@tool(timeout_s=600)
def switch(to: str) -> str:
    'Switch the lamp.'
    time.sleep(600)
    return to

given = replace(assignment(Path(sys.argv[1]), Limits(timeout_s=3)), tools=[switch])
episode = asyncio.run(agent("smolagents", [ON])[0].run(given))
print(episode.status, episode.outcome.error)
"""


def agent(name: str, lines: Sequence[Line]) -> tuple[foreign.ForeignAgent, ScriptedModel]:
    for module in foreign.MODULES[name]:
        pytest.importorskip(module, reason="python3 .setup/install.py agents")
    model = ScriptedModel(lines)
    made = importlib.import_module(f"coterie.evals.{name}_agent")
    built: foreign.ForeignAgent = getattr(made, f"{name}_agent")(
        Connected(model, ModelRef("m", "ab" * 32)), LoopSettings()
    )
    return built, model


def assignment(folder: Path, limits: Limits | None = None) -> Assignment:
    environment = read_suite(write_lamp(folder / "suite")).environments["lamp"].make(folder)
    environment.reset({})
    return Assignment(Task("Switch the lamp on."), environment.tools(), folder / "w", "n", 7, limits or Limits())


def run(name: str, lines: Sequence[Line], folder: Path, limits: Limits | None = None) -> tuple[Episode, ScriptedModel]:
    made, model = agent(name, lines)
    return asyncio.run(made.run(assignment(folder, limits))), model


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_framework_calls_tools_reads_results_and_answers(name: str, tmp_path: Path) -> None:
    episode, model = run(name, [UP, ON, DONE[name]], tmp_path)
    assert episode.outcome is not None
    assert (episode.outcome.status, episode.outcome.answer) == ("success", "It is on.")
    results = [step.observation.results[0] for step in episode.steps if step.observation]
    assert [(r.is_error, r.content) for r in results] == [
        (True, "cannot switch to 'up'; on or off"),
        (False, "the lamp is on"),
    ]
    assert (episode.usage.tool_calls, episode.usage.model_calls) == (2, 3)
    assert episode.usage.prompt_tokens == sum(call.prompt_tokens for call in episode.model_calls) > 0
    first, *_, last = model.asked
    assert "switch(to: string): Switch the lamp." in first.messages[0]["content"]
    assert {asked.sampling.seed for asked in model.asked} == {7}
    assert first.schema is not None
    assert any("cannot switch to 'up'" in message["content"] for message in last.messages)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_framework_passes_a_task_of_a_suite(name: str, tmp_path: Path) -> None:
    suite = read_suite(write_lamp(tmp_path / "suite"))
    made, _ = agent(name, [ON, DONE[name]])
    trial = asyncio.run(run_trial(suite, suite.tasks[0], made, tmp_path / "w", "n", 0, Limits()))
    assert trial.verdict.passed, trial.verdict.reasons
    assert made.settings()["packages"]


@pytest.mark.parametrize("name", FRAMEWORKS)
@pytest.mark.parametrize(
    ("limits", "words"), [(Limits(max_model_calls=3), "3 model calls"), (Limits(max_tool_calls=2), "2 tool calls")]
)
def test_a_framework_ends_at_the_limits_of_the_trial(name: str, limits: Limits, words: str, tmp_path: Path) -> None:
    episode, _ = run(name, [ON] * 9, tmp_path, limits)
    assert episode.outcome is not None
    assert (episode.outcome.status, words in (episode.outcome.error or "")) == ("limit", True)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_dead_server_is_infrastructure_and_a_full_context_a_limit(name: str, tmp_path: Path) -> None:
    with pytest.raises(InfrastructureFailure, match="gone"):
        run(name, [ON, ServerUnavailable("u", "gone")], tmp_path / "1")
    episode, _ = run(name, [ON, ContextOverflow(100, 120)], tmp_path / "2")
    assert episode.status == "limit"


@pytest.mark.parametrize(("name", "told"), [("langchain", "lamp.look"), ("smolagents", "lamp_look")])
def test_a_dotted_tool_name_is_no_obstacle(name: str, told: str, tmp_path: Path) -> None:
    @tool(name="lamp.look", effect="read")
    def look() -> str:
        """Look at the lamp."""
        return "off"

    made, _ = agent(name, [f'{{"name": "{told}", "arguments": {{}}}}', DONE[name]])
    episode = asyncio.run(made.run(replace(assignment(tmp_path), tools=[look])))
    assert [call.function_name for step in episode.steps for call in step.tool_calls] == ["lamp.look"]


@pytest.mark.parametrize("memory", [True, False])
@pytest.mark.parametrize("name", FRAMEWORKS)
def test_the_session_before_is_in_the_chat_unless_memory_is_off(name: str, memory: bool, tmp_path: Path) -> None:
    suite = read_suite(write_lamp(tmp_path / "suite"))
    add = '{"name": "add", "arguments": {"number": 4}}'
    made, model = agent(name, [add, DONE[name], add, DONE[name]])
    made = replace(made, sampling=LoopSettings(memory=memory))
    task = next(task for task in suite.tasks if task.id == "again")
    trial = asyncio.run(run_trial(suite, task, made, tmp_path / "w", "n", 0, Limits()))
    assert trial.verdict.passed
    assert any("Add 4 to the counter." in message["content"] for message in model.asked[-1].messages) is memory


def test_a_blocked_tool_of_smolagents_does_not_keep_the_process(tmp_path: Path) -> None:
    pytest.importorskip("smolagents", reason="python3 .setup/install.py agents")
    done = subprocess.run([sys.executable, "-c", BLOCKED, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert done.stdout == "limit the limit of 3 s is reached\n", done.stderr


def test_a_missing_framework_is_one_line_that_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(foreign.MODULES, "langchain", ("no_such_module",))
    with pytest.raises(UsageError, match=r"no_such_module is not installed; get it with: python3 \.setup/install\.py"):
        asyncio.run(contender("langchain", None, None, None))  # type: ignore[arg-type]


def posted(lines: Sequence[Line], *bodies: dict[str, object]) -> tuple[list[httpx.Response], Gateway, ScriptedModel]:
    model = ScriptedModel(lines)

    async def go() -> tuple[list[httpx.Response], Gateway]:
        async with opened(model, Sampling(), Limits()) as gateway, httpx.AsyncClient(trust_env=False) as http:
            return [await http.post(f"{gateway.url}/chat/completions", json=body) for body in bodies], gateway

    return *asyncio.run(go()), model


TOOL = {"type": "function", "function": {"name": "add", "description": "Add.", "parameters": {"type": "object"}}}
HI = {"role": "user", "content": [{"type": "text", "text": "Hi"}]}


def test_the_gateway_writes_calls_and_results_as_the_baseline_does() -> None:
    called = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"number": 1}'}}
    chat = [
        {"role": "system", "content": "Be brief."},
        HI,
        {"role": "assistant", "content": None, "tool_calls": [called]},
        {"role": "tool", "tool_call_id": "c1", "content": "1"},
    ]
    (response,), _, model = posted(['{"answer": "1"}'], {"model": "m", "messages": chat, "tools": [TOOL]})
    assert response.json()["choices"][0]["message"]["content"] == "1"
    system, *rest = model.asked[0].messages
    assert system["content"].startswith("Be brief.\n\nComplete the task with the tools.")
    assert rest == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": '{"name": "add", "arguments": {"number": 1}}'},
        {"role": "user", "content": "Result of add:\n1"},
    ]


def test_the_gateway_holds_the_model_to_what_the_request_allows() -> None:
    body = {"model": "m", "messages": [HI], "tools": [TOOL]}
    lines = ['{"name": "add", "arguments": {}}'] * 2 + ["Hello."] * 2
    named = {"type": "function", "function": {"name": "add"}}
    choices = [body | {"tool_choice": choice} for choice in ("required", named, "none")]
    responses, _, model = posted(lines, *choices, {"model": "m", "messages": [HI]})
    assert [r.json()["choices"][0]["finish_reason"] for r in responses] == ["tool_calls", "tool_calls", "stop", "stop"]
    assert "answer" not in json.dumps(model.asked[0].schema)
    assert [asked.schema is None for asked in model.asked] == [False, False, True, True]
    assert model.asked[3].messages == ({"role": "user", "content": "Hi"},)


def test_the_gateway_passes_on_a_turn_that_was_cut_off_and_refuses_what_it_cannot_do() -> None:
    cut = Completion('{"name": "add", "argu', 10, 5, "length")
    body = {"model": "m", "messages": [HI], "tools": [TOOL]}
    responses, gateway, _ = posted([cut], body, body | {"stream": True}, {"messages": "no"})
    choice = responses[0].json()["choices"][0]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("length", cut.text)
    assert [response.status_code for response in responses] == [200, 400, 400]
    assert len(gateway.calls) == 1
