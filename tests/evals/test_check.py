"""`coterie eval check`: what is wrong with a suite, before it scores anybody."""

import json
from pathlib import Path

import pytest
from tests.evals.suite_files import LAMP_CLASS, SUITE, write_lamp
from typer.testing import CliRunner

from coterie.evals.cli import app


def check(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["check", *arguments])
    return result.exit_code, result.stdout


def test_a_sound_suite_passes(tmp_path: Path) -> None:
    code, out = check(str(write_lamp(tmp_path)))
    assert code == 0
    assert "reference  passes 5 of 5 tasks" in out
    assert "empty      passes 0 of 5 tasks" in out
    assert out.endswith("no fault found\n")


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        (SUITE.replace("{refuse: true}\n", "{answer: [[none, done]]}\n"), "only says 'Done.'"),
        (SUITE.replace("{answer: [5], changes: {/count: 5}}", "{answer: [2, 3]}"), "only repeats the task"),
    ],
)
def test_an_idle_agent_that_passes_is_named(tmp_path: Path, wrong: str, kind: str) -> None:
    code, out = check(str(write_lamp(tmp_path, wrong)))
    assert code == 1
    assert f"an agent that {kind} passes 1 tasks" in out


@pytest.mark.parametrize("as_json", [False, True])
def test_a_fault_is_named_and_exits_with_1(tmp_path: Path, as_json: bool) -> None:
    wrong = SUITE.replace("It is 5.}\n    near", "It is six.}\n    near", 1)
    code, out = check(str(write_lamp(tmp_path, wrong)), *(["--json"] if as_json else []))
    assert code == 1
    faults = json.loads(out)["faults"] if as_json else out.splitlines()
    assert any(line.startswith("add: the reference fails: the answer does not state 5") for line in faults)


def test_every_fault_is_shown_at_once_with_its_place(tmp_path: Path) -> None:
    wrong = (
        SUITE.replace("lamp.py", "'lamp.py:Lamp'")
        .replace("{changes: {/count: 8}}", "{changes: {/count: {$contain: [8]}}}")
        .replace("{tool: switch, error", "{tool: swich, error")
        .replace("[{why: did something, calls: [{tool: add, arguments: {number: 1}}]", "[{why: refused, refuse: true")
    )
    path = write_lamp(tmp_path, wrong, LAMP_CLASS)
    code, out = check(str(path))
    assert code == 1
    assert f"{path}:38: expect.changes./count: unknown matcher '$contain'; have $contains" in out
    assert f"{path}:19: task 'flaky': setting up raised ValueError: faults for unknown tools ['swich']" in out
    assert "cannot: the near miss 'refused' passes" in out
    assert "defect" not in out


def test_what_breaks_several_tasks_is_told_once(tmp_path: Path) -> None:
    broken = LAMP_CLASS + "        raise RuntimeError('no lamp')\n"
    code, out = check(str(write_lamp(tmp_path, SUITE.replace("lamp.py", "'lamp.py:Lamp'"), broken)))
    assert code == 1
    told = [line for line in out.splitlines() if "no lamp" in line]
    assert len(told) == 1
    assert "more tasks)" in told[0]


def test_a_suite_whose_environment_does_not_load_has_faults_and_cannot_be_run(tmp_path: Path) -> None:
    path = str(write_lamp(tmp_path, SUITE.replace("level: 2", "level: 9"), "STATE = {"))
    code, out = check(path)
    assert code == 1
    assert "lamp.py:1: SyntaxError" in out
    assert "lamp.yaml:14: level" in out
    result = CliRunner().invoke(app, ["run", path, "--agent", "reference"])
    assert (result.exit_code, "defect" in result.stderr) == (2, False)


def test_a_suite_that_is_not_there_is_a_mistake_of_the_command(tmp_path: Path) -> None:
    assert check("nothing")[0] == check(str(tmp_path / "nothing.yaml"))[0] == 2
