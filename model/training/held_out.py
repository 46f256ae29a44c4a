"""Held-out accuracy, teacher-forced: is every token of an assistant turn the most probable one?

A lower bound of what the served model does, since its grammar forces the syntax. Turns are told apart by how
they begin; a call is also scored on its name and on its arguments alone, a verdict on its note and its choice, and of
plans and refusals is counted what would be refused at every margin that `model.refusing` could ask for.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from coterie.model.training import ranks
from coterie.model.training.attention import document_attention
from coterie.model.training.data.tokens import Encoder, Rows
from coterie.model.training.finetune import before_learned, tensor
from coterie.model.training.network import Network
from coterie.model.training.products import linear

TURNS = {"plan": '{"steps', "refusal": '{"refuse', "call": '{"name', "verdict": '{"note', "answer": '{"answer'}
PARTS = {
    "call": (' "arguments', "name", "arguments"),
    "verdict": (' "verdict', "note", "choice"),
}  # and what parts them
MARGINS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)  # nats


@dataclass
class Tally:
    """How many turns were exactly right."""

    right: int = 0
    total: int = 0

    def add(self, right: bool) -> None:
        """Count one turn."""
        self.right += right
        self.total += 1

    @property
    def rate(self) -> float:
        """Share of turns that were right."""
        return self.right / max(self.total, 1)


@dataclass(frozen=True)
class HeldOut:
    """A sample of every held-out set, to look at while a run goes on; several ranks share the work."""

    splits: Mapping[str, Rows]
    encoder: Encoder

    def __call__(self, network: Network) -> dict[str, float]:
        """The share of calls that are exact, by split."""
        return {split: self._calls(network, rows) for split, rows in self.splits.items()}

    def _calls(self, network: Network, rows: Rows) -> float:
        part = rows[ranks.rank() :: ranks.size()]
        tally = accuracy(network, part, self.encoder, rows_at_once=1).get("call", Tally())
        right, count = ranks.total([tally.right, tally.total])
        return right / max(count, 1)


@torch.no_grad()
def accuracy(network: Network, rows: Rows, encoder: Encoder, rows_at_once: int = 4) -> dict[str, Tally]:
    """Exact-match tallies by kind of turn; those of two parts also by part (`call name`, `verdict choice`); how many
    plans and refusals would be refused by margin (`plan, refused at 1.0`)."""
    heads = {kind: encoder.encode(text) for kind, text in TURNS.items()}
    parting = next(at for at, (a, b) in enumerate(zip(heads["plan"], heads["refusal"], strict=False)) if a != b)
    alternatives = (heads["refusal"][parting], heads["plan"][parting])
    marks = {kind: encoder.encode(f",{mark}")[1:] for kind, (mark, *_) in PARTS.items()}
    tallies: dict[str, Tally] = defaultdict(Tally)
    for start in range(0, len(rows.tokens), rows_at_once):
        batch = rows[start : start + rows_at_once]
        hits, odds = _hits_and_odds(network, batch, alternatives)
        for row, turn in _turns(batch.learned):
            ids, right = batch.tokens[row, turn].tolist(), hits[row, turn]
            kind = next((k for k, head in heads.items() if ids[: len(head)] == head), "other")
            tallies[kind].add(bool(right.all()))
            if kind in PARTS:
                cut, (_, before, after) = _find(ids, marks[kind]), PARTS[kind]
                tallies[f"{kind} {before}"].add(bool(right[:cut].all()))
                tallies[f"{kind} {after}"].add(bool(right[cut:].all()))
            for margin in MARGINS if kind in ("plan", "refusal") else ():
                tallies[f"{kind}, refused at {margin}"].add(bool(odds[row, turn.start + parting] > -margin))
    return dict(tallies)


def _find(ids: list[int], mark: list[int]) -> int:
    """Where the mark begins, or the end where it is not."""
    size = len(mark)
    return next((at for at in range(len(ids) - size + 1) if ids[at : at + size] == mark), len(ids))


def _hits_and_odds(
    network: Network, rows: Rows, alternatives: tuple[int, int]
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Of every learned token [rows, T] whether it is the most probable one, and how much likelier the first of the
    alternatives is than the second in its place, in nats."""
    before, target, _ = before_learned(network, rows)
    head = network.embedding.to(before.dtype)
    best = [linear(part, head).argmax(-1) for part in torch.split(before, 4096)]
    first, second = F.linear(before, head[list(alternatives)]).float().T
    hits, odds = np.zeros(rows.learned.shape, np.bool_), np.zeros(rows.learned.shape, np.float32)
    hits[:, 1:][rows.learned[:, 1:]] = (torch.cat(best) == target).cpu().numpy()
    odds[:, 1:][rows.learned[:, 1:]] = (first - second).cpu().numpy()
    return hits, odds


def _turns(learned: NDArray[np.bool_]) -> Iterator[tuple[int, slice]]:
    for row in range(len(learned)):
        edges = np.diff(np.concatenate([[0], learned[row].astype(np.int8), [0]]))
        for start, end in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
            yield row, slice(int(start), int(end))


@torch.no_grad()
def perplexity(network: Network, rows: Rows, rows_at_once: int = 4) -> float:
    """Perplexity of plain text (every token counts)."""
    total, count, device = 0.0, 0, network.norm.device
    for start in range(0, len(rows.tokens), rows_at_once):
        part = rows[start : start + rows_at_once]
        tokens, document = tensor(part.tokens, device), tensor(part.document, device)
        hidden, _ = network(tokens, document_attention(document))
        real = ((document[:, 1:] >= 0) & (document[:, 1:] == document[:, :-1])).flatten().nonzero()[:, 0]
        before, target = hidden[:, :-1].flatten(0, 1)[real], tokens[:, 1:].flatten()[real]
        for h, t in zip(torch.split(before, 2048), torch.split(target, 2048), strict=True):
            total += float(F.cross_entropy(linear(h, network.embedding.to(h.dtype)).float(), t, reduction="sum"))
        count += len(real)
    return float(np.exp(total / max(count, 1)))
