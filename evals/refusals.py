"""How well plans are told from refusals, by margin: `python -m coterie.evals.refusals --model coterie`, on its server.

The requests are those of verified runs that training holds out, environments and requests written one by one; of some
no tool is offered that could do them. How much likelier a plan is than a refusal is what the weights say, how near the
nearest tool is to the task is what the sentence encoder says (the prompt tells it), and `coterie.model.config.Margin`
weighs them. One JSON row for each slope, at the margin where the mean of both shares is best: of the requests without
a tool how many are refused, of the others how many. `area` is that under the curve of each witness, and of both.
"""

import argparse
import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from coterie.agent.settings import data_home, load
from coterie.model import protocol
from coterie.model.chat import ChatModel, Completion, Message, Sampling
from coterie.model.client import Client
from coterie.model.config import MODELS, Margin
from coterie.model.encoder import Encoder
from coterie.model.errors import ModelError
from coterie.model.refusing import deciding, is_refusal, the_rest
from coterie.model.relevance import SentenceEncoder
from coterie.model.serving import status
from coterie.model.training.data.contamination import Suites, suites_here
from coterie.model.training.data.draw import sources, trajectories
from coterie.model.training.data.shortlist import Shortlist
from coterie.model.training.data.trajectory import Split

SPLITS: tuple[Split, ...] = ("held_template", "held_family")
SLOPES = (0.0, 4.0, 8.0, 12.0, 16.0, 20.0, 30.0)
AT_HALF = tuple(quarter / 4 for quarter in range(-24, 25))
AT_ONCE = 32


@dataclass(frozen=True)
class Request:
    """A prompt for a plan, and whether no tool of it fits."""

    prompt: tuple[Message, ...]
    unfit: bool


@dataclass(frozen=True)
class Weighed:
    """What was found of a request: how many nats likelier a plan is than all else, and how near the nearest tool."""

    unfit: bool
    odds: float
    nearness: float

    def refused(self, margin: Margin) -> bool:
        """Whether it would be refused."""
        return self.odds < margin.at(self.nearness)


def requests(count: int, seed: int, encoder: SentenceEncoder) -> Iterator[Request]:
    """`count` held-out requests, half of each split, none of which shares words with a suite."""
    drawn_from = sources(None, environments=0.45, tasks=0.0, requests=0.55)
    suites, shortlist = Suites(suites_here()), Shortlist(encoder)
    for split in SPLITS:
        rng = random.Random(f"refusals {split} {seed}")
        runs = trajectories(drawn_from, split, rng, suites, Counter())
        for _ in range(count // len(SPLITS)):
            _, run = next(runs)
            shortlist.offer(run, rng)
            prompt = (protocol.system(run.tools), protocol.ask_plan(run.task, run.recalled, run.nearest))
            yield Request(prompt, run.plan.refusal is not None)


async def weighed(asked: Sequence[Request], model: ChatModel) -> list[Weighed]:
    """The requests whose prompt says how near the tools are, and which the server answered with log-probabilities."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(request: Request) -> Weighed | None:
        async with turns:
            try:
                written = await model.complete(request.prompt, protocol.plan_schema(), Sampling(temperature=0.0))
            except ModelError:
                return None  # a plan that ran on to the limit of tokens: no plan
        return _weighed(request, written)

    found = await asyncio.gather(*(one(request) for request in asked))
    return [each for each in found if each is not None]


def _weighed(request: Request, written: Completion) -> Weighed | None:
    said, nearness = deciding(written), protocol.nearness_in(request.prompt[-1]["content"])
    if said is None or nearness is None:
        return None
    odds = said - the_rest(said)
    return Weighed(request.unfit, -odds if is_refusal(written) else odds, nearness)


def table(found: Sequence[Weighed]) -> list[dict[str, Any]]:
    """A row for each slope: its best margin for a tool that is half near, and what is refused there."""
    rows = []
    for slope in SLOPES:
        margins = (Margin(0.0, at_half, slope) for at_half in AT_HALF)
        best = max(margins, key=lambda margin: _balance(found, margin))
        unfit, fit = (_share(found, best, kind) for kind in (True, False))
        area = _area([each.odds + slope * each.nearness for each in found], [each.unfit for each in found])
        row = {"slope": slope, "at_half": best.at_half, "refused without a tool": unfit, "refused with one": fit}
        rows.append({**{name: value and round(value, 3) for name, value in row.items()}, "area": round(area, 3)})
    return rows


def _balance(found: Sequence[Weighed], margin: Margin) -> float:
    return _share(found, margin, unfit=True) - _share(found, margin, unfit=False)


def _share(found: Sequence[Weighed], margin: Margin, unfit: bool) -> float:
    of_kind = [each.refused(margin) for each in found if each.unfit is unfit]
    return sum(of_kind) / max(len(of_kind), 1)


def _area(scores: Sequence[float], unfit: Sequence[bool]) -> float:
    """How often one with a tool scores higher than one without; ties count half."""
    fits = [score for score, no_tool in zip(scores, unfit, strict=True) if not no_tool]
    others = [score for score, no_tool in zip(scores, unfit, strict=True) if no_tool]
    wins = sum((a > b) + (a == b) / 2 for a in fits for b in others)
    return wins / max(len(fits) * len(others), 1)


def main() -> None:
    """Print what was drawn, the area of the encoder alone, and a row a slope."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=list(MODELS), default=next(iter(MODELS)))
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    server = status(data_home(load()))
    if server is None or server.model != given.model:
        raise SystemExit(f"no local server of {given.model}; start it: coterie serve start --model {given.model}")
    asked = list(requests(given.count, given.seed, Encoder.load()))
    found = asyncio.run(weighed(asked, Client(server.url, server.model, engine="vllm")))
    alone = _area([each.nearness for each in found], [each.unfit for each in found])
    counts = {"requests": len(found), "without a tool": sum(each.unfit for each in found)}
    print(json.dumps({**counts, "area of the encoder alone": round(alone, 3)}), flush=True)
    for row in table(found):
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
