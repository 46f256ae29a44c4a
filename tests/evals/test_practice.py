"""Practice: the training environments as a suite, and what an agent did well there as data to learn from."""

import asyncio
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from tests.evals.gold_model import gold_model

from coterie.agent.connect import Connected
from coterie.agent.settings import Settings
from coterie.evals.environments.practice import PracticeWorld
from coterie.evals.export_chats import chats
from coterie.evals.keep import StoreKeeper
from coterie.evals.ours import OurLoop
from coterie.evals.results import Result, Results, RunHeader, read_results
from coterie.evals.runner import Conditions, Runner
from coterie.evals.selftest import self_test
from coterie.evals.suite import Suite, TaskSpec, read_suite
from coterie.evals.templates.practice import _free, tasks, write
from coterie.memory.records import Episode, ModelCall, ModelRef, Outcome, Plan, Task
from coterie.memory.store import Store
from coterie.model.spelling import spell
from coterie.model.training.data.__main__ import own_runs
from coterie.model.training.data.contamination import Suites
from coterie.model.training.parent import load_encoder
from coterie.tools.errors import ArgumentError


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    return read_suite(write(tmp_path_factory.mktemp("practice"), tasks(24, seed=3)))


def test_practice_tasks_are_sound(suite: Suite) -> None:
    assert asyncio.run(self_test(suite)) == []
    assert len({task.family for task in suite.tasks}) > 12


def test_the_same_seed_gives_the_same_tasks(suite: Suite) -> None:
    assert [row["task"] for row in tasks(24, seed=3)] == [task.task for task in suite.tasks]
    assert [row["task"] for row in tasks(4, seed=4)] != [task.task for task in suite.tasks[:4]]


def test_own_words_need_only_say_what_the_reference_says() -> None:
    task = "Mail the commission on A-370 to Bo and note it as 'share'."
    values = frozenset({"A-370", "34.18"})
    assert _free("The commission is 3.76 (A-370)", task, values) == {"$contains": ["A-370", 3.76]}
    assert _free("3.76", task, values) == {"$contains": [3.76]}
    assert _free("Colour: orange", task, values) == {"$contains": ["Colour", "orange"]}
    assert _free("share", task, values) == "share", "the user's own word"
    assert _free("34.18", task, values) == "34.18", "a value of the world"


@pytest.mark.parametrize("setup", [{}, {"template": "no.such", "seed": 1}, {"template": 3, "seed": "x"}])
def test_a_practice_world_says_what_it_is_set_up_with(setup: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a template of the training data and a seed"):
        PracticeWorld(tmp_path).reset(setup)  # type: ignore[arg-type]


def test_a_wrong_call_is_an_error_and_changes_nothing(suite: Suite, tmp_path: Path) -> None:
    world = PracticeWorld(tmp_path)
    world.reset(suite.tasks[0].setup)
    before = world.state()
    needy = [tool for tool in world.tools() if tool.spec.parameters["required"]]
    assert needy
    for tool in needy:
        with pytest.raises(ArgumentError, match="required property"):
            tool.body.check({"nothing": 1})
    assert world.state() == before


def test_runs_that_passed_become_training_documents(suite: Suite, tmp_path: Path) -> None:
    calm = replace(suite, tasks=tuple(t for t in suite.tasks if not t.faults and not _fails(t))[:6])
    with Store.open(tmp_path / "home") as store:
        settings = Settings(home=tmp_path / "home", tool_choice="model")
        agent = OurLoop(settings, store, Connected(gold_model(calm), ModelRef("gold", "ab" * 32)))
        results = Results.create(
            tmp_path / "runs", RunHeader("r", "practice", "", tuple(t.id for t in calm.tasks), 1, 0)
        )
        asyncio.run(Runner(calm, agent, results, StoreKeeper(store.episodes), Conditions(2, pauses_s=())).run())
        results.close()
        found = list(chats(read_results(tmp_path / "runs", "r")[1], store.episodes.get))
    assert {chat["task"] for chat in found} == {task.id for task in calm.tasks}
    path = tmp_path / "chats.jsonl"
    path.write_text("".join(json.dumps(chat) + "\n" for chat in found))
    encoder, counts = load_encoder(), Counter[str]()
    documents = list(own_runs(path, encoder, Suites([]), counts))
    assert counts == {"own runs": len(calm.tasks)}
    ids, learned = documents[0]
    turns = [m["content"] for m in found[0]["messages"] if m["role"] == "assistant"]
    assert [t for t, flag in zip(ids, learned, strict=True) if flag] == [
        token for turn in turns for token in encoder.encode(f"{spell(turn)}<|im_end|>")
    ]
    assert '"status": "success"' in turns[-1] or "refuse" in turns[0]


def _fails(task: TaskSpec) -> bool:
    return any(call.fails for call in task.reference.calls)


def test_the_cheapest_passing_trial_of_a_task_is_kept_and_giving_up_is_not() -> None:
    def episode(name: str, status: str = "success", refusal: str | None = None) -> Episode:
        call = ModelCall(name, "finish", ({"role": "user", "content": "Answer."},), completion=name)
        outcome = Outcome(status, "x")  # type: ignore[arg-type]
        return Episode(name, Task("t"), ModelRef("m"), outcome, Plan(refusal=refusal), model_calls=(call,))

    kept = {e.id: e for e in (episode("a"), episode("b"), episode("c", "failed"), episode("d", "failed", "No tool."))}
    results = [
        Result("one", 1, "passed", episodes=("a",), model_calls=9),
        Result("one", 2, "passed", episodes=("b",), model_calls=5),
        Result("one", 3, "failed", episodes=("c",), model_calls=1),
        Result("two", 1, "passed", episodes=("c",), model_calls=2),
        Result("three", 1, "passed", episodes=("d",), model_calls=1),
        Result("four", 1, "passed", episodes=("gone",), model_calls=1),
    ]
    found = list(chats(results, kept.get))
    assert [(chat["task"], chat["messages"][-1]["content"]) for chat in found] == [("one", "b"), ("three", "d")]
