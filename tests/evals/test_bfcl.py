"""The BFCL adapter: the package's own verdicts, the gold replay of its single-turn items, safe names and types."""

import asyncio
import builtins
from dataclasses import replace
from pathlib import Path

import pytest
from tests.evals.endings import ENDINGS, verdict

from coterie.evals.agents import Limits
from coterie.evals.catalogue import overview
from coterie.evals.function_caller import CallerSettings, FunctionCaller
from coterie.evals.located import SuiteError
from coterie.evals.selftest import control_faults, controls, replay_solution
from coterie.evals.suite import Call, Solution, Suite, TaskSpec
from coterie.evals.suites import bfcl_data
from coterie.evals.suites.bfcl import SINGLE_TURN, bfcl_suite, num_items
from coterie.evals.suites.bfcl_data import json_schema
from coterie.evals.suites.bfcl_languages import written
from coterie.evals.suites.bfcl_single_turn import RecordedCalls, check
from coterie.evals.trial import run_trial
from coterie.memory.records import Outcome
from coterie.model.scripted import ScriptedModel

pytest.importorskip("bfcl_eval")

# Items that no answer can pass: their required argument is not among the possible answers, or has no possible value.
# In the two of Java the converter reads the elements of a mixed list as strings, and other values are expected.
CANNOT_PASS = {"live_simple_106-63-0", "live_simple_112-68-0", "live_multiple_862-181-3", "live_multiple_964-207-0"} | {
    "simple_java_36",
    "simple_java_65",
}


def verdicts(suite: Suite, solutions: str) -> set[str]:
    """The items whose reference (or an empty solution) is not taken."""
    failed = set()
    for task in suite.tasks:
        environment = RecordedCalls()
        environment.reset(task.setup)
        tools = {tool.name: tool for tool in environment.tools()}
        for call in task.reference.calls if solutions == "reference" else ():
            asyncio.run(tools[call.tool].body.run(dict(call.arguments)))
        if environment.violations():
            failed.add(task.id)
    return failed


@pytest.mark.parametrize("category", SINGLE_TURN)
def test_the_gold_replay_passes_every_item_that_can_be_passed(category: str) -> None:
    assert verdicts(bfcl_suite(category), "reference") == {i for i in CANNOT_PASS if i.startswith(f"{category}_")}


def test_an_agent_that_does_nothing_passes_only_where_nothing_is_to_be_done() -> None:
    for category in ("simple_python", "parallel", "live_relevance"):
        suite = bfcl_suite(category)
        assert len(verdicts(suite, "nothing")) == len(suite.tasks)
    assert verdicts(bfcl_suite("irrelevance"), "nothing") == set()


def test_a_whole_trial_through_the_runners_path() -> None:
    suite = bfcl_suite("multiple")
    task = suite.tasks[0]
    assert asyncio.run(replay_solution(suite, task, task.reference)).verdict.passed
    wrong = replace_first_argument(task.reference)
    assert not asyncio.run(replay_solution(suite, task, wrong)).verdict.passed


@pytest.mark.parametrize("outcome", ENDINGS, ids=lambda outcome: f"{outcome.status}-{outcome.cause}")
@pytest.mark.parametrize("category", ["simple_python", "live_relevance", "irrelevance", "multi_turn_base"])
def test_the_calls_alone_are_judged_whatever_the_ending(category: str, outcome: Outcome, tmp_path: Path) -> None:
    suite = bfcl_suite(category)
    task = suite.tasks[0]
    right = task.reference.model_copy(update={"answer": "", "refuse": False})
    assert verdict(suite, task, right, outcome, tmp_path / "right").passed
    any_call = Solution(calls=[Call(tool=tool_name(suite, task), arguments={})])
    wrong = any_call if category == "irrelevance" else Solution(answer="Done.")
    assert not verdict(suite, task, wrong, outcome, tmp_path / "wrong").passed


def tool_name(suite: Suite, task: TaskSpec) -> str:
    environment = suite.environments["bfcl"].make(Path())
    environment.reset(task.setup)
    return environment.tools()[0].name


@pytest.mark.parametrize("category", ["single_turn", "multi_turn"])
def test_chance_and_idleness_pass_next_to_nothing(category: str) -> None:
    suite = bfcl_suite(category)
    measured = asyncio.run(controls(replace(suite, tasks=suite.select(None, 60 if category == "single_turn" else 20))))
    assert control_faults(measured) == []
    assert {control.agent: control.effects >= 20 for control in measured} == dict.fromkeys(
        ("reference", "empty", "done", "echo", "random"), True
    )


def replace_first_argument(solution: Solution) -> Solution:
    call = solution.calls[0]
    name = next(iter(call.arguments))
    return solution.model_copy(update={"calls": [call.model_copy(update={"arguments": call.arguments | {name: -77}})]})


FUNCTION = {
    "name": "geo.area",
    "description": "Area of a triangle.",
    "parameters": {
        "type": "dict",
        "properties": {"base": {"type": "float"}, "unit": {"type": "string"}},
        "required": ["base"],
    },
}
POSSIBLE = [{"geo.area": {"base": [10.0], "unit": ["cm", ""]}}]


@pytest.mark.parametrize(
    ("calls", "taken"),
    [
        ([{"geo.area": {"base": 10}}], True),
        ([{"geo.area": {"base": 10.0, "unit": "CM"}}], True),
        ([{"geo.area": {"base": 11}}], False),
        ([{"geo.area": {"base": "10"}}], False),
        ([{"geo.area": {"unit": "cm"}}], False),
        ([{"geo_area": {"base": 10}}], False),
        ([{"geo.area": {"base": 10, "height": 2}}], False),
        ([{"geo.area": {"base": 10}}, {"geo.area": {"base": 10}}], False),
        ([], False),
    ],
)
def test_the_verdict_is_that_of_the_packages_checker(calls: list[dict[str, object]], taken: bool) -> None:
    assert (check([FUNCTION], calls, POSSIBLE, "simple_python") == []) is taken


def test_no_text_is_evaluated_and_no_model_handler_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    def refuse(*arguments: object) -> None:
        raise AssertionError("eval was called")

    handlers = {name for name in sys.modules if name.startswith("bfcl_eval.model_handler")}
    monkeypatch.setattr(builtins, "eval", refuse)
    check([FUNCTION], [{"geo.area": {"base": "__import__('os')"}}], POSSIBLE, "simple_python")
    assert handlers == {name for name in sys.modules if name.startswith("bfcl_eval.model_handler")} == set()


def test_dotted_names_become_tool_names_and_are_taken_down_as_they_were() -> None:
    environment = RecordedCalls()
    doubled = [FUNCTION, FUNCTION | {"name": "geo_area"}, FUNCTION | {"name": "3d-area"}]
    environment.reset({"functions": doubled, "answers": POSSIBLE, "category": "multiple"})  # type: ignore[dict-item]
    tools = environment.tools()
    assert [tool.name for tool in tools] == ["geo_area", "geo_area_2", "f_3d_area"]
    asyncio.run(tools[0]({"base": 10}))
    assert environment.state() == {"calls": [{"geo.area": {"base": 10}}]}
    assert environment.violations() == []


def test_types_become_json_schema_at_every_depth() -> None:
    given = {
        "type": "dict",
        "properties": {
            "a": {"type": "tuple", "items": {"type": "float"}},
            "b": {"type": "dict", "properties": {"type": {"type": "any"}}},
            "c": {
                "type": "array",
                "items": {"type": "dict", "properties": {"d": {"type": "integer", "optional": True}}},
            },
        },
        "required": ["a"],
    }
    assert json_schema(given) == {
        "type": "object",
        "properties": {
            "a": {"type": "array", "items": {"type": "number"}},
            "b": {"type": "object", "properties": {"type": {"type": "string"}}},
            "c": {"type": "array", "items": {"type": "object", "properties": {"d": {"type": "integer"}}}},
        },
        "required": ["a"],
    }


def test_every_schema_is_one_that_a_grammar_can_be_made_of() -> None:
    known = {"object", "number", "integer", "string", "boolean", "array"}
    for category in SINGLE_TURN:
        for task in bfcl_suite(category).tasks[:60]:
            environment = RecordedCalls()
            environment.reset(task.setup)
            for tool in environment.tools():
                assert types_in(tool.spec.parameters) <= known


def types_in(schema: dict[str, object]) -> set[str]:
    found = {schema["type"]} if isinstance(schema.get("type"), str) else set()
    children = [schema.get("items"), *(schema.get("properties") or {}).values()]  # type: ignore[attr-defined]
    for child in children:
        found |= types_in(child) if isinstance(child, dict) else set()
    return found  # type: ignore[return-value]


def test_a_missing_package_and_an_unknown_category_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SuiteError, match="no BFCL category 'hard'; have single_turn, simple"):
        bfcl_suite("hard")
    monkeypatch.setattr(bfcl_data, "PACKAGE", "bfcl-eval-not-there")
    with pytest.raises(SuiteError, match="pip install --no-deps"):
        bfcl_suite("simple")


def test_groups_name_their_categories() -> None:
    assert len(bfcl_suite("simple").tasks) == 400
    assert {task.tags[0] for task in bfcl_suite("live").tasks} == {c for c in SINGLE_TURN if c.startswith("live_")}
    assert len(bfcl_suite("non_python").tasks) == 150
    assert num_items() == num_items("single_turn") == 3641


@pytest.mark.parametrize(
    ("category", "kind", "value", "text"),
    [
        ("simple_java", {"type": "long"}, 5, "5L"),
        ("simple_java", {"type": "boolean"}, True, "true"),
        ("simple_java", {"type": "Array", "items": {"type": "integer"}}, [1, 2], "new Object[]{1, 2}"),
        (
            "simple_java",
            {"type": "HashMap"},
            {"a": 1, "b": "c"},
            'new HashMap<>() {{ put("a", 1); put("b", "c"); }}',
        ),
        ("simple_javascript", {"type": "Bigint"}, 5, "5n"),
        ("simple_javascript", {"type": "dict"}, {"a": [1, True], "b": "c"}, '{a: [1, true], b: "c"}'),
    ],
)
def test_arguments_of_other_languages_are_source_text_that_the_checker_reads(
    category: str, kind: dict[str, object], value: object, text: str
) -> None:
    language = "java" if category == "simple_java" else "javascript"
    assert written(value, kind, language) == text  # type: ignore[arg-type]
    parameters = {"type": "dict", "properties": {"x": kind | {"description": "An x."}}, "required": ["x"]}
    function = {"name": "f", "description": "Does.", "parameters": parameters}
    wrapped = {k: [v] for k, v in value.items()} if isinstance(value, dict) else value
    assert check([function], [{"f": {"x": text}}], [{"f": {"x": [wrapped]}}], category) == []
    assert check([function], [{"f": {"x": "other"}}], [{"f": {"x": [wrapped]}}], category) != []
    assert check([function], [{"f": {"x": value}}], [{"f": {"x": [wrapped]}}], category) != []
    environment = RecordedCalls()
    environment.reset({"functions": [function], "answers": [], "category": category})  # type: ignore[dict-item,list-item]
    (tool,) = environment.tools()
    assert tool.spec.parameters["properties"]["x"]["type"] == "string"
    assert f" {kind['type']} type parameter in string representation." in str(tool.spec.parameters)


def test_the_overview_lists_every_kind_and_how_to_get_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {row["name"]: row for row in overview()}
    assert {name: row["tasks"] for name, row in rows.items() if name.startswith("bfcl")} == {
        "bfcl": 3641,
        "bfcl:multi_turn": 800,
        "bfcl:memory": 310,
    }
    monkeypatch.setattr(bfcl_data, "PACKAGE", "bfcl-eval-not-there")
    missing = next(row for row in overview() if row["name"] == "bfcl:multi_turn")
    assert not missing["available"]
    assert "get it with: pip install --no-deps bfcl-eval-not-there==" in missing["note"]


@pytest.mark.parametrize(("category", "passed"), [("irrelevance", True), ("multiple", False)])
def test_text_that_cannot_be_read_is_no_call_as_in_bfcl(category: str, passed: bool, tmp_path: Path) -> None:
    suite = bfcl_suite(category)
    caller = FunctionCaller(ScriptedModel(["no plan at all"]), CallerSettings(tool_choice="model", grammar=False))
    trial = asyncio.run(run_trial(suite, suite.tasks[0], caller, tmp_path, "n", 0, Limits()))
    assert trial.verdict.passed is passed
