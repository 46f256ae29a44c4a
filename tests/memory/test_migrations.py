"""Migrations: from nothing, from the first revision, never from the future."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from coterie.memory import migrations
from coterie.memory.database import Database
from coterie.memory.errors import DatabaseCorrupt, SchemaTooNew
from coterie.memory.store import Store
from coterie.memory.tables import Row

TABLES = {
    *("meta", "episodes", "steps", "tool_calls", "model_calls", "failures", "tool_effects"),
    *("memory_reads", "facts", "lessons", "documents"),
}


def differences(database: Database) -> list[Any]:
    """What the tables in code have that the database has not, and the reverse; the word index is SQLite's own."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    def ours(_object: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
        return not (name or "").startswith(("documents_words", "ix_documents_words"))

    with database.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_object": ours}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), Row.metadata))


def at_first_revision(home: Path) -> Path:
    """A home whose database was made by the first version, with an episode in it."""
    home.mkdir()
    engine = create_engine(f"sqlite:///{home / 'coterie.db'}")
    migrations.upgrade(Database(engine, "old"), "0001")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO episodes (id, namespace, task, task_record, status, model_name, config, plan, started_at)"
                " VALUES ('ep-old', 'default', 'an old task', '{\"text\":\"an old task\"}', 'running', 'm', '{}', '{}',"
                " '2026-01-01T00:00:00.000000Z')"
            )
        )
    engine.dispose()
    return home


def test_an_empty_database_gets_every_table(store: Store) -> None:
    assert set(Row.metadata.tables) == TABLES
    assert differences(store.database) == []
    assert migrations.current(store.database) == migrations.HEAD


def test_the_first_revision_is_upgraded_with_its_data(home: Path) -> None:
    with Store.open(at_first_revision(home)) as store:
        assert differences(store.database) == []
        assert store.episodes.get("ep-old").task.text == "an old task"
        store.facts.add("the new tables work")


def test_a_newer_schema_is_refused_and_left_alone(home: Path) -> None:
    Store.open(home).close()
    engine = create_engine(f"sqlite:///{home / 'coterie.db'}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    before = (home / "coterie.db").read_bytes()
    with pytest.raises(SchemaTooNew, match=r"coterie\.db has schema '9999', this version knows up to .*update Coterie"):
        Store.open(home)
    assert (home / "coterie.db").read_bytes() == before


def test_tables_without_a_version_are_refused(home: Path) -> None:
    at_first_revision(home)
    engine = create_engine(f"sqlite:///{home / 'coterie.db'}")
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    engine.dispose()
    with pytest.raises(DatabaseCorrupt, match="no schema version"):
        Store.open(home)


def test_the_known_revisions_are_the_files() -> None:
    folder = Path(migrations.__file__).parent / "versions"
    assert sorted(path.name[:4] for path in folder.glob("[0-9]*.py")) == list(migrations.REVISIONS)


def test_a_migration_that_dies_leaves_the_old_schema(home: Path) -> None:
    at_first_revision(home)
    code = (
        "import os, sqlite3, sys; from pathlib import Path\n"
        "from alembic import op\n"
        "real = op.create_index\n"
        "def dying(name, *a, **k):\n"
        "    if name == 'ix_documents_vector_sha256': os._exit(9)\n"
        "    return real(name, *a, **k)\n"
        "op.create_index = dying\n"
        "from coterie.memory.store import Store\n"
        "Store.open(Path(sys.argv[1]))\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(home)], timeout=60).returncode == 9
    engine = create_engine(f"sqlite:///{home / 'coterie.db'}")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "0001"
        assert not connection.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'facts'")).first()
    engine.dispose()
    Store.open(home).close()


def test_two_processes_may_open_a_new_home_at_once(home: Path) -> None:
    code = "import sys; from pathlib import Path; from coterie.memory.store import Store; Store.open(Path(sys.argv[1]))"
    children = [subprocess.Popen([sys.executable, "-c", code, str(home)]) for _ in range(3)]
    assert [child.wait(60) for child in children] == [0, 0, 0]
    with Store.open(home) as store:
        assert differences(store.database) == []
