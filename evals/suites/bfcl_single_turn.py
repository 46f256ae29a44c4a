"""BFCL's single-turn categories: each item's functions become tools that take calls down and do nothing.

The package's own checker gives the verdict, imported without the package's model handlers.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any

from pydantic import JsonValue

from coterie.evals.environment import State
from coterie.evals.environments.functions import Recording
from coterie.evals.suite import Call, Expect, Solution, TaskSpec
from coterie.evals.suites import bfcl_data
from coterie.evals.suites.bfcl_languages import LANGUAGES, described, written
from coterie.evals.suites.standing_in import standing_in
from coterie.tools import Tool

CATEGORIES = (
    "simple_python",
    "simple_java",
    "simple_javascript",
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
_ANSWERED = ("irrelevance", "relevance")


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
        language = LANGUAGES.get(self._setup["category"])
        shown = [described(function, language) for function in functions] if language else functions
        return [
            bfcl_data.tool(safe, function, Recording(str(function["name"]), self._calls))
            for safe, function in zip(bfcl_data.safe_names(functions), shown, strict=True)
        ]

    def violations(self) -> list[str]:
        """Why BFCL's checker does not take the calls; empty when it does."""
        category = self._setup["category"]
        if category.endswith("irrelevance"):
            return ["a function was called where none fits"] if self._calls else []
        if category.endswith("relevance"):
            return [] if self._calls else ["no function was called"]
        return check(self._setup["functions"], self._calls, self._setup["answers"], category)


def tasks(category: str) -> Iterator[TaskSpec]:
    """The items of a category."""
    answers = {} if category.endswith(_ANSWERED) else bfcl_data.answers(category)
    for item in bfcl_data.items(category):
        possible = answers.get(item["id"], [])
        yield TaskSpec(
            id=item["id"],
            environment="bfcl",
            task=_text(item["question"][0]),
            tags=[category, "live" if category.startswith("live_") else "non_live"],
            setup={"functions": item["function"], "answers": possible, "category": category},
            expect=Expect(ignore=["/calls"], refuse=category.endswith("irrelevance"), any_ending=True),
            reference=_reference(item["function"], possible, category),
        )


def check(
    functions: Sequence[Mapping[str, Any]],
    calls: Sequence[Mapping[str, Any]],
    answers: Sequence[Mapping[str, Any]],
    category: str,
) -> list[str]:
    """BFCL's own AST checker on `[{name: {argument: value}}]`; its errors, none when the calls are right."""
    if not calls:
        return ["no function was called"]
    checker, languages = _checker()
    language = languages(LANGUAGES.get(category, "python"))
    try:
        verdict = checker(list(functions), list(calls), list(answers), language, category, "coterie")
    except (KeyError, TypeError, AttributeError, IndexError, ValueError, NotImplementedError) as error:
        return [f"BFCL's checker could not read the calls: {type(error).__name__}: {error}"]
    if verdict["valid"]:
        return []
    return [f"{verdict.get('error_type', 'invalid')}: {str(error)[:300]}" for error in verdict["error"]]


def _text(messages: Sequence[Mapping[str, str]]) -> str:
    """The conversation as one task: a single user message as it is, others under their role."""
    users = [message for message in messages if message["role"] == "user"]
    if len(users) == 1 and messages[-1]["role"] == "user":
        return "\n\n".join(message["content"] for message in messages)
    return "\n\n".join(f"{message['role'].capitalize()}: {message['content']}" for message in messages)


def _reference(
    functions: Sequence[Mapping[str, Any]], possible: Sequence[Mapping[str, Any]], category: str
) -> Solution:
    """The first possible answer, for the gold replay."""
    if category.endswith("irrelevance"):
        return Solution(refuse=True, answer="No function fits.")
    by_name = {function["name"]: function for function in functions}
    safe = dict(zip(by_name, bfcl_data.safe_names(functions), strict=True))
    if category.endswith("relevance"):
        return Solution(calls=[Call(tool=safe[functions[0]["name"]])])
    answers = [(name, arguments) for answer in possible for name, arguments in answer.items()]
    return Solution(
        calls=[
            Call(tool=safe[name], arguments=_arguments(arguments, by_name[name]["parameters"], category))
            for name, arguments in answers
        ]
    )


def _arguments(
    alternatives: Mapping[str, Sequence[Any]], parameters: Mapping[str, Any], category: str
) -> dict[str, Any]:
    """Of each argument's alternatives the first; one that may be left out, which "" stands for, is."""
    required = parameters.get("required", [])
    given = {name: values for name, values in alternatives.items() if name in required or "" not in values}
    chosen = {name: _value(_first(values)) for name, values in given.items()}
    if (language := LANGUAGES.get(category)) is None:
        return chosen
    return {name: written(value, parameters["properties"][name], language) for name, value in chosen.items()}


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
    """The checker function and the languages it knows.

    Its module imports the table of all model handlers, and with them every vendor's SDK, only to ask whether a
    model's names have underscores for dots; a table that answers no stands in while it is imported.
    """
    with standing_in(_no_handlers("bfcl_eval.constants.model_config")):
        from bfcl_eval.constants.enums import Language
        from bfcl_eval.eval_checker.ast_eval.ast_checker import ast_checker
    return ast_checker, Language


def _no_handlers(name: str) -> ModuleType:
    class Table(dict[str, SimpleNamespace]):
        def __missing__(self, key: str) -> SimpleNamespace:
            return SimpleNamespace(underscore_to_dot=False)

    module = ModuleType(name)
    vars(module)["MODEL_CONFIG_MAPPING"] = Table()
    return module
