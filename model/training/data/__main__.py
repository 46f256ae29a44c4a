"""Make a training set: `python -m coterie.model.training.data --out DIR --tokens 4e6 [--catalogue FILE]`.

Writes train.xz, the three held-out sets, text.xz, text_held.xz (see `tokens.TokenSet`) and statistics.json; text.xz
is for healing: prose, and prompts of the training runs.
A task that shares words with a suite we score on is dropped and counted. `--chats` adds runs of the agent's own, as
`coterie eval export RUN --format chats` writes them. Deterministic by seed.
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from coterie.model import protocol
from coterie.model.config import DEFAULT_MODEL, MODELS
from coterie.model.training.data import text
from coterie.model.training.data.contamination import Suites, suites_here
from coterie.model.training.data.draw import sources, trajectories
from coterie.model.training.data.sentences import TorchEncoder
from coterie.model.training.data.shortlist import Shortlist
from coterie.model.training.data.tokens import Encoder, TokenSet, encode_chat
from coterie.model.training.data.trajectory import Split, Trajectory, turns
from coterie.model.training.parent import load_encoder

Document = tuple[list[int], list[bool]]
TEXT_TOKENS = 512


def main() -> None:
    """Draw, encode and write every set."""
    arguments = _arguments()
    try:
        encoder = load_encoder(MODELS[arguments.model], arguments.base)
        shares = (arguments.environments, arguments.tasks, arguments.requests)
        drawn_from = sources(arguments.catalogue, *shares, only=arguments.sources)
        arguments.out.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from None
    suites, shortlist = Suites(suites_here()), Shortlist(TorchEncoder.load())
    print(json.dumps({"checked against": {"texts": len(suites.texts), "13-grams": len(suites.ngrams)}}), flush=True)
    statistics: dict[str, Any] = {}
    prompts: list[Document] = []
    for split in get_args(Split):
        budget = arguments.tokens if split == "train" else arguments.held_tokens
        rng = random.Random(f"{arguments.seed} {split}")
        counts: Counter[str] = Counter()
        drawn = trajectories(drawn_from, split, rng, suites, counts)
        documents = list(_documents(drawn, rng, shortlist, encoder, budget, arguments.max_tokens, counts))
        if split == "train":
            prompts += _prompts(documents, budget * arguments.prompts / 10)
        if split == "train" and arguments.chats:
            documents += own_runs(arguments.chats, encoder, suites, counts)
        TokenSet.of(documents, encoder.end).save(arguments.out / f"{split}.xz")
        learned = sum(sum(flags) for _, flags in documents)
        total = sum(len(ids) for ids, _ in documents)
        statistics[split] = {"documents": len(documents), "tokens": total, "learned": learned, "kinds": counts}
        print(json.dumps({split: statistics[split]}), flush=True)
    for name, held, budget in (("text", False, arguments.tokens / 10), ("text_held", True, arguments.held_tokens)):
        prose = (1 - arguments.prompts) * budget
        documents = list(_prose(encoder, held, budget)) if held else [*_prose(encoder, held, prose), *prompts]
        TokenSet.of(documents, encoder.end).save(arguments.out / f"{name}.xz")
        statistics[name] = {"documents": len(documents), "tokens": sum(len(ids) for ids, _ in documents)}
        print(json.dumps({name: statistics[name]}), flush=True)
    (arguments.out / "statistics.json").write_text(json.dumps(statistics, indent=1))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=list(MODELS), default=DEFAULT_MODEL, help="of ours, which is to learn it")
    parser.add_argument("--base", type=Path, help="the base model's GGUF; the installed one by default")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--catalogue", type=Path, help="real APIs, made by coterie.model.training.data.apis.catalogue")
    parser.add_argument("--tokens", type=float, default=4e6)
    parser.add_argument("--held-tokens", type=float, default=8e4)
    parser.add_argument("--chats", type=Path, help="verified runs of the agent to learn from, JSONL")
    parser.add_argument("--prompts", type=float, default=0.3, help="share of text.xz that is prompts of training runs")
    parser.add_argument("--max-tokens", type=int, default=2000, help="longer trajectories are left out")
    parser.add_argument("--environments", type=float, default=0.4, help="share of environment trajectories")
    parser.add_argument("--tasks", type=float, default=0.1, help="share of environment tasks written one by one")
    parser.add_argument("--requests", type=float, default=0.25, help="share of requests written one by one")
    parser.add_argument("--sources", nargs="+", metavar="NAME", help="only these, as the statistics name them")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    shares = (arguments.environments, arguments.tasks, arguments.requests)
    if min(shares) < 0 or sum(shares) > 1:
        parser.error(
            "--environments, --tasks and --requests are shares: none is negative, and together they are at most 1"
        )
    return arguments


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
    for name, run in runs:
        if total >= budget:
            return
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
