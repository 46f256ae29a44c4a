"""The GPU kernels under Triton's interpreter, in a process of its own: it must be chosen before Triton is imported."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton")
CASES = Path(__file__).with_name("triton_cases.py")
EXACT = ("router ids", "router counters", "invariant", "groups")


@pytest.fixture(scope="module")
def results() -> dict[str, float]:
    """Every case by name; the interpreter truncates to bf16 where a GPU rounds, hence the wide bound below."""
    environment = os.environ | {"TRITON_INTERPRET": "1", "TRITON_DEFAULT_FP_FUSION": "1"}
    done = subprocess.run([sys.executable, str(CASES)], capture_output=True, text=True, env=environment, timeout=280)
    assert done.returncode == 0, done.stderr[-2000:]
    return {line["case"]: line["value"] for line in map(json.loads, done.stdout.splitlines())}


def test_router_groups_and_invariant_mode_are_exact(results: dict[str, float]) -> None:
    exact = {case: value for case, value in results.items() if any(word in case for word in EXACT)}
    assert exact
    assert not any(exact.values()), exact


def test_layers_equal_float64(results: dict[str, float]) -> None:
    rest = {case: value for case, value in results.items() if not any(word in case for word in EXACT)}
    assert rest
    assert all(value < 1.2e-2 for value in rest.values()), rest
