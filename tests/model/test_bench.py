"""The kernel benchmark on a layer small enough for a test; its table, plot and tuned plans."""

from pathlib import Path

import pytest
import torch

from coterie.model.kernels import bench, bench_cpu, bench_products, bench_vllm_cpu
from coterie.model.kernels.bench_shapes import Ceilings, Report, Row, Shape, floor_us, random_weights, wrong
from coterie.model.kernels.cpu import available
from coterie.model.layers import Routing

ROWS = [
    Row("tiny", 1, "bf16", "floor", 1.5, 0.0, threads=1),
    Row("tiny", 1, "bf16", "own", 3.25, 0.5, 4e-3, threads=1),
    Row("tiny", 8, "bf16", "floor", 2.5, 0.0, threads=1),
    Row("tiny", 8, "bf16", "own", 9.0, 0.25, 4e-3, threads=1),
    Row("tiny", 8, "int8", "own", 7.0, 0.25, 1e-2, threads=2),
]
TINY = (
    Shape("tiny", 64, 32, 64, Routing(8, 2, num_groups=4, top_groups=2, scaling=2.5)),
    Shape("tiny-softmax", 64, 32, 0, Routing(8, 2, "softmax", renormalize=False)),
)


def test_table_has_a_line_for_each_size_and_a_column_for_each_implementation() -> None:
    assert bench.table(ROWS).splitlines() == [
        "| shape | M | threads | dtype | floor | own |",
        "| --- | --- | --- | --- | --- | --- |",
        "| tiny | 1 | 1 | bf16 | 1.5 ±0.0 | 3.2 ±0.5 e4e-03 |",
        "| tiny | 8 | 1 | bf16 | 2.5 ±0.0 | 9.0 ±0.2 e4e-03 |",
        "| tiny | 8 | 2 | int8 |  | 7.0 ±0.2 e1e-02 |",
    ]


def test_plot_is_written(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    bench.plot(bench.to_json("a machine", ROWS, {}), tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 1000


def test_a_large_error_and_nan_are_wrong() -> None:
    assert wrong(ROWS) == []
    bad = [Row("tiny", 1, "bf16", "own", 1.0, 0.0, error) for error in (0.5, float("nan"))]
    assert wrong([*ROWS, *bad]) == bad


def test_floor_is_the_larger_of_bytes_and_products() -> None:
    shape = Shape("one", 100, 10, 0, Routing(4, 2))
    assert floor_us(shape, 2, 1, Ceilings(bytes_per_s=1e6, flops_per_s=1e12)) == 6 * 100 * 20 + 400
    assert floor_us(shape, 2, 1, Ceilings(bytes_per_s=1e12, flops_per_s=1e6)) == 6 * 100 * 20


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # vLLM's imports
@pytest.mark.timeout(900)
@pytest.mark.parametrize("shape", TINY, ids=lambda shape: shape.name)
def test_every_implementation_here_is_measured_and_right(shape: Shape) -> None:
    report = Report(lambda row: None)
    layers = [random_weights(shape, "cpu") for _ in range(2)]
    all_of = bench_cpu.contenders(shape, layers)
    bench_cpu.measure_tokens(report, shape, layers, all_of, 5, Ceilings(1e10, 1e12), budget_s=0.0)
    measured = {(row.impl, row.dtype) for row in report.rows}
    expected = {("floor", "bf16"), ("torch_grouped", "bf16"), ("torch_loop", "bf16")}
    if available() is None:
        expected |= {("own", "bf16"), ("own", "int8")}
    if bench_vllm_cpu.importable():
        expected |= {("vllm_vec", "bf16")}
    assert expected <= measured
    assert wrong(report.rows) == []
    assert all(row.threads == torch.get_num_threads() for row in report.rows)


def test_tuned_plans_come_back_as_written_and_others_stay(tmp_path: Path) -> None:
    pytest.importorskip("triton")
    from coterie.model.kernels.triton_decode import PairTiles
    from coterie.model.kernels.triton_layer import Plan, read_plans
    from coterie.model.kernels.triton_prefill import Tiles
    from coterie.model.kernels.tuner import write

    pairs = Plan("pairs", 0, PairTiles(16, 32, 4, 2), PairTiles(8, 64, 4, 2))
    grouped = Plan("grouped", 64, Tiles(32, 32, 4, 3), Tiles(64, 64, 8, 3, 32))
    path = tmp_path / "configs" / "gpu.json"
    write(path, "a GPU", {"one": {1: pairs}})
    write(path, "a GPU", {"one": {8: grouped}, "other": {1: grouped}})
    assert read_plans(path) == {"one": {1: pairs, 8: grouped}, "other": {1: grouped}}
    with pytest.raises(ValueError, match="has the plans of a GPU, these are of another GPU; name another file"):
        write(path, "another GPU", {})


def test_dense_products_are_measured_and_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_products, "PRODUCTS", {"tiny/product": (64, 32)})
    report = Report(lambda row: None)
    bench_products.measure(report, "tiny/product", 1, 0.1)
    assert {(row.impl, row.dtype) for row in report.rows} >= {("torch", "bf16"), ("torch", "f32")}
    assert {row.m for row in report.rows} == set(bench_products.TOKENS)
    assert wrong(report.rows) == []
    assert all(row.median_us > 0 for row in report.rows)
