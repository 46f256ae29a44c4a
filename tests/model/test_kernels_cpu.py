"""The CPU layer against float64 on every instruction set this machine has; its invariances; its refusals."""

from collections.abc import Iterator

import pytest
import torch

from coterie.model.kernels.cpu import KernelUnavailable, available, extension, moe_layer, moe_layer_traced, op, pack
from coterie.model.kernels.cpu import routed_experts as own_experts
from coterie.model.kernels.cpu.build import BuildFailed, build
from coterie.model.kernels.cpu.pack import WeightFormat
from coterie.model.layers import Chosen, LayerWeights, Routing, choose_experts, gate_logits, routed_experts
from coterie.model.layers import moe_layer as reference

reason = available()
pytestmark = pytest.mark.skipif(reason is not None, reason=str(reason))
ISAS = [name for number, name in extension.ISA_NAMES.items() if reason is None and number <= extension.best()]
SHAPES = {
    "coterie": (Routing(12, 8, scaling=8.0), 576, 96, 384),
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
    x = tokens_of(70, 576)
    together = moe_layer(x, packed)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        assert torch.equal(moe_layer(x, packed), together)
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(moe_layer(x.roll(13, 0), packed).roll(-13, 0), together)
    for row in (0, 1, 31, 69):
        assert torch.equal(moe_layer(x[row : row + 1], packed)[0], together[row])
    assert torch.equal(moe_layer(x[:5], packed), together[:5])


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
    monkeypatch.setenv("COTERIE_CPU_ISA", "avx9000")
    extension.isa.cache_clear()
    with pytest.raises(KernelUnavailable, match="avx9000"):
        extension.isa()
    extension.isa.cache_clear()


def test_without_a_compiler_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(BuildFailed, match="no C\\+\\+ compiler"):
        build()
