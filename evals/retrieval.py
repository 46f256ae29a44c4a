"""How often a step's right tool is among the nearest: `python -m coterie.evals.retrieval --split held_family`.

The steps are those of verified runs of the training templates, each with the tools of its run. `search` is what the
loop uses, its two parts are beside it, and `trained` is the search with the encoder that was trained for tools. Share
of steps with the right tool first, among three, among four, with 95 % Wilson intervals.
"""

import argparse
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from coterie.evals.metrics import wilson_interval
from coterie.model.chat import ToolCard
from coterie.model.relevance import meaning
from coterie.model.training.data import registry
from coterie.model.training.data.trajectory import Split
from coterie.tools.registry import Registry, SentenceEncoder
from coterie.tools.spec import ToolSpec
from coterie.tools.tool import Tool

AMONG = (1, 3, 4)


@dataclass(frozen=True)
class Wanted:
    """A step: what is to be done, the tools there are, and the right one."""

    do: str
    tools: Registry
    right: str


Rank = Callable[[Wanted], list[str]]


def steps(split: Split, count: int, seed: int = 0) -> Iterator[Wanted]:
    """Steps of runs with three tools or more."""
    rng = random.Random(f"retrieval {split} {seed}")
    left = count
    while left > 0:
        run = registry.generate(rng, split)
        if len(run.tools) < 3:
            continue
        tools = Registry(Tool(_spec(card), _NoBody()) for card in run.tools)
        for step in run.steps[:left]:
            yield Wanted(step.planned.do, tools, step.tool)
        left -= min(left, len(run.steps))


def compare(wanted: Sequence[Wanted], encoder: SentenceEncoder, trained: SentenceEncoder) -> list[dict[str, Any]]:
    """One row a way: share and interval for each number of tools."""
    rows = []
    ways: dict[str, Rank] = {
        "bm25": lambda each: _names(each.tools.search(each.do, len(each.tools))),
        "encoder": lambda each: _by_cosine(each, encoder),
        "search": lambda each: _names(each.tools.search(each.do, len(each.tools), encoder)),
        "trained": lambda each: _names(each.tools.search(each.do, len(each.tools), trained)),
    }
    for name, way in ways.items():
        places = [way(each).index(each.right) for each in wanted]
        found = {f"among {k}": _share(sum(place < k for place in places), len(places)) for k in AMONG}
        rows.append({"way": name, "steps": len(places), **found})
    return rows


def _names(ranked: Sequence[tuple[Tool, float]]) -> list[str]:
    return [tool.name for tool, _ in ranked]


def _by_cosine(wanted: Wanted, encoder: SentenceEncoder) -> list[str]:
    names = wanted.tools.names()
    rows = encoder.encode([meaning(wanted.tools.get(name).card()) for name in names])
    cosines = rows @ encoder.encode([wanted.do])[0]
    return [names[i] for i in sorted(range(len(names)), key=lambda i: -cosines[i])]


def _share(right: int, total: int) -> list[float]:
    low, high = wilson_interval(right, total)
    return [round(right / total, 4), round(low, 4), round(high, 4)]


def _spec(card: ToolCard) -> ToolSpec:
    return ToolSpec(card.name, card.description, card.parameters)


class _NoBody:
    """These tools are looked for, never called."""

    def check(self, arguments: object) -> dict[str, Any]:
        """See `coterie.tools.spec.Body`."""
        raise TypeError("a tool of a retrieval measurement cannot be called")

    async def run(self, checked: dict[str, Any]) -> Any:
        """See `coterie.tools.spec.Body`."""
        raise TypeError("a tool of a retrieval measurement cannot be called")


def main() -> None:
    """Print a JSON row for each split and way."""
    from coterie.model.encoder import Encoder

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=get_args(Split), action="append")
    parser.add_argument("--count", type=int, default=400, help="steps of each split")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for split in given.split or get_args(Split):
        for row in compare(list(steps(split, given.count, given.seed)), Encoder.load(), Encoder.for_tools()):
            print(json.dumps({"split": split, **row}), flush=True)


if __name__ == "__main__":
    main()
