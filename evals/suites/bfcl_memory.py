"""BFCL's memory categories: questions about what the user said in earlier conversations, with a memory as tools.

    memory_kv        keys and values, a small core that is always shown and a large archive found by BM25
    memory_rec_sum   one text that the agent rewrites

Each question is a trial of its own: the scenario's conversations are carried out first, as earlier sessions with the
same memory, then the question is asked. The original has them once for all questions of a scenario; here no trial
depends on another, for which each pays 24 to 109 messages. The verdict is that of the package's checker: the last
answer states one of the possible ones.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import Any

from pydantic import JsonValue

from coterie.evals.environment import Findings, State
from coterie.evals.suite import Expect, Session, Solution, TaskSpec
from coterie.evals.suites import bfcl_data
from coterie.evals.suites.bfcl_simulated import Call, Instances, SimulatedBody, class_of, state_of
from coterie.evals.suites.standing_in import standing_in
from coterie.tools import Tool

CATEGORIES = ("memory_kv", "memory_rec_sum")
GROUP = "memory"


class Memory:
    """The memory of one scenario; it lasts from session to session."""

    def __init__(self) -> None:
        self._item: dict[str, Any] = {}
        self._instances: Instances = {}
        self._calls: list[Call] = []
        self._num_sessions = 0

    def reset(self, setup: Mapping[str, JsonValue]) -> None:
        """`setup`: the category, the scenario, how many sessions there are, the possible answers."""
        self._item, self._calls, self._num_sessions = dict(setup), [], 0
        name = _class_name(self._item["category"])
        self._instances = {name: _class(name)()}

    def begin_turn(self, number: int, message: str) -> str:
        """A session begins with how to use the memory, and what it shows."""
        if number > 1:
            return message
        self._num_sessions += 1
        parts = [self._instructions()]
        if self._num_sessions == self._item["sessions"]:
            parts.append(_prompts().ADDITIONAL_SYSTEM_PROMPT_FOR_AGENTIC_RESPONSE_FORMAT)
        return "\n\n".join([*parts, message])

    def state(self) -> State:
        """What is remembered."""
        return state_of(self._instances)

    def tools(self) -> list[Tool]:
        """The memory's functions."""
        docs = bfcl_data.function_docs(_class_name(self._item["category"]))
        return [
            bfcl_data.tool(doc["name"], doc, SimulatedBody(self._instances, doc["name"], self._calls)) for doc in docs
        ]

    def findings(self, answer: str) -> Findings:
        """See `coterie.evals.environment.Checked`."""
        return Findings(check(answer, self._item["answers"]))

    def _instructions(self) -> str:
        (memory,) = self._instances.values()
        prompts = _prompts()
        unified = self._item["category"] == "memory_rec_sum"
        template: str = (
            prompts.MEMORY_BACKEND_INSTRUCTION_UNIFIED if unified else prompts.MEMORY_BACKEND_INSTRUCTION_CORE_ARCHIVAL
        )
        return template.format(
            scenario_setting=prompts.MEMORY_AGENT_SETTINGS[self._item["scenario"]],
            memory_content=memory._dump_core_memory_to_context(),
        )


def tasks(category: str) -> Iterator[TaskSpec]:
    """The questions, each after the conversations of its scenario."""
    answers = bfcl_data.answers("memory")
    for item in bfcl_data.items("memory"):
        possible, earlier = answers[item["id"]], _earlier(item["scenario"])
        yield TaskSpec(
            id=item["id"].replace("memory", category, 1),
            environment="bfcl",
            task=item["question"][0][0]["content"],
            tags=[category, GROUP, f"scenario:{item['scenario']}"],
            setup={
                "category": category,
                "scenario": item["scenario"],
                "sessions": len(earlier) + 1,
                "answers": possible,
            },
            earlier=earlier,
            expect=Expect(ignore=[f"/{_class_name(category)}"], any_ending=True),
            reference=Solution(answer=possible[0]),
        )


def check(answer: str, possible: list[str]) -> list[str]:
    """Why BFCL does not take this answer; empty when it does."""
    if not answer:
        return ["there is no answer"]
    from bfcl_eval.eval_checker.agentic_eval.agentic_checker import agentic_checker

    verdict = agentic_checker(answer, possible)
    return [] if verdict["valid"] else [f"{verdict['error_type']}: {verdict['error_message']}"]


@cache
def _earlier(scenario: str) -> list[Session]:
    sessions = [[turn[0]["content"] for turn in s["question"]] for s in bfcl_data.earlier_sessions(scenario)]
    return [Session(task=first, turns=turns) for first, *turns in sessions]


def _class_name(category: str) -> str:
    return category.replace("memory", "MemoryAPI")


@cache
def _class(name: str) -> type[Any]:
    """The package's class. Its module wants three functions on files of snapshots, out of one that makes folders
    beside the package when it is imported; here the memory stays in the environment, and no snapshot is written."""
    snapshots = ModuleType("bfcl_eval.utils")
    for unused in ("get_directory_structure_by_id", "is_first_memory_prereq_entry", "is_memory_prereq"):
        vars(snapshots)[unused] = None
    with standing_in(snapshots):
        return class_of(name)


def _prompts() -> Any:
    from bfcl_eval.constants import default_prompts

    return default_prompts
