"""BFCL's conversations: gold replay of all 800, and the verdicts compared with those of the package itself."""

import asyncio
import builtins
from collections.abc import Callable
from typing import Any

import pytest

from coterie.evals.agents import Assignment
from coterie.evals.located import SuiteError
from coterie.evals.selftest import replay_solution
from coterie.evals.single_loop import SingleLoop
from coterie.evals.suite import Solution, TaskSpec
from coterie.evals.suites.bfcl import bfcl_suite, num_items
from coterie.evals.suites.bfcl_multi_turn import CATEGORIES, Conversation, check, functions
from coterie.evals.suites.bfcl_simulated import Call, make, parsed, perform
from coterie.evals.trial import sessions
from coterie.tools import ToolError

pytest.importorskip("bfcl_eval")

# Its reference calls `tail` in turn 2 and the item holds `tail` back until turn 4: no agent can pass it.
CANNOT_PASS = {"multi_turn_miss_func_49"}


def truth(task: TaskSpec) -> list[list[Call]]:
    item: dict[str, Any] = dict(task.setup)
    return [[parsed(text, item["involved_classes"]) for text in turn] for turn in item["ground_truth"]]


async def played(task: TaskSpec, solution: Solution) -> Conversation:
    """The solution through the tools that each turn offers; a tool that is not offered is not called."""
    environment = Conversation()
    environment.reset(task.setup)
    turns = [task.task, *task.turns]
    for number, (message, part) in enumerate(zip(turns, solution.spread(len(task.turns)), strict=True), start=1):
        assert environment.begin_turn(number, message) == message
        tools = {tool.name: tool for tool in environment.tools()}
        for call in part.calls:
            if call.tool in tools:
                await tools[call.tool].body.run(dict(call.arguments))
    return environment


@pytest.mark.parametrize("category", CATEGORIES)
def test_the_gold_replay_passes_every_conversation_and_doing_nothing_none(category: str) -> None:
    async def replay() -> tuple[int, set[str]]:
        failed = set()
        for task in tasks:
            environment = await played(task, task.reference)
            assert check(task.setup, [[] for _ in truth(task)]), "doing nothing is not taken"
            if environment.findings("").faults:
                assert not check(task.setup, truth(task)), "the checker takes the reference, were it offered"
                failed.add(task.id)
        return len(tasks), failed

    tasks = bfcl_suite(category).tasks
    assert asyncio.run(replay()) == (200, {i for i in CANNOT_PASS if i.startswith(category)})


Mutation = Callable[[list[list[str]]], list[list[str]]]
MUTATIONS: dict[str, Mutation] = {
    "as it is": lambda turns: turns,
    "the first call left out": lambda turns: [turn[1:] if n == 0 else turn for n, turn in enumerate(turns)],
    "the last turn left out": lambda turns: [*turns[:-1], []],
    "every call twice": lambda turns: [[call for call in turn for _ in (0, 1)] for turn in turns],
    "turns in reverse": lambda turns: turns[::-1],
    "calls in reverse": lambda turns: [turn[::-1] for turn in turns],
    "an unknown argument": lambda turns: [[call.replace("(", "(zz=1,", 1) for call in turn] for turn in turns],
    "all in the first turn": lambda turns: [[call for turn in turns for call in turn], *[[] for _ in turns[1:]]],
}


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_the_verdict_is_that_of_the_package(category: str, mutation: str) -> None:
    """The package's whole evaluation, its executor included, on lines of its own data: it agrees on each."""
    from bfcl_eval.eval_checker.multi_turn_eval.multi_turn_checker import multi_turn_checker

    for task in bfcl_suite(category).tasks[::20]:
        item: dict[str, Any] = dict(task.setup)
        mutated = MUTATIONS[mutation](item["ground_truth"])
        steps = [[[call] for call in turn] for turn in mutated]
        theirs = multi_turn_checker(steps, item["ground_truth"], item, category, f"oracle {mutation}".replace(" ", "_"))
        ours = check(item, [[read(text, item["involved_classes"]) for text in turn] for turn in mutated])
        assert (ours == []) is theirs["valid"], (task.id, ours, theirs)
        if ours:
            assert ours[0].startswith(f"{theirs['error_type']}: {theirs['error_message']}"[:300])


def read(text: str, classes: list[str]) -> Call:
    """A mutated line; an argument that is not of the method stays by name."""
    if "zz=1," not in text:
        return parsed(text, classes)
    plain = parsed(text.replace("zz=1,", "", 1), classes)
    return Call(plain.name, {"zz": 1, **plain.arguments})


def test_no_text_is_evaluated(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("eval was called")

    monkeypatch.setattr(builtins, "eval", refuse)
    task = bfcl_suite("multi_turn_base").tasks[0]
    assert check(task.setup, truth(task)) == []
    for text in ("__import__('os').getcwd()", "cd(folder=open('x'))", "cd(*['a'])", "cd(**{'a': 1})", "cd", "a; b"):
        with pytest.raises((ValueError, SyntaxError)):
            parsed(text, ["GorillaFileSystem"])


def test_whole_trials_through_the_runners_path() -> None:
    suite = bfcl_suite("multi_turn")
    assert suite.name == "bfcl_multi_turn"
    for task in suite.tasks[::100]:
        trial = asyncio.run(replay_solution(suite, task, task.reference))
        assert trial.verdict.passed, (task.id, trial.verdict.reasons)
        assert len(trial.episodes) == len(sessions(task))
        idle = asyncio.run(replay_solution(suite, task, Solution()))
        assert "multi_turn:empty_turn_model_response" in idle.verdict.reasons[0]


def test_functions_held_back_come_with_their_turn_and_excluded_ones_never() -> None:
    for task in bfcl_suite("multi_turn_miss_func").tasks[:40]:
        item: dict[str, Any] = dict(task.setup)
        ((index, held),) = item["missed_function"].items()
        for turn in range(1, len(task.turns) + 2):
            offered = {function["name"] for function in functions(item, turn)}
            assert offered.issuperset(held) == (turn > int(index))
            assert offered.isdisjoint(item.get("excluded_function", ()))
        assert task.turns[int(index) - 1].startswith("I have updated some more functions")


def test_what_an_api_calls_an_error_is_one_and_is_taken_down() -> None:
    task = next(t for t in bfcl_suite("multi_turn_base").tasks if "GorillaFileSystem" in t.setup["involved_classes"])  # type: ignore[operator]
    environment = Conversation()
    environment.reset(task.setup)
    environment.begin_turn(1, task.task)
    tools = {tool.name: tool for tool in environment.tools()}
    with pytest.raises(ToolError, match="No such file or directory"):
        asyncio.run(tools["cd"].body.run({"folder": "nowhere"}))
    assert asyncio.run(tools["cd"]({"colour": "red"})).text.startswith("Error during execution: GorillaFileSystem.cd()")
    before = environment.state()
    asyncio.run(tools["mkdir"].body.run({"dir_name": "fresh"}))
    assert before != environment.state()
    assert environment.state()["GorillaFileSystem"]["root"]["fresh"] == {}  # type: ignore[call-overload,index]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("power", {"base": 10, "exponent": 10**12}),
        ("square_root", {"number": 2, "precision": 10**9}),
        ("logarithm", {"value": 2, "base": 10, "precision": 10**9}),
        ("round_number", {"number": 5, "decimal_places": -(10**12)}),
    ],
)
def test_arithmetic_that_would_never_end_is_an_error(name: str, arguments: dict[str, Any]) -> None:
    returned = perform(make(["MathAPI"], {}, False), Call(name, arguments))
    assert returned.failed
    assert "is above 10000" in returned.text


def test_private_methods_and_names_of_other_things_are_not_called() -> None:
    instances = make(["MathAPI"], {}, False)
    for name in ("_load_scenario", "__init__", "__class__", "exit", "_api_description"):
        assert perform(instances, Call(name, {})).text == f"Error during execution: name '{name}' is not defined"


def test_the_groups_and_what_is_left_out() -> None:
    assert num_items("multi_turn") == 800
    for category in ("memory_vector", "web_search_base", "web_search", "format_sensitivity"):
        with pytest.raises(SuiteError, match=f"the BFCL category '{category}' is left out: it"):
            bfcl_suite(category)


def test_every_agent_here_that_converses_says_so() -> None:
    assert SingleLoop.converses
    assert Assignment.__dataclass_fields__["history"].default == ()
