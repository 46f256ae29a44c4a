"""Which code a suite's verdicts depend on, so that an edited checker or adapter is seen like an edited suite.

    environments' files -> the local modules they import -> those that these import, ...; and the scorers

Local is what lies beside the importing file, in its own package, or among Coterie's environments and adapters. What
comes from other packages does not count, nor the files that such code reads.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

_EVALS = Path(__file__).resolve().parent
_ADAPTERS = ("environments", "suites", "templates")


def code(sources: Iterable[Path]) -> set[Path]:
    """The files of these environments or adapters, of the local modules that they import, and of the scorers."""
    return local([*sources, _EVALS / "matchers.py", *(_EVALS / "scorers").glob("*.py")])


def local(sources: Iterable[Path]) -> set[Path]:
    """The files of these modules and of all local modules that they import."""
    found: set[Path] = set()
    waiting = list(sources)
    while waiting:
        path = waiting.pop().resolve()
        if path not in found:
            found.add(path)
            waiting += _imported(path)
    return found


def digest(files: Iterable[Path]) -> str:
    """Changes with any byte and any name of the files; the folders they lie in do not matter."""
    lines = sorted(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _imported(path: Path) -> Iterator[Path]:
    """The files of the local modules that a file names in its imports, wherever in it they stand."""
    for place in _named(path):
        for file in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
            if file.is_file():
                yield file


def _named(path: Path) -> Iterator[Path]:
    """Where each imported name would lie as a local module, without the ending."""
    try:
        tree = ast.parse(path.read_bytes())
    except SyntaxError:  # imported nowhere so far, or the environment could not have been loaded
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _places(alias.name.split("."), path)
        elif isinstance(node, ast.ImportFrom):
            module = node.module.split(".") if node.module else []
            for parts in (module, *([*module, alias.name] for alias in node.names if alias.name != "*")):
                if node.level:
                    yield path.parents[node.level - 1].joinpath(*parts)
                else:
                    yield from _places(parts, path)


def _places(parts: list[str], path: Path) -> Iterator[Path]:
    if parts[:2] == ["coterie", "evals"] and parts[2:3] and parts[2] in _ADAPTERS:
        yield _EVALS.joinpath(*parts[2:])
    elif parts[0] != "coterie":
        yield path.parent.joinpath(*parts)
        package = [folder for folder in path.parents if (folder / "__init__.py").is_file()]
        if package and package[-1].name == parts[0]:
            yield package[-1].parent.joinpath(*parts)
