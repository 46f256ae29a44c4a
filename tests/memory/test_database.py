"""The database: durable settings, and every way it can fail."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from coterie.memory.database import Database
from coterie.memory.errors import DatabaseCorrupt, DatabaseLocked, DatabaseUnavailable, DiskFull, StoreError
from coterie.memory.records import ModelRef, Outcome, Task
from coterie.memory.store import Store


def test_sqlite_is_set_up_to_keep_what_it_was_given(store: Store) -> None:
    with store.database.read() as session:
        pragmas = {p: session.execute(text(f"PRAGMA {p}")).scalar() for p in ("journal_mode", "synchronous")}
        pragmas |= {p: session.execute(text(f"PRAGMA {p}")).scalar() for p in ("foreign_keys", "secure_delete")}
        assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
        assert session.execute(text("PRAGMA busy_timeout")).scalar() == 15_000


def test_only_what_need_not_survive_a_power_cut_does_not_wait_for_the_disk(store: Store) -> None:
    seen = []
    for durable in (True, False, True):
        with store.database.connect(durable=durable) as connection:
            seen.append(connection.execute(text("PRAGMA synchronous")).scalar())
    with store.database.write() as session:
        seen.append(session.execute(text("PRAGMA synchronous")).scalar())
    assert seen == [2, 1, 2, 2]


def test_the_home_is_private(store: Store, home: Path) -> None:
    assert home.stat().st_mode & 0o077 == 0


def test_a_transaction_that_raises_leaves_nothing(store: Store) -> None:
    def half() -> None:
        with store.database.write() as session:
            session.execute(text("INSERT INTO meta VALUES ('half', 'written')"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    with store.database.read() as session:
        assert session.execute(text("SELECT count(*) FROM meta WHERE key = 'half'")).scalar() == 0


def test_a_locked_database_says_so(store: Store, home: Path) -> None:
    with Store.open(home, busy_timeout_s=0.1) as other, store.database.write() as session:
        session.execute(text("INSERT INTO meta VALUES ('held', 'here')"))
        with pytest.raises(DatabaseLocked, match=r"coterie\.db is held by another process; wait"):
            other.facts.add("no room for two")


@pytest.mark.parametrize(
    "content", [b"this is a letter, not a database" * 100, b"\x00" * 8192, b"SQLite format 3\x00xx"]
)
def test_a_file_that_is_no_database_is_left_alone(home: Path, content: bytes) -> None:
    home.mkdir()
    (home / "coterie.db").write_bytes(content)
    with pytest.raises(DatabaseCorrupt, match=r"coterie\.db is not a readable database .* left as it is.*Move it away"):
        Store.open(home)
    assert (home / "coterie.db").read_bytes() == content


def test_damage_in_the_middle_is_found_and_not_spread(home: Path) -> None:
    with Store.open(home) as store:
        for number in range(200):
            store.facts.add(f"fact number {number} " + "x" * 500)
    path = home / "coterie.db"
    damaged = bytearray(path.read_bytes())
    damaged[-20 * 4096 :] = b"\xff" * (20 * 4096)
    path.write_bytes(damaged)
    with Store.open(home) as store:
        with pytest.raises(DatabaseCorrupt, match=r"\.recover"):
            store.audit()
    assert path.read_bytes() == damaged


def test_the_way_out_works(home: Path) -> None:
    home.mkdir()
    (home / "coterie.db").write_bytes(b"garbage" * 1000)
    with pytest.raises(DatabaseCorrupt):
        Store.open(home)
    (home / "coterie.db").rename(home / "coterie.db.damaged")
    with Store.open(home) as store:
        assert store.episodes.list().total == 0


def test_a_home_that_is_a_file(home: Path) -> None:
    home.write_text("here already")
    with pytest.raises(DatabaseUnavailable, match="set COTERIE_HOME"):
        Store.open(home)


def test_a_database_that_is_a_folder(home: Path) -> None:
    (home / "coterie.db").mkdir(parents=True)
    with pytest.raises(DatabaseUnavailable, match="writable, or set COTERIE_HOME"):
        Store.open(home)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://ada:s3cr3t@db/shop", "'mysql'; sqlite and postgresql are supported"),
        ("not a url", "is not a database URL"),
        ("postgresql://ada:s3cr3t@127.0.0.1:1/none", "check that the server runs"),
    ],
)
def test_an_address_that_does_not_work(home: Path, url: str, message: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=message) as raised:
        Database.open(home, url)
    assert "s3cr3t" not in str(raised.value)


def test_a_sqlite_file_by_url(home: Path, tmp_path: Path) -> None:
    with Store.open(home, f"sqlite:///{tmp_path / 'elsewhere.db'}") as store:
        store.facts.add("kept elsewhere")
    assert (tmp_path / "elsewhere.db").exists()
    assert not (home / "coterie.db").exists()


FILL = """
import resource, signal, sys
from pathlib import Path
from coterie.memory.errors import DiskFull
from coterie.memory.records import ModelRef, Task
from coterie.memory.store import Store
if limit := int(sys.argv[2]):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
written = 0
try:
    store = Store.open(Path(sys.argv[1]))
    while written < 1000:
        store.episodes.begin(Task("x" * 50_000), ModelRef("m"), {})
        written += 1
except DiskFull as error:
    print(written, error)
    sys.exit(7)
"""


def fill(home: Path, limit: int) -> int:
    """Write until there is no room; how many episodes were acknowledged."""
    command = [sys.executable, "-c", FILL, str(home), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 7, done.stderr
    written, message = done.stdout.split(" ", 1)
    assert "no room left to write" in message
    assert "rolled back" in message
    return int(written)


def assert_sound(home: Path, num_episodes: int) -> None:
    connection = sqlite3.connect(home / "coterie.db")
    assert connection.execute("SELECT count(*) FROM episodes").fetchone() == (num_episodes,)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_file_size_limit_is_a_full_disk(home: Path) -> None:
    written = fill(home, 1_500_000)
    assert written > 0
    assert_sound(home, written)
    with Store.open(home) as store:  # the limit is gone: it goes on
        store.episodes.finish(store.episodes.begin(Task("t"), ModelRef("m"), {}), Outcome("success"))


def test_a_home_on_a_full_disk_is_not_half_made(home: Path) -> None:
    assert fill(home, 20_000) == 0
    with Store.open(home) as store:
        assert store.episodes.list().total == 0


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="only root can mount a small file system")
def test_a_full_disk(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"mounting is not allowed here: {mounted.stderr.strip()}")
    try:
        assert_sound(disk / "home", fill(disk / "home", 0))
    finally:
        subprocess.run(["umount", disk], check=True)


def test_errors_are_one_tree() -> None:
    for kind in (DatabaseLocked, DatabaseCorrupt, DatabaseUnavailable, DiskFull):
        assert issubclass(kind, StoreError)
