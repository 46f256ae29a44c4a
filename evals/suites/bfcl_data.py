"""Reading the data of the `bfcl-eval` package where it is installed, and what its adapters share.

The package is only read: neither its command line nor its model handlers are imported.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from coterie.evals.located import SuiteError
from coterie.tools import Tool
from coterie.tools.spec import Body, ToolSpec

PACKAGE = "bfcl-eval"
PINNED = "2026.3.23"

# BFCL's names for types, which are those of the language that the functions are written in.
_TYPES = {
    "dict": "object",
    "float": "number",
    "tuple": "array",
    "list": "array",
    "bool": "boolean",
    "any": "string",
}


def folder() -> Path:
    """The package's data. SuiteError says how to get it."""
    try:
        package = distribution(PACKAGE)
    except PackageNotFoundError:
        raise SuiteError(
            f"the BFCL suite needs the package {PACKAGE}; get it with: pip install --no-deps {PACKAGE}=={PINNED}"
        ) from None
    return Path(str(package.locate_file("bfcl_eval/data")))


def items(category: str) -> Iterator[dict[str, Any]]:
    """The items of a category, in their order."""
    return _lines(folder() / f"BFCL_v4_{category}.json")


def answers(category: str) -> dict[str, Any]:
    """The possible answers by item."""
    return {
        item["id"]: item["ground_truth"] for item in _lines(folder() / "possible_answer" / f"BFCL_v4_{category}.json")
    }


def earlier_sessions(scenario: str) -> list[dict[str, Any]]:
    """The conversations that come before the memory questions of a scenario."""
    return list(_lines(folder() / "memory_prereq_conversation" / f"memory_{scenario}.json"))


def num_lines(category: str) -> int:
    """How many items a category has."""
    with (folder() / f"BFCL_v4_{category}.json").open("rb") as file:
        return sum(1 for line in file if line.strip())


@cache
def function_docs(class_name: str) -> tuple[dict[str, Any], ...]:
    """The functions of one of the simulated APIs, as BFCL describes them."""
    from bfcl_eval.constants.executable_backend_config import MULTI_TURN_FUNC_DOC_FILE_MAPPING

    return tuple(_lines(folder() / "multi_turn_func_doc" / MULTI_TURN_FUNC_DOC_FILE_MAPPING[class_name]))


def safe_names(functions: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names that are tool names, in the functions' order: dots become underscores, doubles get a number."""
    names: list[str] = []
    for function in functions:
        name = re.sub(r"[^A-Za-z0-9_]", "_", function["name"])
        name = (name if name[:1].isalpha() or name[:1] == "_" else f"f_{name}")[:60]
        while name in names:
            name += "_2"
        names.append(name)
    return names


def tool(safe: str, function: Mapping[str, Any], body: Body) -> Tool:
    """The function as a tool of this name."""
    spec = ToolSpec(safe, function.get("description", ""), json_schema(function["parameters"]), source=PACKAGE)
    return Tool(spec, body)


def json_schema(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """BFCL's type names as JSON Schema, at every depth."""
    schema: dict[str, Any] = {}
    for key, value in parameters.items():
        if key == "type" and isinstance(value, str):
            schema[key] = _TYPES.get(value, value)
        elif key == "properties":
            schema[key] = {name: json_schema(sub) for name, sub in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, Mapping):
            schema[key] = json_schema(value)
        elif key != "optional":
            schema[key] = value
    return schema


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)
