"""Tests for the process that training runs in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coterie.model.training.process import SETTINGS, with_settings


def test_what_the_caller_set_stays() -> None:
    own = {"GOMP_SPINCOUNT": "7", "HOME": "/home"}
    assert with_settings(own) == SETTINGS | own


def test_a_process_begins_anew_once_with_the_settings_and_its_arguments() -> None:
    program = (
        "import os, sys; from coterie.model.training.process import settle; print('begun', flush=True); settle(); "
        "print(os.environ['OMP_WAIT_POLICY'], os.environ['GOMP_SPINCOUNT'], *sys.argv[1:], 'torch' in sys.modules)"
    )
    environment = {name: value for name, value in os.environ.items() if name not in SETTINGS} | {"GOMP_SPINCOUNT": "7"}
    done = subprocess.run(
        [sys.executable, "-c", program, "a b"], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.splitlines() == ["begun", "begun", "passive 7 a b False"]


def test_the_commands_run_in_such_a_process() -> None:
    done = subprocess.run([sys.executable, "-m", "coterie.model.training", "plot"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "plot needs --out" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["training.data", "--sources", "functions.singel"], "functions.singel"),
        (["training.data", "--base", "none.gguf"], "none.gguf"),
        (
            ["training", "reroute", "--dense", "--data", ".", "--state", "trained.pt"],
            "reroute has nothing to do with --dense",
        ),
    ],
)
def test_what_cannot_be_made_is_one_line_and_leaves_nothing(tmp_path: Path, arguments: list[str], said: str) -> None:
    module, *rest = arguments
    command = [sys.executable, "-m", f"coterie.model.{module}", *rest, "--out", "made"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert said in done.stderr
    assert not (tmp_path / "made").exists()
