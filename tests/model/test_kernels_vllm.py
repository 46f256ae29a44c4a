"""vLLM with our kernels against vLLM with its own: four families, tiny random checkpoints, eager, bf16."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from coterie.model.kernels import vllm_hooks
from coterie.model.kernels.vllm_invariant import BLOCK, in_blocks

SCRIPT = Path(__file__).with_name("vllm_logits.py")
BOUND = 0.15
"""Of a log-probability. Both sides round to bf16 after every operation, in different places."""


def run(setting: str, home: Path) -> dict[str, Any]:
    result = home / f"{setting}.json"
    environment = os.environ | {"COTERIE_KERNELS": setting, "VLLM_ENABLE_V1_MULTIPROCESSING": "0"}
    command = [sys.executable, str(SCRIPT), str(home), str(result)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=1200)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "stays on vLLM" not in done.stdout + done.stderr
    found: dict[str, Any] = json.loads(result.read_text())
    return found


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.timeout(2500)
def test_logits_equal_vllm_own(tmp_path: Path) -> None:
    pytest.importorskip("vllm")
    own, theirs = run("own", tmp_path), run("vllm", tmp_path)
    assert own["in_use"].startswith("own (")
    assert theirs["in_use"] == "vllm"
    for family, places in own["logprobs"].items():
        differences = [
            abs(ours[token] - expected[token])
            for ours, expected in zip(places, theirs["logprobs"][family], strict=True)
            for token in ours.keys() & expected.keys()
        ]
        assert sum(differences) / len(differences) < BOUND / 5, family
        assert sorted(differences)[int(0.99 * len(differences))] < BOUND, family


def test_unknown_setting_is_refused() -> None:
    with pytest.raises(ValueError, match="'fast'; use one of"):
        vllm_hooks._install("fast")


@pytest.mark.parametrize("setting", ["vllm", "torch"])
def test_batch_invariance_needs_our_kernels(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(vllm_hooks.INVARIANT_VARIABLE, "1")
    with pytest.raises(ValueError, match=r"COTERIE_BATCH_INVARIANT is set, but .* unset it"):
        vllm_hooks._install(setting)


@pytest.mark.parametrize("shape", [(1, 24), (31, 24), (32, 24), (2, 50, 24)])
def test_products_in_blocks_are_those_of_the_whole(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    x, weight = torch.randn(shape), torch.randn(7, 24)
    seen: list[int] = []

    def linear(rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        seen.append(len(rows))
        return torch.nn.functional.linear(rows, weight, bias)

    product = in_blocks(linear)(x, weight)
    torch.testing.assert_close(product, torch.nn.functional.linear(x, weight))
    assert product.shape == (*shape[:-1], 7)
    assert set(seen) == {BLOCK}


def test_hook_waits_for_the_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "late_module.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    vllm_hooks.when_imported("late_module", lambda module: setattr(module, "value", 2))
    import late_module  # type: ignore[import-not-found]

    assert late_module.value == 2
    vllm_hooks.when_imported("late_module", lambda module: setattr(module, "value", 3))
    assert late_module.value == 3
