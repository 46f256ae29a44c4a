"""The encoder for tools: the runtime computes what was trained, it learns, and it looks past what values are about."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from coterie.model import encoder
from coterie.model.chat import ToolCard
from coterie.model.encoder import Encoder, tool_encoder
from coterie.model.relevance import Relevance
from coterie.model.training.data.contamination import Suites
from coterie.model.training.retriever import Network, Searches, draw, found, loss_of, train

TEXTS = ["Read archive/2025/offer.txt", "", "Look up order A-17", "Tell #team the figures"]


@pytest.fixture
def runs() -> list[Searches]:
    return list(draw("train", 30, 0, None, Suites([])))


def test_untrained_it_is_the_encoder_as_it_came() -> None:
    with torch.no_grad():
        rows = Network(Encoder.load(), rank=4)(TEXTS).numpy()
    np.testing.assert_allclose((rows * Encoder.load().encode(TEXTS)).sum(1), 1, atol=2e-3)


def test_what_was_trained_is_what_the_runtime_computes(
    runs: list[Searches], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    network = Network(Encoder.load(), rank=4)
    before = loss_of(network, runs[:8]).item()
    train(network, runs[:8], minutes=0.1, rate=1e-3, seed=0)
    assert loss_of(network, runs[:8]).item() < before, "it learns"
    save_file(network.tensors(), tmp_path / "retriever.safetensors")
    monkeypatch.setattr(encoder, "RETRIEVER", tmp_path / "retriever.safetensors")
    own = Encoder.for_tools.__wrapped__(Encoder)  # type: ignore[attr-defined]
    with torch.no_grad():
        np.testing.assert_allclose((network(TEXTS).numpy() * own.encode(TEXTS)).sum(1), 1, atol=5e-3)
    shares = found(network, runs)
    assert 0 <= shares["first"] <= shares["among 3"] <= 1
    assert shares["steps"] == sum(search.right is not None for run in runs for search in run.searches)


def test_every_step_is_searched_with_the_tools_of_its_run(runs: list[Searches]) -> None:
    assert len(runs) > 5
    for run in runs:
        assert len(run.tools) >= 3
        for search in run.searches:
            assert search.right is None or 0 <= search.right < len(run.tools)
    again = list(draw("train", 30, 0, None, Suites([])))
    assert [run.searches for run in again] == [run.searches for run in runs]
    assert len({search.right for run in runs for search in run.searches}) > 2


def test_shipped_it_looks_past_what_a_value_is_about() -> None:
    cards = [
        ToolCard(name, said, {"type": "object", "properties": {}})
        for name, said in (
            ("read_handbook_page", "Read one page of the staff handbook."),
            ("read_file", "Read a text file."),
            ("date_parse", "Write a date given in words as YYYY-MM-DD."),
        )
    ]
    random.Random(0).shuffle(cards)
    _, trained = tool_encoder("trained")
    scores = Relevance().scores("Read archive/2025/staff-handbook-ideas.txt", cards, trained)
    assert cards[scores.index(max(scores))].name == "read_file"


def test_its_vectors_are_never_taken_for_the_others() -> None:
    assert tool_encoder("plain")[0] == encoder.NAME
    assert tool_encoder("trained")[0].startswith(f"{encoder.NAME}-")
