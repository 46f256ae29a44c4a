"""What training starts from and leaves: the carve, its routers, trained states and what is shipped of them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.model.small_network import CPU, SHAPE, logits, rows
from torch import Tensor

from coterie.model.training import checkpoint
from coterie.model.training.carve import carve, reroute
from coterie.model.training.data.tokens import TokenSet
from coterie.model.training.finetune import trained
from coterie.model.training.network import Network, uncarved
from coterie.model.training.ship import ship, unship
from coterie.model.weights.adapter import read_adapter


def test_carving_loses_nothing_with_every_expert_on(dense: dict[str, Tensor]) -> None:
    parent = checkpoint.dense_parent(dense, SHAPE, CPU)
    cuts = carve(parent, rows(1, count=8))
    assert all(sorted(cut.permutation.tolist()) == list(range(128)) for cut in cuts)
    level = [cut._replace(router=torch.zeros_like(cut.router), bias=torch.zeros_like(cut.bias)) for cut in cuts]
    whole = Network(replace(SHAPE, top_k=12), dense, level)
    tokens = torch.arange(40)[None] * 5 % 256
    torch.testing.assert_close(logits(whole, tokens), logits(parent, tokens), atol=2e-3, rtol=1e-3)
    sparse = checkpoint.sparse_student(dense, cuts, SHAPE, CPU)
    assert not torch.allclose(logits(sparse, tokens), logits(parent, tokens), atol=1e-2)


def test_routers_fitted_anew_choose_who_contributes_most(dense: dict[str, Tensor]) -> None:
    parent, seen, unseen = checkpoint.dense_parent(dense, SHAPE, CPU), rows(1, count=64), rows(2, count=16)
    network = checkpoint.sparse_student(dense, carve(parent, seen), SHAPE, CPU)
    tokens = torch.from_numpy(unseen.tokens.astype(np.int64))

    def lost() -> float:
        return float((logits(network, tokens) - logits(parent, tokens)).square().mean())

    fresh = lost()
    with torch.no_grad():
        for layer in network.layers:
            layer.router.neg_()  # type: ignore[union-attr, operator]
            layer.bias.neg_()  # type: ignore[union-attr, operator]
    worst = lost()
    reroute(network, seen)
    assert fresh < 0.9 * worst
    assert lost() == pytest.approx(fresh, rel=1e-3), "the same experts contribute the same"


def test_a_trained_state_knows_its_shape(dense: dict[str, Tensor], tmp_path: Path) -> None:
    network = checkpoint.sparse_student(dense, uncarved(SHAPE), SHAPE, CPU)
    checkpoint.save_trained(trained(network), SHAPE, tmp_path / "trained.pt")
    assert checkpoint.shape_of(tmp_path / "trained.pt") == SHAPE


def test_two_states_are_mixed_tensor_by_tensor(dense: dict[str, Tensor], tmp_path: Path) -> None:
    network = checkpoint.sparse_student(dense, uncarved(SHAPE), SHAPE, CPU)
    first, second, out = (tmp_path / name for name in ("a.pt", "b.pt", "c.pt"))
    checkpoint.save_trained({name: torch.full_like(t, 1.0) for name, t in trained(network).items()}, SHAPE, first)
    checkpoint.save_trained({name: torch.full_like(t, 3.0) for name, t in trained(network).items()}, SHAPE, second)
    checkpoint.mix(first, second, 0.25, out)
    checkpoint.load_trained(network, out)
    assert all((tensor == 2.5).all() for tensor in trained(network).values())
    checkpoint.save_trained({}, replace(SHAPE, rank=SHAPE.rank + 1), second)
    with pytest.raises(ValueError, match="was trained with"):
        checkpoint.mix(first, second, 0.25, out)


def test_what_is_shipped_is_what_was_trained(dense: dict[str, Tensor], tmp_path: Path) -> None:
    network = checkpoint.sparse_student(dense, uncarved(SHAPE), SHAPE, CPU)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith(".B"):
                parameter.normal_(std=0.1)
    checkpoint.save_carve(uncarved(SHAPE), tmp_path / "carve.pt")
    ship(network, tmp_path / "carve.pt", tmp_path / "adapter", "0" * 64)
    adapter = read_adapter(tmp_path / "adapter")
    layer = network.layers[1]
    delta = adapter.delta("layers.1.down")
    exact = layer.down.scaling * (layer.down.B @ layer.down.A).detach()  # type: ignore[union-attr, operator]
    assert delta is not None
    assert float((delta - exact).norm() / exact.norm()) < 0.02
    checkpoint.save_trained(trained(network), network.shape, tmp_path / "trained.pt")
    unship(tmp_path / "again", tmp_path / "adapter", SHAPE)
    tokens = torch.arange(40)[None] * 5 % 256
    for folder in (tmp_path, tmp_path / "again"):
        other = checkpoint.sparse_student(dense, checkpoint.load_carve(folder / "carve.pt"), SHAPE, CPU)
        checkpoint.load_trained(other, folder / "trained.pt")
        torch.testing.assert_close(logits(other, tokens), logits(network, tokens), atol=0.05, rtol=0.05)


def test_a_state_goes_only_into_its_own_shape_with_any_number_active(dense: dict[str, Tensor], tmp_path: Path) -> None:
    network = checkpoint.sparse_student(dense, uncarved(SHAPE), SHAPE, CPU)
    checkpoint.save_trained(trained(network), network.shape, tmp_path / "trained.pt")
    other = checkpoint.sparse_student(dense, uncarved(SHAPE), replace(SHAPE, scaling=0.123), CPU)
    with pytest.raises(ValueError, match="scaling"):
        checkpoint.load_trained(other, tmp_path / "trained.pt")
    more = checkpoint.sparse_student(dense, uncarved(SHAPE), replace(SHAPE, top_k=SHAPE.top_k + 1), CPU)
    checkpoint.load_trained(more, tmp_path / "trained.pt")
    assert all(torch.allclose(t, trained(network)[name], atol=1e-2) for name, t in trained(more).items())


@pytest.mark.parametrize("content", [b"", b"not a state", {"network": 1}, [1]])
def test_another_file_than_a_state_a_carve_or_a_set_is_said(
    dense: dict[str, Tensor], tmp_path: Path, content: Any
) -> None:
    file = tmp_path / "other"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        torch.save(content, file)
    network = checkpoint.sparse_student(dense, uncarved(SHAPE), SHAPE, CPU)
    with pytest.raises(ValueError, match="other is no trained state"):
        checkpoint.load_trained(network, file)
    with pytest.raises(ValueError, match="other is no carve"):
        checkpoint.load_carve(file)
    with pytest.raises(ValueError, match="other is no set"):
        TokenSet.load(file)
