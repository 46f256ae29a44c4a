"""Forks: by the record up to a step, live from there, with one thing changed if asked."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.agent.scripts import DONE, Rig, answer, call, plan, verdict

from coterie.agent.errors import UsageError
from coterie.agent.fork import Place, fork_at, read_edit
from coterie.memory.records import Episode
from coterie.model.scripted import Line

RUN = (
    plan("look up A-17", ("note it", [1])),
    call("get_order", order_id="A-17"),
    verdict("done", "it is late"),
    call("note", name="late", text="A-17"),
    DONE,
    answer("A-17 is late and noted"),
)


async def forked(
    rig: Rig, past: Episode, *lines: Line, step: int | None = None, edit: dict[str, Any] | None = None, **changes: Any
) -> Episode:
    return await rig.agent(*lines, **changes).afork(past, fork_at(past, step, edit), rig.events.append)


@pytest.mark.parametrize("step", range(1, 6))
async def test_from_any_step_on_the_model_and_the_tools_are_asked(rig: Rig, step: int) -> None:
    past = await rig.run(*RUN)
    rig.shop.calls.clear()
    asked = {1: 0, 2: 0, 3: 1, 4: 3, 5: 5}[step]
    again = await forked(rig, past, *RUN[asked:], step=step)
    assert again.status == "success"
    assert (again.parent, again.parent_step) == (past.id, step)
    assert [name for name, _ in rig.shop.calls] == ["get_order", "note"][max(0, step - 3) :]
    assert [s.state_hash for s in again.steps] == [s.state_hash for s in past.steps]
    assert rig.store.episodes.get(past.id) == past


@pytest.mark.parametrize(
    ("edit", "lines", "calls", "result"),
    [
        ({"step": 2, "plan": {"steps": [{"do": "note it"}]}}, RUN[3:], ["note"], "A-17 is late and noted"),
        ({"step": 2, "plan": {"refuse": "no"}}, (), [], "no"),
        (
            {"step": 3, "call": {"name": "get_order", "arguments": {"order_id": "B-2"}}},
            (verdict("done", "shipped"), *RUN[3:]),
            ["get_order", "note"],
            "A-17 is late and noted",
        ),
        ({"step": 3, "result": "early"}, (verdict("finish", "early"), answer("early")), [], "early"),
        ({"step": 3, "result": "gone", "is_error": True}, (verdict("finish"), answer("gone")), [], "gone"),
        ({"step": 3, "verdict": {"note": "enough", "verdict": "finish"}}, (answer("it is late"),), [], "it is late"),
        ({"step": 5, "answer": {"answer": "well done", "status": "success"}}, (), [], "well done"),
    ],
)
async def test_one_thing_can_be_changed_first(
    rig: Rig, edit: dict[str, Any], lines: tuple[Line, ...], calls: list[str], result: str
) -> None:
    past = await rig.run(*RUN)
    rig.shop.calls.clear()
    again = await forked(rig, past, *lines, edit=edit)
    assert again.outcome is not None
    assert again.outcome.answer == result
    assert [name for name, _ in rig.shop.calls] == calls
    assert again.steps[edit["step"] - 1].state_hash != past.steps[edit["step"] - 1].state_hash


async def test_an_edited_error_is_one(rig: Rig) -> None:
    past = await rig.run(*RUN)
    edit = {"step": 3, "result": "no order 'A-17'", "is_error": True}
    again = await forked(rig, past, verdict("retry"), call("get_order", order_id="B-2"), *RUN[2:], edit=edit)
    [seen, second, _] = again.results()
    assert (seen.is_error, seen.error_kind, second.content) == (True, "tool", "shipped")


async def test_a_fork_remembers_what_was_known_then_and_is_not_recalled_later(rig: Rig) -> None:
    await rig.run(*RUN, task="look up A-17", memory=True)
    past = await rig.run(*RUN, task="look up A-17 and note it", memory=True)
    rig.store.facts.add("A-17 is to be looked up on Mondays")
    again = await forked(rig, past, *RUN, step=1, memory=True)
    told = [episode.model_calls[0].messages[1] for episode in (past, again)]
    assert told[0] == told[1]
    hits = rig.store.recall("look up A-17 and note it", 9)
    assert again.id not in {hit.source_id for hit in hits}
    assert past.id in {hit.source_id for hit in hits}


async def test_files_are_a_copy(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "workspace" / "in.txt").write_text("as it was")
    past = await rig.run(*RUN)
    rig.settings = rig.settings.model_copy(update={"workspace": None})
    again = await forked(rig, past, *RUN, step=1)
    assert again.task.workspace is not None
    assert again.task.workspace != past.task.workspace
    assert (Path(again.task.workspace) / "in.txt").read_text() == "as it was"


async def test_seeds_may_differ_and_prompts_may_not(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    past = await rig.run(*RUN)
    again = await forked(rig, past, *RUN[3:], step=4, seed=7)
    assert again.status == "success"
    assert rig.model.asked[0].sampling.seed == 7
    monkeypatch.setattr("coterie.model.protocol.RULES", "You are somebody else.")
    with pytest.raises(UsageError, match=rf"episode {past.id} cannot be gone through up to step 4: step 2, model-2"):
        await forked(rig, past, *RUN[3:], step=4)
    assert (await forked(rig, past, *RUN, step=1)).status == "success", "there the old prompts do not matter"


@pytest.mark.parametrize(
    ("step", "edit", "message"),
    [
        (9, None, "has no step 9; it has 5"),
        (None, {"step": 0, "plan": {"refuse": "x"}}, "has no step 0; it has 5"),
        (None, {"step": 3}, 'an edit is {"step": N, KIND: ...}, where KIND is one of plan, call, result, verdict'),
        (None, {"step": 3, "result": "x", "verdict": {}}, "an edit is"),
        (None, {"step": 3, "result": "x", "extra": 1}, "an edit is"),
        (None, {"step": "3", "result": "x"}, "an edit is"),
        (None, {"plan": {"refuse": "x"}}, "an edit is"),
        (4, {"step": 3, "result": "x"}, "the edit is of step 3, and --from says 4; leave --from out"),
        (None, {"step": 2, "result": "x"}, "step 2 is a plan, which has no result to edit"),
        (None, {"step": 3, "plan": {"refuse": "x"}}, "step 3 is a call, which has no plan to edit"),
        (None, {"step": 2, "plan": {"steps": []}}, "the edit of step 2: a plan needs a non-empty 'steps' list"),
        (None, {"step": 3, "call": "get_order"}, "the edit of step 3: a JSON object was asked for"),
        (None, {"step": 3, "verdict": {"note": "", "verdict": "good"}}, "a verdict is one of done, retry"),
    ],
)
async def test_a_wrong_place_or_edit_is_told(
    rig: Rig, step: int | None, edit: dict[str, Any] | None, message: str
) -> None:
    past = await rig.run(*RUN)
    with pytest.raises(UsageError) as told:
        fork_at(past, step, edit)
    assert message in str(told.value)


def test_an_edit_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "edit.json"
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_edit(file)
    file.write_text("{")
    with pytest.raises(UsageError, match="is no JSON"):
        read_edit(file)
    file.write_text("[1]")
    with pytest.raises(UsageError, match="an edit is"):
        read_edit(file)
    file.write_text(json.dumps({"step": 3, "result": "x"}))
    assert read_edit(file) == {"step": 3, "result": "x"}


def test_a_fork_is_a_place_in_the_order_of_the_run() -> None:
    assert sorted([Place(4), Place(3, 2), Place(3), Place(3, 1)]) == [(3, 0), (3, 1), (3, 2), (4, 0)]
