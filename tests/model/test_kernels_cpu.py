"""The CPU layer against float64 on every instruction set this machine has; its invariances; its refusals."""

import ctypes
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from coterie.model.kernels.cpu import (
    KernelUnavailable,
    available,
    extension,
    linear,
    moe_layer,
    moe_layer_traced,
    op,
    pack,
)
from coterie.model.kernels.cpu import routed_experts as own_experts
from coterie.model.kernels.cpu.build import SETS, BuildFailed, build
from coterie.model.kernels.cpu.linear import PackedLinear
from coterie.model.kernels.cpu.pack import WeightFormat
from coterie.model.layers import Chosen, LayerWeights, Routing, choose_experts, gate_logits, routed_experts
from coterie.model.layers import moe_layer as reference

reason = available()
pytestmark = pytest.mark.skipif(reason is not None, reason=str(reason))
ISAS = extension.usable() if reason is None else []
SHAPES = {
    "coterie": (Routing(12, 8, scaling=8.0), 576, 96, 384),
    "coterie-large": (Routing(14, 9, scaling=9.0), 896, 256, 1280),
    "groups": (Routing(16, 4, num_groups=4, top_groups=2, scaling=2.5), 100, 40, 50),
    "softmax": (Routing(20, 3, "softmax", renormalize=False), 64, 48, 0),
}
TOKENS = (1, 3, 17, 70)


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed + sum(shape))) * shape[-1] ** -0.5


def weights_of(name: str) -> tuple[LayerWeights, Routing]:
    routing, hidden, width, shared = SHAPES[name]
    experts = routing.num_experts
    return (
        LayerWeights(
            gate_EH=draw(experts, hidden),
            w13_EJH=draw(experts, 2 * width, hidden).bfloat16(),
            w2_EHI=draw(experts, hidden, width).bfloat16(),
            bias_E=draw(experts) if routing.score == "sigmoid" else None,
            shared_w13_ZH=draw(2 * shared, hidden).bfloat16() if shared else None,
            shared_w2_HS=draw(hidden, shared).bfloat16() if shared else None,
        ),
        routing,
    )


def tokens_of(count: int, hidden: int) -> torch.Tensor:
    return torch.randn(count, hidden, generator=torch.Generator().manual_seed(count)).bfloat16()


def rounded_to_int8(weights: LayerWeights) -> LayerWeights:
    """What int8 weights stand for, so that a test sees the kernel's error and not the rounding's."""

    def back(matrix: torch.Tensor | None) -> torch.Tensor | None:
        if matrix is None:
            return None
        scale = matrix.double().abs().amax(-1, keepdim=True) / 127
        return (matrix.double() / scale).round() * scale

    gate, w13, w2, bias, shared_w13, shared_w2 = weights
    return LayerWeights(gate.double(), back(w13), back(w2), bias, back(shared_w13), back(shared_w2))  # type: ignore[arg-type]


def in_double(weights: LayerWeights) -> LayerWeights:
    return LayerWeights(*(None if t is None else t.double() for t in weights))  # type: ignore[arg-type]


@pytest.fixture(params=ISAS)
def isa(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("COTERIE_CPU_ISA", request.param)
    extension.isa.cache_clear()
    yield request.param
    extension.isa.cache_clear()


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("form", ["bf16", "int8"])
def test_equals_float64(isa: str, name: str, form: WeightFormat) -> None:
    weights, routing = weights_of(name)
    packed = pack(weights, routing, form)
    exact = in_double(weights) if form == "bf16" else rounded_to_int8(weights)
    for tokens in TOKENS:
        x = tokens_of(tokens, weights.gate_EH.shape[1])
        expected = reference(x.double(), exact, routing)
        error = (moe_layer(x, packed).double() - expected).norm() / expected.norm()
        assert error < 4e-3, f"{isa} {name} {form} T={tokens}: {error:.1e}"


@pytest.mark.parametrize("form", ["bf16", "int8"])
def test_a_row_has_the_same_bits_in_any_batch_position_and_thread_count(isa: str, form: WeightFormat) -> None:
    weights, routing = weights_of("coterie")
    packed = pack(weights, routing, form)
    x = tokens_of(600, 576)  # more than the rows that are worked on at a time
    together = moe_layer(x, packed)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        assert torch.equal(moe_layer(x, packed), together)
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(moe_layer(x.roll(13, 0), packed).roll(-13, 0), together)
    for row in (0, 1, 31, 255, 256, 599):
        assert torch.equal(moe_layer(x[row : row + 1], packed)[0], together[row])
    for rows in (slice(5), slice(70), slice(250, 590)):
        assert torch.equal(moe_layer(x[rows], packed), together[rows])


def test_int8_has_the_same_bits_on_every_instruction_set(monkeypatch: pytest.MonkeyPatch) -> None:
    weights, routing = weights_of("coterie")
    packed = pack(weights, routing, "int8")
    results = []
    for name in ISAS:
        monkeypatch.setenv("COTERIE_CPU_ISA", name)
        extension.isa.cache_clear()
        results.append(moe_layer(tokens_of(20, 576), packed))
    extension.isa.cache_clear()
    assert all(torch.equal(result, results[0]) for result in results)


def test_a_routing_made_elsewhere_and_absent_experts() -> None:
    weights, routing = weights_of("groups")
    x = tokens_of(9, 100)
    chosen = choose_experts(gate_logits(x, weights.gate_EH), weights.bias_E, routing)
    away = chosen.ids_TK % 3 == 0
    expected = routed_experts(
        x.double(), weights.w13_EJH.double(), weights.w2_EHI.double(),
        Chosen(chosen.ids_TK, chosen.weights_TK.double().masked_fill(away, 0)),
    )  # fmt: skip
    out = own_experts(x, pack(weights, routing), chosen.ids_TK.masked_fill(away, -1), chosen.weights_TK)
    assert (out.double() - expected).norm() / expected.norm() < 4e-3


def test_trace_tells_the_experts_chosen() -> None:
    weights, routing = weights_of("coterie")
    x = tokens_of(12, 576)
    out, ids = moe_layer_traced(x, pack(weights, routing), routing.top_k)
    assert torch.equal(out, moe_layer(x, pack(weights, routing)))
    assert torch.equal(ids.long(), choose_experts(gate_logits(x, weights.gate_EH), weights.bias_E, routing).ids_TK)


def test_no_tokens() -> None:
    weights, routing = weights_of("softmax")
    assert moe_layer(torch.empty(0, 64, dtype=torch.bfloat16), pack(weights, routing)).shape == (0, 64)


def test_operation_in_a_compiled_graph_knows_its_shape() -> None:
    weights, routing = weights_of("softmax")
    op.register()
    torch.library.opcheck(torch.ops.coterie.moe_layer.default, (tokens_of(4, 64), pack(weights, routing)))


def test_refusals_name_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    weights, routing = weights_of("softmax")
    packed = pack(weights, routing)
    with pytest.raises(ValueError, match="COTERIE_KERNELS=vllm"):
        moe_layer(torch.zeros(1, 64), packed)
    with pytest.raises(RuntimeError, match="pack it again"):
        moe_layer(tokens_of(1, 64), torch.zeros_like(packed))
    with pytest.raises(ValueError, match="tensors on the CPU; rows are on meta"):
        moe_layer(tokens_of(1, 64).to("meta"), packed)
    monkeypatch.setenv("COTERIE_CPU_ISA", "avx9000")
    extension.isa.cache_clear()
    with pytest.raises(KernelUnavailable, match="avx9000"):
        extension.isa()
    extension.isa.cache_clear()


@pytest.mark.parametrize("short", LayerWeights._fields)
def test_tensors_that_do_not_fit_each_other_are_refused(short: str) -> None:
    weights, routing = weights_of("groups")
    tensor = getattr(weights, short)
    with pytest.raises(ValueError, match=rf"{short[: short.rindex('_')].replace('_', ' ')} is \(\d+"):
        pack(weights._replace(**{short: tensor[:-1]}), routing)


@pytest.mark.parametrize("shape", [(1, 3, 64), (3, 60), (3, 68), (64,)])
def test_rows_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    packed = pack(*weights_of("softmax"))
    with pytest.raises(ValueError, match=r"rows \[T, H\]|rows of 64 and chooses 3"):
        moe_layer(torch.zeros(shape, dtype=torch.bfloat16), packed)


def test_a_routing_of_another_shape_is_refused() -> None:
    packed, x = pack(*weights_of("softmax")), tokens_of(5, 64)
    with pytest.raises(ValueError, match="chooses 3 experts a token; given were rows of 64 and 4 experts"):
        moe_layer_traced(x, packed, 4)
    with pytest.raises(ValueError, match="and 4 experts"):
        own_experts(x, packed, torch.zeros(5, 4), torch.zeros(5, 4))
    for ids, weights in (((4, 3), (4, 3)), ((5, 3), (5, 2)), ((15,), (15,))):
        with pytest.raises(ValueError, match=r"for 5 rows; both must be \[T, K\]"):
            own_experts(x, packed, torch.zeros(ids), torch.zeros(weights))


def test_half_a_layer_is_refused() -> None:
    packed = pack(*weights_of("softmax"))
    for size in (100, len(packed) - 64):
        with pytest.raises(RuntimeError, match="pack it again"):
            moe_layer(tokens_of(1, 64), packed[:size].clone())


@pytest.mark.parametrize("form", ["bf16", "int8"])
def test_a_row_that_is_not_finite_spoils_no_other(isa: str, form: WeightFormat) -> None:
    weights, routing = weights_of("groups")
    packed = pack(weights, routing, form)
    x = tokens_of(9, 100)
    expected = moe_layer(x, packed)
    x[2, 5], x[6, 7] = float("nan"), float("inf")
    out = moe_layer(x, packed)
    assert out[[2, 6]].isnan().any(-1).all()
    others = [0, 1, 3, 4, 5, 7, 8]
    assert torch.equal(out[others], expected[others])


def test_int8_takes_rows_next_to_nothing(isa: str) -> None:
    weights, routing = weights_of("softmax")
    small = torch.stack([tokens_of(1, 64)[0] * scale for scale in (0.0, 1e-30, 1e-36, 1e-38)])
    out = moe_layer(small, pack(weights, routing, "int8"))
    assert out.abs().max() < 1e-29


def test_without_a_compiler_what_was_built_before_serves_else_the_reason_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = build()
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    assert build().name.rpartition("-")[0] == built.name.rpartition("-")[0]
    monkeypatch.setenv("COTERIE_HOME", str(tmp_path))
    with pytest.raises(BuildFailed, match="no C\\+\\+ compiler"):
        build()


def test_a_set_the_compiler_does_not_know_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    compiler = shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        pytest.skip("no C++ compiler")
    whole, strongest = extension.library().coterie_moe_sets(), extension.usable()[-1]
    old = tmp_path / "old-gcc"
    unknown = SETS[f"isa_{strongest}"][-1]
    old.write_text(
        f'#!/bin/sh\ncase "$*" in *{unknown}*) echo "no such flag" >&2; exit 1;; esac\nexec {compiler} "$@"\n'
    )
    old.chmod(0o755)
    monkeypatch.setenv("CXX", str(old))
    monkeypatch.setenv("COTERIE_HOME", str(tmp_path))
    loaded = ctypes.CDLL(str(build()))
    number = next(number for number, name in extension.ISA_NAMES.items() if name == strongest)
    assert loaded.coterie_moe_sets() == whole & ~(1 << number)
    assert f"go without isa_{strongest}" in caplog.text


@pytest.mark.parametrize(("outputs", "inputs"), [(32, 32), (960, 576), (544, 1568)])
def test_a_dense_product_equals_float64_and_does_not_depend_on_its_company(isa: str, outputs: int, inputs: int) -> None:
    weight = draw(outputs, inputs).bfloat16()
    product, x = PackedLinear(weight), tokens_of(150, inputs)
    together = product(x)
    expected = x.double() @ weight.double().T
    assert (together.double() - expected).norm() / expected.norm() < 4e-3
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        assert torch.equal(product(x), together)
    finally:
        torch.set_num_threads(threads)
    for rows in (slice(1), slice(3, 5), slice(7, 23), slice(60, 150), slice(149, 150), slice(0)):
        assert torch.equal(product(x[rows]), together[rows])


def test_a_dense_product_takes_rows_of_any_rank_and_a_bias() -> None:
    weight, bias = draw(64, 32).bfloat16(), draw(64).bfloat16()
    x = tokens_of(6, 32).view(2, 3, 32)
    assert torch.equal(PackedLinear(weight)(x, bias), PackedLinear(weight)(x.view(6, 32)).view(2, 3, 64) + bias)


@pytest.mark.parametrize("weight", [torch.zeros(32, 32), torch.zeros(48, 32).bfloat16(), torch.zeros(32, 8).bfloat16()])
def test_a_weight_that_a_dense_product_cannot_take_is_refused(weight: torch.Tensor) -> None:
    assert not linear.is_wanted(weight)
    with pytest.raises(ValueError, match="multiples of 32"):
        PackedLinear(weight)


def test_rows_that_a_dense_product_cannot_take_are_refused() -> None:
    for x in (torch.zeros(2, 32), torch.zeros(2, 64).bfloat16(), torch.zeros(2, 32, device="meta").bfloat16()):
        with pytest.raises(ValueError, match="bfloat16 rows of 32 on the CPU"):
            PackedLinear(torch.zeros(32, 32).bfloat16())(x)


def test_dense_products_are_ours_only_where_torch_has_none(isa: str) -> None:
    assert linear.is_wanted(torch.zeros(64, 32).bfloat16()) == (isa == "avx2")
