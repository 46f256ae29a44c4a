"""Runs that are cut off: by the person, by the system, by a dead server; and going on with them."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.agent.scripts import DONE, Rig, answer, call, plan, verdict

from coterie.agent.checkpoints import open_checkpoints
from coterie.agent.command import settings_of
from coterie.agent.errors import UsageError
from coterie.agent.graph import build
from coterie.agent.interrupts import Stop
from coterie.agent.lock import held
from coterie.agent.session import last_state, thread_of
from coterie.agent.settings import load
from coterie.agent.trace import Event, ResultSeen, RunStarted
from coterie.memory.episodes import Episodes
from coterie.memory.records import Episode, Outcome
from coterie.memory.redact import Redactor
from coterie.memory.store import Store
from coterie.model.errors import ServerUnavailable
from coterie.tools.execute import Doubt
from coterie.tools.ledger import CallKey
from coterie.tools.spec import ToolSpec
from coterie.tools.tool import tool

ROOT = Path(__file__).parents[2]
FIRST = (plan("look", ("note it", [1])), call("get_order", order_id="A-17"), verdict("done", "A-17 is late"))
REST = (call("note", name="late", text="A-17"), DONE, answer("noted"))


def in_process(home: Path, mode: str, episode: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.agent.interrupted", str(home), mode, *([episode] if episode else [])]
    environ = {**os.environ, "PYTHONPATH": f"{ROOT / '.src'}{os.pathsep}{ROOT}"}
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120)


def only_episode(home: Path) -> Episode:
    with Store.open(home) as store:
        return store.episodes.get(store.episodes.list().episodes[0].id)


async def test_a_stopped_run_keeps_what_it_did(rig: Rig) -> None:
    stop = Stop()

    def on_event(event: Event) -> None:
        if isinstance(event, ResultSeen) and event.call["number"] == 2:
            stop.request()

    agent = rig.agent(*FIRST, call("note", name="late", text="A-17"), lambda _: pytest.fail("asked after the stop"))
    episode = await agent.arun("look", on_event, stop)
    assert episode.outcome is not None
    assert (episode.outcome.status, episode.outcome.answer) == ("cancelled", "A-17 is late")
    assert f"coterie run --resume {episode.id}" in (episode.outcome.error or "")
    assert len(episode.steps) == 4
    assert episode.steps[3].observation is not None


async def test_cancelled_from_outside_it_is_recorded_and_stays_cancelled(rig: Rig) -> None:
    waiting = asyncio.Event()

    @tool(effect="read")
    async def wait() -> str:
        """Wait for ever."""
        waiting.set()
        await asyncio.sleep(60)
        return ""

    run = asyncio.create_task(rig.agent(plan("wait"), call("wait"), tools=[wait]).arun("wait"))
    await waiting.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert rig.store.episodes.list().episodes[0].status == "cancelled"


async def test_a_dead_server_costs_nothing_that_was_done(rig: Rig) -> None:
    broken = await rig.run(*FIRST, ServerUnavailable("http://127.0.0.1:1/v1", "connection refused"))
    assert broken.outcome is not None
    assert (broken.outcome.status, broken.outcome.cause) == ("infrastructure", "ServerUnavailable")
    assert rig.store.failures.list(episode_id=broken.id) == ()
    resumed = await rig.agent(*REST).aresume(broken.id, rig.events.append)
    assert resumed.id == broken.id
    assert resumed.outcome is not None
    assert (resumed.outcome.status, resumed.outcome.answer) == ("success", "noted")
    assert [name for name, _ in rig.shop.calls] == ["get_order", "note"]
    assert [step.verdict for step in resumed.steps if step.node == "act"] == ["done", "done"]
    assert [event.resumed for event in rig.seen(RunStarted)] == [False, True]
    assert resumed.usage.model_calls == 6
    assert len(resumed.model_calls) == 7, "the one that failed is recorded too"


async def test_what_cannot_be_resumed(rig: Rig, home: Path) -> None:
    over = await rig.run(*FIRST, *REST)
    with pytest.raises(UsageError, match="is over"):
        await rig.agent().aresume(over.id)
    broken = await rig.run(*FIRST, ServerUnavailable("http://x", "gone"))
    with pytest.raises(UsageError, match="'get_order', 'note', 'wipe'"):
        await rig.agent(tools=[]).aresume(broken.id)
    with held(home / "episodes" / broken.id, broken.id), pytest.raises(UsageError, match="another process"):
        await rig.agent(*REST).aresume(broken.id)


async def test_an_episode_that_another_process_has_ended_meanwhile_is_over(rig: Rig) -> None:
    class Overtaken(Episodes):
        def get(self, episode_id: str) -> Episode:
            found = super().get(episode_id)
            self.finish(episode_id, Outcome("success", "ended elsewhere"))
            return found

    broken = await rig.run(*FIRST, ServerUnavailable("http://x", "gone"))
    rig.store.episodes = Overtaken(rig.store.database, Redactor({}))
    with pytest.raises(UsageError, match="is over"):
        await rig.agent(*REST).aresume(broken.id)
    assert rig.shop.calls == [("get_order", {"order_id": "A-17"})]


async def test_without_its_checkpoint_a_run_with_effects_is_not_begun_again(rig: Rig, home: Path) -> None:
    broken = await rig.run(*FIRST, ServerUnavailable("http://x", "gone"))
    for file in home.glob("checkpoints.db*"):
        file.unlink()
    with pytest.raises(UsageError, match=r"checkpoint of episode .* is gone"):
        await rig.agent(*FIRST, *REST).aresume(broken.id)
    untouched = await rig.run(ServerUnavailable("http://x", "gone"))
    for file in home.glob("checkpoints.db*"):
        file.unlink()
    assert (await rig.agent(*FIRST, *REST).aresume(untouched.id)).status == "success"


async def test_a_deleted_episode_leaves_no_checkpoint(rig: Rig, home: Path) -> None:
    kept = await rig.run(*FIRST, ServerUnavailable("http://x", "gone"), task="keep me")
    broken = await rig.run(*FIRST, ServerUnavailable("http://x", "gone"), task="zanzibar")
    rig.store.delete_episode(broken.id)
    async with open_checkpoints(home, None) as saver:
        assert await last_state(build(saver), thread_of(broken.id)) is None
        assert await last_state(build(saver), thread_of(kept.id)) is not None
    assert not [path for path in home.glob("checkpoints.db*") if b"zanzibar" in path.read_bytes()]


async def test_a_resumed_run_works_where_it_began(rig: Rig, home: Path, workspace: Path, tmp_path: Path) -> None:
    broken = await rig.run(*FIRST, ServerUnavailable("http://x", "gone"))
    with pytest.raises(UsageError, match=r"works in .*/workspace, not in .*; leave --workspace out"):
        await rig.agent(workspace=tmp_path).aresume(broken.id)
    here = load(None, {"COTERIE_HOME": str(home), "COTERIE_WORKSPACE": str(tmp_path)}, tmp_path)
    assert settings_of(broken, here, {}).workspace is None
    resumed = await rig.agent(*REST, workspace=None).aresume(broken.id)
    assert resumed.status == "success"
    assert workspace.exists(), "empty, and the person's own"


async def test_a_defect_is_told_with_its_traceback_on_file_alone(
    rig: Rig, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    episode = await rig.run(plan("look"), ZeroDivisionError("in a model"))
    assert episode.outcome is not None
    assert (episode.outcome.status, episode.outcome.cause) == ("infrastructure", "ZeroDivisionError")
    assert "a defect in Coterie" in (episode.outcome.error or "")
    assert "ZeroDivisionError" in (home / "episodes" / episode.id / "error.txt").read_text()
    assert "Traceback" not in caplog.text


def test_ctrl_c_ends_gracefully_with_130(home: Path) -> None:
    home.mkdir()
    ended = in_process(home, "sigint")
    assert ended.returncode == 130, ended.stderr
    assert ended.stdout.startswith("cancelled")
    episode = only_episode(home)
    assert episode.status == "cancelled"
    assert [step.plan_step for step in episode.steps if step.node == "act"] == [1, 2]


def test_killed_after_an_effect_was_committed_it_is_not_repeated(home: Path) -> None:
    home.mkdir()
    assert in_process(home, "after_effect").returncode == -9
    killed = only_episode(home)
    assert killed.status == "running"
    resumed = in_process(home, "resume", killed.id)
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert (home / "effects.txt").read_text() == "abc"
    episode = only_episode(home)
    assert [step.verdict for step in episode.steps if step.node == "act"] == ["done", "done", "done"]
    assert all(step.observation for step in episode.steps if step.node == "act")


def test_killed_in_the_middle_of_an_effect_it_is_in_doubt(home: Path) -> None:
    home.mkdir()
    assert in_process(home, "in_effect").returncode == -9
    resumed = in_process(home, "resume", only_episode(home).id)
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert (home / "effects.txt").read_text() == "abc", "b is not put down twice"
    doubtful = next(step for step in only_episode(home).steps if step.plan_step == 2).observation
    assert doubtful is not None
    assert doubtful.results[0].error_kind == "in_doubt"


@pytest.mark.parametrize("mode", ["full_in_effect", "full_after_effect"])
def test_on_a_full_disk_the_run_ends_and_goes_on_when_there_is_room(home: Path, mode: str) -> None:
    home.mkdir()
    ended = in_process(home, mode)
    assert ended.returncode == 3, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout.startswith("infrastructure")
    assert "no room left to write" in ended.stdout
    assert "defect" not in ended.stdout
    assert "coterie.db" in ended.stdout or "checkpoints.db" in ended.stdout
    resumed = in_process(home, "resume", only_episode(home).id)
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert (home / "effects.txt").read_text() == "abc", "b is not put down twice"
    with Store.open(home) as store:
        store.database.check()


@pytest.mark.parametrize("decision", ["repeat", "skip"])
async def test_the_person_decides_about_a_call_in_doubt(rig: Rig, decision: Doubt) -> None:
    stop, effects = Stop(), []

    @tool(effect="write")
    async def put(text: str) -> str:
        """Put a text down."""
        effects.append(text)
        if len(effects) == 1:
            stop.request()
            await asyncio.sleep(60)
        return "put"

    async def decide(spec: ToolSpec, key: CallKey) -> Doubt:
        assert (spec.name, key.arguments) == ("put", '{"text":"a"}')
        return decision

    cut = await rig.agent(plan("put a"), call("put", text="a"), tools=[put]).arun("put a", None, stop)
    await rig.agent(DONE, answer(), tools=[put], in_doubt=decide).aresume(cut.id)
    assert effects == (["a", "a"] if decision == "repeat" else ["a"])
