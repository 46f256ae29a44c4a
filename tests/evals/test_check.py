"""`coterie eval check`: what is wrong with a suite, before it scores anybody."""

import json
from pathlib import Path

import pytest
from tests.evals.suite_files import SUITE, write_lamp
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


@pytest.mark.parametrize("as_json", [False, True])
def test_a_fault_is_named_and_exits_with_1(tmp_path: Path, as_json: bool) -> None:
    wrong = SUITE.replace("It is 5.}\n    near", "It is six.}\n    near", 1)
    code, out = check(str(write_lamp(tmp_path, wrong)), *(["--json"] if as_json else []))
    assert code == 1
    faults = json.loads(out)["faults"] if as_json else out.splitlines()
    assert any(line.startswith("add: the reference fails: the answer does not state 5") for line in faults)
