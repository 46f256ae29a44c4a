"""Every task template with its kind, environment, family and split; samples and statistics by a command.

    python -m coterie.model.training.data.registry --samples 3 --split train

Deterministic by seed. `generate` draws a template by weight and gives a verified trajectory.
"""

import argparse
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from itertools import accumulate

from coterie.model.training.data.environments import distractors
from coterie.model.training.data.environments.assemble import environment, populate, simple_questions, workspace
from coterie.model.training.data.environments.catalog import Catalog, Template
from coterie.model.training.data.environments.domains import HELD, WORLDS
from coterie.model.training.data.environments.scene import Unlucky
from coterie.model.training.data.own_words import in_own_words
from coterie.model.training.data.trajectory import Split, Trajectory, chat

__all__ = ["generate", "statistics", "stream", "templates"]
SPLITS: tuple[Split, ...] = ("train", "held_template", "held_family", "held_environment")


@cache
def catalog() -> Catalog:
    """All templates; the pools of distractors are filled on the way."""
    made = Catalog()
    distractors.POOL.extend(workspace(made).ops.values())
    simple_questions(made)
    for name, collections in WORLDS.items():
        env = environment(name, collections, held=name in HELD)
        populate(made, env, collections)
        held = {c.name for c in collections if c.held}
        pool = distractors.HELD_POOL if env.held else distractors.POOL
        pool.extend(op for op in env.ops.values() if op.role.partition(".")[0] not in held and op not in pool)
    return made


@cache
def templates(split: Split | None = None) -> tuple[Template, ...]:
    """All templates, or those of one split."""
    return tuple(t for t in catalog().templates.values() if split in (None, t.split))


@cache
def _weights(split: Split, of: str | None) -> tuple[tuple[Template, ...], tuple[float, ...]]:
    chosen = tuple(t for t in templates(split) if of in (None, t.environment.name))
    return chosen, tuple(accumulate(t.weight for t in chosen))


def generate(rng: random.Random, split: Split = "train", of: str | None = None) -> Trajectory:
    """A verified trajectory of a template drawn by weight, perhaps only `of` one environment; one that fails a check
    is never given out."""
    chosen, weights = _weights(split, of)
    while True:
        with suppress(Unlucky, AssertionError):
            return in_own_words(rng.choices(chosen, cum_weights=weights)[0].generate(rng, split))


def stream(seed: int, split: Split = "train") -> Iterator[Trajectory]:
    """Trajectories without end, the same for the same seed."""
    rng = random.Random(seed)
    while True:
        yield generate(rng, split)


def statistics(n: int, split: Split = "train", seed: int = 0) -> dict[str, object]:
    """What `n` trajectories are made of."""
    started, runs = time.process_time(), stream(seed, split)
    kinds, steps, families, tools, flags, sizes = Counter[str](), Counter[int](), set(), set(), Counter[str](), []
    for _ in range(n):
        run = next(runs)
        kinds[run.kind] += 1
        steps[len(run.steps)] += 1
        families.add((run.environment, run.family))
        tools |= {card.name for card in run.tools}
        flags.update(_flags(run))
        sizes.append(sum(len(m["content"]) for m in chat(run)) // 4)
    elapsed = time.process_time() - started
    sizes.sort()
    by_split = Counter(t.split for t in templates())
    return {
        "templates": len(templates()),
        "templates by split": dict(by_split),
        "environments": len({t.environment.name for t in templates()}),
        "families seen": len(families),
        "distinct tool names seen": len(tools),
        "kinds": {k: round(v / n, 3) for k, v in kinds.most_common()},
        "steps": dict(sorted(steps.items())),
        **{
            name: round(flags[name] / n, 3)
            for name in ("something went wrong", "replanned", "ended failed", "memory recalled", "refused at plan")
        },
        "tokens (chars / 4)": {"median": sizes[n // 2], "95 %": sizes[int(n * 0.95)], "max": sizes[-1]},
        "trajectories a CPU-second": round(n / elapsed),
    }


def _flags(run: Trajectory) -> Iterator[str]:
    verdicts = {a.verdict.word for s in run.steps for a in s.attempts if a.verdict}
    errors = any(a.is_error for s in run.steps for a in s.attempts)
    if errors or "retry" in verdicts or (run.answer and run.answer.status == "failed"):
        yield "something went wrong"
    if run.replans:
        yield "replanned"
    if run.answer and run.answer.status == "failed":
        yield "ended failed"
    if run.recalled:
        yield "memory recalled"
    if run.plan.refusal:
        yield "refused at plan"


def shown(run: Trajectory) -> str:
    """A trajectory as its chat, for reading."""
    head = f"===== {run.template} ({run.kind}) ====="
    return "\n".join([head, *(f"--- {m['role']}\n{m['content']}" for m in chat(run))])


def main() -> None:
    """Print statistics and samples."""
    parser = argparse.ArgumentParser(description="Statistics and samples of the executable environments.")
    parser.add_argument("--samples", type=int, default=3)
    parser.add_argument("--split", choices=SPLITS, default="train")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=2000, help="trajectories the statistics are taken over")
    parser.add_argument("--template", default="", help="only templates whose name contains this")
    given = parser.parse_args()
    if given.count:
        for name, value in statistics(given.count, given.split, given.seed).items():
            print(f"{name}: {value}")
    rng = random.Random(given.seed)
    matching = [t for t in templates(given.split) if given.template in t.name]
    for _ in range(given.samples):
        run = rng.choice(matching).generate(rng) if given.template else generate(rng, given.split)
        print(shown(run))


if __name__ == "__main__":
    main()
