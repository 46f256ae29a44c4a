"""The store as a whole, on SQLite and on a real PostgreSQL server."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.memory.fakes import WordEncoder, call, episode, result, step
from tests.memory.test_migrations import differences
from tests.postgres_server import postgres_server

from coterie.memory.ids import new_id
from coterie.memory.location import Location, locate
from coterie.memory.records import Failure, Observation, Outcome
from coterie.memory.redact import Redactor
from coterie.memory.store import Store
from coterie.model.location import default_home
from coterie.tools import CallKey, Prior, ToolResult


def test_everything_is_there_after_reopening(home: Path, store: Store, encoder: WordEncoder) -> None:
    store.episodes.add(episode())
    store.facts.add("the walrus sings")
    store.close()
    with Store.open(home, encoder=encoder) as again:
        assert again.episodes.get(episode().id).task == episode().task
        assert again.recall("walrus sings")[0].text == "the walrus sings"
    assert sorted(path.name for path in home.iterdir()) == ["chroma", "chroma.lock", "coterie.db"]


def test_ids_sort_by_time() -> None:
    made = [new_id("ep") for _ in range(200)]
    assert len(set(made)) == 200
    assert all(len(identity) == 19 for identity in made)
    assert [identity[:12] for identity in made] == sorted(identity[:12] for identity in made)


def test_the_location_comes_from_the_environment_or_the_file(tmp_path: Path) -> None:
    asked = {"COTERIE_HOME": str(tmp_path), "COTERIE_DATABASE_URL": "sqlite:///x", "COTERIE_CHROMA_URL": "http://c"}
    assert locate(asked) == Location(tmp_path, "sqlite:///x", "http://c")
    assert locate({"COTERIE_HOME": "", "COTERIE_DATABASE_URL": ""}) == Location(default_home(), None, None)
    assert locate({"COTERIE_HOME": "~/data"}).home == Path.home() / "data"
    (tmp_path / "coterie.toml").write_text('home = "~/records"\nchroma_url = "http://f"\nmax_steps = 3')
    assert locate({}, tmp_path) == Location(Path.home() / "records", None, "http://f")
    assert locate({"COTERIE_HOME": "/e"}, tmp_path) == Location(Path("/e"), None, "http://f")
    (tmp_path / "coterie.toml").write_text("home = 3")
    with pytest.raises(ValueError, match=r"'home' in .*coterie.toml must be a text, not 3"):
        locate({}, tmp_path)


@pytest.mark.parametrize("module", ["coterie.memory", "coterie.memory.store", "coterie.memory.cli"])
def test_importing_is_light(module: str) -> None:
    heavy = "{'chromadb', 'alembic', 'torch', 'transformers', 'numpy', 'rich.table'}"
    if module != "coterie.memory.store":
        heavy = heavy.replace("{", "{'sqlalchemy', ")
    code = f"import sys, {module}; found = {heavy} & sys.modules.keys(); sys.exit(str(found) if found else 0)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr == ""


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture
def on_postgres(postgres: str, home: Path, encoder: WordEncoder) -> Iterator[Store]:
    redactor = Redactor({"SHOP_API_KEY": "zebra-crossing-42"})
    with Store.open(home, postgres, encoder=encoder, redactor=redactor) as opened:
        yield opened
        with opened.database.connect() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))


pg_test = pytest.mark.postgres


@pg_test
def test_the_schema_on_postgres(on_postgres: Store) -> None:
    assert differences(on_postgres.database) == []


@pg_test
def test_episodes_on_postgres(on_postgres: Store) -> None:
    store = on_postgres
    nasty = "Ünïcödé 日本語 🦊 \x00 \ud800 " + "x" * 1_000_000
    long = replace(
        step(3, "f"), tool_calls=(call(3, "f", **{nasty: nasty}),), observation=Observation((result(3, nasty),))
    )
    whole = replace(episode(), steps=(*episode().steps, long))
    store.episodes.add(whole)
    got = store.episodes.get(whole.id)
    assert (got.task, got.plan, got.outcome, got.usage) == (whole.task, whole.plan, whole.outcome, whole.usage)
    assert got.steps[2] == long
    store.failures.add(Failure(whole.id, "c", "m" + nasty))
    assert store.failures.by_cause() == {"c": 1}
    assert store.episodes.list(text="ORDERS").total == 1
    store.forget(whole.id)
    assert store.episodes.list().total == 0
    assert store.lessons.list() == ()


@pg_test
def test_the_ledger_on_postgres(on_postgres: Store) -> None:
    key = CallKey.of("ep-1", 1, "write", {"path": "a\x00b"})
    assert on_postgres.ledger.begin(key, {}) is None
    assert on_postgres.ledger.begin(key, {}) == Prior(key, "in_doubt")
    on_postgres.ledger.commit(key, ToolResult("done\x00"))
    assert on_postgres.ledger.find(key) == Prior(key, "committed", ToolResult("done\x00"))


@pg_test
def test_recall_on_postgres(on_postgres: Store) -> None:
    store = on_postgres
    store.episodes.add(episode())
    store.facts.add("the walrus' song isn't: sung | & ! * 'today'")
    (hit,) = store.recall("which orders are late today?")
    assert hit.why.startswith("shares orders, late (words: place 1); means nearly the same")
    for query in ("walrus' & song | !", "'; DROP TABLE facts; --", "\\ ' \" :*", "日本語"):
        store.recall(query)
    assert store.rebuild() == 2
    assert store.audit().ok


@pg_test
def test_processes_open_postgres_at_once(postgres: str, home: Path, on_postgres: Store) -> None:
    code = (
        "import sys; from pathlib import Path; from coterie.memory.store import Store\n"
        "from coterie.memory.records import ModelRef, Outcome, Task\n"
        "with Store.open(Path(sys.argv[1]), sys.argv[2]) as store:\n"
        "    for n in range(5):\n"
        "        made = store.episodes.begin(Task('t'), ModelRef('m'), {})\n"
        "        store.episodes.finish(made, Outcome('success'))\n"
    )
    with on_postgres.database.connect() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    children = [subprocess.Popen([sys.executable, "-c", code, str(home), postgres]) for _ in range(2)]
    assert [child.wait(60) for child in children] == [0, 0]
    assert on_postgres.episodes.list(status=Outcome("success").status).total == 10
