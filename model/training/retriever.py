"""Train the encoder for tools: `python -m coterie.model.training.retriever --catalogue FILE --out FILE [--minutes 8]`.

The sentence encoder of `coterie.model.encoder` knows what sentences mean, not which tool does what a step says: "Read
2025/report.txt" is near to every tool about reports. Here low-rank deltas of its linear layers learn from steps of
training runs. By the score that the runtime uses, a step shall be nearest to its tool among the tools of its run; a
task that no tool can do shall be nearer to none than a learned threshold, and so shall a step be to the tools of other
runs. Prints how often the right tool is first and among three on the held-out splits, before and after, as JSON.
Deterministic by seed but for the clock, which ends it.

Shapes: S texts, T tokens, D hidden 384, H heads.
"""

import argparse
import json
import math
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from coterie.model.chat import ToolCard
from coterie.model.encoder import EPS, HEADS, LAYERS, Encoder
from coterie.model.relevance import lexical, meaning
from coterie.model.training.data.contamination import Suites, suites_here
from coterie.model.training.data.draw import sources, trajectories
from coterie.model.training.data.trajectory import Split, Trajectory
from coterie.model.training.precision import working_dtype

LINEARS = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
           "intermediate.dense", "output.dense")  # fmt: skip
TEMPERATURE = 0.05
STRANGERS = 0.15  # weight of the tools of other runs
BATCH_RUNS, BATCH_TEXTS = 12, 260
CHUNK = 64
WARM_UP = 20
FEWEST_TOOLS = 3


class Search(NamedTuple):
    """What is looked for, and the place of its tool in the run; None where no tool fits."""

    text: str
    right: int | None


class Searches(NamedTuple):
    """The searches of one run, among its tools."""

    tools: list[ToolCard]
    searches: list[Search]


class Network(nn.Module):
    """The sentence encoder with a low-rank pair beside each of its matrices, which alone learns."""

    def __init__(self, encoder: Encoder, rank: int) -> None:
        super().__init__()
        self.tokenizer = encoder.tokenizer
        self.base = {name: torch.from_numpy(array) for name, array in encoder.weights.items()}
        self.pairs = nn.ParameterDict()
        for at in (f"encoder.layer.{i}.{name}" for i in range(LAYERS) for name in LINEARS):
            out, width = self.base[f"{at}.weight"].shape
            self.pairs[_key(f"{at}.A")] = nn.Parameter(torch.randn(rank, width) / width**0.5)
            self.pairs[_key(f"{at}.B")] = nn.Parameter(torch.zeros(out, rank))
        self.threshold = nn.Parameter(torch.tensor(0.35))

    def forward(self, texts: Sequence[str]) -> Tensor:
        """Unit rows [S, D], in the order of the texts."""
        ids = [encoding.ids for encoding in self.tokenizer.encode_batch(list(texts))]
        by_length = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        chunks = [by_length[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
        rows = torch.cat([self._pooled([ids[i] for i in chunk]) for chunk in chunks])
        return rows[torch.tensor(by_length).argsort()]

    def tensors(self) -> dict[str, Tensor]:
        """The pairs as the runtime reads them, float16."""
        return {name.replace("/", "."): pair.detach().half().contiguous() for name, pair in self.pairs.items()}

    def _pooled(self, ids: list[list[int]]) -> Tensor:
        length = max(map(len, ids))
        ids_ST = torch.tensor([row + [0] * (length - len(row)) for row in ids])
        real_ST = torch.tensor([[1.0] * len(row) + [0.0] * (length - len(row)) for row in ids])
        at = "embeddings."
        words, places = self.base[f"{at}word_embeddings.weight"], self.base[f"{at}position_embeddings.weight"]
        x_STD = words[ids_ST] + places[:length] + self.base[f"{at}token_type_embeddings.weight"][0]
        x_STD = self._norm(at, x_STD)
        for i in range(LAYERS):
            x_STD = self._layer(f"encoder.layer.{i}.", x_STD, real_ST)
        return F.normalize((x_STD * real_ST[..., None]).sum(1) / real_ST.sum(1, keepdim=True), dim=-1)

    def _layer(self, at: str, x_STD: Tensor, real_ST: Tensor) -> Tensor:
        with _mixed():
            attended = self._linear(
                f"{at}attention.output.dense", self._attended(f"{at}attention.self.", x_STD, real_ST)
            )
        x_STD = self._norm(f"{at}attention.output.", x_STD + attended.float())
        with _mixed():
            inner = F.gelu(self._linear(f"{at}intermediate.dense", x_STD))
            outer = self._linear(f"{at}output.dense", inner)
        return self._norm(f"{at}output.", x_STD + outer.float())

    def _attended(self, at: str, x_STD: Tensor, real_ST: Tensor) -> Tensor:
        q, k, v = (
            self._linear(at + name, x_STD).unflatten(-1, (HEADS, -1)).transpose(1, 2)  # type: ignore[no-untyped-call]
            for name in ("query", "key", "value")
        )
        mask = ((1 - real_ST) * -1e9)[:, None, None, :].to(q.dtype)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2)

    def _linear(self, at: str, x: Tensor) -> Tensor:
        delta = self.pairs[_key(f"{at}.B")] @ self.pairs[_key(f"{at}.A")]
        return F.linear(x, self.base[f"{at}.weight"] + delta, self.base[f"{at}.bias"])

    def _norm(self, at: str, x: Tensor) -> Tensor:
        weight, bias = (self.base[f"{at}LayerNorm.{part}"] for part in ("weight", "bias"))
        return F.layer_norm(x, weight.shape, weight, bias, EPS)


def _mixed() -> torch.autocast:
    """Products in the number type that is quickest here."""
    dtype = working_dtype("cpu")
    return torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16)


def _key(name: str) -> str:
    """torch lets no name of a parameter have a dot."""
    return name.replace(".", "/")


def searches_of(run: Trajectory) -> Searches:
    """Every step of a run with its tool; of a run without steps its task, which none of its tools can do."""
    names = [card.name for card in run.tools]
    steps = [Search(step.planned.do, names.index(step.tool)) for _, step in run.shown_steps()]
    return Searches(run.tools, steps or [Search(run.task, None)])


def draw(split: Split, count: int, seed: int, catalogue: Path | None, suites: Suites) -> Iterator[Searches]:
    """Runs with `count` searches in all, half of the runs from environments; none shares words with a suite."""
    rng = random.Random(f"retriever {seed} {split}")
    for _, run in trajectories(sources(catalogue, 0.4, 0.1, 0.25), split, rng, suites, Counter()):
        if len(run.tools) >= FEWEST_TOOLS:
            found = searches_of(run)
            yield found
            count -= len(found.searches)
        if count <= 0:
            return


def loss_of(network: Network, batch: Sequence[Searches]) -> Tensor:
    """Mean over the searches, nats."""
    tools = list(dict.fromkeys(meaning(card) for run in batch for card in run.tools))
    texts = list(dict.fromkeys([*tools, *(search.text for run in batch for search in run.searches)]))
    rows, place = network(texts), {text: i for i, text in enumerate(texts)}
    losses = []
    for run in batch:
        own = [meaning(card) for card in run.tools]
        others = [place[text] for text in tools if text not in set(own)]
        for search in run.searches:
            wanted = rows[place[search.text]]
            near = rows[[place[text] for text in own]] @ wanted + torch.tensor(lexical(search.text, run.tools))
            logits = torch.cat([near, network.threshold.view(1)]) / TEMPERATURE
            right = len(own) if search.right is None else search.right
            losses.append(F.cross_entropy(logits[None], torch.tensor([right])))
            if others:
                nearest = torch.logsumexp(rows[others] @ wanted / TEMPERATURE, 0)
                losses[-1] = losses[-1] + STRANGERS * F.softplus(nearest - network.threshold / TEMPERATURE)
    return torch.stack(losses).mean()


@torch.no_grad()
def found(network: Network, runs: Sequence[Searches]) -> dict[str, float]:
    """Shares of the steps with the right tool first and among three, and of the pairs of a step and a task that no tool
    can do in which the step has the higher best score."""
    ranks: list[int] = []
    best: list[float] = []
    best_unfit: list[float] = []
    for run in runs:
        rows = network([*map(meaning, run.tools), *(search.text for search in run.searches)])
        for search, wanted in zip(run.searches, rows[len(run.tools) :], strict=True):
            scores = rows[: len(run.tools)] @ wanted + torch.tensor(lexical(search.text, run.tools))
            (best_unfit if search.right is None else best).append(float(scores.max()))
            if search.right is not None:
                ranks.append(int((scores > scores[search.right]).sum()))
    above = sum(one > other for one in best for other in best_unfit)
    return {
        "steps": len(ranks),
        "first": round(sum(rank < 1 for rank in ranks) / len(ranks), 4),
        "among 3": round(sum(rank < 3 for rank in ranks) / len(ranks), 4),
        "above unfit": round(above / max(1, len(best) * len(best_unfit)), 4),
    }


def train(network: Network, runs: Sequence[Searches], minutes: float, rate: float, seed: int) -> None:
    """Learn for so many minutes, the rate falling to nothing; prints the loss as it goes."""
    rng, began, step, recent = random.Random(seed), time.monotonic(), 0, 0.0
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.0, betas=(0.9, 0.98))
    order: list[Searches] = []
    while (gone := (time.monotonic() - began) / (60 * minutes)) < 1:
        if len(order) < BATCH_RUNS:
            order += rng.sample(runs, len(runs))
        batch, order = order[:BATCH_RUNS], order[BATCH_RUNS:]
        if sum(len(run.tools) + len(run.searches) for run in batch) > BATCH_TEXTS:
            continue
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / WARM_UP) * (1 - gone)
        loss = loss_of(network, batch)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        step, recent = step + 1, loss.item() if math.isclose(recent, 0.0) else 0.95 * recent + 0.05 * loss.item()
        if step % 50 == 0:
            print(json.dumps({"step": step, "gone": round(gone, 3), "loss": round(recent, 4)}), flush=True)


def main() -> None:
    """Draw, measure, learn, measure again, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="the deltas, safetensors")
    parser.add_argument("--catalogue", type=Path, help="real APIs, made by coterie.model.training.data.apis.catalogue")
    parser.add_argument("--searches", type=int, default=15_000)
    parser.add_argument("--held-searches", type=int, default=800, help="of each held-out split")
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    suites, network = Suites(suites_here()), Network(Encoder.load(), given.rank)
    held: dict[str, list[Searches]] = {
        split: list(draw(split, given.held_searches, given.seed, given.catalogue, suites))
        for split in get_args(Split)
        if split != "train"
    }
    print(json.dumps({"before": {split: found(network, runs) for split, runs in held.items()}}), flush=True)
    runs = list(draw("train", given.searches, given.seed, given.catalogue, suites))
    train(network, runs, given.minutes, given.rate, given.seed)
    save_file(network.tensors(), given.out)
    print(json.dumps({"after": {split: found(network, runs) for split, runs in held.items()}}), flush=True)


if __name__ == "__main__":
    main()
