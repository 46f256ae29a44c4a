"""Loading tools from where a person keeps them: a .py file, a module, or the entry points of installed packages.

A file becomes a module of its own name (`coterie_tools_<stem>_<digest>`), so that a user's `tools.py` collides
with nothing. Errors name the file and line of the user's code; our own frames are not shown.
"""

import hashlib
import importlib
import sys
import traceback
from collections.abc import Iterable
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import FunctionType, ModuleType

from coterie.tools.capture import captured
from coterie.tools.errors import DefinitionError, LoadError
from coterie.tools.tool import Tool, collected_problems

ENTRY_POINT_GROUP = "coterie.tools"
_MAX_FILE_BYTES = 5_000_000


def load_tools(ref: str) -> list[Tool]:
    """The tools of a .py file, of a module (`package.module`), or of the entry-point group `coterie.tools`.

    LoadError says what is wrong and in which line. What the file prints while it is loaded is dropped.
    """
    if ref == ENTRY_POINT_GROUP:
        return [tool for point in entry_points(group=ENTRY_POINT_GROUP) for tool in _from_entry_point(point)]
    return _tools_of(load_module(ref), ref)


def load_module(ref: str) -> ModuleType:
    """A .py file or a module by name, as `load_tools` loads it. LoadError says what is wrong and in which line."""
    with captured():
        return _from_file(Path(ref).expanduser()) if _is_file(ref) else _from_module(ref)


def check_tools(ref: str) -> tuple[list[Tool], list[str]]:
    """The tools that are right, and every problem of those that are not; for `coterie tools check`."""
    with collected_problems() as problems:
        try:
            tools = load_tools(ref)
        except LoadError as error:
            return [], [*problems, *([] if problems else [str(error)])]
    return tools, problems


def _is_file(ref: str) -> bool:
    return ref.endswith(".py") or "/" in ref or Path(ref).is_file()


def _from_file(path: Path) -> ModuleType:
    source = _source(path)
    resolved = path.resolve()
    digest = hashlib.sha256(str(resolved).encode()).hexdigest()[:10]
    module = ModuleType(f"coterie_tools_{resolved.stem}_{digest}")
    module.__file__ = str(resolved)
    if str(resolved.parent) not in sys.path:
        sys.path.append(str(resolved.parent))  # at the end: the file may import its neighbours but hide nothing
    try:
        code = compile(source, str(resolved), "exec", dont_inherit=True)
        sys.modules[module.__name__] = module
        exec(code, module.__dict__)
    except DefinitionError as error:
        _forget(module)
        raise LoadError(f"{path}: {error}") from None
    except SyntaxError as error:
        _forget(module)
        raise LoadError(f"{path}:{error.lineno or 1}: {error.msg}: {(error.text or '').strip()}") from None
    except (Exception, SystemExit) as error:
        _forget(module)
        raise LoadError(_told(error, path)) from None
    return module


def _forget(module: ModuleType) -> None:
    sys.modules.pop(module.__name__, None)


def _source(path: Path) -> bytes:
    if path.is_dir():
        raise LoadError(f"{str(path)!r} is a folder; name a .py file in it")
    if path.suffix != ".py" and path.is_file():
        raise LoadError(f"{str(path)!r} is not a .py file")
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise LoadError(f"{str(path)!r} is larger than {_MAX_FILE_BYTES:,} bytes: is it Python?")
        return path.read_bytes()
    except FileNotFoundError:
        near = get_close_matches(path.name, _names_beside(path), n=2)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise LoadError(f"the file {str(path)!r} does not exist{hint}") from None
    except OSError as error:
        raise LoadError(f"the file {str(path)!r} cannot be read: {error.strerror}") from None


def _names_beside(path: Path) -> list[str]:
    return [each.name for each in path.parent.glob("*.py")] if path.parent.is_dir() else []


def _from_module(ref: str) -> ModuleType:
    try:
        return importlib.import_module(ref)
    except DefinitionError as error:
        raise LoadError(f"{ref}: {error}") from None
    except ModuleNotFoundError as error:
        if error.name is not None and (ref == error.name or ref.startswith(f"{error.name}.")):
            raise LoadError(f"no module {ref!r}; give a .py file, or the name of an installed module") from None
        raise LoadError(_told(error, Path(ref))) from None
    except (Exception, SystemExit) as error:
        raise LoadError(_told(error, Path(ref))) from None


def _from_entry_point(point: EntryPoint) -> list[Tool]:
    owner = point.dist.name if point.dist is not None else "an installed package"
    place = f"entry point {point.name!r} of {owner} ({point.value})"
    try:
        with captured():
            loaded = point.load()
    except (Exception, SystemExit) as error:
        raise LoadError(f"{place} cannot be loaded: {_told(error, Path(point.value))}") from None
    if isinstance(loaded, ModuleType):
        return _tools_of(loaded, place)
    tools = [loaded] if isinstance(loaded, Tool) else list(loaded) if isinstance(loaded, Iterable) else []
    if not tools or not all(isinstance(each, Tool) for each in tools):
        raise LoadError(f"{place} is a {type(loaded).__name__}; it must be a tool, a list of tools or a module")
    return tools


def _tools_of(module: ModuleType, ref: str) -> list[Tool]:
    tools = list({id(value): value for value in vars(module).values() if isinstance(value, Tool)}.values())
    if tools:
        return tools
    functions = [
        name
        for name, value in vars(module).items()
        if isinstance(value, FunctionType) and value.__module__ == module.__name__ and not name.startswith("_")
    ]
    hint = f"; put @tool on {', '.join(functions[:5])}" if functions else ""
    raise LoadError(f"{ref} defines no tool{hint}. A tool is a typed function under 'from coterie.tools import tool'")


def _told(error: BaseException, path: Path) -> str:
    """The error with the deepest line of the user's own code that led to it."""
    name = path.resolve()
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == str(name)] or frames[-1:]
    place = f"{path}:{own[-1].lineno}: " if own else f"{path}: "
    line = f" in: {own[-1].line}" if own and own[-1].line else ""
    return f"{place}{type(error).__name__}: {error}{line}"
