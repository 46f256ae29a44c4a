"""The GPU kernels under Triton's interpreter, in a process of its own: it must be chosen before Triton is imported."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

pytest.importorskip("triton")

from coterie.model.kernels.triton_layer import make_layer, refusal
from coterie.model.layers import LayerWeights, Routing

pytestmark = pytest.mark.timeout(900)  # the interpreter takes minutes on an old processor
CASES = Path(__file__).with_name("triton_cases.py")
EXACT = ("router ids", "absent", "invariant", "groups")


def test_experts_of_another_type_are_refused() -> None:
    weights = LayerWeights(torch.zeros(4, 32), torch.zeros(4, 32, 32).half(), torch.zeros(4, 32, 16).half())
    with pytest.raises(ValueError, match=r"torch\.float16: the GPU kernels take bfloat16"):
        make_layer(weights, Routing(4, 2))


def test_layers_of_another_form_are_refused_with_the_reason() -> None:
    assert refusal(Routing(12, 8), 96, 384) is None
    assert refusal(Routing(12, 8), 96, 100) == "its shared expert is 100 wide, not a multiple of 96"
    assert refusal(Routing(12, 2, num_groups=3, top_groups=1), 96, 0) == (
        "3 groups of 12 experts: the GPU router takes powers of two"
    )


@pytest.fixture(scope="module")
def results() -> dict[str, float]:
    """Every case by name; the interpreter truncates to bf16 where a GPU rounds, hence the wide bound below."""
    environment = os.environ | {"TRITON_INTERPRET": "1", "TRITON_DEFAULT_FP_FUSION": "1"}
    done = subprocess.run([sys.executable, str(CASES)], capture_output=True, text=True, env=environment, timeout=840)
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
