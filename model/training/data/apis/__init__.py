"""Training data of tool choice, arguments, parallel calls and refusals, over invented functions and real APIs.

`generators` gives the weighted kinds; every one is deterministic in its random generator.
"""

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

from coterie.model.training.data.apis import catalogue, chains, kinds
from coterie.model.training.data.apis.catalogue_source import CatalogueSource
from coterie.model.training.data.apis.sources import FrameSource
from coterie.model.training.data.trajectory import Split, Trajectory

Generate = Callable[[random.Random, Split], Trajectory]

__all__ = ["Generate", "generators"]


def generators(catalogue_path: Path | str | None) -> list[tuple[str, float, Generate]]:
    """(name, weight, generate) of every kind; without a catalogue only the invented functions."""
    functions = FrameSource()
    chosen: list[tuple[str, float, Generate]] = [
        ("functions.single", 0.33, partial(kinds.single, source=functions)),
        ("functions.parallel", 0.2, partial(kinds.parallel, source=functions)),
        ("functions.parallel_mixed", 0.15, partial(kinds.parallel_mixed, source=functions)),
        ("functions.chain", 0.05, partial(chains.entity_chain, source=functions)),
        ("functions.refusal", 0.17, partial(kinds.refusal, source=functions)),
    ]
    if catalogue_path is None:
        return chosen
    real = CatalogueSource(catalogue.load(Path(catalogue_path)))
    return [
        *chosen,
        ("apis.single", 0.15, partial(kinds.single, source=real)),
        ("apis.parallel", 0.04, partial(kinds.parallel, source=real)),
        ("apis.parallel_mixed", 0.03, partial(kinds.parallel_mixed, source=real)),
        ("apis.chain", 0.03, partial(chains.operation_chain, source=real)),
        ("apis.refusal", 0.09, partial(kinds.refusal, source=real)),
    ]
