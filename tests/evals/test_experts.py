"""Which experts fired for which work, from what episodes recorded."""

from collections.abc import Callable
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest

from coterie.evals.experts import experts, picture
from coterie.evals.results import Result, RunError
from coterie.memory.records import Episode, ModelCall, ModelRef, Task

LAYERS, EXPERTS, TOP_K, TOKENS = 3, 4, 2, 50


def run(
    favourite: dict[str, int | None], trials: int = 12, seed: int = 1
) -> tuple[list[Result], Callable[[str], Episode | None]]:
    """Trials of some environments; in layer 1 an environment's tokens go to its favourite expert, else anywhere."""
    rng = np.random.default_rng(seed)
    results, episodes = [], {}
    for environment, expert in favourite.items():
        for number in range(trials):
            counts = rng.multinomial(TOKENS * TOP_K, [1 / EXPERTS] * EXPERTS, size=LAYERS)
            if expert is not None:
                counts[1] = 0
                counts[1, expert] = TOKENS * TOP_K
            routed = {"tokens": TOKENS, "top_k": TOP_K, "counts": counts.tolist()}
            name = f"{environment}-{number}"
            calls = (ModelCall("a", "plan", routed_experts=routed), ModelCall("b", "act"))
            episodes[name] = Episode(name, Task("t"), ModelRef("m"), model_calls=calls)
            results.append(Result(name, 1, "passed", episodes=(name,), tags=(f"environment:{environment}", "level:1")))
    return results, episodes.get


def test_routing_that_depends_on_the_environment_stands_out_from_chance() -> None:
    found = experts(*run({"mail": 0, "shop": 3}))
    assert found.groups == ("mail", "shop")
    assert found.tokens == (12 * TOKENS, 12 * TOKENS)
    assert found.shares[0, 1].tolist() == [1, 0, 0, 0]
    assert found.distance == pytest.approx(0.5 / LAYERS, abs=0.03), "half the choices of one layer of three"
    assert found.by_chance < found.distance / 2
    assert found.p_value < 0.01


def test_routing_that_does_not_is_not_told_from_chance() -> None:
    found = [experts(*run({"mail": None, "shop": None}, seed=seed)) for seed in range(8)]
    assert np.mean([each.distance - each.by_chance for each in found]) == pytest.approx(0, abs=0.003)
    assert 0.2 < np.mean([each.p_value for each in found]) < 0.8
    assert found[0].max_load == pytest.approx(1, abs=0.1)


def test_grouped_by_what_the_model_was_asked_for() -> None:
    assert experts(*run({"mail": None}), by="purpose").groups == ("plan",)


def test_a_run_without_routes_says_so() -> None:
    results, _ = run({"mail": None}, trials=1)
    with pytest.raises(RunError, match="which experts fired"):
        experts(results, lambda _: None)


def test_the_picture_is_svg_with_a_cell_for_every_expert_of_every_group() -> None:
    found = experts(*run({"<mail>": 0, "shop": 3}))
    root = fromstring(picture(found, "a & b"))
    titles = [node.text for node in root.iter("{http://www.w3.org/2000/svg}title")]
    assert len(titles) == 2 * LAYERS * EXPERTS
    assert "<mail>, layer 1, expert 0: 100.0 % of its choices, 50.0 % of all" in titles
