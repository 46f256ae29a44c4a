"""Runs in other forms: a log that Inspect AI reads, and a leaderboard."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.evals.suite_files import SUITE, write_lamp
from typer.testing import CliRunner

from coterie.evals.cli import app
from coterie.evals.export_inspect import inspect_log
from coterie.evals.leaderboard import markdown, rows
from coterie.evals.results import Result, RunError, RunHeader
from coterie.evals.score import score


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COTERIE_HOME", str(tmp_path / "home"))


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.stderr
    return result.stdout if code == 0 else result.stderr


def exported(tmp_path: Path) -> Path:
    wrong = SUITE.replace("answer: It is 5.}\n", "answer: It is six.}\n", 1)
    run("run", str(write_lamp(tmp_path / "s", wrong)), "--agent", "reference", "--name", "r", "--trials", "2", "-q")
    run("export", "r", "--out", "log.json")
    return tmp_path / "log.json"


def sample(log: dict[str, Any], task: str) -> dict[str, Any]:
    found: dict[str, Any] = next(s for s in log["samples"] if (s["id"], s["epoch"]) == (task, 1))
    return found


def test_a_run_becomes_an_inspect_log(tmp_path: Path) -> None:
    log = json.loads(exported(tmp_path).read_text())
    assert (log["version"], log["status"], len(log["samples"])) == (2, "success", 10)
    assert log["results"]["scores"][0]["metrics"]["accuracy"]["value"] == pytest.approx(0.8)
    failed = sample(log, "add")["scores"]["coterie"]
    assert (failed["value"], failed["answer"]) == ("I", "It is six.")
    assert "does not state 5" in failed["explanation"]
    flaky = sample(log, "flaky")["messages"]
    assert [message["role"] for message in flaky] == ["user", "assistant", "tool", "assistant", "tool", "assistant"]
    assert "stuck" in flaky[2]["error"]["message"]
    assert flaky[2]["tool_call_id"] == flaky[1]["tool_calls"][0]["id"]
    assert sample(log, "again")["input"] == "Add the same number as last time."


def test_inspect_reads_the_log(tmp_path: Path) -> None:
    inspect = pytest.importorskip("inspect_ai.log", reason="python3 .setup/install.py inspect")
    log = inspect.read_eval_log(str(exported(tmp_path)))
    assert (log.status, log.eval.task, log.eval.solver) == ("success", "lamp", "reference")
    assert [(s.id, s.epoch, s.scores["coterie"].value) for s in log.samples][:3] == [
        ("on", 1, "C"),
        ("on", 2, "C"),
        ("add", 1, "I"),
    ]
    assert log.samples[0].messages[1].tool_calls[0].function == "switch"


def test_inspects_viewer_finds_an_exported_log_in_its_folder(tmp_path: Path) -> None:
    inspect = pytest.importorskip("inspect_ai.log", reason="python3 .setup/install.py inspect")
    exported(tmp_path)
    run("export", "r", "--out", "logs")
    (found,) = inspect.list_eval_logs(str(tmp_path / "logs"))
    assert (found.task, inspect.read_eval_log(found, header_only=True).eval.eval_id) == ("lamp", "r")


def header(name: str, **more: Any) -> RunHeader:
    model = {"name": "m", "weights_sha256": "ab" * 32, "kernels": "cpu"}
    given = {"model": model, "version": "0.1.0 (abc1234)", "settings": {"temperature": 0.0}, **more}
    return RunHeader(name, "s", "d" * 64, ("t0", "t1"), 1, 3, machine={"cpu": "a cpu", "cores": 2}, **given)


def results(*passed: bool) -> list[Result]:
    return [
        Result(f"t{n}", 1, "passed" if good else "failed", prompt_tokens=90, completion_tokens=10, wall_s=2.0)
        for n, good in enumerate(passed)
    ]


def test_trials_without_a_score_and_lost_episodes_stay_in_the_log() -> None:
    dead = Result("t1", 1, "infrastructure", reasons=("server gone",), episodes=("ep-1",))
    log = inspect_log(score(header("r"), [results(True)[0], dead]), [results(True)[0], dead], lambda episode: None)
    assert log["samples"][1]["error"]["message"] == "infrastructure: server gone"
    assert "scores" not in log["samples"][1]
    assert log["results"]["completed_samples"] == 1


def test_a_leaderboard_ranks_runs_and_cites_what_they_depend_on() -> None:
    worse = score(header("worse", agent="single"), results(True, False))
    better = score(header("better"), results(True, True))
    board = rows([worse, better])
    assert [row["run"] for row in board] == ["better", "worse"]
    cited = {"weights_sha256", "code", "settings", "machine", "interval", "tokens", "wall_s", "suite_digest", "seed"}
    assert cited <= set(board[0])
    assert {"by_family", "model_calls_per_trial", "overhead_ms"} <= set(board[0])
    text = markdown([worse, better])
    assert "no families" in text
    assert "not known / not known" in text
    assert text.index("| better | loop | m | 100.0 % |") < text.index("| worse | single | m | 50.0 % |")
    for fact in ("ab" * 32, "0.1.0 (abc1234)", "temperature 0.0", "cpu a cpu, cores 2", "200 tokens and 4 s"):
        assert fact in text


def test_runs_of_other_suites_and_versions_stand_apart_and_unscored_ones_nowhere() -> None:
    other = score(RunHeader("o", "s", "e" * 64, ("t0", "t1"), 1, 3), results(True, False))
    assert markdown([other, score(header("r"), results(True, True))]).count("\n## ") == 2
    with pytest.raises(RunError, match="run 'r' has no scored trial"):
        rows([score(header("r"), [])])


def test_a_leaderboard_file_of_real_runs(tmp_path: Path) -> None:
    path = str(write_lamp(tmp_path / "s"))
    for agent in ("reference", "random"):
        run("run", path, "--agent", agent, "--name", agent, "-q")
    run("leaderboard", "reference", "random", "--out", "board.json")
    first, _ = json.loads((tmp_path / "board.json").read_text())["runs"]
    assert first["agent"] == "reference"
    run("leaderboard", "reference", "random", "--out", "board.md")
    assert "## lamp: 5 tasks" in (tmp_path / "board.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", "x", "--out", "x.json"], "no run 'x'"),
        (["leaderboard", "x"], "no run 'x'"),
        (["leaderboard", "x", "--out", "x.csv"], "written as .md or .json"),
    ],
)
def test_what_cannot_be_written_is_said_in_one_line(arguments: list[str], message: str) -> None:
    assert message in run(*arguments, code=2)
