"""Which experts fired for which work: load, and how much of it depends on the group a trial belongs to.

A group is an environment of the suite (its tool family), or what the model was asked for (plan, act, judge, ...).
For each layer the distance between a group's routing and everybody's is the total variation, 0 to 1: the share of
choices that would have to move. Few tokens look special by chance alone, so the same figure is given for groups drawn
at random from the same trials.
"""

import html
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from coterie.evals.results import FindEpisode, Result, RunError

By = Literal["environment", "purpose"]
Counts = NDArray[np.float64]  # [layers, experts]
SHUFFLES = 200
_CELL, _ROW, _LEFT, _TOP = 4, 22, 130, 44


@dataclass(frozen=True)
class Experts:
    """Shares of every expert's choices: of all trials [layers, experts], and by group [groups, layers, experts]."""

    groups: tuple[str, ...]
    tokens: tuple[int, ...]
    overall: Counts
    shares: NDArray[np.float64]
    distance: float
    by_chance: float
    p_value: float

    @property
    def max_load(self) -> float:
        """The busiest expert's load over the mean load, averaged over the layers; 1 is perfectly even."""
        return float((self.overall.max(axis=1) * self.overall.shape[1]).mean())

    def to_json(self) -> dict[str, Any]:
        """One JSON object."""
        return {
            "max_load": round(self.max_load, 4),
            "distance": round(self.distance, 4),
            "by_chance": round(self.by_chance, 4),
            "p_value": round(self.p_value, 4),
            "groups": dict(zip(self.groups, self.tokens, strict=True)),
            "overall": self.overall.round(4).tolist(),
            "shares": {group: share.round(4).tolist() for group, share in zip(self.groups, self.shares, strict=True)},
        }

    def __str__(self) -> str:
        tokens = ", ".join(f"{group} {count}" for group, count in zip(self.groups, self.tokens, strict=True))
        return (
            f"busiest expert over the mean, averaged over layers: {self.max_load:.2f}\n"
            f"choices that depend on the group: {100 * self.distance:.1f} % "
            f"({100 * self.by_chance:.1f} % with groups drawn at random, p = {self.p_value:.3f})\n"
            f"tokens: {tokens}"
        )


def experts(results: Sequence[Result], find: FindEpisode, by: By = "environment") -> Experts:
    """Count what the episodes of a run recorded. Raises RunError where they recorded nothing."""
    trials = [counted for result in results for counted in _counted(result, find, by)]
    if not trials:
        raise RunError("no trial of this run says which experts fired; only our own server's completions do")
    names = sorted({group for group, _, _ in trials})
    which = np.array([names.index(group) for group, _, _ in trials])
    counts = np.stack([count for _, count, _ in trials])
    overall = _shares(counts.sum(axis=0))
    rng = np.random.default_rng(0)
    found = _distance(counts, which, len(names), overall)
    chance = [_distance(counts, rng.permutation(which), len(names), overall) for _ in range(SHUFFLES)]
    sums = [counts[which == number].sum(axis=0) for number in range(len(names))]
    tokens = np.array([token for _, _, token in trials])
    return Experts(
        groups=tuple(names),
        tokens=tuple(int(tokens[which == number].sum()) for number in range(len(names))),
        overall=overall,
        shares=np.stack([_shares(total) for total in sums]),
        distance=found,
        by_chance=float(np.mean(chance)),
        p_value=(1 + sum(value >= found for value in chance)) / (1 + SHUFFLES),
    )


def _counted(result: Result, find: FindEpisode, by: By) -> Iterator[tuple[str, Counts, int]]:
    """The trial's counts and tokens: once for its environment, or for each purpose."""
    place = next((tag.partition(":")[2] for tag in result.tags if tag.startswith("environment:")), "")
    counted: dict[str, list[Counts]] = defaultdict(list)
    tokens: Counter[str] = Counter()
    for episode in filter(None, map(find, result.episodes)):
        for call in episode.model_calls:
            if call.routed_experts:
                group = place if by == "environment" else call.purpose
                counted[group].append(np.array(call.routed_experts["counts"], dtype=np.float64))
                tokens[group] += call.routed_experts["tokens"]
    for group, counts in counted.items():
        yield group, np.sum(counts, axis=0), tokens[group]


def _distance(counts: NDArray[np.float64], which: NDArray[np.int64], groups: int, overall: Counts) -> float:
    """Mean total variation from everybody's shares, over layers and, by their weight, over groups."""
    total = 0.0
    for number in range(groups):
        mine = counts[which == number].sum(axis=0)
        total += float(np.abs(_shares(mine) - overall).sum(axis=1).mean() / 2 * mine.sum())
    return total / float(counts.sum())


def _shares(counts: Counts) -> Counts:
    shares: Counts = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


def picture(found: Experts, title: str) -> str:
    """An SVG: a row for each group, a column for each expert layer by layer; red fires more often than in all."""
    layers, number = found.overall.shape
    width, height = _LEFT + layers * (number * _CELL + 2) + 10, _TOP + len(found.groups) * _ROW + 40
    ratio = np.log2(np.maximum(found.shares, 1e-4) / np.maximum(found.overall, 1e-4))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="12"><rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="16">{html.escape(title)}</text>',
    ]
    for layer in range(layers):
        x = _LEFT + layer * (number * _CELL + 2)
        parts.append(f'<text x="{x}" y="{_TOP - 6}" font-size="9">{layer}</text>')
        for row, name in enumerate(found.groups):
            for expert in range(number):
                value = float(np.clip(ratio[row, layer, expert], -1, 1))
                parts.append(
                    f'<rect x="{x + expert * _CELL}" y="{_TOP + row * _ROW}" width="{_CELL}" height="{_ROW - 2}" '
                    f'fill="{_colour(value)}"><title>{html.escape(name)}, layer {layer}, expert {expert}: '
                    f"{100 * found.shares[row, layer, expert]:.1f} % of its choices, "
                    f"{100 * found.overall[layer, expert]:.1f} % of all</title></rect>"
                )
    parts += [
        f'<text x="{_LEFT - 8}" y="{_TOP + row * _ROW + 15}" text-anchor="end">{html.escape(name)}</text>'
        for row, name in enumerate(found.groups)
    ]
    parts.append(
        f'<text x="{_LEFT}" y="{height - 12}" font-size="11">layers 0 to {layers - 1}, {number} experts each; red: '
        "twice as often as in all the run, blue: half as often</text></svg>"
    )
    return "\n".join(parts)


def _colour(value: float) -> str:
    """White at 0, red at 1, blue at -1."""
    faded = round(255 * (1 - abs(value)))
    return f"rgb(255,{faded},{faded})" if value > 0 else f"rgb({faded},{faded},255)"
