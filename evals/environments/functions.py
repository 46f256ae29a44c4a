"""Functions given as data, which take calls down and do nothing: for tasks that ask for calls, not for effects.

Setup: `{"functions": [{"name", "description", "parameters"}], "calls": [{"function", "arguments"}]}`, the second the
calls that are right, in any order; without it none is. An argument may be `{"$one_of": [...]}`. Text counts without
its case and the spaces around it, numbers by value. A parameter that `arguments` does not name may be given its
schema's `default` and nothing else. State: the calls made.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from coterie.evals.environment import State
from coterie.tools import Tool
from coterie.tools.spec import ToolSpec


class Recording:
    """A tool's body that takes the call down as it was written: judging it is the checker's work."""

    def __init__(self, name: str, calls: list[dict[str, Any]]) -> None:
        self._name, self._calls = name, calls

    def check(self, arguments: object) -> dict[str, Any]:
        """The arguments as they are."""
        return dict(arguments) if isinstance(arguments, Mapping) else {}

    async def run(self, checked: dict[str, Any]) -> JsonValue:
        """Take the call down."""
        self._calls.append({self._name: checked})
        return "taken down"


class _Function(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    description: str = ""
    parameters: dict[str, Any]


class _Call(BaseModel):
    model_config = ConfigDict(extra="forbid")
    function: str
    arguments: dict[str, Any] = {}


class _Setup(BaseModel):
    model_config = ConfigDict(extra="forbid")
    functions: list[_Function]
    calls: list[_Call] = []


class Functions:
    """The functions of one task; they need no folder."""

    def __init__(self, folder: Path) -> None:
        self._setup = _Setup(functions=[])
        self._calls: list[dict[str, Any]] = []

    def reset(self, setup: Mapping[str, JsonValue]) -> None:
        """See the module. ValueError where the setup is another."""
        try:
            self._setup = _Setup.model_validate(setup)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise ValueError(f"functions are set up with {{functions: [...], calls: [...]}}: {wrong}") from None
        names = [function.name for function in self._setup.functions]
        if unknown := [call.function for call in self._setup.calls if call.function not in names]:
            raise ValueError(f"calls of {unknown}, which are none of the functions {names}")
        self._calls = []

    def state(self) -> State:
        """The calls made, each under its function's name."""
        return {"calls": [dict(call) for call in self._calls]}

    def tools(self) -> list[Tool]:
        """One tool for each function."""
        return [
            Tool(ToolSpec(f.name, f.description, f.parameters, source="suite"), Recording(f.name, self._calls))
            for f in self._setup.functions
        ]

    def violations(self) -> list[str]:
        """The calls that are missing, and those that are wrong or too many."""
        left = list(self._setup.calls)
        wrong: list[str] = []
        for made in self._calls:
            [(name, arguments)] = made.items()
            right = next((call for call in left if call.function == name and self._fits(call, arguments)), None)
            if right is None:
                wrong.append(f"this call is not asked for: {name}({json.dumps(arguments, ensure_ascii=False)})")
            else:
                left.remove(right)
        asked = [f"{call.function}({json.dumps(call.arguments, ensure_ascii=False)})" for call in left]
        return [*wrong, *(f"this call is missing: {text}" for text in asked)]

    def _fits(self, call: _Call, arguments: Mapping[str, Any]) -> bool:
        [function] = [f for f in self._setup.functions if f.name == call.function]
        known: Mapping[str, Any] = function.parameters.get("properties", {})
        asked = all(name in arguments and same(arguments[name], value) for name, value in call.arguments.items())
        return asked and all(
            name in call.arguments or ("default" in known.get(name, {}) and same(value, known[name]["default"]))
            for name, value in arguments.items()
        )


def same(given: Any, wanted: Any) -> bool:
    """Whether a value is the wanted one, or one of those in `{"$one_of": [...]}`."""
    if isinstance(wanted, Mapping) and wanted.keys() == {"$one_of"}:
        return any(same(given, each) for each in wanted["$one_of"])
    if isinstance(wanted, str) and isinstance(given, str):
        return given.strip().casefold() == wanted.strip().casefold()
    if isinstance(wanted, Mapping) and isinstance(given, Mapping):
        return given.keys() == wanted.keys() and all(same(given[name], wanted[name]) for name in wanted)
    if isinstance(wanted, Sequence) and isinstance(given, Sequence) and not isinstance(wanted, str | bytes):
        return len(given) == len(wanted) and all(map(same, given, wanted))
    return isinstance(given, bool) == isinstance(wanted, bool) and bool(given == wanted)
