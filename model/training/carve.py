"""Cutting a trained dense FFN into one shared and several routed experts, without losing anything.

Neurons that are often active become the shared expert. The others are grouped by co-activation, in clusters
of equal size, and a router is fitted by ridge regression to say which groups will contribute most. With every
expert chosen and equal gates the function is the dense one; what is lost by choosing fewer is healed by training.

Shapes: P calibration positions, D hidden, F neurons, R routed neurons, N experts.
"""

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from coterie.model.training.attention import document_attention
from coterie.model.training.data.tokens import Rows
from coterie.model.training.network import Layer, LayerCarve, Network, Shape

# A neuron counts as active for a token when it is among this share of the largest contributions.
ACTIVE_SHARE = 0.25
# Logits this small keep all gates near 1: eight times as much costs 3 % in perplexity (docs/experiments.md, 34).
ROUTER_SCALE = 0.2
RIDGE = 1e-2


@torch.no_grad()
def carve(network: Network, rows: Rows, seed: int = 0) -> list[LayerCarve]:
    """Cut every layer of a dense `network` (see `uncarved`) by what its neurons do on calibration rows."""
    return [_cut(network.shape, x_PD, contribution_PF, seed) for x_PD, contribution_PF in _activations(network, rows)]


@torch.no_grad()
def reroute(network: Network, rows: Rows) -> None:
    """Fit the routers of a carved network anew, in place, to what its experts contribute to calibration rows by now."""
    for layer, (x_PD, contribution_PF) in zip(network.layers, _activations(network, rows), strict=True):
        assert isinstance(layer, Layer)
        routed_PNE = contribution_PF[:, network.shape.shared :].reshape(len(x_PD), network.shape.experts, -1)
        layer.router[:], layer.bias[:] = _router(x_PD, routed_PNE.square().sum(-1))


def _activations(network: Network, rows: Rows) -> Iterator[tuple[Tensor, Tensor]]:
    """Per layer, with every expert on: FFN inputs [P, D] and the size of each neuron's contribution [P, F], float32."""
    arrays = (rows.tokens, rows.document, rows.head, rows.positions())
    tokens, document, head, positions = (torch.from_numpy(array.astype(np.int64)) for array in arrays)
    attends = [document_attention(document[at : at + 1], head[at : at + 1]) for at in range(len(document))]
    real = document >= 0
    x = F.embedding(tokens, network.embedding)
    cos, sin = (table[positions][:, None].to(x.dtype) for table in (network.cos, network.sin))
    for layer in network.layers:
        assert isinstance(layer, Layer)
        mixed = [
            layer.attention(layer.norm(x[at : at + 1], layer.norm1), cos[at : at + 1], sin[at : at + 1], attend)
            for at, attend in enumerate(attends)
        ]
        x = x + torch.cat(mixed)
        entering = layer.norm(x, layer.norm2)
        gate, up = F.linear(entering, layer.gate_up.effective(x.dtype)).chunk(2, dim=-1)
        inner = F.silu(gate) * up
        down = layer.down.effective(x.dtype)
        yield entering[real].float(), inner[real].float().abs() * down.float().norm(dim=0)
        x = x + F.linear(inner, down)


def _cut(shape: Shape, x_PD: Tensor, contribution_PF: Tensor, seed: int) -> LayerCarve:
    active = torch.zeros_like(contribution_PF).scatter_(
        1, contribution_PF.topk(int(ACTIVE_SHARE * shape.ffn), 1).indices, 1.0
    )
    order = active.mean(0).argsort(descending=True)
    shared, routed = order[: shape.shared], order[shape.shared :]
    cluster_R = _balanced_clusters(_profiles(contribution_PF[::2, routed]), shape.experts, seed)
    groups = [routed[cluster_R == e] for e in range(shape.experts)]
    energy_PN = torch.stack([contribution_PF[:, group].square().sum(-1) for group in groups], dim=-1)
    return LayerCarve(torch.cat([shared, *groups]), *_router(x_PD, energy_PN))


def _profiles(contribution_PR: Tensor) -> Tensor:
    """Unit activation profiles [R, P] whose dot products are co-activation."""
    root = contribution_PR.clamp(max=float(contribution_PR[:2000].quantile(0.999))).sqrt()
    return F.normalize((root - root.mean(1, keepdim=True)).T, dim=1)


def _balanced_clusters(profiles_RP: Tensor, clusters: int, seed: int, rounds: int = 4) -> Tensor:
    """k-means with clusters of equal size; returns the cluster of each [R]."""
    centres = profiles_RP[_spread(profiles_RP, clusters, seed)]
    assigned = torch.zeros(len(profiles_RP), dtype=torch.long)
    for _ in range(rounds):
        similarity = (profiles_RP @ F.normalize(centres, dim=1).T).numpy()
        assigned = torch.from_numpy(_evenly(similarity))
        centres = torch.stack([profiles_RP[assigned == c].mean(0) for c in range(clusters)])
    return assigned


def _evenly(similarity_RC: NDArray[np.float32], rounds: int = 200) -> NDArray[np.int64]:
    """The cluster [R] of each, as many in every one, with a sum of similarities that is the largest or close to it.

    An auction: what is asked for too much becomes dearer until nearly all get what they like best; then those go first
    who would lose most by their second choice. A hundredth of the Hungarian method's time at 14 clusters of 256
    (docs/experiments.md, 31).
    """
    size = len(similarity_RC) // similarity_RC.shape[1]
    price_C, step = np.zeros(similarity_RC.shape[1]), np.ptp(similarity_RC) / 4
    for _ in range(rounds):
        demand_C = np.bincount((similarity_RC - price_C).argmax(1), minlength=len(price_C))
        price_C += step * (demand_C / size - 1)
        step *= 0.97
    value_RC = similarity_RC - price_C
    liked_RC = np.argsort(-value_RC, axis=1)
    best_R, next_R = (np.take_along_axis(value_RC, liked_RC[:, at : at + 1], 1)[:, 0] for at in (0, 1))
    room_C, given_R = np.full(len(price_C), size), np.zeros(len(value_RC), np.int64)
    for row in np.argsort(next_R - best_R):
        given_R[row] = next(cluster for cluster in liked_RC[row] if room_C[cluster])
        room_C[given_R[row]] -= 1
    return given_R


def _spread(profiles_RP: Tensor, count: int, seed: int) -> list[int]:
    """Start points far from each other (farthest-first)."""
    generator = torch.Generator().manual_seed(seed)
    chosen = [int(torch.randint(len(profiles_RP), (1,), generator=generator))]
    nearest = profiles_RP @ profiles_RP[chosen[0]]
    while len(chosen) < count:
        chosen.append(int(nearest.argmin()))
        nearest = torch.maximum(nearest, profiles_RP @ profiles_RP[chosen[-1]])
    return chosen


def _router(x_PD: Tensor, energy_PN: Tensor) -> tuple[Tensor, Tensor]:
    """A router: weight [N, D] and selection bias [N], by ridge regression from the FFN input to each expert's rank.

    What matters is who is among the first; the sizes themselves make worse targets (docs/experiments.md, 34), for a
    few tokens' are many times everyone else's.
    """
    rank_PN = energy_PN.argsort(1).argsort(1).float() / energy_PN.shape[1]
    mean_D, mean_N = x_PD.mean(0), rank_PN.mean(0)
    x, y = x_PD - mean_D, rank_PN - mean_N
    gram = x.T @ x / len(x)
    ridge = RIDGE * gram.diag().mean() * torch.eye(gram.shape[0])
    weight_ND = torch.linalg.solve(gram + ridge, x.T @ y / len(x)).T
    return weight_ND * ROUTER_SCALE, (mean_N - weight_ND @ mean_D) * ROUTER_SCALE / 4
