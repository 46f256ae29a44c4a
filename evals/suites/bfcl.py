"""Adapter to the Berkeley Function Calling Leaderboard v4, single-turn categories, from the `bfcl-eval` package.

Each item's functions become tools that take calls down and do nothing; the package's own checker gives the verdict,
imported without the package's model handlers. Data stays in the package; no text of a model is ever evaluated as
code. The checker's verdicts were made for Python values, so the Java and JavaScript categories, whose arguments are
source text in the original, are left out.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from pydantic import JsonValue

from coterie.evals.environment import EnvironmentFactory, State
from coterie.evals.located import SuiteError
from coterie.evals.suite import Call, Expect, Solution, Suite, TaskSpec
from coterie.tools import Tool
from coterie.tools.spec import ToolSpec

CATEGORIES = (
    "simple_python",
    "multiple",
    "parallel",
    "parallel_multiple",
    "irrelevance",
    "live_simple",
    "live_multiple",
    "live_parallel",
    "live_parallel_multiple",
    "live_irrelevance",
    "live_relevance",
)
GROUPS = {
    "simple": ("simple_python",),
    "non_live": CATEGORIES[:5],
    "live": CATEGORIES[5:],
}
_TYPES = {
    "dict": "object",
    "float": "number",
    "tuple": "array",
    "list": "array",
    "bool": "boolean",
    "any": "string",
}
_ANSWERED = ("irrelevance", "relevance")
_PACKAGE = "bfcl-eval"


def bfcl_suite(category: str | None = None) -> Suite:
    """The items of one category, of a group of them, or of all. Raises SuiteError."""
    if category is not None and category not in (*CATEGORIES, *GROUPS):
        raise SuiteError(f"no BFCL category {category!r}; have {', '.join((*GROUPS, *CATEGORIES))}")
    names = CATEGORIES if category is None else GROUPS.get(category, (category,))
    tasks = tuple(task for name in names for task in _tasks(name, category))
    factory = EnvironmentFactory("bfcl", lambda workspace: RecordedCalls(), Path(__file__))
    digest = f"{_PACKAGE}-{distribution(_PACKAGE).version}"
    return Suite("bfcl", "Berkeley Function Calling Leaderboard v4, single turn", tasks, {"bfcl": factory}, digest)


def num_items() -> int:
    """How many items there are in all. Raises SuiteError where the package is missing."""
    return sum(1 for category in CATEGORIES for _ in _lines(category, False))


class RecordedCalls:
    """The functions of one item; calling one writes it down. The state is the calls made so far."""

    def __init__(self) -> None:
        self._setup: dict[str, Any] = {}
        self._calls: list[dict[str, Any]] = []

    def reset(self, setup: Mapping[str, JsonValue]) -> None:
        """`setup` is the item: functions, answers (possible ones), category."""
        self._setup, self._calls = dict(setup), []

    def state(self) -> State:
        """The calls under the functions' original names."""
        return {"calls": [dict(call) for call in self._calls]}

    def tools(self) -> list[Tool]:
        """One tool for each function."""
        functions: list[dict[str, Any]] = self._setup["functions"]
        return [
            _tool(safe, function, self._calls) for safe, function in zip(_safe_names(functions), functions, strict=True)
        ]

    def violations(self) -> list[str]:
        """Why BFCL's checker does not take the calls; empty when it does."""
        category = self._setup["category"]
        if category.endswith("irrelevance"):
            return ["a function was called where none fits"] if self._calls else []
        if category.endswith("relevance"):
            return [] if self._calls else ["no function was called"]
        return check(self._setup["functions"], self._calls, self._setup["answers"], category)


def check(
    functions: Sequence[Mapping[str, Any]],
    calls: Sequence[Mapping[str, Any]],
    answers: Sequence[Mapping[str, Any]],
    category: str,
) -> list[str]:
    """BFCL's own AST checker on `[{name: {argument: value}}]`; its errors, none when the calls are right."""
    if not calls:
        return ["no function was called"]
    checker, python = _checker()
    try:
        verdict = checker(list(functions), list(calls), list(answers), python, category, "coterie")
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        return [f"BFCL's checker could not read the calls: {type(error).__name__}: {error}"]
    if verdict["valid"]:
        return []
    return [f"{verdict.get('error_type', 'invalid')}: {str(error)[:300]}" for error in verdict["error"]]


def _tasks(category: str, asked: str | None) -> Iterator[TaskSpec]:
    answers = {} if category.endswith(_ANSWERED) else {i["id"]: i["ground_truth"] for i in _lines(category, True)}
    for item in _lines(category, False):
        possible = answers.get(item["id"], [])
        refuse = category.endswith("irrelevance")
        group = "live" if category.startswith("live_") else "non_live"
        tags = [category, group, *([asked] if asked and asked not in (category, group) else [])]
        yield TaskSpec(
            id=item["id"],
            environment="bfcl",
            task=_text(item["question"][0]),
            family=category,
            tags=tags,
            setup={"functions": item["function"], "answers": possible, "category": category},
            expect=Expect(ignore=["/calls"], refuse=refuse),
            reference=_reference(item["function"], possible, category),
        )


def _lines(category: str, answers: bool) -> Iterator[dict[str, Any]]:
    try:
        package = distribution(_PACKAGE)
    except PackageNotFoundError:
        raise SuiteError(
            f"the BFCL suite needs the package {_PACKAGE}; get it with: pip install --no-deps {_PACKAGE}==2026.3.23"
        ) from None
    folder = Path(str(package.locate_file("bfcl_eval/data"))) / ("possible_answer" if answers else "")
    with (folder / f"BFCL_v4_{category}.json").open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def _text(messages: Sequence[Mapping[str, str]]) -> str:
    """The conversation as one task: a single user message as it is, others under their role."""
    users = [message for message in messages if message["role"] == "user"]
    if len(users) == 1 and messages[-1]["role"] == "user":
        return "\n\n".join(message["content"] for message in messages)
    return "\n\n".join(f"{message['role'].capitalize()}: {message['content']}" for message in messages)


def _safe_names(functions: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names that are tool names, in the functions' order: dots become underscores, doubles get a number."""
    names: list[str] = []
    for function in functions:
        name = re.sub(r"[^A-Za-z0-9_]", "_", function["name"])
        name = (name if name[:1].isalpha() or name[:1] == "_" else f"f_{name}")[:60]
        while name in names:
            name += "_2"
        names.append(name)
    return names


def _tool(safe: str, function: Mapping[str, Any], calls: list[dict[str, Any]]) -> Tool:
    spec = ToolSpec(safe, function.get("description", ""), json_schema(function["parameters"]), source=_PACKAGE)
    return Tool(spec, _Recording(str(function["name"]), calls))


class _Recording:
    """A tool's body that takes the call down as it was written: judging it is the checker's work."""

    def __init__(self, name: str, calls: list[dict[str, Any]]) -> None:
        self._name, self._calls = name, calls

    def check(self, arguments: object) -> dict[str, Any]:
        return dict(arguments) if isinstance(arguments, Mapping) else {}

    async def run(self, checked: dict[str, Any]) -> JsonValue:
        self._calls.append({self._name: checked})
        return "taken down"


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


def _reference(
    functions: Sequence[Mapping[str, Any]], possible: Sequence[Mapping[str, Any]], category: str
) -> Solution:
    """The first possible answer, for the gold replay."""
    if category.endswith("irrelevance"):
        return Solution(refuse=True, answer="No function fits.")
    by_name = {function["name"]: function for function in functions}
    safe = dict(zip(by_name, _safe_names(functions), strict=True))
    if category.endswith("relevance"):
        return Solution(calls=[Call(tool=safe[functions[0]["name"]])])
    answers = [(name, arguments) for answer in possible for name, arguments in answer.items()]
    return Solution(
        calls=[
            Call(tool=safe[name], arguments=_arguments(arguments, by_name[name]["parameters"].get("required", [])))
            for name, arguments in answers
        ]
    )


def _arguments(alternatives: Mapping[str, Sequence[Any]], required: Sequence[str]) -> dict[str, Any]:
    """Of each argument's alternatives the first; one that may be left out, which "" stands for, is."""
    given = {name: values for name, values in alternatives.items() if name in required or "" not in values}
    return {name: _value(_first(values)) for name, values in given.items()}


def _value(value: Any) -> Any:
    """An answer's value: the fields of an object, also in a list, have alternatives of their own, one level deep."""
    if isinstance(value, list):
        return [_value(item) if isinstance(item, dict) else item for item in value]
    if isinstance(value, dict):
        return {name: _first(values) for name, values in value.items() if "" not in values}
    return value


def _first(values: Sequence[Any]) -> Any:
    return next((value for value in values if value != ""), "")


@cache
def _checker() -> tuple[Any, Any]:
    """The checker function and its constant for Python.

    Its module imports the table of all model handlers, and with them every vendor's SDK, only to ask whether a
    model's names have underscores for dots; a table that answers no stands in while it is imported.
    """
    name = "bfcl_eval.constants.model_config"
    before = sys.modules.get(name)
    sys.modules[name] = _no_handlers(name)
    try:
        from bfcl_eval.constants.enums import Language
        from bfcl_eval.eval_checker.ast_eval.ast_checker import ast_checker
    finally:
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before
    return ast_checker, Language.PYTHON


def _no_handlers(name: str) -> ModuleType:
    class Table(dict[str, SimpleNamespace]):
        def __missing__(self, key: str) -> SimpleNamespace:
            return SimpleNamespace(underscore_to_dot=False)

    module = ModuleType(name)
    vars(module)["MODEL_CONFIG_MAPPING"] = Table()
    return module
