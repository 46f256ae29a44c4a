"""Make a training set: `python -m coterie.model.training.data --base GGUF --out DIR --tokens 4e6 [--catalogue FILE]`.

Writes train.xz, the three held-out sets, text.xz, text_held.xz (see `tokens.TokenSet`) and statistics.json; text.xz
is for healing: prose, and prompts of the training runs.
A task that shares words with a suite we score on is dropped and counted. `--chats` adds runs of the agent's own, as
`coterie eval export RUN --format chats` writes them. Deterministic by seed.
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

from coterie.model import protocol
from coterie.model.training.data import registry, text
from coterie.model.training.data.apis import generators
from coterie.model.training.data.compose import compose, joins
from coterie.model.training.data.contamination import Suites, suites_here
from coterie.model.training.data.gone_over import gone_over
from coterie.model.training.data.own_words import about_it
from coterie.model.training.data.sentences import TorchEncoder
from coterie.model.training.data.shortlist import Shortlist
from coterie.model.training.data.slips import slipped
from coterie.model.training.data.tokens import Encoder, TokenSet, encode_chat
from coterie.model.training.data.trajectory import Split, Trajectory, turns
from coterie.model.training.parent import load_encoder

Draw = Callable[[random.Random, Split], Trajectory]
Document = tuple[list[int], list[bool]]
API_SPLITS: tuple[Split, ...] = ("train", "held_template", "held_family")
TEXT_TOKENS = 512
# How often runs are joined, of how many parts: plans of several steps are the hard part.
COMPOSED = 0.3
PARTS = {2: 0.6, 3: 0.3, 4: 0.1}
MAX_PART_STEPS = 3
SINGLE_PARTS = 0.6
ABOUT_IT = 0.15


def main() -> None:
    """Draw, encode and write every set."""
    arguments = _arguments()
    arguments.out.mkdir(parents=True, exist_ok=True)
    encoder = load_encoder(arguments.base)
    sources = _sources(arguments.catalogue, arguments.environments)
    suites, shortlist = Suites(suites_here()), Shortlist(TorchEncoder.load())
    print(json.dumps({"checked against": {"texts": len(suites.texts), "13-grams": len(suites.ngrams)}}), flush=True)
    statistics: dict[str, Any] = {}
    prompts: list[Document] = []
    for split in get_args(Split):
        budget = arguments.tokens if split == "train" else arguments.held_tokens
        rng = random.Random(f"{arguments.seed} {split}")
        counts: Counter[str] = Counter()
        drawn = _trajectories(sources, split, rng, suites, counts)
        documents = list(_documents(drawn, rng, shortlist, encoder, budget, arguments.max_tokens, counts))
        if split == "train":
            prompts += _prompts(documents, budget * arguments.prompts / 10)
        if split == "train" and arguments.chats:
            documents += own_runs(arguments.chats, encoder, suites, counts)
        TokenSet.of(documents).save(arguments.out / f"{split}.xz")
        learned = sum(sum(flags) for _, flags in documents)
        total = sum(len(ids) for ids, _ in documents)
        statistics[split] = {"documents": len(documents), "tokens": total, "learned": learned, "kinds": counts}
        print(json.dumps({split: statistics[split]}), flush=True)
    for name, held, budget in (("text", False, arguments.tokens / 10), ("text_held", True, arguments.held_tokens)):
        prose = (1 - arguments.prompts) * budget
        documents = list(_prose(encoder, held, budget)) if held else [*_prose(encoder, held, prose), *prompts]
        TokenSet.of(documents).save(arguments.out / f"{name}.xz")
        statistics[name] = {"documents": len(documents), "tokens": sum(len(ids) for ids, _ in documents)}
        print(json.dumps({name: statistics[name]}), flush=True)
    (arguments.out / "statistics.json").write_text(json.dumps(statistics, indent=1))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, help="the base model's GGUF; its wheel's by default")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--catalogue", type=Path, help="real APIs, made by coterie.model.training.data.apis.catalogue")
    parser.add_argument("--tokens", type=float, default=4e6)
    parser.add_argument("--held-tokens", type=float, default=8e4)
    parser.add_argument("--chats", type=Path, help="verified runs of the agent to learn from, JSONL")
    parser.add_argument("--prompts", type=float, default=0.3, help="share of text.xz that is prompts of training runs")
    parser.add_argument("--max-tokens", type=int, default=2000, help="longer trajectories are left out")
    parser.add_argument("--environments", type=float, default=0.7, help="share of environment trajectories")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _sources(catalogue: Path | None, environments: float) -> list[tuple[str, float, Draw]]:
    apis = generators(catalogue)
    weight = sum(w for _, w, _ in apis)
    return [
        ("environments", environments, registry.generate),
        *((name, (1 - environments) * w / weight, draw) for name, w, draw in apis),
    ]


def _trajectories(
    sources: list[tuple[str, float, Draw]], split: Split, rng: random.Random, suites: Suites, counts: Counter[str]
) -> Iterator[tuple[str, Trajectory]]:
    """Runs without end, each with the name of its source."""
    offered = [s for s in sources if split in API_SPLITS or s[0] == "environments"]
    while True:
        name, _, draw = rng.choices(offered, [weight for _, weight, _ in offered])[0]
        try:
            run = _composed(offered, split, rng) if rng.random() < COMPOSED else _drawn(draw, split, rng)
        except AssertionError:
            counts[f"{name}:rejected by its checks"] += 1
            continue
        if any(suites.hits(run.task)):
            counts["dropped: shares words with a suite"] += 1
            continue
        yield name, gone_over(slipped(run, rng) if split == "train" else run)


def _documents(
    runs: Iterator[tuple[str, Trajectory]],
    rng: random.Random,
    shortlist: Shortlist,
    encoder: Encoder,
    budget: float,
    longest: int,
    counts: Counter[str],
) -> Iterator[Document]:
    """Runs as tokens, until there are `budget` of them."""
    total = 0
    while total < budget:
        name, run = next(runs)
        shortlist.offer(run, rng)
        ids, learned = encode_chat(turns(run), encoder)
        if len(ids) <= longest:
            total += len(ids)
            counts[f"{name}:{run.kind}"] += 1
            yield ids, learned


def _prompts(documents: list[Document], budget: float) -> Iterator[Document]:
    """What stands before the first turn of runs: the parent's reading of it is worth keeping, too."""
    total = 0
    for ids, learned in documents:
        prompt = ids[: learned.index(True)]
        if total >= budget:
            return
        if len(prompt) <= 2 * TEXT_TOKENS:
            total += len(prompt)
            yield prompt, [True] * len(prompt)


def own_runs(path: Path, encoder: Encoder, suites: Suites, counts: Counter[str]) -> Iterator[Document]:
    """Runs of the agent as documents: every turn of the model is learned; tasks of a suite are left out."""
    for line in path.read_text(encoding="utf-8").splitlines():
        messages = json.loads(line)["messages"]
        asked = next(message["content"] for message in messages if message["role"] == "user")
        if any(suites.hits(protocol.task_in(asked))):
            counts["dropped: shares words with a suite"] += 1
            continue
        counts["own runs"] += 1
        yield encode_chat(((m, m["role"] == "assistant") for m in messages), encoder)


def _drawn(draw: Draw, split: Split, rng: random.Random) -> Trajectory:
    run = draw(rng, split)
    return about_it(run, rng) if rng.random() < ABOUT_IT else run


def _composed(sources: list[tuple[str, float, Draw]], split: Split, rng: random.Random) -> Trajectory:
    count = rng.choices(list(PARTS), list(PARTS.values()))[0]
    steps = 1 if rng.random() < SINGLE_PARTS else MAX_PART_STEPS
    while True:
        parts: list[Trajectory] = []
        while len(parts) < count:
            _, _, draw = rng.choices(sources, [weight for _, weight, _ in sources])[0]
            run = _drawn(draw, split, rng)
            if joins(run) and len(run.steps) <= steps:
                parts.append(run)
        if (whole := compose(parts, rng)) is not None:
            return whole


def _prose(encoder: Encoder, held: bool, budget: float) -> Iterator[Document]:
    total = 0
    for document in text.documents(held, int(budget * 6)):
        ids = encoder.encode(document)[:TEXT_TOKENS]
        total += len(ids)
        yield ids, [True] * len(ids)
        if total >= budget:
            return


if __name__ == "__main__":
    main()
