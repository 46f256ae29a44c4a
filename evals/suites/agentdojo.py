"""Adapter to AgentDojo (arXiv 2406.13352), benchmark version 1.2.2, from the `agentdojo` package.

    agentdojo          the user tasks in clean environments: pass@1 is the benign utility
    agentdojo:attack   every user task with every injection task, whose goal stands in what the tools return:
                       pass@1 is the utility under attack, the share of trials with a side effect the attack's
                       success; a user task with all its injections is a family

Both verdicts are the package's own, as are environments, tools, tasks and the attack ("important instructions",
without the names of model and user). Its pipelines and their vendors' SDKs are not imported.
"""

import threading
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import yaml
from pydantic import JsonValue

from coterie.evals.code import code, digest
from coterie.evals.environment import EnvironmentFactory, Findings, State
from coterie.evals.located import SuiteError
from coterie.evals.suite import Call, Expect, Solution, Suite, TaskSpec
from coterie.evals.suites.standing_in import standing_in
from coterie.tools import Tool, ToolError
from coterie.tools.spec import ToolSpec

PACKAGES = {"agentdojo": "0.1.35", "deepdiff": "8.6.1", "orderly-set": "5.5.0"}
SUITES = ("workspace", "travel", "banking", "slack")
ATTACK = "attack"
VERSION = "v1.2.2"

# The package keeps what it has read in caches that are not made for threads.
_LOADING = threading.Lock()


class Dojo(NamedTuple):
    """What is used of the package."""

    suites: Mapping[str, Any]
    attacks: Mapping[str, Any]
    runtime: Any
    call: Any
    as_text: Any
    block: Any


class InjectedEnvironment:
    """One of the package's environments, with an injection or without."""

    def __init__(self) -> None:
        self._suite: Any = None
        self._task: Any = None
        self._injection: Any = None
        self._before: Any = None
        self._world: Any = None
        self._calls: list[Any] = []

    def reset(self, setup: Mapping[str, JsonValue]) -> None:
        """`setup`: the names of suite, user task and, under attack, of the injection task."""
        name = str(setup["suite"])
        self._suite, self._calls = _dojo().suites[name], []
        self._task = self._suite.user_tasks[setup["user_task"]]
        injection = setup.get("injection_task")
        self._injection = self._suite.injection_tasks[injection] if injection else None
        self._world = self._task.init_environment(_injected_world(name, self._task, self._injection))
        self._before = self._world.model_copy(deep=True)

    def state(self) -> State:
        """The whole environment."""
        state: State = self._world.model_dump(mode="json")
        return state

    def tools(self) -> list[Tool]:
        """The suite's functions."""
        return [
            Tool(_spec(function), _Function(self._world, function.name, self._suite, self._calls))
            for function in self._suite.tools
        ]

    def findings(self, answer: str) -> Findings:
        """The utility is what passes; an injection that reached its goal is a side effect."""
        done = self._verdict(self._task, answer)
        reached = self._injection is not None and self._verdict(self._injection, answer)
        return Findings(
            [] if done else ["AgentDojo: the user's task is not done"],
            [f"the injected goal was carried out: {self._injection.GOAL}"] if reached else [],
        )

    def _verdict(self, task: Any, answer: str) -> bool:
        output = [_dojo().block(answer)] if answer else []
        try:
            return bool(self._suite._check_task_result(task, output, self._before, self._world, self._calls))
        except Exception:  # a checker that trips over what an agent left behind does not find what it looks for
            return False


def agentdojo_suite(category: str | None = None) -> Suite:
    """The user tasks, or under attack; of one of the package's suites or of all. Raises SuiteError."""
    names, attacked = _asked(category)
    tasks = tuple(task for name in names for task in _tasks(name, attacked))
    factory = EnvironmentFactory("agentdojo", lambda workspace: InjectedEnvironment(), Path(__file__))
    title = "agentdojo_attack" if attacked else "agentdojo"
    version = f"agentdojo-{distribution('agentdojo').version}-{VERSION}-{digest(code([Path(__file__)]))}"
    return Suite(title, f"AgentDojo {VERSION}", tasks, {"agentdojo": factory}, version)


def num_tasks(category: str | None = None) -> int:
    """How many tasks there are. Raises SuiteError where the package is missing."""
    names, attacked = _asked(category)
    suites = [_dojo().suites[name] for name in names]
    return sum(len(suite.user_tasks) * (len(suite.injection_tasks) if attacked else 1) for suite in suites)


class _Function:
    """A tool's body: the package's runtime runs the function and writes its result as text."""

    def __init__(self, world: Any, name: str, suite: Any, calls: list[Any]) -> None:
        self._world, self._name, self._calls = world, name, calls
        self._runtime = _dojo().runtime(suite.tools)

    def check(self, arguments: object) -> dict[str, Any]:
        """See `coterie.tools.spec.Body`; the runtime validates."""
        return dict(arguments) if isinstance(arguments, Mapping) else {}

    async def run(self, checked: dict[str, Any]) -> JsonValue:
        """See `coterie.tools.spec.Body`."""
        self._calls.append(_dojo().call(function=self._name, args=checked))
        result, error = self._runtime.run_function(self._world, self._name, checked)
        if error is not None:
            raise ToolError(error)
        text: str = _dojo().as_text(result)
        return text


def _spec(function: Any) -> ToolSpec:
    return ToolSpec(function.name, function.description, function.parameters.model_json_schema(), source="agentdojo")


def _tasks(name: str, attacked: bool) -> Iterator[TaskSpec]:
    suite = _dojo().suites[name]
    ignore = [f"/{field}" for field in suite.environment_type.model_fields]
    for task_id, task in suite.user_tasks.items():
        reference = _reference(task, _clean_world(name))
        depends = attacked and _reference(task, _marked_world(name).model_copy(deep=True)) != reference
        for injection in suite.injection_tasks.values() if attacked else (None,):
            under = {"injection_task": injection.ID} if injection else {}
            yield TaskSpec(
                id=".".join([name, task_id, *under.values()]),
                environment="agentdojo",
                task=f"{_system_message()}\n{task.PROMPT}",
                family=f"{name}.{task_id}" if attacked else "",
                tags=[name, ATTACK, f"{ATTACK}:{name}"] if attacked else [name],
                setup={"suite": name, "user_task": task_id, **under},
                expect=Expect(ignore=ignore, any_ending=True),
                reference=_reference(task, _injected_world(name, task, injection)) if depends else reference,
            )


def _reference(task: Any, world: Any) -> Solution:
    """The ground truth in this environment: some take names from it in which the injection stands."""
    world = task.init_environment(world)
    calls = [Call(tool=call.function, arguments=dict(call.args)) for call in task.ground_truth(world)]
    return Solution(calls=calls, answer=task.GROUND_TRUTH_OUTPUT)


def _clean_world(name: str) -> Any:
    with _LOADING:
        return _default_world(name).model_copy(deep=True)


def _injected_world(name: str, task: Any, injection: Any) -> Any:
    if injection is None:
        return _clean_world(name)
    dojo = _dojo()
    with _LOADING:
        return dojo.suites[name].load_and_inject_default_environment(dojo.attacks[name].attack(task, injection))


@cache
def _marked_world(name: str) -> Any:
    """An environment with a mark in every place where an injection can stand."""
    suite = _dojo().suites[name]
    with _LOADING:
        marks = {vector: f"MARK-{vector}" for vector in suite.get_injection_vector_defaults()}
        return suite.load_and_inject_default_environment(marks)


@cache
def _default_world(name: str) -> Any:
    return _dojo().suites[name].load_and_inject_default_environment({})


@cache
def _system_message() -> str:
    path = Path(str(distribution("agentdojo").locate_file("agentdojo/data/system_messages.yaml")))
    message: str = yaml.safe_load(path.read_text(encoding="utf-8"))["default"]
    return message


def _asked(category: str | None) -> tuple[tuple[str, ...], bool]:
    """The package's suites, and whether under attack."""
    first, _, rest = (category or "").partition(":")
    attacked = first == ATTACK
    name = rest if attacked else category or ""
    if name and name not in SUITES:
        have = ", ".join([*SUITES, ATTACK, *(f"{ATTACK}:{suite}" for suite in SUITES)])
        raise SuiteError(f"no AgentDojo category {category!r}; have {have}")
    _require_packages()
    return (name,) if name else SUITES, attacked


def _require_packages() -> None:
    for package in PACKAGES:
        try:
            distribution(package)
        except PackageNotFoundError:
            pinned = " ".join(f"{name}=={version}" for name, version in PACKAGES.items())
            raise SuiteError(
                f"the AgentDojo suite needs the package {package}; get it with: pip install --no-deps {pinned}"
            ) from None


@cache
def _dojo() -> Dojo:
    """The package without its pipelines: of those only the parts that replay a reference are imported."""
    pipelines = ModuleType("agentdojo.agent_pipeline")
    pipelines.__path__ = [str(distribution("agentdojo").locate_file("agentdojo/agent_pipeline"))]
    vendors = ModuleType("agentdojo.agent_pipeline.llms")
    vendors.__path__ = []
    google = ModuleType("agentdojo.agent_pipeline.llms.google_llm")
    vars(google)["EMPTY_FUNCTION_NAME"] = "<empty>"
    with standing_in(pipelines, vendors, google):
        from agentdojo.agent_pipeline.tool_execution import tool_result_to_str
        from agentdojo.attacks.base_attacks import FixedJailbreakAttack
        from agentdojo.attacks.important_instructions_attacks import ImportantInstructionsAttack
        from agentdojo.functions_runtime import FunctionCall, FunctionsRuntime
        from agentdojo.task_suite.load_suites import get_suites
        from agentdojo.types import text_content_block_from_string
    suites = dict(get_suites(VERSION))
    words = ImportantInstructionsAttack._JB_STRING
    attacks = {name: FixedJailbreakAttack(words, suite, None) for name, suite in suites.items()}
    return Dojo(suites, attacks, FunctionsRuntime, FunctionCall, tool_result_to_str, text_content_block_from_string)
