"""Requests held out of training as a suite: sound, in equal parts, and made again from the same seed."""

import asyncio
from collections import Counter
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from coterie.evals.selftest import self_test
from coterie.evals.suite import Suite, read_suite
from coterie.evals.templates import held_requests
from coterie.evals.templates.held_requests import main, tasks
from coterie.model.training.data.apis import generators, written
from coterie.model.training.data.apis.sheets import belongs, is_held


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    folder = tmp_path_factory.mktemp("held")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["held_requests", "--out", str(folder), "--count", "32", "--seed", "3"])
        main()
    return read_suite(folder / "held-requests.yaml")


def test_the_requests_are_sound_and_of_every_kind(suite: Suite) -> None:
    assert asyncio.run(self_test(suite)) == []
    counts = Counter(task.tags[0] for task in suite.tasks)
    assert set(counts.values()) == {5, 6}
    assert len(counts) == 6
    assert len({task.task for task in suite.tasks}) == 32
    assert {task.tags[0] for task in suite.tasks if task.expect.refuse} == {"written_none"}


def test_the_same_seed_gives_the_same_requests(suite: Suite) -> None:
    assert [row["task"] for row in tasks(32, seed=3)] == [task.task for task in suite.tasks]
    assert {row["task"] for row in tasks(32, seed=4)} != {task.task for task in suite.tasks}


def test_training_never_draws_them(suite: Suite) -> None:
    asked = {task.task for task in suite.tasks}
    draws = {name: draw for name, _, draw in generators(None)}
    rng = Random(3)
    for name in ("functions.single", "functions.parallel", "functions.parallel_mixed"):
        assert not asked & {draws[name](rng, "train").task for _ in range(100)}
    requests = {request.text: request for domain in written.load() for request in domain.requests}
    of_files = [requests[text] for text in asked & requests.keys() if requests[text].calls]
    assert of_files
    assert all(is_held(r) or not all(belongs(call.name, "train") for call in r.calls) for r in of_files)


def test_more_than_there_are_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(held_requests, "MAX_DRAWS", 5)
    monkeypatch.setattr("sys.argv", ["held_requests", "--out", str(tmp_path), "--count", "600"])
    with pytest.raises(SystemExit, match=r"there are only \d requests of the kind single of 100"):
        main()
    assert list(islice(tmp_path.iterdir(), 1)) == []
