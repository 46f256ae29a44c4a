"""vLLM with our kernels against vLLM with its own: tiny random checkpoints of four families; what is refused."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from coterie.model.kernels import vllm_hooks
from coterie.model.kernels.cpu import KernelUnavailable, available
from coterie.model.kernels.vllm_choice import INVARIANT_VARIABLE, choose
from coterie.model.kernels.vllm_invariant import BLOCK, in_blocks, in_pieces
from coterie.model.layers import Routing


@dataclass
class Batch:
    """What `in_pieces` reads of vLLM's `CommonAttentionMetadata`."""

    num_reqs: int
    query_start_loc: torch.Tensor
    seq_lens: torch.Tensor
    block_table_tensor: torch.Tensor


SCRIPT = Path(__file__).with_name("vllm_logits.py")


INTERPRETED = {"TRITON_INTERPRET": "1", "TRITON_DEFAULT_FP_FUSION": "1"}


def start(
    setting: str, home: Path, how: str, *families: str, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COTERIE_KERNELS": setting, "VLLM_ENABLE_V1_MULTIPROCESSING": "0"} | (variables or {})
    command = [sys.executable, str(SCRIPT), str(home), str(home / f"{setting}-{how}.json"), how, *families]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=1200)


def run(
    setting: str, home: Path, how: str, *families: str, variables: Mapping[str, str] | None = None
) -> dict[str, Any]:
    done = start(setting, home, how, *families, variables=variables)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    found: dict[str, Any] = json.loads((home / f"{setting}-{how}.json").read_text())
    return found


def mean_error(found: dict[str, Any], exact: dict[str, Any]) -> float:
    """Of the log-probabilities of every token at every place."""
    difference = torch.tensor(found["logprobs"]) - torch.tensor(exact["logprobs"])
    return float(difference.abs().mean())


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.timeout(2500)
def test_ours_are_as_near_to_float32_as_vllm_own(tmp_path: Path) -> None:
    pytest.importorskip("vllm")
    exact = run("vllm", tmp_path, "transformers")
    own, theirs = run("own", tmp_path, "bfloat16"), run("vllm", tmp_path, "bfloat16")
    for family, expected in exact.items():
        assert own[family]["kernels"].startswith("own (")
        assert theirs[family]["kernels"] == "vllm"
        ours, its = mean_error(own[family], expected), mean_error(theirs[family], expected)
        assert ours <= 1.2 * its, f"{family}: {ours:.4f} of ours, {its:.4f} of vLLM's"
        same = sum(a == b for a, b in zip(own[family]["texts"], theirs[family]["texts"], strict=True))
        assert same >= len(expected["texts"]) - 2, f"{family}: {same} greedy texts are the same"


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.timeout(900)
def test_gpu_kernels_are_vllm_layers_under_the_interpreter(tmp_path: Path) -> None:
    """What plugs them in, on a CPU; the interpreter truncates to bf16 where a GPU rounds, hence the wider bound."""
    pytest.importorskip("vllm")
    pytest.importorskip("triton")
    families = ("glm4_moe", "deepseek_v3")
    exact, theirs = run("vllm", tmp_path, "transformers", *families), run("vllm", tmp_path, "bfloat16", *families)
    own = run("own", tmp_path, "bfloat16", *families, variables=INTERPRETED)
    for family, expected in exact.items():
        assert own[family]["kernels"].endswith(" layers, triton, bf16)")
        ours, its = mean_error(own[family], expected), mean_error(theirs[family], expected)
        assert ours <= 2 * its, f"{family}: {ours:.4f} of ours, {its:.4f} of vLLM's"
    unasked = run("auto", tmp_path, "bfloat16", "glm4_moe", variables=INTERPRETED)
    assert unasked["glm4_moe"]["kernels"].startswith("vllm: our GPU kernels have not run on a GPU yet")


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.timeout(900)
def test_a_layer_that_ours_cannot_run_is_told_under_auto_and_an_error_under_own(tmp_path: Path) -> None:
    pytest.importorskip("vllm")
    found = run("auto", tmp_path, "float32", "qwen3_moe")
    assert found["qwen3_moe"]["kernels"] == "vllm: its type is torch.float32, ours is bfloat16"
    refused = start("own", tmp_path, "float32", "qwen3_moe")
    assert refused.returncode != 0
    assert "its type is torch.float32, ours is bfloat16; set COTERIE_KERNELS=auto" in refused.stderr + refused.stdout


def test_unknown_setting_is_refused() -> None:
    with pytest.raises(ValueError, match="'fast'; use one of"):
        choose("fast", None, None)


@pytest.mark.parametrize(
    ("no_own", "no_vllm", "kernels", "report"),
    [
        (None, None, "own", "own (0 of 0 layers,"),
        ("no compiler", None, "vllm", "vllm: no compiler"),
        ("no compiler", "too old", "torch", "torch (0 of 0 layers): no compiler; too old"),
    ],
)
def test_auto_falls_back_with_one_warning(
    no_own: str | None, no_vllm: str | None, kernels: str, report: str, caplog: pytest.LogCaptureFixture
) -> None:
    chosen = choose("auto", no_own, no_vllm)
    assert chosen.kernels == kernels
    assert [record.message for record in caplog.records] == (
        [f"expert kernels: {kernels}, because {chosen.why}"] * bool(no_own)
    )
    if kernels != "own" or available() is None:
        assert chosen.report().startswith(report)


def test_own_without_own_is_refused() -> None:
    with pytest.raises(KernelUnavailable, match="no compiler"):
        choose("own", "no compiler", None)


def test_refused_layers_are_reported_and_each_reason_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    if reason := available():
        pytest.skip(reason)
    auto = choose("auto", None, None)
    auto.place("layers.0", None)
    assert auto.report().startswith("own (1 of 1 layers, ")
    auto.place("layers.1", "it has an expert map")
    auto.place("layers.2", "it has an expert map")
    assert auto.report().startswith("own (1 of 3 layers, ")
    assert auto.report().endswith("); the others vllm: it has an expert map")
    assert len(caplog.records) == 1


@pytest.mark.parametrize(("setting", "invariant"), [("own", "0"), ("torch", "0"), ("auto", "1")])
def test_what_was_demanded_and_cannot_be_had_is_an_error(
    setting: str, invariant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(INVARIANT_VARIABLE, invariant)
    chosen = choose(setting, None, None)
    with pytest.raises(KernelUnavailable, match=r"layers\.0 cannot run on .*: quantised; set COTERIE_KERNELS=auto"):
        chosen.place("layers.0", "quantised")


@pytest.mark.parametrize("setting", ["vllm", "torch", "auto"])
def test_batch_invariance_needs_our_kernels(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(INVARIANT_VARIABLE, "1")
    with pytest.raises(ValueError, match=r"COTERIE_BATCH_INVARIANT is set, but .* unset it"):
        choose(setting, "no compiler", None)


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


def test_a_batch_in_pieces_asks_for_the_same_tokens_in_the_same_contexts() -> None:
    batch = Batch(
        num_reqs=3,
        query_start_loc=torch.tensor([0, 10, 11, 15], dtype=torch.int32),
        seq_lens=torch.tensor([10, 700, 1004], dtype=torch.int32),
        block_table_tensor=torch.tensor([[1, 0], [2, 3], [4, 5]], dtype=torch.int32),
    )
    pieces = in_pieces(batch, 4)
    assert pieces.query_start_loc.tolist() == [0, 4, 8, 10, 11, 15]
    assert pieces.seq_lens.tolist() == [4, 8, 10, 700, 1004]
    assert pieces.block_table_tensor.tolist() == [[1, 0], [1, 0], [1, 0], [2, 3], [4, 5]]
    assert pieces.num_reqs == 5
    assert pieces.query_start_loc.dtype == pieces.seq_lens.dtype == pieces.block_table_tensor.dtype == torch.int32


def test_hook_waits_for_the_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "late_module.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    vllm_hooks.when_imported("late_module", lambda module: setattr(module, "value", 2))
    import late_module  # type: ignore[import-not-found]

    assert late_module.value == 2
    vllm_hooks.when_imported("late_module", lambda module: setattr(module, "value", 3))
    assert late_module.value == 3


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_vllm_routers_are_read_as_routing() -> None:
    pytest.importorskip("vllm")
    from vllm.model_executor.layers.fused_moe.router.fused_topk_bias_router import FusedTopKBiasRouter
    from vllm.model_executor.layers.fused_moe.router.fused_topk_router import FusedTopKRouter
    from vllm.model_executor.layers.fused_moe.router.grouped_topk_router import GroupedTopKRouter

    from coterie.model.kernels import vllm_routers

    bias = torch.zeros(16)
    biased = FusedTopKBiasRouter(4, 16, bias, renormalize=True, routed_scaling_factor=2.5)
    grouped = GroupedTopKRouter(4, 16, 4, 2, scoring_func="sigmoid", routed_scaling_factor=2.0)
    plain = FusedTopKRouter(4, 16, renormalize=False)
    assert not any(vllm_routers.refusal(router) for router in (biased, grouped, plain))
    as_read = [vllm_routers.routing_of(router, 16, 3.0, round_logits=True) for router in (biased, grouped, plain)]
    assert as_read == [
        Routing(16, 4, "sigmoid", 1, 1, True, 7.5, True),
        Routing(16, 4, "sigmoid", 4, 2, True, 6.0, True),
        Routing(16, 4, "softmax", 1, 1, False, 3.0, True),
    ]
    assert [vllm_routers.bias_of(router) is not None for router in (biased, grouped, plain)] == [True, False, False]
    hashed = FusedTopKBiasRouter(4, 16, None, hash_indices_table=torch.zeros(2, 4))
    shared = FusedTopKBiasRouter(4, 16, bias, num_fused_shared_experts=1)
    assert vllm_routers.refusal(hashed) == "it routes by a function of its own"
    assert vllm_routers.refusal(shared) == "its router has shared experts in it"
    assert vllm_routers.refusal(FusedTopKBiasRouter(4, 16, bias, scoring_func="sqrtsoftplus")) == (
        "it scores by sqrtsoftplus"
    )
    assert vllm_routers.refusal(object()) == "its router is object"
