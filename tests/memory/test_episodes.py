"""Episodes: written as they happen, read back equal, deleted without a trace."""

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.memory.fakes import call, episode, model_call, result, step

from coterie.memory.errors import RecordExists, RecordNotFound
from coterie.memory.records import (
    Failure,
    MemoryRead,
    ModelRef,
    Observation,
    ObservationResult,
    Outcome,
    Plan,
    PlanStep,
    RecordError,
    Step,
    Task,
    Usage,
)
from coterie.memory.store import Store
from coterie.memory.tables import Row
from coterie.tools import CallKey

MODEL = ModelRef("coterie-moe", "c" * 64, "own")
NASTY = "Ünïcödé 日本語 🦊 \x00 \ud800 \u202e' \"); DROP TABLE episodes;--"


def test_a_run_is_read_back_as_it_was_written(store: Store) -> None:
    task = Task("Which orders are late?", "late", "/work", ("easy",))
    plan, first, spoken = Plan((PlanStep("read", number=1),)), step(1), model_call(1, 1)
    read = MemoryRead("orders", "default", ({"text": "a"},), 1, "2026-01-01T00:00:00.000000Z")
    made = store.episodes.begin(task, MODEL, {"seed": 7}, parent="ep-parent", parent_step=3)
    store.episodes.record(made, plan)
    store.episodes.record(made, read)
    store.episodes.record(made, spoken)
    store.episodes.record(made, first)
    store.episodes.finish(made, Outcome("success", "three"), Usage(3, 2, 1, 0.5, 1))
    got = store.episodes.get(made)
    assert made.startswith("ep-")
    assert (got.task, got.model, got.config, got.plan) == (task, MODEL, {"seed": 7}, plan)
    assert (got.parent, got.parent_step, got.status) == ("ep-parent", 3, "success")
    assert (got.steps, got.model_calls, got.memory_reads) == ((first,), (spoken,), (read,))
    assert (got.outcome, got.usage) == (Outcome("success", "three"), Usage(3, 2, 1, 0.5, 1))
    assert got.started_at
    assert got.finished_at
    assert got.started_at < got.finished_at


def test_a_whole_episode_comes_back_equal(store: Store) -> None:
    written = episode()
    store.episodes.add(written)
    assert store.episodes.get(written.id) == written


def test_a_call_is_there_before_its_step(store: Store) -> None:
    made = store.episodes.begin(Task("t"), MODEL, {})
    store.episodes.record_tool_call(made, 1, call(1))
    (running,) = store.episodes.get(made).steps
    assert running == Step(1, "act", (call(1),))
    store.episodes.record_tool_call(made, 1, call(1), result(1))
    (done,) = store.episodes.get(made).steps
    assert done.observation == Observation((result(1),))


def test_a_step_written_again_replaces_itself(store: Store) -> None:
    made = store.episodes.begin(Task("t"), MODEL, {})
    store.episodes.record(made, Step(1, "act", (call(1),)))
    store.episodes.record(made, replace(step(1), timestamp="2026-01-01T00:00:00.000000Z"))
    assert store.episodes.get(made).steps == (replace(step(1), timestamp="2026-01-01T00:00:00.000000Z"),)


def test_what_is_written_again_keeps_its_place_and_what_was_known(store: Store) -> None:
    made = store.episodes.begin(Task("t"), MODEL, {})
    store.episodes.record(made, step(1), step(2), model_call(1), model_call(2))
    store.episodes.record(made, replace(step(1), message="again"), replace(model_call(1), completion="new"))
    store.episodes.record_tool_call(made, 1, call(1))
    got = store.episodes.get(made)
    assert [spoken.completion for spoken in got.model_calls] == ["new", model_call(2).completion]
    assert [s.message for s in got.steps] == ["again", "reading"]
    assert got.steps[0].observation == Observation((result(1),)), "a result is not lost"


def test_records_are_written_together_or_not_at_all(store: Store) -> None:
    made = store.episodes.begin(Task("t"), MODEL, {})
    unwritable = replace(step(2), tool_calls=(call(2, "f", x=object()),))
    with pytest.raises(Exception, match="not JSON serializable"):
        store.episodes.record(made, Plan(refusal="no"), model_call(1), step(1), unwritable)
    got = store.episodes.get(made)
    assert (got.plan, got.steps, got.model_calls) == (Plan(), (), ())


@pytest.mark.parametrize(
    "observation",
    [
        None,
        Observation(),
        Observation((ObservationResult(None, "from nowhere"),)),
        Observation((ObservationResult("call-9-9", "of a call that is not here", [1, None]), result(1))),
    ],
)
def test_any_observation_comes_back(store: Store, observation: Observation | None) -> None:
    made = store.episodes.begin(Task("t"), MODEL, {})
    written = replace(step(1), observation=observation)
    store.episodes.record(made, written)
    assert store.episodes.get(made).steps == (written,)


def test_the_usage_of_a_running_episode_is_what_was_recorded(store: Store) -> None:
    made = store.episodes.begin(Task("t"), MODEL, {})
    store.episodes.record(made, model_call(1))
    store.episodes.record(made, step(1))
    assert store.episodes.get(made).usage == Usage(3, 2, 1, 0.375, 1)
    assert store.episodes.get(made).outcome is None
    (line,) = store.episodes.list().episodes
    assert (line.status, line.tool_calls) == ("running", 1)


def test_an_episode_can_be_resumed(store: Store) -> None:
    made = store.episodes.begin(Task("count the late orders"), MODEL, {})
    store.episodes.finish(made, Outcome("limit", cause="max_steps"))
    store.episodes.reopen(made)
    assert store.episodes.get(made).status == "running"
    assert store.recall("count the late orders") == []
    store.episodes.finish(made, Outcome("success", "three"))
    assert store.episodes.get(made).outcome == Outcome("success", "three")


def test_listing(store: Store) -> None:
    made = [store.episodes.begin(Task(f"task {n} of 100%"), MODEL, {}) for n in range(5)]
    store.episodes.finish(made[1], Outcome("failed", error="no"))
    page = store.episodes.list(limit=2, offset=1)
    assert ([line.id for line in page.episodes], page.total) == ([made[3], made[2]], 5)
    assert [line.id for line in store.episodes.list(status="failed").episodes] == [made[1]]
    assert store.episodes.list(text="TASK 3").total == 1
    assert store.episodes.list(text="0%").total == 5
    assert store.episodes.list(text="_").total == 0


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.episodes.get("ep-none"),
        lambda store: store.episodes.delete("ep-none"),
        lambda store: store.episodes.record("ep-none", step(1)),
        lambda store: store.episodes.finish("ep-none", Outcome("success")),
        lambda store: store.failures.add(Failure("ep-none", "c", "m")),
    ],
)
def test_an_unknown_episode_is_named(store: Store, ask: Callable[[Store], object]) -> None:
    with pytest.raises(RecordNotFound, match="ep-none"):
        ask(store)


def rows_about(store: Store, identity: str) -> dict[str, int]:
    """How many rows of each table hold the text anywhere."""
    found = {}
    with store.database.read() as session:
        for table in Row.metadata.sorted_tables:
            rows = session.execute(text(f"SELECT * FROM {table.name}")).all()
            if count := sum(identity in str(tuple(row)) for row in rows):
                found[table.name] = count
    return found


def test_deleting_removes_everything_of_it(store: Store, home: Path) -> None:
    for identity in ("ep-goes", "ep-stays"):
        store.episodes.add(episode(identity, f"a task for {identity}"))
        store.failures.add(Failure(identity, "cause", f"message of {identity}", step_id=1))
        store.ledger.begin(CallKey.of(identity, 1, "write", {"to": identity}), {"to": identity})
        (home / "episodes" / identity).mkdir(parents=True)
    store.recall("a task")
    full = {"episodes", "steps", "tool_calls", "model_calls", "failures", "tool_effects", "memory_reads", "lessons"}
    assert rows_about(store, "ep-goes").keys() == full | {"documents"}
    before = rows_about(store, "ep-stays")
    store.forget("ep-goes")
    assert rows_about(store, "ep-goes") == {}
    assert rows_about(store, "ep-stays") == before
    assert [path.name for path in (home / "episodes").iterdir()] == ["ep-stays"]
    assert store.audit().ok
    assert not any("ep-goes" in hit.text for hit in store.recall("a task for ep-goes"))


def test_what_was_deleted_is_not_in_the_file(store: Store, home: Path) -> None:
    store.episodes.add(episode("ep-goes", "the unmistakable walrus"))
    store.forget("ep-goes")
    store.close()
    assert b"walrus" not in (home / "coterie.db").read_bytes()


@pytest.mark.parametrize("form", ["coterie", "atif"])
def test_an_export_comes_back_equal(store: Store, tmp_path: Path, form: str) -> None:
    store.episodes.add(episode())
    store.failures.add(Failure(episode().id, "cause", "message", signals=({"kind": "x"},)))
    exported = json.loads(json.dumps(store.episodes.export(episode().id, form)))  # type: ignore[arg-type]
    with Store.open(tmp_path / "other") as other:
        assert other.episodes.import_(exported) == episode().id
        assert other.episodes.get(episode().id) == store.episodes.get(episode().id)
        assert other.failures.list() == store.failures.list()
        with pytest.raises(RecordExists, match="delete it first"):
            other.episodes.import_(exported)


def test_the_atif_form(store: Store) -> None:
    store.episodes.add(episode())
    atif = store.episodes.export(episode().id, "atif")
    assert atif["schema_version"] == "ATIF-v1.4"
    assert [s["step_id"] for s in atif["steps"]] == [1, 2, 3]
    assert [s["source"] for s in atif["steps"]] == ["user", "agent", "agent"]
    assert atif["steps"][1]["tool_calls"][0].keys() == {"tool_call_id", "function_name", "arguments"}
    assert atif["steps"][1]["observation"]["results"] == [{"source_call_id": "call-1-1", "content": "3 rows"}]
    assert atif["steps"][1]["metrics"] == {"prompt_tokens": 120, "completion_tokens": 14, "extra": {"wall_s": 0.5}}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "not an exported episode"),
        ({"schema_version": "ATIF-v1.6", "steps": []}, "ATIF of another agent"),
        ({"format": "coterie-episode/1"}, "'episode' must be an object"),
        ({"format": "coterie-episode/1", "episode": {"id": 1}}, r"not an? Episode record"),
    ],
)
def test_a_file_that_is_no_episode(store: Store, data: dict[str, object], message: str) -> None:
    with pytest.raises(RecordError, match=message):
        store.episodes.import_(data)


def test_an_import_that_fails_leaves_nothing(store: Store) -> None:
    broken = episode()
    unwritable = replace(broken, steps=(broken.steps[0], replace(step(2), tool_calls=(call(2, "f", x=object()),))))
    with pytest.raises(Exception, match="not JSON serializable"):
        store.episodes.add(unwritable)
    assert rows_about(store, broken.id) == {}


def test_secrets_never_reach_the_file(store: Store, home: Path) -> None:
    secret = "zebra-crossing-42"
    made = store.episodes.begin(Task(f"log in with {secret}"), MODEL, {"key": secret})
    store.episodes.record(made, replace(step(1), message=secret, tool_calls=(call(1, "login", pin=secret),)))
    store.episodes.record_tool_call(made, 2, call(2), result(2, f"welcome {secret}"))
    spoken = replace(model_call(1), completion=secret, messages=({"role": "user", "content": secret},))
    store.episodes.record(made, spoken)
    store.episodes.finish(made, Outcome("success", f"the answer is {secret}"))
    store.facts.add(f"the key is {secret}")
    store.ledger.begin(CallKey.of(made, 1, "login", {"pin": secret}), {"pin": secret})
    got = store.episodes.get(made)
    assert secret not in json.dumps(got.to_json())
    assert got.task.text == "log in with [redacted]"
    assert (got.model_calls[0].token_ids, got.model_calls[0].prompt_token_ids) == (None, None)
    store.close()
    assert not [path for path in home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def test_token_ids_stay_where_nothing_was_redacted(store: Store) -> None:
    made = store.episodes.begin(Task("t"), MODEL, {})
    store.episodes.record(made, model_call(1))
    assert store.episodes.get(made).model_calls[0].token_ids == (4, 5)


def test_nasty_and_very_long_text(store: Store) -> None:
    long = NASTY + "x" * 1_000_000
    made = store.episodes.begin(Task(long, NASTY[:20]), MODEL, {NASTY: NASTY})
    written = replace(
        step(1),
        message=NASTY,
        tool_calls=(call(1, "f", **{NASTY: long}),),
        observation=Observation((result(1, long),)),
    )
    store.episodes.record(made, written)
    store.episodes.finish(made, Outcome("failed", NASTY, NASTY))
    got = store.episodes.get(made)
    assert got.task.text == long
    assert got.steps == (written,)
    assert got.outcome == Outcome("failed", NASTY, NASTY)
    assert store.recall(NASTY)[0].source_id == made


def test_threads_write_at_once(store: Store) -> None:
    def run(number: int) -> str:
        made = store.episodes.begin(Task(f"task {number}"), MODEL, {})
        for step_id in range(1, 11):
            store.episodes.record_tool_call(made, step_id, call(step_id))
            store.episodes.record(made, step(step_id))
        store.episodes.finish(made, Outcome("success"))
        return made

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(run, range(8)))
    assert {len(store.episodes.get(identity).steps) for identity in made} == {10}
    store.database.check()


WRITER = """
import sys
from pathlib import Path
from coterie.memory.records import ModelRef, Outcome, Task
from coterie.memory.store import Store
from tests.memory.fakes import call, model_call, step
with Store.open(Path(sys.argv[1])) as store:
    made = store.episodes.begin(Task("count"), ModelRef("m"), {})
    print(made, flush=True)
    for number in range(1, int(sys.argv[2]) + 1):
        store.episodes.record_tool_call(made, number, call(number))
        store.episodes.record(made, model_call(number))
        store.episodes.record(made, step(number))
        print(number, flush=True)
    store.episodes.finish(made, Outcome("success"))
"""


def writer(home: Path, num_steps: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(home), str(num_steps)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_processes_write_at_once(home: Path) -> None:
    Store.open(home).close()
    children = [writer(home, 8) for _ in range(3)]
    made = [child.communicate(timeout=60)[0].split()[0] for child in children]
    assert [child.returncode for child in children] == [0, 0, 0]
    with Store.open(home) as store:
        assert [len(store.episodes.get(identity).steps) for identity in made] == [8, 8, 8]
        store.database.check()


def test_a_kill_loses_nothing_that_was_acknowledged(home: Path) -> None:
    child = writer(home, 100_000)
    assert child.stdout
    made = child.stdout.readline().strip()
    for _ in range(7):
        acknowledged = int(child.stdout.readline())
    child.kill()
    child.wait(30)
    child.stdout.close()
    with Store.open(home) as store:
        got = store.episodes.get(made)
        store.database.check()
    assert got.status == "running"
    assert len([s for s in got.steps if s.observation]) >= acknowledged
    assert len(got.model_calls) >= acknowledged
