"""The world a task is done in: reset to a given state, changed by tools, compared afterwards.

Two kinds: a class with `reset`, `state` and `tools` (`Environment`), or a plain tool module whose top-level
`STATE` is all that its tools see and change (`ToolModule`), which makes any small tool file an environment.
A trial gets an environment of its own, so trials can run side by side.
"""

import copy
import hashlib
import importlib
import importlib.util
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, Protocol, runtime_checkable

from pydantic import JsonValue

from coterie.tools import Tool, ToolError

State = dict[str, JsonValue]


class Environment(Protocol):
    """A deterministic world: the same setup and calls always give the same states."""

    def reset(self, setup: Mapping[str, JsonValue]) -> None:
        """Go to the state that `setup` describes; ValueError when it cannot be read."""
        ...

    def state(self) -> State:
        """All that tools can change, as plain JSON; a copy."""
        ...

    def tools(self) -> list[Tool]:
        """The tools the agent gets."""
        ...


@runtime_checkable
class Ruled(Protocol):
    """An environment with rules that hold whatever the task is, such as a refund policy."""

    def violations(self) -> list[str]:
        """The rules that the current state breaks, one line each."""
        ...


@runtime_checkable
class Attentive(Protocol):
    """An environment that follows the conversation: what is told, and which tools there are, may change with it."""

    def begin_turn(self, number: int, message: str) -> str:
        """Called before the user's message number `number` (from 1) of a session: what the agent is told."""
        ...


class Findings(NamedTuple):
    """What a checker found, one line each."""

    faults: Sequence[str] = ()
    """Why the trial fails."""
    side_effects: Sequence[str] = ()
    """What should not have happened, counted beside; it does not fail the trial."""


@runtime_checkable
class Checked(Protocol):
    """An environment with a checker of its own, such as a public benchmark's."""

    def findings(self, answer: str) -> Findings:
        """What is found in the current state with this last answer."""
        ...


@dataclass(frozen=True)
class EnvironmentFactory:
    """Makes one environment per trial; `source` is the file its code lies in."""

    use: str
    make: Callable[[Path], Environment]
    source: Path
    tools: frozenset[str] | None = None
    """The names of its tools, where they are known before it is made."""


class ToolModule:
    """A tool file with a `STATE`: loaded anew for each environment, so that no two share it."""

    def __init__(self, path: Path) -> None:
        self._module = _load_file(path)
        self._initial: State = copy.deepcopy(self._module.STATE)

    def reset(self, setup: Mapping[str, JsonValue]) -> None:
        """`STATE` as the file has it, with `setup` merged in."""
        live: State = self._module.STATE
        live.clear()
        live.update(merged(self._initial, setup))

    def state(self) -> State:
        """A copy of `STATE`."""
        state: State = copy.deepcopy(self._module.STATE)
        return state

    def tools(self) -> list[Tool]:
        """Every tool defined in the file, in its order."""
        return [value for value in vars(self._module).values() if isinstance(value, Tool)]

    def violations(self) -> list[str]:
        """What the module's own `violations` says, if it has one."""
        rules: Callable[[], list[str]] | None = vars(self._module).get("violations")
        return rules() if rules else []


def state_hash(state: Mapping[str, JsonValue]) -> str:
    """The canonical hash of a state: equal states have equal hashes, whatever the order of keys."""
    text = json.dumps(state, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def merged(old: Mapping[str, JsonValue], new: Mapping[str, JsonValue]) -> State:
    """`old` with `new` laid over it: objects merge, everything else replaces."""
    result = copy.deepcopy(dict(old))
    for key, value in new.items():
        before = result.get(key)
        both = isinstance(before, dict) and isinstance(value, dict)
        result[key] = merged(before, value) if both else copy.deepcopy(value)  # type: ignore[arg-type]
    return result


def load_environment(use: str, options: Mapping[str, JsonValue], folder: Path) -> EnvironmentFactory:
    """Find what `use` names (see `EnvironmentSpec`).

    Raises ValueError, ImportError or AttributeError where there is no such thing, and whatever its code raises.
    """
    where, _, name = use.partition(":")
    if where.endswith(".py"):
        path = (folder / where).resolve()
        if not path.is_file():
            raise ValueError(f"no file {path}")
        module = _load_file(path)
    else:
        module = importlib.import_module(where)
        path = Path(inspect.getfile(module))
    if not name:
        return _module_factory(use, path, module, options)
    maker = getattr(module, name)
    return EnvironmentFactory(use, lambda workspace: maker(workspace, **options), path)


def with_faults(tools: Sequence[Tool], faults: Sequence[tuple[str, str, Sequence[int]]]) -> list[Tool]:
    """The tools, of which those named fail on the given calls: (tool, error, numbers of the calls from 1)."""
    wanted = {name: (error, frozenset(calls)) for name, error, calls in faults}
    if unknown := set(wanted) - {tool.name for tool in tools}:
        raise ValueError(f"faults for unknown tools {sorted(unknown)}; have {sorted(t.name for t in tools)}")
    return [replace(t, body=_Failing(t.body, *wanted[t.name])) if t.name in wanted else t for t in tools]


class _Failing:
    """A tool's body that raises on some of its calls."""

    def __init__(self, inner: Any, error: str, on_calls: frozenset[int]) -> None:
        self._inner, self._error, self._on_calls = inner, error, on_calls
        self._num_calls = 0

    def check(self, arguments: object) -> dict[str, Any]:
        checked: dict[str, Any] = self._inner.check(arguments)
        return checked

    async def run(self, checked: dict[str, Any]) -> JsonValue:
        self._num_calls += 1
        if self._num_calls in self._on_calls:
            raise ToolError(self._error)
        result: JsonValue = await self._inner.run(checked)
        return result


def _module_factory(use: str, path: Path, module: ModuleType, options: Mapping[str, JsonValue]) -> EnvironmentFactory:
    if options:
        raise ValueError(f"a tool module takes no options, got {sorted(options)}")
    if not isinstance(getattr(module, "STATE", None), dict):
        raise ValueError(f"{path.name} needs a top-level STATE, a dict with all that its tools can change")
    tools = frozenset(value.name for value in vars(module).values() if isinstance(value, Tool))
    return EnvironmentFactory(use, lambda workspace: ToolModule(path), path, tools)


def _load_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
