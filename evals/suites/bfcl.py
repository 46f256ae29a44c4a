"""Adapter to the Berkeley Function Calling Leaderboard v4, from the `bfcl-eval` package.

`bfcl_single_turn`, `bfcl_multi_turn` and `bfcl_memory` are its three kinds of tasks, each with the package's own
checker. Data stays in the package; no text of a model is ever evaluated as code.
"""

from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

from coterie.evals.code import code, digest
from coterie.evals.environment import Environment, EnvironmentFactory
from coterie.evals.located import SuiteError
from coterie.evals.suite import Suite, TaskSpec
from coterie.evals.suites import bfcl_data, bfcl_memory, bfcl_multi_turn, bfcl_single_turn

SINGLE_TURN = bfcl_single_turn.CATEGORIES
CATEGORIES = (*SINGLE_TURN, *bfcl_multi_turn.CATEGORIES, *bfcl_memory.CATEGORIES)
GROUPS = {
    "single_turn": SINGLE_TURN,
    "simple": ("simple_python",),
    "non_python": ("simple_java", "simple_javascript"),
    "non_live": SINGLE_TURN[:7],
    "live": SINGLE_TURN[7:],
    "multi_turn": bfcl_multi_turn.CATEGORIES,
    "memory": bfcl_memory.CATEGORIES,
}
LEFT_OUT = {
    "memory_vector": "its memory needs sentence-transformers and faiss, and a model from the network",
    "web_search": "its tools need the network and a key for a search service",
    "format_sensitivity": "it asks for calls in 26 formats of text, and here calls are never text",
}


def bfcl_suite(category: str | None = None) -> Suite:
    """The items of a category or a group of them; without one, of all single-turn categories. Raises SuiteError."""
    names = _categories(category or "single_turn")
    kinds = {_kind(name) for name in names}
    (kind,) = kinds  # a group never mixes kinds
    factory = EnvironmentFactory("bfcl", lambda workspace: _environment(kind), Path(__file__))
    tasks = tuple(_tagged(task, category) for name in names for task in _tasks(name))
    name = "bfcl" if kind == "single_turn" else f"bfcl_{kind}"
    description = f"Berkeley Function Calling Leaderboard v4, {kind.replace('_', ' ')}"
    return Suite(name, description, tasks, {"bfcl": factory}, _digest())


def num_items(category: str | None = None) -> int:
    """How many items there are. Raises SuiteError where the package is missing."""
    return sum(bfcl_data.num_lines(_file(name)) for name in _categories(category or "single_turn"))


def _digest() -> str:
    """Changes with the package's version and with the adapter's code."""
    return f"{bfcl_data.PACKAGE}-{distribution(bfcl_data.PACKAGE).version}-{digest(code([Path(__file__)]))}"


def _categories(asked: str) -> tuple[str, ...]:
    if (why := next((why for name, why in LEFT_OUT.items() if asked.startswith(name)), None)) is not None:
        raise SuiteError(f"the BFCL category {asked!r} is left out: {why}")
    if asked not in (*CATEGORIES, *GROUPS):
        raise SuiteError(f"no BFCL category {asked!r}; have {', '.join((*GROUPS, *CATEGORIES))}")
    return GROUPS.get(asked, (asked,))


def _kind(category: str) -> str:
    return next(kind for kind in ("multi_turn", "memory", "single_turn") if category in GROUPS[kind])


def _file(category: str) -> str:
    """The data file: all memory categories ask the same questions."""
    return "memory" if category in bfcl_memory.CATEGORIES else category


def _tasks(category: str) -> Iterator[TaskSpec]:
    if category in bfcl_multi_turn.CATEGORIES:
        return bfcl_multi_turn.tasks(category)
    if category in bfcl_memory.CATEGORIES:
        return bfcl_memory.tasks(category)
    return bfcl_single_turn.tasks(category)


def _environment(kind: str) -> Environment:
    if kind == "multi_turn":
        return bfcl_multi_turn.Conversation()
    if kind == "memory":
        return bfcl_memory.Memory()
    return bfcl_single_turn.RecordedCalls()


def _tagged(task: TaskSpec, asked: str | None) -> TaskSpec:
    """The task, in the category it was asked for."""
    if asked is None or asked in task.tags:
        return task
    return task.model_copy(update={"tags": [*task.tags, asked]})
