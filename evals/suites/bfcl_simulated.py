"""The simulated APIs of the `bfcl-eval` package: classes whose methods are called by name with plain values.

The package's own executor builds a line of Python from what a model wrote and evaluates it. Here a call is a name and
JSON arguments, and the method is looked up and called; results become text just as there. Reference solutions are
lines of Python too: they are parsed, and may hold literals only.
"""

import ast
import copy
import importlib
import inspect
import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import JsonValue

from coterie.tools import ToolError

Instances = dict[str, Any]

# The classes share some module state (precision, long extensions), and trials run side by side.
_ONE_AT_A_TIME = threading.Lock()
# Arguments that decide how long a call takes: above this, big-number arithmetic would hang the process.
_MOST = 10_000
_LASTING = ("precision", "exponent", "decimal_places")


class Call(NamedTuple):
    """One call of a method."""

    name: str
    arguments: Mapping[str, Any]


class Returned(NamedTuple):
    """What a call gave, as text; `failed` says that the API called it an error."""

    text: str
    failed: bool


def make(class_names: Sequence[str], config: Mapping[str, Any], long_context: bool) -> Instances:
    """Fresh instances of these APIs in the state that an item's `initial_config` describes."""
    from bfcl_eval.constants.executable_backend_config import STATELESS_CLASSES

    instances = {name: class_of(name)() for name in class_names}
    for name, instance in instances.items():
        if name not in STATELESS_CLASSES:
            instance._load_scenario(copy.deepcopy(config.get(name, {})), long_context=long_context)
    return instances


def class_of(name: str) -> type[Any]:
    """One of the package's classes."""
    from bfcl_eval.constants.executable_backend_config import CLASS_FILE_PATH_MAPPING

    found: type[Any] = getattr(importlib.import_module(CLASS_FILE_PATH_MAPPING[name]), name)
    return found


def perform(instances: Instances, call: Call) -> Returned:
    """Call the method; what it returns or raises becomes text as the package's executor writes it.

    It gets a copy of the arguments: some of the APIs keep a list they were given and add to it later.
    """
    with _ONE_AT_A_TIME:
        try:
            _require_short(call)
            result = _method(instances, call.name)(**copy.deepcopy(dict(call.arguments)))
            return Returned(_text(result), isinstance(result, dict) and "error" in result)
        except Exception as error:  # whatever a method raises is its answer, as in the package
            return Returned(f"Error during execution: {error}", True)


def parsed(text: str, class_names: Sequence[str]) -> Call:
    """A reference call such as `cd(folder='a')` or `cd('a')`. ValueError unless it is one call with literals."""
    node = ast.parse(text, mode="eval").body
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and all(k.arg for k in node.keywords)):
        raise ValueError(f"not a plain call: {text!r}")
    named = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in node.keywords}
    positional = [ast.literal_eval(value) for value in node.args]
    if positional:
        names = list(inspect.signature(_function(class_names, node.func.id)).parameters)[1:]
        named = dict(zip(names, positional, strict=False)) | named
    return Call(node.func.id, named)


def plain(value: Any) -> JsonValue:
    """An instance's public attributes, at every depth, as JSON; directories are objects of their contents."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set):
        return sorted((plain(item) for item in value), key=repr)
    if hasattr(value, "contents"):
        return plain(value.contents)
    if hasattr(value, "content"):
        return plain(value.content)
    return str(value)


def state_of(instances: Instances) -> dict[str, JsonValue]:
    """What BFCL compares: the public attributes of every instance."""
    return {
        name: {key: plain(value) for key, value in vars(instance).items() if not key.startswith("_")}
        for name, instance in instances.items()
    }


class SimulatedBody:
    """A tool's body that calls the method and takes the call down; arguments are judged by the method."""

    def __init__(self, instances: Instances, name: str, calls: list[Call]) -> None:
        self._instances, self._name, self._calls = instances, name, calls

    def check(self, arguments: object) -> dict[str, Any]:
        """See `coterie.tools.spec.Body`."""
        return dict(arguments) if isinstance(arguments, Mapping) else {}

    async def run(self, checked: dict[str, Any]) -> JsonValue:
        """See `coterie.tools.spec.Body`; what the API calls an error is a ToolError."""
        call = Call(self._name, checked)
        self._calls.append(call)
        returned = perform(self._instances, call)
        if returned.failed:
            raise ToolError(returned.text)
        return returned.text


def _method(instances: Instances, name: str) -> Any:
    if not name.startswith("_"):
        for instance in reversed(instances.values()):
            if inspect.ismethod(method := getattr(instance, name, None)):
                return method
    raise NameError(f"name '{name}' is not defined")


def _function(class_names: Sequence[str], name: str) -> Any:
    for class_name in reversed(class_names):
        if function := getattr(class_of(class_name), name, None):
            return function
    raise ValueError(f"none of {list(class_names)} has a method {name!r}")


def _require_short(call: Call) -> None:
    for name in _LASTING:
        value = call.arguments.get(name)
        if isinstance(value, int) and abs(value) > _MOST:
            raise ValueError(f"{name} is above {_MOST}, which the simulation does not work out")


def _text(result: object) -> str:
    if isinstance(result, str):
        return result
    if isinstance(result, dict):
        try:
            return json.dumps(result)
        except (TypeError, ValueError):
            return str(result)
    return str(result)
