"""Two ways of serving beside each other: `coterie serve bench --compare kernels=own,vllm`, JSON on stdout.

The servers take turns, in the other order every second round, so that what else the machine does falls on both. A
request asks for its routes or not, so these two share a server; their steps are whole answers over their tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from coterie.model.errors import OptionsConflict
from coterie.model.serving.lifecycle import stop
from coterie.model.serving.measure import Say, measure, measure_routes
from coterie.model.serving.options import Options

VALUES: dict[str, dict[str, str | bool]] = {
    "kernels": {"auto": "auto", "own": "own", "vllm": "vllm", "torch": "torch"},
    "expert_weights": {"bf16": "bf16", "int8": "int8"},
    "batch_invariant": {"0": False, "1": True},
    "routes": {"0": False, "1": True},
}
STEPS = ("step_ms_p5", "step_ms_median", "step_cpu_ms")


MODEL = "model"


@dataclass(frozen=True)
class Comparison:
    """One option, by its name in Options, or the model, with the two values to compare as they were written."""

    name: str
    first: str
    second: str

    def options(self, value: str, options: Options) -> Options:
        """The options with one of the two values."""
        if self.name == MODEL:
            return options
        return replace(options, **{self.name: VALUES[self.name][value]})  # type: ignore[arg-type]


def parse(text: str) -> Comparison:
    """`kernels=own,vllm`; raises OptionsConflict for anything that cannot be compared."""
    name, _, values = text.partition("=")
    name = name.replace("-", "_")
    pair = values.split(",")
    known = name in VALUES and VALUES[name].keys() >= set(pair)
    if len(set(pair)) != 2 or not all(pair) or not (known or name == MODEL):
        can = "; ".join([*(f"{option}={'|'.join(each)}" for option, each in VALUES.items()), "model=ANY,OTHER"])
        raise OptionsConflict(
            f"--compare {text!r}: give an option and two of its values, such as kernels=own,vllm ({can})"
        )
    return Comparison(name, *pair)


def compare(
    ref: str, options: Options, comparison: Comparison, rounds: int, say: Say, home: Path | None = None
) -> dict[str, Any]:
    """Measure both ways `rounds` times, each on a new server; a running server is stopped first, the last one after."""
    if comparison.name == "routes":
        measured = measure_routes(ref, options, rounds=rounds, say=say, home=home)
        stop(home)
        return summary(comparison, {value: measured[value == "1"] for value in (comparison.first, comparison.second)})
    found: dict[str, list[dict[str, Any]]] = {comparison.first: [], comparison.second: []}
    for turn in range(rounds):
        for value in list(found)[:: -1 if turn % 2 else 1]:
            say(f"round {turn + 1} of {rounds}, {comparison.name}={value}: starting")
            served = value if comparison.name == MODEL else ref
            found[value].append(measure(served, comparison.options(value, options), cold=True, say=say, home=home))
    stop(home)
    return summary(comparison, found)


def summary(comparison: Comparison, found: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Median and range over the rounds, per number of sequences, and how many times as long the second's steps are."""
    first, second = found[comparison.first], found[comparison.second]
    return {
        "model": {value: runs[0]["model"] for value, runs in found.items()},
        "machine": first[0]["machine"],
        "compared": comparison.name,
        "rounds": len(first),
        "kernels": {value: runs[0]["kernels"] for value, runs in found.items()},
        "decode": [
            {
                "sequences": one["sequences"],
                **{value: {step: _spread([run["decode"][n][step] for run in runs]) for step in STEPS}
                   for value, runs in found.items()},
                "ratio": {step: _ratio(first, second, n, step) for step in STEPS},
            }
            for n, one in enumerate(first[0]["decode"])
        ],
    }  # fmt: skip


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"median": round(median(values), 2), "lowest": min(values), "highest": max(values)}


def _ratio(first: list[dict[str, Any]], second: list[dict[str, Any]], n: int, step: str) -> float:
    its, others = (median(run["decode"][n][step] for run in runs) for runs in (first, second))
    return round(float(others / its), 3)
