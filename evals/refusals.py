"""How well plans are told from refusals, by margin: `python -m coterie.evals.refusals --model coterie`, on its server.

The requests are those of verified runs that training holds out, environments and requests written one by one; of some
no tool is offered that could do them. How much likelier a plan is than a refusal is what the weights say; the loop
refuses below a margin of that, which is the first row. How near the nearest tool is to the task is what the sentence
encoder says; the other rows weigh it, too: the margin is `slope` less for a tool that is wholly near than for one that
is not near at all. There `margin` is that for a tool that is half near, where the mean of both shares is best: of the
requests without a tool how many are refused, of the others how many. `area` is that under the curve.
"""

import argparse
import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from coterie.agent.settings import data_home, load
from coterie.model import protocol
from coterie.model.chat import ChatModel, Completion, Message, Sampling
from coterie.model.client import Client
from coterie.model.config import MODELS
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
MARGINS = tuple(quarter / 4 for quarter in range(-24, 25))
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

    def sure(self, slope: float) -> float:
        """What both say for a plan, in nats; a tool that is half near says nothing."""
        return self.odds + slope * (self.nearness - 0.5)


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


def table(found: Sequence[Weighed], margin: float) -> list[dict[str, float]]:
    """What is refused at a margin, and at the best for each slope."""
    rows = [_row(found, 0.0, margin)]
    for slope in SLOPES:
        fitted = (_row(found, slope, each) for each in MARGINS)
        rows.append(max(fitted, key=lambda row: row["refused without a tool"] - row["refused with one"]))
    return [{name: round(value, 3) for name, value in row.items()} for row in rows]


def _row(found: Sequence[Weighed], slope: float, margin: float) -> dict[str, float]:
    unfit, fit = ([each.sure(slope) for each in found if each.unfit is no_tool] for no_tool in (True, False))
    refused = {"refused without a tool": _below(unfit, margin), "refused with one": _below(fit, margin)}
    return {"slope": slope, "margin": margin, **refused}


def _below(values: Sequence[float], margin: float) -> float:
    return sum(value < margin for value in values) / max(len(values), 1)


def areas(found: Sequence[Weighed]) -> dict[str, float]:
    """The area of the encoder alone, and of both by slope, of which 0 is the weights alone."""
    said = {"encoder": [each.nearness for each in found]}
    said.update({f"slope {slope:g}": [each.sure(slope) for each in found] for slope in SLOPES})
    return {name: round(_area(found, values), 3) for name, values in said.items()}


def _area(found: Sequence[Weighed], values: Sequence[float]) -> float:
    """How often a request with a tool has the higher value than one without; ties count half."""
    pairs = list(zip(found, values, strict=True))
    fit, unfit = ([value for each, value in pairs if each.unfit is no_tool] for no_tool in (False, True))
    wins = sum((a > b) + (a == b) / 2 for a in fit for b in unfit)
    return wins / max(len(fit) * len(unfit), 1)


def main() -> None:
    """Print what was drawn, the areas, and the rows."""
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
    print(json.dumps({"requests": len(found), "without a tool": sum(each.unfit for each in found)}), flush=True)
    print(json.dumps(areas(found)), flush=True)
    for row in table(found, MODELS[given.model].refusal_margin):
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
