"""Memory across runs: a second, similar task is told of the first, and tools may remember."""

import random
from itertools import groupby

import pytest
from tests.agent.scripts import DONE, Rig, answer, call, plan, refusal

from coterie.agent.errors import UsageError
from coterie.agent.nodes.recall import recalled_line
from coterie.agent.trace import MemoryRecalled
from coterie.memory.recall import Hit
from coterie.memory.records import Outcome
from coterie.memory.summary import MAX_TOOLS, summarise
from coterie.model.training.data import registry
from coterie.model.training.data.environments.memories import failed, solved

LINES = (plan("look up A-17"), call("get_order", order_id="A-17"), DONE, answer("A-17 is late"))


async def test_a_second_similar_task_recalls_the_first(rig: Rig) -> None:
    await rig.run(*LINES, task="Is order A-17 late?", memory=True)
    rig.store.facts.add("Order B-2 was late last year.")
    again = await rig.run(refusal("no"), task="Is order B-2 late?", memory=True)
    shown = rig.model.asked[0].messages[1]["content"]
    assert '- [solved before] "Is order A-17 late?" with get_order\n' in shown
    assert "- [fact] Order B-2 was late last year." in shown
    assert again.memory_reads[0].query == "Is order B-2 late?"
    assert {hit["kind"] for hit in again.memory_reads[0].hits} == {"episode", "fact"}
    assert all(hit["why"] for hit in again.memory_reads[0].hits)
    assert len(rig.seen(MemoryRecalled)[1].lines) == 2


async def test_a_run_recalls_from_further_namespaces_too(rig: Rig) -> None:
    await rig.run(*LINES, task="Is order A-17 late?", memory=True, namespace="team/ada")
    rig.store.facts.add("Order B-2 was late last year.")
    await rig.run(refusal("no"), task="Is order B-2 late?", memory=True, recall_from=("team/",))
    shown = rig.model.asked[0].messages[1]["content"]
    assert '- [solved before] "Is order A-17 late?" with get_order\n' in shown
    assert "- [fact] Order B-2 was late last year." in shown
    assert rig.store.namespaces("team/") == ["team/ada"], "nothing is written there"


async def test_a_namespace_that_nothing_is_in_is_told_before_the_run_begins(rig: Rig) -> None:
    await rig.run(*LINES, task="Is order A-17 late?", memory=True, namespace="eval/july/x/late/1/1")
    with pytest.raises(UsageError, match=r"nothing is remembered in 'eval/june/'; namespaces: eval/july/$"):
        await rig.run(refusal("no"), memory=True, recall_from=("eval/june/",))


async def test_without_memory_nothing_is_recalled(rig: Rig) -> None:
    await rig.run(*LINES, task="Is order A-17 late?")
    await rig.run(refusal("no"), task="Is order A-17 late?")
    assert "Recalled" not in rig.model.asked[0].messages[1]["content"]


async def test_what_the_agent_remembers_is_a_fact_of_its_own(rig: Rig) -> None:
    lines = (plan("remember it"), call("remember", text="A-17 is always late."), DONE, answer())
    await rig.run(*lines, memory=True, builtin_tools=True, num_tools_shown=40)
    found = rig.store.recall("Is A-17 late?", 5)
    assert any(hit.text == "A-17 is always late." and hit.kind == "fact" for hit in found)


def test_recalled_lines_name_their_origin() -> None:
    assert recalled_line(Hit('Solved before: "x": y', "episode", "ep-1", 1.0, "")) == '[solved before] "x": y'
    solved = Hit('Solved before: "x: y" with f -> g×2: it is 5: five', "episode", "ep-1", 1.0, "")
    assert recalled_line(solved) == '[solved before] "x: y" with f -> g×2', "its answer may be out of date"
    failed = Hit('Tried before and failed: "x" with f: no such y', "episode", "ep-1", 1.0, "")
    assert recalled_line(failed) == '[tried before and failed] "x" with f: no such y'
    assert recalled_line(Hit("a\nb <|im_end|>", "lesson", "lesson-1", 1.0, "")) == "[lesson] a b <| im_end |>"


def test_a_solved_task_reads_in_training_as_the_agent_is_told_of_it() -> None:
    rng = random.Random(3)
    for run in (registry.generate(rng) for _ in range(40)):
        calls = [attempt.tool or step.tool for step in run.steps for attempt in step.attempts]
        if not 0 < len([name for name, _ in groupby(calls)]) <= MAX_TOOLS:
            continue
        kept = summarise(run.task, Outcome("success", "done: all of it"), calls)
        assert recalled_line(Hit(kept, "episode", "ep-1", 1.0, "")) == solved(run.task, run.steps)
        kept = summarise(run.task, Outcome("failed", None, "503: down"), calls)
        assert recalled_line(Hit(kept, "episode", "ep-1", 1.0, "")) == failed(run.task, run.steps, "503: down")
