"""BFCL's multi-turn categories: conversations of several turns in simulated APIs, judged turn by turn.

    base            every turn can be done
    miss_func       the function that a turn needs comes only with the turn after it
    miss_param      what a turn leaves open is said only in the turn after it
    long_context    as base, with results that are many times longer

The verdict is that of the package's `multi_turn_checker`: after each turn the state of every API equals that of the
reference, and what the reference calls returned has been returned. It runs here as it is in the package, but for its
executor (see `bfcl_simulated`). What the agent says does not count, as in BFCL.
"""

import types
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import JsonValue

from coterie.evals.environment import Findings, State
from coterie.evals.suite import Call as ToolCall
from coterie.evals.suite import Expect, Solution, TaskSpec
from coterie.evals.suites import bfcl_data
from coterie.evals.suites.bfcl_simulated import Call, Instances, SimulatedBody, make, parsed, perform, state_of
from coterie.tools import Tool

CATEGORIES = ("multi_turn_base", "multi_turn_miss_func", "multi_turn_miss_param", "multi_turn_long_context")
GROUP = "multi_turn"


class Conversation:
    """The APIs of one item. The state is theirs; the calls are kept by turn for the checker."""

    def __init__(self) -> None:
        self._item: dict[str, Any] = {}
        self._instances: Instances = {}
        self._turns: list[list[Call]] = []

    def reset(self, setup: Mapping[str, JsonValue]) -> None:
        """`setup` is the item as BFCL has it, with its `ground_truth`."""
        self._item, self._turns = dict(setup), []
        self._instances = make(self._item["involved_classes"], self._item["initial_config"], _is_long(self._item))

    def begin_turn(self, number: int, message: str) -> str:
        """See `coterie.evals.environment.Attentive`."""
        self._turns.append([])
        return message

    def state(self) -> State:
        """The public attributes of every API."""
        return state_of(self._instances)

    def tools(self) -> list[Tool]:
        """The functions that there are in this turn."""
        calls = self._turns[-1] if self._turns else []
        return [
            bfcl_data.tool(function["name"], function, SimulatedBody(self._instances, function["name"], calls))
            for function in functions(self._item, len(self._turns))
        ]

    def findings(self, answer: str) -> Findings:
        """See `coterie.evals.environment.Checked`."""
        return Findings(check(self._item, self._turns))


def tasks(category: str) -> Iterator[TaskSpec]:
    """The items of a category."""
    truths = bfcl_data.answers(category)
    for item in bfcl_data.items(category):
        truth = truths[item["id"]]
        first, *turns = _messages(item)
        yield TaskSpec(
            id=item["id"],
            environment="bfcl",
            task=first,
            turns=turns,
            tags=[category, GROUP],
            setup={**{key: item[key] for key in item if key not in ("question", "path")}, "ground_truth": truth},
            expect=Expect(ignore=[f"/{name}" for name in item["involved_classes"]], any_ending=True),
            reference=_reference(truth, item["involved_classes"]),
        )


def functions(item: Mapping[str, Any], turn: int) -> list[dict[str, Any]]:
    """The functions offered in a turn (from 1): all but those excluded and those still held back."""
    docs = [doc for name in item["involved_classes"] for doc in bfcl_data.function_docs(name)]
    held = {name: int(index) for index, names in item.get("missed_function", {}).items() for name in names}
    first = [doc for doc in docs if doc["name"] not in held and doc["name"] not in item.get("excluded_function", ())]
    return first + [doc for doc in docs if held.get(doc["name"], turn) < turn]


def check(item: Mapping[str, Any], turns: Sequence[Sequence[Call]]) -> list[str]:
    """Why BFCL does not take these calls, by turn; empty when it does."""
    truth = [[parsed(text, item["involved_classes"]) for text in turn] for turn in item["ground_truth"]]
    if len(turns) != len(truth):
        return [f"the conversation ended after {len(turns)} of {len(truth)} turns"]
    made = [[[call] for call in turn] for turn in turns]
    verdict = _checker(_Executor())(made, truth, dict(item), item["id"].rsplit("_", 1)[0], "coterie")
    if verdict["valid"]:
        return []
    details = verdict.get("details", {})
    seen = details.get("differences") or details.get("missing_items") or ""
    return [f"{verdict['error_type']}: {verdict['error_message']} {seen}"[:400].strip()]


class _Executor:
    """Stands in for the package's executor: the same face, but calls are calls and not lines of code."""

    def __init__(self) -> None:
        self._worlds: dict[str, Instances] = {}

    def __call__(
        self,
        func_call_list: Sequence[Call],
        initial_config: Mapping[str, Any],
        involved_classes: Sequence[str],
        model_name: str,
        test_entry_id: str,
        long_context: bool = False,
        is_evaL_run: bool = False,
    ) -> tuple[list[str], Instances]:
        if model_name not in self._worlds:
            self._worlds[model_name] = make(involved_classes, initial_config, long_context)
        instances = self._worlds[model_name]
        return [perform(instances, call).text for call in func_call_list], instances


def _checker(executor: _Executor) -> Any:
    """The package's checker, its code as it is, with this executor in the place of the one that evaluates text."""
    from bfcl_eval.eval_checker.multi_turn_eval import multi_turn_checker as module

    code: types.CodeType = module.multi_turn_checker.__code__
    return types.FunctionType(code, {**vars(module), "execute_multi_turn_func_call": executor})


def _messages(item: Mapping[str, Any]) -> list[str]:
    """What the user says; a turn without words is the one in which the functions held back arrive."""
    return ["\n\n".join(message["content"] for message in turn) or _more_functions() for turn in item["question"]]


def _reference(truth: Sequence[Sequence[str]], class_names: Sequence[str]) -> Solution:
    first, *turns = [Solution(calls=[_tool_call(parsed(text, class_names)) for text in turn]) for turn in truth]
    return first.model_copy(update={"turns": turns})


def _tool_call(call: Call) -> ToolCall:
    return ToolCall(tool=call.name, arguments=dict(call.arguments))


def _is_long(item: Mapping[str, Any]) -> bool:
    return "long_context" in str(item["id"])


@cache
def _more_functions() -> str:
    from bfcl_eval.constants.default_prompts import DEFAULT_USER_PROMPT_FOR_ADDITIONAL_FUNCTION_FC

    return str(DEFAULT_USER_PROMPT_FOR_ADDITIONAL_FUNCTION_FC)
