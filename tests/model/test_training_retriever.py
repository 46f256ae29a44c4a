"""The encoder for tools: the runtime computes what was trained, and it learns to look past values."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from coterie.model import encoder
from coterie.model.chat import ToolCard
from coterie.model.encoder import Encoder, tool_encoder
from coterie.model.errors import ChecksumMismatch
from coterie.model.relevance import Relevance, ToolEncoder
from coterie.model.training.data.contamination import Suites
from coterie.model.training.retriever import Network, Searches, draw, found, loss_of, train
from coterie.model.weights.base import sha256_of

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
    with pytest.raises(ChecksumMismatch, match=r"retriever\.safetensors has sha256"):
        Encoder.for_tools.__wrapped__(Encoder)  # type: ignore[attr-defined]
    monkeypatch.setattr(encoder, "RETRIEVER_SHA256", sha256_of(tmp_path / "retriever.safetensors"))
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


CARDS = [
    ToolCard(name, said, {"type": "object", "properties": {}})
    for name, said in (
        ("read_handbook_page", "Read one page of the staff handbook."),
        ("read_file", "Read a text file."),
        ("date_parse", "Write a date given in words as YYYY-MM-DD."),
        ("aggregate_table", "Sum, average or count a column of a table."),
        ("filter_table", "Filter the rows of a table."),
        ("post_message", "Post a text to a channel."),
    )
]


@pytest.mark.parametrize(
    ("step", "right"),
    [
        ("Read archive/2025/design-critique.txt", "read_file"),
        ("Tell #updates the figures", "post_message"),
        ("Find the temperature of reading S-1771 in 2025/readings-may.csv", "filter_table"),
    ],
)
def test_what_a_value_is_about_misleads_the_plain_encoder_and_not_the_trained_one(step: str, right: str) -> None:
    def nearest(which: ToolEncoder) -> str:
        scores = Relevance().scores(step, CARDS, tool_encoder(which)[1])
        return CARDS[scores.index(max(scores))].name

    assert nearest("trained") == right != nearest("plain")


def test_its_vectors_are_never_taken_for_the_others() -> None:
    assert tool_encoder("plain")[0] == encoder.NAME
    assert tool_encoder("trained")[0].startswith(f"{encoder.NAME}-")
