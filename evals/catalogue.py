"""Finding suites: by the path of a suite file, or by name among those that come with Coterie.

Shipped suites lie in `evals/suites/*.yaml`; `examples` in the examples folder of a checkout; the others are adapters
to data that comes from packages of their own, `NAME` or `NAME:CATEGORY`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from coterie.evals.located import SuiteError
from coterie.evals.suite import Suite, read_suite

_HERE = Path(__file__).resolve().parent
_ADAPTED = ("bfcl", "bfcl:multi_turn", "bfcl:memory", "agentdojo", "agentdojo:attack")


class Listed(NamedTuple):
    """A suite that can be asked for by name; `path` is None for an adapter's."""

    name: str
    path: Path | None


def listed() -> list[Listed]:
    """Every suite known by name."""
    return [*_shipped(), *(Listed(name, None) for name in _ADAPTED)]


def find_suite(reference: str, category: str | None = None) -> Suite:
    """The suite of this name or path. Raises SuiteError with the names there are.

    An adapter reads only what `category` asks for.
    """
    if path := suite_file(reference):
        return read_suite(path)
    if reference == "bfcl":
        from coterie.evals.suites.bfcl import bfcl_suite

        return bfcl_suite(category)
    if reference == "agentdojo":
        from coterie.evals.suites.agentdojo import agentdojo_suite

        return agentdojo_suite(category)
    have = ", ".join(suite.name for suite in listed())
    raise SuiteError(f"no suite {reference!r}; have {have}, or give the path of a suite's .yaml file")


def suite_file(reference: str) -> Path | None:
    """The file of the suite of this name or path; None for an adapter's, and for one that is not known."""
    path = Path(reference)
    if path.suffix in (".yaml", ".yml"):
        return path
    return next((suite.path for suite in _shipped() if suite.name == reference), None)


def overview() -> list[dict[str, Any]]:
    """The face of `eval list`: name, tasks, environments and availability of every suite known by name."""
    return [_described(suite.name) for suite in listed()]


def _described(name: str) -> dict[str, Any]:
    try:
        if name in _ADAPTED:
            tasks, environments = _num_adapted(name), [name.partition(":")[0]]
        else:
            suite = find_suite(name)
            tasks, environments = len(suite.tasks), sorted(suite.environments)
    except SuiteError as error:
        return {"name": name, "tasks": 0, "environments": [], "available": False, "note": str(error)}
    return {"name": name, "tasks": tasks, "environments": environments, "available": True}


def _num_adapted(name: str) -> int:
    """How many tasks an adapter has, without making them."""
    package, _, category = name.partition(":")
    if package == "bfcl":
        from coterie.evals.suites.bfcl import num_items

        return num_items(category or None)
    from coterie.evals.suites.agentdojo import num_tasks

    return num_tasks(category or None)


def _shipped() -> Iterator[Listed]:
    examples = _HERE.parent / "examples" / "suite.yaml"
    if examples.is_file():
        yield Listed("examples", examples)
    for path in sorted((_HERE / "suites").glob("*.yaml")):
        yield Listed(path.stem, path)
