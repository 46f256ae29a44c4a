"""The eval commands as a person uses them: output, JSON faces, exit codes."""

import json
from pathlib import Path

import pytest
from tests.evals.suite_files import LAMP, SUITE, write_lamp
from typer.testing import CliRunner

from coterie.evals.cli import app

cli = CliRunner()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COTERIE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(*arguments: str) -> tuple[int, str, str]:
    result = cli.invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def test_list_names_the_suites_there_are() -> None:
    code, out, _ = run("list", "--json")
    rows = {row["name"]: row for row in json.loads(out)["suites"]}
    assert code == 0
    assert rows["examples"]["tasks"] == 20
    assert rows["work"]["available"]
    assert set(rows["work"]) >= {"name", "tasks", "environments", "available"}


def test_run_report_resume_and_compare(tmp_path: Path) -> None:
    path = str(write_lamp(tmp_path / "s"))
    code, out, err = run("run", path, "--agent", "reference", "--trials", "2", "--name", "a", "--seed", "3")
    assert code == 0, err
    assert "lamp: 10 of 10 trials passed" in out
    assert "[10/10]" in err
    code, out, _ = run("report", "a", "--json")
    face = json.loads(out)
    pinned = {"run", "suite", "tasks", "trials", "pass_at_1", "interval", "pass_hat_k", "tokens", "wall_s"}
    assert set(face) >= pinned | {"infrastructure_errors", "by_tag"}
    assert (face["run"], face["tasks"], face["trials"], face["pass_at_1"], face["seed"]) == ("a", 5, 2, 1.0, 3)
    assert face["pass_hat_k"] == {"1": 1.0, "2": 1.0}
    assert run("resume", "a", "-q")[0] == 0
    assert run("run", path, "--agent", "reference", "--name", "b", "-q")[0] == 0
    code, out, _ = run("compare", "a", "b", "--json")
    assert json.loads(out)["difference"] == 0
    assert set(json.loads(out)) >= {"difference", "interval", "p_value"}
    assert "b minus a: 0.0 %" in run("compare", "a", "b")[1]
    run("run", path, "--agent", "empty", "--name", "c", "-q")
    code, out, _ = run("compare", "a", "b", "c", "--difference", "0.1", "--json")
    assert [face["difference"] for face in json.loads(out)["comparisons"]] == [0, -1]


def test_what_failed_is_run_again_alone(tmp_path: Path) -> None:
    path = str(write_lamp(tmp_path / "s"))
    run("run", path, "--agent", "empty", "--name", "first", "-q")
    code, out, _ = run("report", "first", "--json")
    assert json.loads(out)["pass_at_1"] == 0
    code, out, err = run("run", path, "--failed-in", "first", "--limit", "2", "--agent", "reference", "-q", "--json")
    assert code == 0, err
    assert (json.loads(out)["tasks"], json.loads(out)["pass_at_1"]) == (2, 1)
    run("run", path, "--agent", "reference", "--name", "right", "-q")
    for given, said in (("right", "failed none of these 5 tasks"), ("nobody", "no run 'nobody'")):
        code, _, err = run("run", path, "--failed-in", given, "--agent", "reference", "-q")
        assert code == 2
        assert said in err
    code, _, err = run("run", "examples", "--failed-in", "first", "--agent", "reference", "-q")
    assert code == 2
    assert "run 'first' is not of the suite 'examples' as it is now" in err


def test_reports_in_markdown_and_html(tmp_path: Path) -> None:
    run("run", str(write_lamp(tmp_path / "s")), "--agent", "reference", "--name", "a", "-q")
    assert "| on | ✔ |" in run("report", "--markdown")[1]
    code, _, err = run("report", "a", "--html", "a.html")
    assert code == 0
    assert "written: a.html" in err
    page = (tmp_path / "a.html").read_text()
    assert page.count("<tr>") > 10
    assert "http" not in page.replace("https://www.w3.org", "")


def test_a_failing_suite_shows_the_reasons_and_fail_under(tmp_path: Path) -> None:
    wrong = SUITE.replace("answer: It is 5.}\n", "answer: It is six.}\n", 1)
    path = str(write_lamp(tmp_path / "s", wrong))
    code, out, _ = run("run", path, "--agent", "reference", "--name", "a", "-q")
    assert code == 0
    assert "the answer does not state 5" in out
    assert run("run", path, "--agent", "reference", "-q", "--fail-under", "0.9")[0] == 1


def test_broken_trials_are_no_success_whatever_the_others_score(tmp_path: Path) -> None:
    rules = '\n\ndef violations():\n    return [] if STATE["count"] == 0 else 1 / 0\n'
    path = str(write_lamp(tmp_path / "s", tools=LAMP + rules))
    code, out, err = run("run", path, "--agent", "reference", "--name", "a", "-q", "--fail-under", "0.9")
    assert code == 3
    assert "3 of 3 trials passed" in out
    assert "trials without a score: 2 (0 infrastructure, 2 broken); `coterie eval resume a` tries them again" in err
    assert run("resume", "a", "-q")[0] == 3


def test_limit_and_category_choose_tasks(tmp_path: Path) -> None:
    path = str(write_lamp(tmp_path / "s"))
    assert "2 of 2 trials" in run("run", path, "--agent", "reference", "--limit", "2", "-q")[1]
    assert "2 of 2 trials" in run("run", f"{path}:level:3", "--agent", "reference", "-q")[1]


def test_bfcl_runs_with_its_reference(tmp_path: Path) -> None:
    pytest.importorskip("bfcl_eval")
    code, out, err = run("run", "bfcl:simple", "--limit", "3", "--agent", "reference", "--json", "-q")
    assert code == 0, err
    assert json.loads(out)["tasks"] == 3


def test_a_run_can_be_resumed_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_lamp(tmp_path / "s")
    assert run("run", "s/lamp.yaml", "--agent", "reference", "--name", "a", "-q")[0] == 0
    monkeypatch.chdir(tmp_path / "s")
    code, _, err = run("resume", "a", "-q")
    assert code == 0, err


def test_an_edited_suite_is_refused_on_resume(tmp_path: Path) -> None:
    path = write_lamp(tmp_path / "s")
    run("run", str(path), "--agent", "reference", "--name", "a", "-q")
    write_lamp(tmp_path / "s", tools=LAMP.replace("Switch the lamp", "Turn the lamp"))
    code, _, err = run("resume", "a")
    assert code == 2
    assert "has changed since run 'a' was begun" in err
    run("run", str(path), "--agent", "reference", "--name", "b", "-q")
    code, _, err = run("compare", "a", "b")
    assert code == 2
    assert "different versions" in err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run", "nothing"], 2, "no suite 'nothing'; have examples, calls, questions, work, bfcl"),
        (["run", "nothing.yaml"], 2, "cannot be read"),
        (["run", "examples:hard"], 2, "no category 'hard'"),
        (["run", "examples", "--name", "../x"], 2, "'../x' is no name for a run; use letters"),
        (["report"], 2, "there are no runs yet"),
        (["report", "x"], 2, "no run 'x'"),
        (["resume", "x"], 2, "no run 'x'"),
        (["compare", "x", "y"], 2, "no run 'x'"),
        (["compare", "x"], 2, "compare takes two runs or more, got only 'x'"),
        (["compare", "x", "y", "--difference", "7"], 2, "above 0 and up to 1, as 0.05 for 5 %, got 7"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments: list[str], code: int, message: str) -> None:
    got, out, err = run(*arguments)
    assert (got, out) == (code, "")
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        ("run", {"--limit", "--trials", "--concurrency", "--seed", "--model", "--base-url", "--agent", "--json"}),
        ("run", {"--max-steps", "--max-model-calls", "--max-tool-calls", "--max-tokens", "--timeout"}),
        ("resume", {"--model", "--base-url", "--concurrency", "--json"}),
        ("report", {"--markdown", "--html", "--json"}),
        ("compare", {"--json", "--difference"}),
        ("list", {"--json"}),
    ],
)
def test_the_flags_are_there(command: str, flags: set[str]) -> None:
    import typer

    commands = vars(typer.main.get_command(app))["commands"]
    options = {name for parameter in commands[command].params for name in parameter.opts}
    assert flags <= options
