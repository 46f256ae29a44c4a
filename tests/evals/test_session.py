"""What a run is made with is kept with it and restored: settings, limits, the local server, the concurrency."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.evals.suite_files import write_lamp
from typer.testing import CliRunner

from coterie.agent.connect import Connected
from coterie.agent.settings import MACHINE, Settings
from coterie.evals.agents import Limits
from coterie.evals.cli import app
from coterie.evals.ours import OurLoop
from coterie.evals.results import Result, read_header, read_results
from coterie.evals.score import elapsed_s
from coterie.memory.records import ModelRef
from coterie.memory.store import Store
from coterie.model.scripted import ScriptedModel
from coterie.model.serving import Options, lifecycle, start, stop

FAKE = Path(__file__).parents[1] / "model" / "fake_server.py"
IDLE = """
from coterie.memory.records import Episode, Outcome

class Idle:
    converses = True

    def __init__(self, connected):
        self.model = connected.ref

    def settings(self):
        return {}

    async def run(self, assignment):
        return Episode("", assignment.task, self.model, Outcome("success", answer=str(assignment.limits)))
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COTERIE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(lifecycle, "PROGRAM", (str(FAKE),))
    write_lamp(tmp_path)
    (tmp_path / "idle.py").write_text(IDLE)
    (tmp_path / "fine").mkdir()
    (tmp_path / "fine" / "config.json").write_text("{}")
    yield tmp_path / "home"
    stop(tmp_path / "home")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stderr


def test_a_memory_that_is_not_there_is_told_before_a_server_is_asked(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COTERIE_RECALL_FROM", "eval/june/")
    code, said = run("run", "lamp.yaml", "--base-url", "http://127.0.0.1:9")
    assert code == 2
    assert "setting 'recall_from': nothing is remembered in 'eval/june/'; namespaces: none yet" in said
    assert not (home / "runs").exists()


def serve(home: Path, **options: Any) -> None:
    stop(home)
    start(str(home.parent / "fine"), Options(kernels="vllm", **options), home=home)


IDLE_ON_FINE = ("run", "lamp.yaml", "--agent", "idle.py:Idle", "--model", "fine")


def test_the_server_decides_how_many_trials_run_at_a_time_unless_it_is_said(home: Path) -> None:
    serve(home, max_sequences=6)
    code, said = run(*IDLE_ON_FINE, "--name", "a")
    assert code == 0, said
    assert "with fine, 6 at a time" in said
    assert run(*IDLE_ON_FINE, "--name", "b", "--concurrency", "2")[0] == 0
    assert run("run", "lamp.yaml", "--agent", "reference", "--name", "c")[0] == 0
    assert [read_header(home / "runs", name).concurrency for name in "abc"] == [6, 2, 4]


def test_a_server_that_was_started_otherwise_does_not_go_on_with_a_run(home: Path) -> None:
    serve(home, expert_weights="bf16")
    assert run(*IDLE_ON_FINE, "--name", "a")[0] == 0
    server = read_header(home / "runs", "a").server
    assert set(server) == {"vllm", "expert_weights", "batch_invariant", "max_sequences"}
    serve(home, expert_weights="bf16", max_sequences=3)
    assert run("resume", "a", "--model", "fine")[0] == 0, "how many at a time says nothing about the texts"
    serve(home, expert_weights="int8")
    code, said = run("resume", "a", "--model", "fine")
    assert code == 2
    assert "run 'a' was begun with a server that was started otherwise: expert_weights bf16, now int8" in said


def test_limits_are_options_kept_with_the_run_and_restored(home: Path) -> None:
    serve(home)
    given = ("--max-steps", "3", "--max-model-calls", "7", "--max-tool-calls", "5", "--max-tokens", "999")
    assert run(*IDLE_ON_FINE, "--name", "a", *given, "--timeout", "60.5")[0] == 0
    limits = Limits(max_steps=3, max_model_calls=7, max_tool_calls=5, max_tokens=999, timeout_s=60.5)
    assert Limits(**read_header(home / "runs", "a").limits) == limits
    path = home / "runs" / "a" / "results.jsonl"
    path.write_text("")
    assert run("resume", "a", "--model", "fine")[0] == 0
    assert {result.answer for result in read_results(home / "runs", "a")[1]} == {str(limits)}


def test_a_run_that_goes_on_with_other_code_says_so(home: Path) -> None:
    assert run("run", "lamp.yaml", "--agent", "reference", "--name", "a")[0] == 0
    path = home / "runs" / "a" / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": "0.0.9"}))
    code, said = run("resume", "a", "-q")
    assert code == 0
    assert said.startswith("note: this run was begun with code 0.0.9, and goes on with 0.1.0")


def test_every_setting_of_our_loop_is_kept(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        loop = OurLoop(Settings(ground_plan=False), store, Connected(ScriptedModel([]), ModelRef("m")))
        kept = loop.settings()
    assert kept["ground_plan"] is False
    elsewhere = {*MACHINE, *vars(Limits()), "model", "base_url", "seed", "namespace"}
    of_the_trial = {"builtin_tools", "tools", "mcp", "approve", "allow_network"}
    assert set(kept) == set(Settings.model_fields) - elsewhere - of_the_trial
    assert json.dumps(kept)


def at(minute: int) -> str:
    return f"2026-01-01T10:{minute:02d}:00.000000Z"


def test_time_goes_by_while_a_trial_is_in_hand_and_not_between_sessions() -> None:
    spans = [(0, 4), (1, 3), (2, 6), (30, 31), (31, 33)]
    results = [Result("t", n, "passed", begun_at=at(a), ended_at=at(b)) for n, (a, b) in enumerate(spans)]
    assert elapsed_s(results) == (6 + 3) * 60
    assert elapsed_s([Result("t", 1, "passed")]) is None


@pytest.mark.timeout(120)
def test_64_trials_at_a_time(home: Path) -> None:
    arguments = ("run", "lamp.yaml", "--agent", "reference", "--trials", "40", "--concurrency", "64", "--name", "a")
    result = CliRunner().invoke(app, [*arguments, "--json", "-q"])
    assert result.exit_code == 0, result.stderr
    face = json.loads(result.stdout)
    assert (face["pass_at_1"], face["missing"]) == (1.0, 0)
    assert face["trials_per_minute"] == pytest.approx(200 * 60 / face["elapsed_s"], abs=0.01)
    results = read_results(home / "runs", "a")[1]
    assert len({r.key for r in results}) == len(results) == 200
    edges = sorted([(r.begun_at, 1) for r in results] + [(r.ended_at, -1) for r in results])
    in_hand = [sum(change for _, change in edges[: n + 1]) for n in range(len(edges))]
    assert max(in_hand) == 64
