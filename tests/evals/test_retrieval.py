"""Measuring how a step's tool is found: the steps, and the four ways."""

from coterie.evals.retrieval import compare, steps
from coterie.model.encoder import Encoder


def test_the_loops_search_is_measured_beside_its_parts() -> None:
    wanted = list(steps("held_environment", 40, seed=3))
    assert len(wanted) == 40
    assert all(each.right in each.tools.names() and len(each.tools) >= 3 for each in wanted)
    rows = {row["way"]: row for row in compare(wanted, Encoder.load(), Encoder.for_tools())}
    assert rows.keys() == {"bm25", "encoder", "search", "trained"}
    for row in rows.values():
        assert row["among 1"][0] <= row["among 3"][0] <= row["among 4"][0] <= 1
        rate, low, high = row["among 1"]
        assert low < rate <= high, "all of them right is the upper end"
    chance = sum(3 / len(each.tools) for each in wanted) / len(wanted)
    assert rows["search"]["among 3"][0] > chance + 0.1
    assert rows["search"]["among 4"][0] > 0.85
    assert rows["trained"]["among 1"][0] > rows["search"]["among 1"][0], "what training the encoder is for"


def test_the_same_seed_asks_for_the_same_steps() -> None:
    assert [each.do for each in steps("train", 12, 1)] == [each.do for each in steps("train", 12, 1)]
