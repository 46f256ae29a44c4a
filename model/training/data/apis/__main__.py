"""Statistics and rendered samples of the API data: `python -m coterie.model.training.data.apis --catalogue PATH`."""

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path

from coterie.model.training.data.apis import Generate, catalogue, frames, functions, generators
from coterie.model.training.data.apis.frames import Frame, is_held
from coterie.model.training.data.trajectory import Split, Trajectory, chat


def main() -> None:
    """Print what the generators can make, how fast, and a few samples of each."""
    parser = argparse.ArgumentParser(description="The API catalogue and its trajectories: statistics and samples.")
    parser.add_argument("--catalogue", type=Path, help="compressed catalogue file; built if it does not exist")
    parser.add_argument("--samples", type=int, default=2, help="rendered samples of each kind")
    parser.add_argument("--count", type=int, default=300, help="trajectories drawn of each kind for the statistics")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", choices=["train", "held_template", "held_family"], default="train")
    arguments = parser.parse_args()
    _frame_statistics()
    if arguments.catalogue:
        _catalogue_statistics(arguments.catalogue)
    for name, weight, generate in generators(arguments.catalogue):
        _kind(name, weight, generate, arguments.split, arguments.seed, arguments.count, arguments.samples)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _frame_statistics() -> None:
    for label, found in (("written", frames.load()), ("composed", functions.load())):
        _say(f"{label} frames: {len(found)}, held family {sum(f.held for f in found)}, {_counts(found)}")


def _counts(found: tuple[Frame, ...]) -> str:
    requests = sum(len(f.requests) for f in found)
    held = sum(len(frames.held_requests(f)) for f in found)
    return f"domains {len({f.domain for f in found})}, request templates {requests}, held {held}"


def _catalogue_statistics(path: Path) -> None:
    operations = catalogue.load(path)
    services = {o.service for o in operations}
    held = sum(is_held(o.service) for o in operations)
    _say(
        f"real operations: {len(operations)} of {len(services)} services; "
        f"held family {held} of {sum(map(is_held, services))}"
    )
    sizes = Counter(len(o.parameters) for o in operations)
    _say("parameters: " + ", ".join(f"{size}: {count}" for size, count in sorted(sizes.items())))


def _kind(name: str, weight: float, generate: Generate, split: Split, seed: int, count: int, samples: int) -> None:
    rng = random.Random(seed)
    began = time.perf_counter()
    runs = [generate(rng, split) for _ in range(count)]
    chars = [sum(len(m["content"]) for m in chat(run)) for run in runs]
    rate = count / (time.perf_counter() - began)
    tools = sum(len(run.tools) for run in runs) / count
    steps = sum(len(run.plan.steps) for run in runs) / count
    answered = sum(run.answer is not None for run in runs) / count
    distinct = len({run.task for run in runs})
    _say(
        f"\n== {name}: weight {weight}, {rate:.0f}/s, {sum(chars) // count} characters, {tools:.1f} tools, "
        f"{steps:.1f} steps, {answered:.0%} answered, {distinct}/{count} tasks distinct"
    )
    for run in runs[:samples]:
        _show(run)


def _show(run: Trajectory) -> None:
    for message in chat(run):
        content = message["content"]
        _say(f"[{message['role']}] {content[content.index('Tools:') :] if message['role'] == 'system' else content}")
    _say("---")


if __name__ == "__main__":
    main()
