"""A suite of requests held out of training: `python -m coterie.evals.templates.held_requests --out DIR --seed 1`.

Made as the training's requests for calls are, of functions and wordings that training never sees, in equal parts of
each kind; to compare states of a model on. With `--catalogue` also of documented APIs.
"""

import argparse
import random
from collections.abc import Callable
from pathlib import Path

from coterie.evals.templates.family import Parts, call, miss, refusal, solution
from coterie.evals.templates.write import write_suite
from coterie.model.training.data.apis import Generate, generators
from coterie.model.training.data.apis.sheets import Sheets
from coterie.model.training.data.trajectory import Split, Trajectory

HELD: tuple[Split, ...] = ("held_template", "held_family")
MAX_FUNCTIONS = 12
MAX_DRAWS = 4000
_HEAD = """\
name: held-requests
description: Requests for calls made as those of the training are, of functions and wordings held out of it.
environments:
  functions: {use: "coterie.evals.environments.functions:Functions"}
data: [held-requests.jsonl]
"""


def tasks(count: int, seed: int, catalogue: Path | None = None) -> list[Parts]:
    """`count` different requests, the same for the same seed. ValueError where a kind does not have so many."""
    rng = random.Random(f"held requests {seed}")
    kinds = list(_kinds(catalogue).items())
    made: list[Parts] = []
    for number, (kind, (draw, fits)) in enumerate(kinds):
        wanted = count * (number + 1) // len(kinds) - count * number // len(kinds)
        found: dict[str, Parts] = {}
        for _ in range(MAX_DRAWS):
            if len(found) == wanted:
                break
            try:
                run = draw(rng, rng.choice(HELD))
            except AssertionError:  # it did not pass the generator's own checks
                continue
            if fits(run) and len(run.tools) <= MAX_FUNCTIONS:
                found.setdefault(run.task, _task(run, kind, len(found) + 1))
        else:
            raise ValueError(f"there are only {len(found)} requests of the kind {kind} of {wanted}")
        made += found.values()
    return made


def _kinds(catalogue: Path | None) -> dict[str, tuple[Generate, Callable[[Trajectory], bool]]]:
    drawn = {name: draw for name, _, draw in generators(catalogue)}
    sheets = Sheets()
    kinds: dict[str, tuple[Generate, Callable[[Trajectory], bool]]] = {
        "single": (drawn["functions.single"], _is_single),
        "parallel": (drawn["functions.parallel"], _is_several),
        "parallel_mixed": (drawn["functions.parallel_mixed"], _is_several),
        "written_single": (sheets, _is_single),
        "written_several": (sheets, _is_several),
        "written_none": (sheets, lambda run: not run.steps),
    }
    return kinds | ({"api": (drawn["apis.single"], _is_single)} if catalogue else {})


def _is_single(run: Trajectory) -> bool:
    return len(run.steps) == len(run.plan.steps) == 1


def _is_several(run: Trajectory) -> bool:
    return len(run.steps) == len(run.plan.steps) > 1 and run.alone in (None, 1)


def _task(run: Trajectory, kind: str, number: int) -> Parts:
    functions = [{"name": t.name, "description": t.description, "parameters": t.parameters} for t in run.tools]
    calls = [(step.tool, dict(step.attempts[-1].arguments)) for step in run.steps]
    expect: Parts = {"ignore": ["/calls"], "any_ending": True}
    head = {"id": f"{kind}-{number}", "environment": "functions", "task": run.task, "tags": [kind]}
    if not calls:
        called = miss("called a function all the same", call(run.tools[0].name))
        said = {"expect": expect | {"refuse": True}, "reference": refusal("No tool fits."), "near_misses": [called]}
        return {**head, "setup": {"functions": functions}, **said}
    right = [{"function": name, "arguments": arguments} for name, arguments in calls]
    made = [call(name, **arguments) for name, arguments in calls]
    return {
        **head,
        "setup": {"functions": functions, "calls": right},
        "expect": expect,
        "reference": solution(*made, answer="Done."),
        "near_misses": [miss("left out the last call", *made[:-1])],
    }


def main() -> None:
    """Write a suite."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=240)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--catalogue", type=Path, help="real APIs, made by coterie.model.training.data.apis.catalogue")
    given = parser.parse_args()
    try:
        print(write_suite(given.out, "held-requests", _HEAD, tasks(given.count, given.seed, given.catalogue)))
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
