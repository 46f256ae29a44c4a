"""Replay: from its record a run reaches the same states again, and what has changed since is named."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.agent.scripts import DONE, Rig, answer, call, plan, refusal, verdict

from coterie.agent import replay as replaying
from coterie.agent.errors import UsageError
from coterie.agent.replay import replay
from coterie.memory.records import Episode, Step
from coterie.memory.redact import Redactor
from coterie.memory.store import Store
from coterie.model.chat import Completion
from coterie.model.errors import ServerUnavailable
from coterie.model.scripted import Line
from coterie.tools.registry import Registry
from coterie.tools.tool import tool

LOOK = (plan("look up A-17", ("note it", [1])), call("get_order", order_id="A-17"), verdict("done", "it is late"))
NOTE = (call("note", name="late", text="A-17"), DONE, answer("A-17 is late and noted"))
CUT_OFF = Completion('{"steps": [{"do"', 40, 9, "length")
RUNS: dict[str, tuple[tuple[Line, ...], dict[str, Any]]] = {
    "plain": ((*LOOK, *NOTE), {}),
    "refused": ((refusal("no tool fits"),), {}),
    "gave up": ((*LOOK[:2], verdict("finish", "hopeless"), answer("cannot", failed=True)), {}),
    "retry after an error": (
        (
            plan("look"),
            call("get_order", order_id="A17"),
            verdict("retry"),
            call("get_order", order_id="A-17"),
            DONE,
            answer(),
        ),
        {},
    ),
    "the same call again": (
        (
            plan("look"),
            call("get_order", order_id="X"),
            verdict("retry"),
            call("get_order", order_id="X"),
            DONE,
            answer(),
        ),
        {},
    ),
    "replanned": ((*LOOK[:2], verdict("replan"), plan("note it"), *NOTE), {}),
    "side by side": (
        (
            plan("look up A-17", "look up B-2"),
            call("get_order", order_id="A-17"),
            call("get_order", order_id="B-2"),
            DONE,
            verdict("done", "shipped"),
            answer("late, shipped"),
        ),
        {},
    ),
    "malformed once": ((CUT_OFF, plan("look"), call("get_order", order_id="A-17"), DONE, answer()), {}),
    "malformed twice": ((CUT_OFF, CUT_OFF), {}),
    "out of budget": ((*LOOK, *NOTE[:2]), {"max_tool_calls": 1}),
    "denied": ((plan("wipe"), call("wipe"), verdict("finish", "not allowed"), answer("no", failed=True)), {}),
}


async def recorded(rig: Rig, name: str = "plain", **changes: Any) -> Episode:
    lines, settings = RUNS[name]
    return await rig.run(*lines, approve="deny" if name == "denied" else "auto", **settings, **changes)


def changed(episode: Episode, step_id: int, **changes: Any) -> Episode:
    steps = [replace(step, **changes) if step.step_id == step_id else step for step in episode.steps]
    return replace(episode, steps=tuple(steps))


@pytest.mark.parametrize("name", RUNS)
async def test_a_run_reaches_the_same_states_and_nothing_is_called(rig: Rig, name: str) -> None:
    episode = await recorded(rig, name)
    calls = list(rig.shop.calls)
    again = await replay(episode, rig.store.home)
    assert (again.drift, again.note) == (None, None)
    assert again.outcome is not None
    assert episode.outcome is not None
    assert (again.outcome.status, again.outcome.cause) == (episode.outcome.status, episode.outcome.cause)
    assert again.steps == len(episode.steps)
    assert again.model_calls == len(episode.model_calls)
    assert rig.shop.calls == calls
    assert [e.id for e in rig.store.episodes.list().episodes] == [episode.id]


async def test_it_replays_with_memory_and_the_real_choice_of_tools(rig: Rig) -> None:
    real = {"tool_choice": "both", "show_relevance": True, "check_coverage": True, "memory": True}
    await recorded(rig, task="look up A-17 and note it", **real)
    episode = await recorded(rig, task="look up A-17, then note it", **real)
    assert "Recalled" in episode.model_calls[0].messages[1]["content"]
    again = await replay(episode, rig.store.home)
    assert (again.drift, again.note) == (None, None)


async def test_a_run_read_back_from_a_file_replays(rig: Rig, tmp_path: Path) -> None:
    exported = json.loads(json.dumps(rig.store.episodes.export((await recorded(rig)).id)))
    with Store.open(tmp_path / "elsewhere", redactor=Redactor({})) as other:
        again = await replay(other.episodes.get(other.episodes.import_(exported)), tmp_path)
    assert again.drift is None


@pytest.mark.parametrize(
    ("step_id", "changes", "message"),
    [
        (3, {"verdict": "retry"}, "step 3, verdict: recorded 'retry', now 'done'"),
        (3, {"message": "it is early"}, "step 3, message: recorded 'it is early', now 'it is late'"),
        (3, {"plan_step": 2}, "step 3, plan_step: recorded '2', now '1'"),
        (4, {"state_hash": "0" * 64}, f"step 4, state_hash: recorded '{'0' * 60}…', now '"),
    ],
)
async def test_the_first_difference_is_named(rig: Rig, step_id: int, changes: dict[str, Any], message: str) -> None:
    again = await replay(changed(await recorded(rig), step_id, **changes), rig.store.home)
    assert again.drift is not None
    assert again.drift.startswith(message)


async def test_another_prompt_shows_as_drift_where_it_begins(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    episode = await recorded(rig)
    monkeypatch.setattr("coterie.model.protocol.RULES", "You are somebody else.")
    again = await replay(episode, rig.store.home)
    assert again.drift is not None
    assert again.drift.startswith("step 2, model-2-plan-1, message 1 (system): recorded '")
    assert "somebody else" in again.drift
    assert (again.outcome, again.model_calls) == (None, 0)


async def test_another_call_shows_as_drift(rig: Rig) -> None:
    episode = await recorded(rig)
    calls = [
        replace(c, completion=c.completion.replace("A-17", "B-2")) if c.purpose == "act" else c
        for c in episode.model_calls
    ]
    again = await replay(replace(episode, model_calls=tuple(calls)), rig.store.home)
    assert again.drift == ('step 3, arguments: recorded \'{"order_id": "A-17"}\', now \'{"order_id": "B-2"}\'')


async def test_a_tool_that_changed_since_is_named(rig: Rig) -> None:
    @tool(effect="read")
    def get_order(order_id: str, year: int = 2026) -> str:
        """Look up the status of an order."""
        raise AssertionError("nothing is called")

    episode = await recorded(rig)
    others = [each for each in rig.shop.tools() if each.name != "get_order"]
    again = await replay(episode, rig.store.home, Registry([get_order, *others]))
    assert again.drift is not None
    assert again.drift.startswith("step 2, tool get_order: recorded '")
    missing = await replay(episode, rig.store.home, Registry(others))
    assert missing.drift is not None
    assert missing.drift.endswith("now 'not here'")


async def test_a_run_that_was_cut_off_replays_as_far_as_it_came(rig: Rig) -> None:
    episode = await recorded(rig)
    half = replace(episode, outcome=None, steps=episode.steps[:3], model_calls=episode.model_calls[:3])
    again = await replay(half, rig.store.home)
    assert (again.drift, again.outcome) == (None, None)
    assert again.note == "the record ends at step 4: it has no act turn"


async def test_a_run_that_was_resumed_replays_as_one(rig: Rig) -> None:
    broken = await rig.run(*LOOK, ServerUnavailable("http://x", "gone"))
    assert broken.status == "infrastructure"
    episode = await rig.agent(*NOTE).aresume(broken.id)
    assert episode.status == "success"
    again = await replay(episode, rig.store.home)
    assert (again.drift, again.note) == (None, None)


async def test_masked_secrets_leave_everything_but_the_hashes_to_compare(rig: Rig) -> None:
    secret = "sk-ant-0123456789abcdefghij"
    episode = await rig.run(*LOOK[:1], call("get_order", order_id=secret), DONE, *NOTE)
    again = await replay(episode, rig.store.home)
    assert again.drift is None
    assert again.note == "secrets are masked in the record, so state hashes cannot be compared"


async def test_what_cannot_be_replayed_is_told(rig: Rig) -> None:
    episode = await recorded(rig)
    old = {**episode.config, "tools": [{"name": "get_order", "source": "", "digest": ""}]}
    with pytest.raises(UsageError, match=r"before episodes described their tools \(get_order\)"):
        await replay(replace(episode, config=old), rig.store.home)
    with pytest.raises(UsageError, match="has no steps"):
        await replay(replace(episode, steps=()), rig.store.home)


def test_every_field_of_a_step_is_compared_or_known_not_to_be() -> None:
    left = {"step_id", "state_hash", "metrics", "timestamp"}
    assert {*replaying.COMPARED, *left} == set(Step.__dataclass_fields__)
