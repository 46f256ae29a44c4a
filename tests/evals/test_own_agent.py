"""`--agent file.py:Class`: the documented agents run, and what cannot be one is told in one line."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue
from tests.agent.model_server import serving
from tests.evals.suite_files import write_lamp
from typer.testing import CliRunner

from coterie.evals.agents import Assignment, InfrastructureFailure, Limits
from coterie.evals.cli import app
from coterie.evals.results import read_results
from coterie.evals.suite import read_suite
from coterie.evals.trial import run_trial
from coterie.memory.records import ModelRef
from coterie.memory.store import Store

DOCUMENT = (Path(__file__).parents[2] / "docs" / "agents.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"`(\w+\.py)`\n\n```python\n(.*?)```", DOCUMENT, re.DOTALL))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COTERIE_HOME", str(tmp_path / "home"))
    for name, text in EXAMPLES.items():
        (tmp_path / name).write_text(text)
    write_lamp(tmp_path)
    return tmp_path / "home"


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*arguments, "-q"])
    return result.exit_code, result.stderr


def test_the_documented_agent_from_scratch(home: Path) -> None:
    code, said = run("run", "lamp.yaml", "--agent", "first.py:FirstTool", "--name", "a")
    assert code == 0, said
    header, results = read_results(home / "runs", "a")
    assert header.agent.endswith("first.py:FirstTool")
    assert header.settings == {"calls": 1}
    assert {result.status for result in results} == {"failed"}
    assert {result.task: result.tool_calls for result in results}["again"] == 2, "one in each of its sessions"
    with Store.open(home) as store:
        assert store.episodes.get(results[0].episodes[-1]).steps[0].tool_calls[0].function_name == "switch"


def test_the_documented_framework_on_the_runs_model(home: Path) -> None:
    with serving(['{"name": "switch", "arguments": {"to": "on"}}']) as url:
        code, said = run(
            "run",
            "lamp.yaml:easy",
            "--agent",
            "mine.py:mine",
            "--base-url",
            url,
            "--name",
            "a",
            "--max-model-calls",
            "9",
        )
    assert code == 0, said
    header, (result,) = read_results(home / "runs", "a")
    assert (result.status, result.model_calls, result.tool_calls) == ("passed", 1, 1)
    assert header.limits["max_model_calls"] == 9
    assert header.model["name"] == "tiny"


def test_it_is_resumed_from_any_folder_but_not_with_other_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("run", "lamp.yaml", "--agent", "first.py:FirstTool", "--name", "a")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert run("resume", "a") == (0, "")
    (tmp_path / "first.py").write_text(EXAMPLES["first.py"] + "# edited\n")
    code, said = run("resume", "a")
    assert code == 2
    assert "first.py:FirstTool' has changed since run 'a' was begun" in said


WRONG = """
import no_such_module
"""
HALF = """
class Nothing: ...
class Needs:
    def __init__(self, one, two): ...
class Raises:
    def __init__(self): raise ValueError("no key")
"""


@pytest.mark.parametrize(
    ("agent", "message"),
    [
        ("mein", "unknown agent 'mein'; have loop, caller, .*, or give yours as file.py:Class"),
        ("frist.py:FirstTool", "file '.*frist.py' does not exist; did you mean first.py"),
        ("wrong.py:Agent", r"wrong.py:2: .*No module named 'no_such_module'"),
        ("no_such_module:Agent", "no module 'no_such_module'"),
        ("first.py:First", "first.py has no class or function 'First'; have FirstTool"),
        ("half.py:Needs", "half.py:Needs' needs one, two; an agent is made with nothing, or with one argument"),
        ("half.py:Raises", "half.py:Raises' cannot be made: ValueError: no key"),
        ("half.py:Nothing", r"makes no agent: its `model` is no .*; `settings\(\)` gives .*; it has no `async def run"),
    ],
)
def test_what_is_no_agent_is_said_in_one_line(tmp_path: Path, agent: str, message: str) -> None:
    (tmp_path / "wrong.py").write_text(WRONG)
    (tmp_path / "half.py").write_text(HALF)
    code, said = run("run", "lamp.yaml", "--agent", agent)
    assert code == 2
    assert re.search(message, said), said
    assert len(said.splitlines()) == 1


def test_an_agent_that_returns_something_else_is_never_scored(tmp_path: Path) -> None:
    class Returns:
        model = ModelRef("m")

        def settings(self) -> dict[str, JsonValue]:
            return {}

        async def run(self, assignment: Assignment) -> Any:
            return "an answer"

    suite = read_suite(tmp_path / "lamp.yaml")
    with pytest.raises(InfrastructureFailure, match="the agent's run gave str, no Episode"):
        asyncio.run(run_trial(suite, suite.tasks[0], Returns(), tmp_path / "w", "n", 0, Limits()))
