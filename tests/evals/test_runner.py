"""The runner: every trial once, whatever the order, whatever breaks, whenever it is killed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pytest
from pydantic import JsonValue
from tests.evals.suite_files import LAMP, LAMP_CLASS, SUITE, write_lamp

from coterie.evals.agents import Agent, Assignment, InfrastructureFailure, Refused, Replay
from coterie.evals.results import Result, Results, RunError, RunHeader, read_results
from coterie.evals.runner import Conditions, Runner, RunStopped, trial_seed
from coterie.evals.selftest import replay_solution, self_test, solutions_of
from coterie.evals.suite import Solution, Suite, read_suite
from coterie.memory.records import Episode, ModelRef, Outcome
from coterie.tools import Tool

FAST = Conditions(pauses_s=(0.0, 0.0))


@dataclass
class Kept:
    """A keeper that remembers."""

    episodes: list[tuple[Episode, str]] = field(default_factory=list)

    def keep(self, episode: Episode, namespace: str) -> str:
        self.episodes.append((episode, namespace))
        return f"ep-{len(self.episodes)}"


class Scripted:
    """Plays the reference, except where `ends` gives other ends for a task, one for each run of it."""

    model = ModelRef("scripted")

    def __init__(self, suite: Suite, ends: Mapping[str, list[Exception | Outcome]] | None = None) -> None:
        solutions = solutions_of(suite)
        self._gold = Replay(lambda task: solutions[task.name or ""])
        self._ends = {name: list(left) for name, left in (ends or {}).items()}
        self.seen: list[Assignment] = []

    def settings(self) -> Mapping[str, JsonValue]:
        return {}

    async def run(self, assignment: Assignment) -> Episode:
        self.seen.append(assignment)
        await asyncio.sleep(0)
        ends = self._ends.get(assignment.task.name or "", [])
        end = ends.pop(0) if ends else None
        if isinstance(end, Exception):
            raise end
        episode = await self._gold.run(assignment)
        return replace(episode, outcome=end) if end else episode


def header(suite: Suite, trials: int = 1, run: str = "r1") -> RunHeader:
    return RunHeader(run, suite.name, suite.digest, tuple(task.id for task in suite.tasks), trials, seed=7)


def go(
    suite: Suite, agent: Agent, runs: Path, trials: int = 1, conditions: Conditions = FAST
) -> tuple[list[Result], Kept]:
    results = Results.create(runs, header(suite, trials))
    return resume(suite, agent, results, conditions)


def resume(suite: Suite, agent: Agent, results: Results, conditions: Conditions = FAST) -> tuple[list[Result], Kept]:
    kept = Kept()
    try:
        asyncio.run(Runner(suite, agent, results, kept, conditions).run())
    finally:
        results.close()
    return read_results(results.folder.parent, results.header.run)[1], kept


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return read_suite(write_lamp(tmp_path / "suite"))


def test_a_result_says_the_family_and_where_the_time_went(tmp_path: Path) -> None:
    suite = read_suite(
        write_lamp(tmp_path / "families", SUITE.replace("    level: 2\n", "    level: 2\n    family: sums\n"))
    )
    results, kept = go(suite, Scripted(suite), tmp_path / "runs")
    by_task = {result.task: result for result in results}
    assert (by_task["add"].family, by_task["on"].family) == ("sums", None)
    spent = [result.wall_s for episode, _ in kept.episodes for result in episode.results()]
    assert sum(result.tool_s or 0.0 for result in results) == pytest.approx(sum(spent))
    assert by_task["add"].model_s == 0
    assert by_task["add"].overhead_s == pytest.approx(by_task["add"].wall_s - (by_task["add"].tool_s or 0.0))


def test_the_reference_passes_every_trial(suite: Suite, tmp_path: Path) -> None:
    results, kept = go(suite, Scripted(suite), tmp_path, trials=3, conditions=replace(FAST, concurrency=4))
    assert [result.status for result in results] == ["passed"] * 15
    assert {result.key for result in results} == {(task.id, n) for task in suite.tasks for n in (1, 2, 3)}
    assert len(kept.episodes) == 18, "the task with an earlier session has two episodes a trial"
    memory_trial = next(result for result in results if result.task == "again")
    assert len(memory_trial.episodes) == 2
    assert memory_trial.tool_calls == 2


def test_verdicts_and_seeds_do_not_depend_on_concurrency(suite: Suite, tmp_path: Path) -> None:
    wrong: dict[str, list[Exception | Outcome]] = {
        "add": [Outcome("success", answer="six")],
        "on": [Outcome("failed", error="no")],
    }
    lines = []
    for concurrency in (1, 8):
        agent = Scripted(suite, wrong)
        results, _ = go(suite, agent, tmp_path / str(concurrency), conditions=replace(FAST, concurrency=concurrency))
        lines.append([(r.task, r.trial, r.status, r.seed, r.reasons, r.state_hash) for r in results])
    assert lines[0] == lines[1]
    assert [line[2] for line in lines[0]] == ["failed", "failed", "passed", "passed", "passed"]


def test_seeds_differ_between_trials_and_repeat_between_runs() -> None:
    assert trial_seed(7, ("a", 1)) == trial_seed(7, ("a", 1))
    assert len({trial_seed(s, (t, n)) for s in (0, 1) for t in "ab" for n in (1, 2)}) == 8


def test_each_trial_and_attempt_has_a_memory_of_its_own_shared_by_its_sessions(suite: Suite, tmp_path: Path) -> None:
    agent = Scripted(suite, {"on": [InfrastructureFailure("server gone")]})
    go(suite, agent, tmp_path, trials=2)
    spaces = [(a.task.name, a.namespace) for a in agent.seen]
    again = [space for name, space in spaces if name in ("again", "again#1")]
    assert again[0] == again[1] != again[2] == again[3]
    assert len({space for name, space in spaces if name == "on"}) == 3


def test_a_refused_key_is_not_tried_again(suite: Suite, tmp_path: Path) -> None:
    results, _ = go(suite, Scripted(suite, {"on": [Refused("wrong key")]}), tmp_path)
    (refused,) = [result for result in results if result.status == "infrastructure"]
    assert (refused.task, refused.attempts, refused.reasons) == ("on", 1, ("wrong key",))


def test_a_trial_that_is_run_again_does_not_recall_what_the_broken_off_one_remembered(
    suite: Suite, tmp_path: Path
) -> None:
    first, second = Scripted(suite, {"on": [InfrastructureFailure("gone")] * 3}), Scripted(suite)
    go(suite, first, tmp_path)
    resume(suite, second, Results.open(tmp_path, "r1"))
    (again,) = second.seen
    before = [seen for seen in first.seen if seen.task.name == "on"]
    assert again.namespace not in {seen.namespace for seen in before}
    assert {again.seed} == {seen.seed for seen in before}


def test_infrastructure_errors_are_retried_and_never_scored(suite: Suite, tmp_path: Path) -> None:
    gone = InfrastructureFailure("server gone")
    agent = Scripted(suite, {"on": [gone], "add": [gone] * 9, "flaky": [ValueError("a bug")] * 9})
    results, _ = go(suite, agent, tmp_path)
    by_task = {result.task: result for result in results}
    assert (by_task["on"].status, by_task["on"].attempts) == ("passed", 2)
    assert (by_task["add"].status, by_task["add"].attempts) == ("infrastructure", 3)
    assert by_task["add"].reasons == ("server gone",)
    assert "ValueError: a bug" in by_task["flaky"].reasons[0]


def test_a_failed_trial_is_not_retried(suite: Suite, tmp_path: Path) -> None:
    agent = Scripted(suite, {"on": [Outcome("failed", error="gave up"), Outcome("success")]})
    results, _ = go(suite, agent, tmp_path)
    assert (results[0].status, results[0].attempts) == ("failed", 1)
    assert results[0].reasons[0] == "ended as failed: gave up"


def test_what_only_the_infrastructure_failed_is_done_again_on_resume(suite: Suite, tmp_path: Path) -> None:
    go(suite, Scripted(suite, {"on": [InfrastructureFailure("gone")] * 3}), tmp_path)
    agent = Scripted(suite)
    results, _ = resume(suite, agent, Results.open(tmp_path, "r1"))
    assert [a.task.name for a in agent.seen] == ["on"]
    assert all(result.status == "passed" for result in results)


def test_a_dead_server_stops_the_run_early_and_says_how_to_go_on(suite: Suite, tmp_path: Path) -> None:
    gone = InfrastructureFailure("server gone")
    agent = Scripted(suite, {name: [gone] * 99 for task in suite.tasks for name in (task.id, f"{task.id}#1")})
    with pytest.raises(RunStopped, match=r"8 trials in a row .*server gone.*eval resume r1"):
        go(suite, agent, tmp_path, trials=4)


def test_trials_that_meet_a_restarting_server_wait_for_it(suite: Suite, tmp_path: Path) -> None:
    assert sum(Conditions().pauses_s) > 25, "a cold start takes 23.5 s"
    gone = InfrastructureFailure("server gone")
    agent = Scripted(suite, {task.id: [gone] * 3 for task in suite.tasks})
    patient = Conditions(concurrency=2, pauses_s=(0.1, 0.2, 0.4))
    results, _ = go(suite, agent, tmp_path, conditions=patient)
    assert [(result.status, result.attempts) for result in results] == [("passed", 4)] * 5
    for result in results:
        begun, ended = (datetime.fromisoformat(at) for at in (result.begun_at, result.ended_at))
        assert (ended - begun).total_seconds() >= sum(patient.pauses_s)


def broken(tmp_path: Path, old: str, new: str) -> list[Result]:
    assert old in LAMP
    suite = read_suite(write_lamp(tmp_path / "s", tools=LAMP.replace(old, new, 1)))
    return go(suite, Scripted(suite), tmp_path)[0]


def test_a_checker_that_cannot_check_breaks_its_task_only(tmp_path: Path) -> None:
    rules = 'def violations():\n    return [] if STATE["count"] < 8 else 1 / 0\n\n\n@tool\ndef switch'
    results = broken(tmp_path, "@tool\ndef switch", rules)
    assert [result.status for result in results] == ["passed", "passed", "passed", "broken", "passed"]
    assert "ZeroDivisionError" in results[3].reasons[0]


def test_faults_for_a_tool_nobody_has_break_their_task_only(tmp_path: Path) -> None:
    wrong = SUITE.replace("{tool: switch, error", "{tool: swich, error").replace("lamp.py", "'lamp.py:Lamp'")
    suite = read_suite(write_lamp(tmp_path / "s", wrong, LAMP_CLASS))
    results, _ = go(suite, Scripted(suite), tmp_path)
    assert [result.status for result in results].count("broken") == 1
    assert "swich" in results[2].reasons[0]


def test_a_tool_that_raises_fails_the_trial_not_the_run(tmp_path: Path) -> None:
    results = broken(tmp_path, '    STATE["count"] += number\n', "    raise RuntimeError('boom')\n")
    assert [result.status for result in results] == ["passed", "failed", "passed", "failed", "passed"]


@pytest.mark.timeout(30)
def test_an_environment_that_hangs_breaks_its_task_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coterie.evals.trial.ENVIRONMENT_TIMEOUT_S", 0.1)
    suite = read_suite(write_lamp(tmp_path / "s"))

    class Hanging:
        def reset(self, setup: Mapping[str, JsonValue]) -> None:
            time.sleep(600)

        def state(self) -> dict[str, JsonValue]:
            return {}

        def tools(self) -> list[Tool]:
            return []

    factory = replace(suite.environments["lamp"], make=lambda folder: Hanging())
    suite = replace(suite, environments={"lamp": factory}, tasks=suite.tasks[:1])
    results, _ = go(suite, Scripted(suite), tmp_path)
    assert results[0].status == "broken"
    assert "took longer than 0.1 s" in results[0].reasons[0]


@pytest.mark.timeout(60)
def test_a_tool_that_hangs_fails_its_trials_only(tmp_path: Path) -> None:
    hangs = LAMP.replace('    STATE["count"] += number\n', "    import time\n    time.sleep(600)\n")
    hangs = hangs.replace("@tool\ndef add", "@tool(timeout_s=0.2)\ndef add")
    suite = read_suite(write_lamp(tmp_path / "s", tools=hangs))
    results, kept = go(suite, Scripted(suite), tmp_path, conditions=replace(FAST, concurrency=5))
    assert [result.status for result in results] == ["passed", "failed", "passed", "failed", "passed"]
    steps = [
        step for episode, _ in kept.episodes for step in episode.steps if step.tool_calls[0].function_name == "add"
    ]
    assert {step.observation.results[0].error_kind for step in steps if step.observation} == {"timeout"}


@pytest.mark.timeout(60)
def test_a_checker_that_hangs_breaks_its_task_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coterie.evals.trial.ENVIRONMENT_TIMEOUT_S", 3.0)
    rules = 'def violations():\n    while STATE["count"] == 8:\n        pass\n    return []\n\n\n@tool\ndef switch'
    results = broken(tmp_path, "@tool\ndef switch", rules)
    assert [result.status for result in results] == ["passed", "passed", "passed", "broken", "passed"]
    assert "checking took longer than 3 s" in results[3].reasons[0]


KILLED = """
import asyncio, sys
from pathlib import Path
from tests.evals.test_runner import *

class Slow(Scripted):
    async def run(self, assignment):
        await asyncio.sleep(0.02)
        return await super().run(assignment)

suite = read_suite(Path(sys.argv[1]) / "suite" / "lamp.yaml")
runs = Path(sys.argv[1]) / "runs"
results = Results.open(runs, "r1") if (runs / "r1").exists() else Results.create(runs, header(suite, int(sys.argv[2])))
resume(suite, Slow(suite), results, replace(FAST, concurrency=3))
"""


def test_a_run_killed_again_and_again_has_every_trial_once(suite: Suite, tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", KILLED, str(tmp_path), "6"]
    environment = os.environ | {"PYTHONPATH": f".src{os.pathsep}."}
    path = tmp_path / "runs" / "r1" / "results.jsonl"
    for _ in range(3):
        process = subprocess.Popen(arguments, env=environment)
        _wait_for_more(path, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with path.open("ab") as file:
        file.write(b'{"event": "done", "task": "on", "tri')
    subprocess.run(arguments, env=environment, check=True)
    done = [line for line in map(json.loads, path.read_text().splitlines()) if line["event"] == "done"]
    keys = [(line["task"], line["trial"]) for line in done]
    assert sorted(keys) == sorted({(task.id, n) for task in suite.tasks for n in range(1, 7)})
    assert {line["status"] for line in done} == {"passed"}


def _wait_for_more(path: Path, process: "subprocess.Popen[bytes]") -> None:
    before = path.stat().st_size if path.exists() else 0
    deadline = time.monotonic() + 60
    while (not path.exists() or path.stat().st_size < before + 1500) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_tool_that_kills_the_process_is_given_up_after_dying_alone(tmp_path: Path) -> None:
    deadly = LAMP.replace('    STATE["count"] += number\n', "    import os\n    os._exit(9)\n")
    write_lamp(tmp_path / "suite", tools=deadly)
    arguments = [sys.executable, "-c", KILLED, str(tmp_path), "1"]
    environment = os.environ | {"PYTHONPATH": f".src{os.pathsep}."}
    codes: list[int] = []
    while 0 not in codes and len(codes) < 9:
        codes.append(subprocess.run(arguments, env=environment).returncode)
    assert codes[-1] == 0
    results = read_results(tmp_path / "runs", "r1")[1]
    assert {r.task for r in results if r.status == "broken"} == {"add", "again"}
    assert all(r.status == "passed" for r in results if r.task not in ("add", "again"))
    write_lamp(tmp_path / "suite")
    subprocess.run(arguments, env=environment, check=True)
    assert {r.status for r in read_results(tmp_path / "runs", "r1")[1]} == {"passed"}, "put right, it is tried again"


class Stuck(Scripted):
    """Never comes to an end by itself."""

    async def run(self, assignment: Assignment) -> Episode:
        self.seen.append(assignment)
        await asyncio.sleep(3600)
        raise AssertionError


async def interrupted(suite: Suite, results: Results) -> None:
    """What Ctrl-C does: `asyncio.run` cancels the main task."""
    agent = Stuck(suite)
    running = asyncio.create_task(Runner(suite, agent, results, Kept(), FAST).run())
    while not agent.seen:
        await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()


def test_an_interrupted_trial_is_run_again_however_often(suite: Suite, tmp_path: Path) -> None:
    Results.create(tmp_path, header(suite)).close()
    for _ in range(3):
        results = Results.open(tmp_path, "r1")
        asyncio.run(interrupted(suite, results))
        results.close()
    done, _ = resume(suite, Scripted(suite), Results.open(tmp_path, "r1"))
    assert [result.status for result in done] == ["passed"] * 5


def test_a_broken_trial_is_tried_again_on_resume(suite: Suite, tmp_path: Path) -> None:
    results = Results.create(tmp_path, header(suite))
    results.add(Result("on", 1, "broken", ("the environment had no disk left",)))
    done, _ = resume(suite, Scripted(suite), results)
    assert [result.status for result in done] == ["passed"] * 5


def test_one_process_at_a_time_works_on_a_run(suite: Suite, tmp_path: Path) -> None:
    first = Results.create(tmp_path, header(suite))
    with pytest.raises(RunError, match="another process"):
        Results.open(tmp_path, "r1")
    with pytest.raises(RunError, match="a run 'r1' already"):
        Results.create(tmp_path, header(suite))
    first.close()
    Results.open(tmp_path, "r1").close()
    with pytest.raises(RunError, match="no run 'r2'; the latest are r1"):
        Results.open(tmp_path, "r2")


@pytest.mark.parametrize("name", ["../../x", "a/b", "", ".hidden", "a b"])
def test_a_name_that_could_lie_elsewhere_is_refused(suite: Suite, tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError, match="is no name for a run"):
        Results.create(tmp_path / "runs", header(suite, run=name))
    with pytest.raises(RunError, match="is no name for a run"):
        read_results(tmp_path / "runs", name)
    assert not (tmp_path / "x").exists()


def test_a_run_killed_before_it_had_a_header_can_be_created(suite: Suite, tmp_path: Path) -> None:
    (tmp_path / "r1").mkdir()
    (tmp_path / "r1" / "run.json.77").write_text("{")
    assert go(suite, Scripted(suite), tmp_path)[0]


def test_the_self_test_finds_nothing_in_a_sound_suite(suite: Suite) -> None:
    assert asyncio.run(self_test(suite)) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("It is 5.}\n    near", "It is six.}\n    near", "add: the reference fails: the answer does not"),
        ('{changes: {/lamp: "on"}}\n    ref', "{answer: [is]}\n    ref", "on: the near miss"),
        ("{answer: [5], changes: {/count: 5}}", "{ignore: [/count]}", "add: an agent that does nothing passes"),
        ("fails: true}, {tool", "fails: false}, {tool", "flaky: the call of switch should work"),
    ],
)
def test_the_self_test_names_what_is_wrong(tmp_path: Path, old: str, new: str, fault: str) -> None:
    assert old in SUITE
    faults = asyncio.run(self_test(read_suite(write_lamp(tmp_path, SUITE.replace(old, new, 1)))))
    assert any(line.startswith(fault) for line in faults), faults


def test_replaying_a_solution_gives_its_episode_and_state(suite: Suite) -> None:
    trial = asyncio.run(replay_solution(suite, suite.tasks[1], Solution(answer="5")))
    assert not trial.verdict.passed
    assert trial.episode.outcome is not None
    assert trial.episode.outcome.answer == "5"
