"""Checkpoints on SQLite and on a real PostgreSQL server: what is there after a kill, and every way they can fail."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.agent.scripts import DONE, Rig, answer, call, plan
from tests.agent.test_interrupts import in_process
from tests.postgres_server import postgres_server

from coterie.agent.checkpoints import FILE_NAME, open_checkpoints
from coterie.agent.checkpoints_sqlite import LocalSaver
from coterie.agent.errors import InfrastructureError
from coterie.agent.session import thread_of
from coterie.memory.records import Outcome
from coterie.memory.store import Store
from coterie.model.errors import ServerUnavailable

LINES = (plan("look"), call("get_order", order_id="A-17"))
GONE = ServerUnavailable("http://x", "gone")


def count(home: Path, table: str) -> int:
    connection = sqlite3.connect(home / FILE_NAME)
    found: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    connection.close()
    return found


async def test_there_is_one_after_every_node_until_the_run_is_over(rig: Rig, home: Path) -> None:
    broken = await rig.run(*LINES, GONE)
    assert count(home, "checkpoints") == 2 + 4, "the input and its taking, recall, plan, act, observe"
    assert count(home, "writes") == 0, "what a node wrote is in the checkpoint after it"
    async with open_checkpoints(home, None) as saver:
        nodes = [each.metadata["step"] async for each in saver.alist(thread_of(broken.id))]
    assert nodes == sorted(nodes, reverse=True)
    assert len(nodes) == 6
    await rig.agent(DONE, answer()).aresume(broken.id)
    assert count(home, "checkpoints") == 0


async def test_a_power_cut_may_take_the_last_of_them_but_no_commit_waits_for_the_disk(home: Path) -> None:
    async with open_checkpoints(home, None) as saver:
        assert isinstance(saver, LocalSaver)
        assert saver.conn.execute("PRAGMA synchronous").fetchone() == (1,)
        assert saver.conn.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_a_damaged_file_says_what_to_do(home: Path) -> None:
    home.mkdir()
    (home / FILE_NAME).write_bytes(b"this is a letter" * 1000)
    with pytest.raises(InfrastructureError, match=r"checkpoints\.db: .*move it away to start afresh"):
        async with open_checkpoints(home, None):
            pass


async def test_damage_in_mid_run_is_the_machines_failure(rig: Rig, home: Path) -> None:
    def damage(_: object) -> str:
        with sqlite3.connect(home / FILE_NAME) as connection:
            connection.execute("DROP TABLE checkpoints")
        connection.close()
        return LINES[1]

    episode = await rig.run(LINES[0], damage)
    assert episode.outcome is not None
    assert (episode.outcome.status, episode.outcome.cause) == ("infrastructure", "InfrastructureError")
    assert "no such table" in (episode.outcome.error or "")


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.mark.postgres
def test_a_killed_run_goes_on_from_postgres(postgres: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COTERIE_DATABASE_URL", postgres)
    home.mkdir()
    assert in_process(home, "after_effect").returncode == -9
    with Store.open(home, postgres) as store:
        (killed,) = store.episodes.list(status="running").episodes
    with psycopg.connect(postgres) as connection:
        assert connection.execute("SELECT count(*) > 3 FROM checkpoints").fetchone() == (True,)
    resumed = in_process(home, "resume", killed.id)
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert (home / "effects.txt").read_text() == "abc"
    with psycopg.connect(postgres) as connection:
        assert connection.execute("SELECT count(*) FROM checkpoints").fetchone() == (0,)
    assert not (home / FILE_NAME).exists()
    assert not (home / "coterie.db").exists()


@pytest.mark.postgres
async def test_two_first_runs_at_once_make_the_tables_once(postgres: str, home: Path) -> None:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")

    async def opened() -> bool:
        async with open_checkpoints(home, postgres) as saver:
            return await saver.aget_tuple(thread_of("ep-none")) is None

    assert await asyncio.wait_for(asyncio.gather(*(opened() for _ in range(3))), 60) == [True, True, True]


@pytest.mark.postgres
async def test_any_text_can_be_a_state_on_postgres(postgres: str, rig: Rig, home: Path) -> None:
    with Store.open(home, postgres) as store:
        nasty = Rig(store, rig.settings.model_copy(update={"database_url": postgres}))
        text = "Ünïcödé 日本語 🦊 \x00 \u202e"
        broken = await nasty.run(plan(text), call("get_order", order_id="A-17"), GONE, task=text)
        episode = await nasty.agent(DONE, answer(text)).aresume(broken.id)
    assert episode.outcome == Outcome("success", text)


@pytest.mark.postgres
async def test_a_deleted_episode_leaves_no_checkpoint_on_postgres(postgres: str, rig: Rig, home: Path) -> None:
    with Store.open(home, postgres) as store:
        remote = Rig(store, rig.settings.model_copy(update={"database_url": postgres}))
        broken = await remote.run(LINES[0], GONE)
        with psycopg.connect(postgres) as connection:
            count = "SELECT count(*) FROM checkpoints WHERE thread_id = %s"
            assert connection.execute(count, (broken.id,)).fetchone() != (0,)
            connection.rollback()
            store.delete_episode(broken.id)
            assert connection.execute(count, (broken.id,)).fetchone() == (0,)


async def test_a_postgres_server_that_is_not_there(home: Path) -> None:
    with pytest.raises(InfrastructureError, match=r"for checkpoints: .*check COTERIE_DATABASE_URL"):
        async with open_checkpoints(home, "postgresql://nobody@127.0.0.1:1/none"):
            pass
