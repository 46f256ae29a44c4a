"""The overhead measure: both loops are really run, and only what is neither model nor tool counts."""

import asyncio
from pathlib import Path

from coterie.agent import overhead_langgraph
from coterie.agent.overhead import measure


def test_both_are_measured_in_the_same_run() -> None:
    face = measure(runs=1)
    yardstick = face["langgraph"]
    assert isinstance(yardstick, dict)
    for side, steps in ((face, 9), (yardstick, 10)):
        low, high = side["spread_ms"]
        assert side["steps"] == steps
        assert 0 < low <= side["median_ms"] <= high
    assert face["ratio_to_langgraph"] > 0  # type: ignore[operator]


def test_the_models_own_time_is_not_overhead_and_checkpoints_are_written(tmp_path: Path) -> None:
    overheads_ms = asyncio.run(overhead_langgraph.run(tmp_path / "c.sqlite", 3, pause_s=1.0))
    assert len(overheads_ms) == 3
    assert sorted(overheads_ms)[1] < 900
    assert (tmp_path / "c.sqlite").stat().st_size > 0
