"""The vector index: behind, ahead, damaged, gone; the database has everything it needs to be made again."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete
from tests.memory.fakes import WordEncoder

from coterie.memory.errors import IndexUnavailable
from coterie.memory.index import MAX_EMBEDDED_FIRST
from coterie.memory.store import Store
from coterie.memory.tables import DocumentRow

FACTS = ["the walrus sings", "the carpenter weeps", "oysters walk in line"]


@pytest.fixture
def filled(store: Store) -> Store:
    for fact in FACTS:
        store.facts.add(fact)
    assert by_meaning(store)
    return store


def by_meaning(store: Store) -> bool:
    """Whether each fact is found through its vector."""
    return all("means nearly the same" in store.recall(fact, 1)[0].why for fact in FACTS)


def folder(home: Path) -> Path:
    """Where the local index lies now."""
    (generation,) = (home / "chroma").iterdir()
    return generation


def test_opening_a_store_touches_no_index(store: Store, home: Path, encoder: WordEncoder) -> None:
    store.facts.add("a")
    assert not (home / "chroma").exists()
    assert encoder.num_texts == 0


def test_each_text_is_embedded_once(filled: Store, encoder: WordEncoder) -> None:
    encoder.num_texts = 0
    filled.recall("walrus")
    assert encoder.num_texts == 1  # the query
    assert filled.audit().to_json() == {
        "documents": 3,
        "vectors": 3,
        "missing": 0,
        "stale": 0,
        "orphans": 0,
        "error": None,
    }


def test_the_audit_sees_what_is_behind(filled: Store) -> None:
    filled.facts.add("a new fact")
    with filled.database.write() as session:
        session.execute(delete(DocumentRow).where(DocumentRow.text == FACTS[0]))
    audit = filled.audit()
    assert (audit.missing, audit.orphans, audit.ok) == (1, 1, False)
    assert filled.vectors.sync() == 1
    assert filled.audit().ok


def test_a_changed_text_is_stale_until_it_is_embedded_again(filled: Store) -> None:
    with filled.database.write() as session:
        row = session.query(DocumentRow).filter_by(text=FACTS[0]).one()
        row.text, row.sha256 = "the walrus is silent", "0" * 64
    assert filled.audit().stale == 1
    filled.recall("walrus")
    assert filled.audit().ok


def test_an_index_that_was_deleted_is_made_again(home: Path, filled: Store, encoder: WordEncoder) -> None:
    filled.close()
    shutil.rmtree(home / "chroma")
    with Store.open(home, encoder=encoder) as store:
        assert store.audit().missing == 3
        assert by_meaning(store)
        assert store.audit().ok


def test_an_index_that_vanishes_under_an_open_store(home: Path, filled: Store) -> None:
    shutil.rmtree(home / "chroma")
    assert by_meaning(filled)
    assert filled.audit().ok


DAMAGE = """
import sys
from pathlib import Path
from coterie.memory.errors import IndexUnavailable
from coterie.memory.store import Store
from tests.memory.fakes import WordEncoder
with Store.open(Path(sys.argv[1]), encoder=WordEncoder()) as store:
    print(store.audit().error)
    print(store.recall("the walrus sings", 1)[0].why)
    print(store.audit().ok, len(store.facts.list()))
"""


def test_a_damaged_index_is_found_named_and_made_again(home: Path, filled: Store) -> None:
    filled.close()
    (folder(home) / "chroma.sqlite3").write_bytes(b"garbage" * 5000)
    done = subprocess.run([sys.executable, "-c", DAMAGE, str(home)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    error, why, end = done.stdout.splitlines()
    assert f"vector index {home / 'chroma'}" in error
    assert "not a database" in error
    assert "coterie memory rebuild" in error
    assert "means nearly the same" in why
    assert end == "True 3"
    assert "(doing so now)" in done.stderr
    assert folder(home).name == "2"


@pytest.mark.slow
def test_vectors_that_are_damaged_do_not_stop_recall(home: Path, filled: Store) -> None:
    filled.close()
    for path in folder(home).rglob("*.bin"):
        path.write_bytes(b"zz")
    done = subprocess.run([sys.executable, "-c", DAMAGE, str(home)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "True 3"


def test_rebuild_starts_from_the_records(filled: Store) -> None:
    with filled.database.write() as session:
        session.execute(delete(DocumentRow).where(DocumentRow.text == FACTS[0]))
    seen: list[tuple[int, int]] = []
    assert filled.rebuild(lambda done, of: seen.append((done, of))) == 3
    assert seen == [(3, 3)]
    assert by_meaning(filled)
    assert filled.audit().ok


def test_a_store_follows_a_rebuild_by_another(home: Path, filled: Store, encoder: WordEncoder) -> None:
    with Store.open(home, encoder=encoder) as other:
        other.rebuild()
    filled.facts.add("a later fact")
    assert by_meaning(filled)
    assert filled.audit().ok


@pytest.mark.slow
def test_processes_index_at_once(home: Path, filled: Store) -> None:
    code = (
        "import sys; from pathlib import Path; from coterie.memory.store import Store\n"
        "from tests.memory.fakes import WordEncoder\n"
        "with Store.open(Path(sys.argv[1]), encoder=WordEncoder()) as store:\n"
        "    for n in range(5): store.facts.add(f'{sys.argv[2]} says {n}'); store.recall('says')\n"
    )
    children = [subprocess.Popen([sys.executable, "-c", code, str(home), name]) for name in ("ada", "bob")]
    assert [child.wait(120) for child in children] == [0, 0]
    assert filled.recall("ada says 3", 1)[0].text == "ada says 3"
    assert filled.audit().ok
    assert filled.audit().documents == 13


def test_more_documents_than_one_recall_embeds(store: Store, encoder: WordEncoder) -> None:
    for number in range(MAX_EMBEDDED_FIRST + 20):
        store.facts.add(f"fact {number}")
    store.recall("fact")
    assert store.audit().missing == 20
    store.vectors.sync()
    assert store.audit().ok


@pytest.mark.slow
def test_chroma_needs_no_network_and_no_model_of_its_own(home: Path, filled: Store, tmp_path: Path) -> None:
    env = os.environ | {
        "HOME": str(tmp_path / "empty"),
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }
    code = DAMAGE + "assert 'onnxruntime' not in sys.modules and 'posthog' not in sys.modules\n"
    done = subprocess.run([sys.executable, "-c", code, str(home)], capture_output=True, text=True, env=env, timeout=120)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "empty" / ".cache").exists()


def test_a_server_that_does_not_answer(home: Path, encoder: WordEncoder) -> None:
    with Store.open(home, chroma_url="http://ada:s3cr3t@127.0.0.1:9", encoder=encoder) as store:
        store.facts.add(FACTS[0])
        (hit,) = store.recall(FACTS[0])
        assert "by words alone" in hit.why
        assert "check that the Chroma server runs" in hit.why
        assert "s3cr3t" not in hit.why
        with pytest.raises(IndexUnavailable, match=r"127\.0\.0\.1:9"):
            store.vectors.sync()


def test_a_server_that_hangs_does_not_hang_recall(home: Path, encoder: WordEncoder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with Store.open(home, chroma_url=url, encoder=encoder) as store:
            store.facts.add(FACTS[0])
            begun = time.monotonic()
            assert "timed out" in store.recall(FACTS[0])[0].why
            assert time.monotonic() - begun < 30


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A real Chroma server on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).parent / "chroma"), "run", "--path", str(tmp_path / "served")]
    log = (tmp_path / "log").open("wb")
    child = subprocess.Popen([*command, "--host", "127.0.0.1", "--port", str(port)], stdout=log, stderr=log)
    deadline = time.monotonic() + 60
    while not answers(port) and time.monotonic() < deadline and child.poll() is None:
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    child.send_signal(signal.SIGTERM)
    child.wait(30)
    log.close()


@pytest.mark.slow
def test_two_stores_share_a_server(tmp_path: Path, server: str, encoder: WordEncoder) -> None:
    with Store.open(tmp_path / "one", chroma_url=server, encoder=encoder) as one:
        with Store.open(tmp_path / "two", chroma_url=server, encoder=encoder) as two:
            one.facts.add("the walrus sings")
            two.facts.add("the walrus dances")
            assert [hit.text for hit in one.recall("the walrus sings")] == ["the walrus sings"]
            assert [hit.text for hit in two.recall("the walrus sings")] == ["the walrus dances"]
            assert one.rebuild() == 1
            assert "means nearly the same" in one.recall("the walrus sings")[0].why
            assert one.audit().ok
            assert two.audit().ok
            assert not (tmp_path / "one" / "chroma").exists()


def test_while_another_process_writes_words_alone_decide(filled: Store, home: Path) -> None:
    filled.vectors.lock_wait_s = 0.1
    with open(home / "chroma.lock", "rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        (hit,) = filled.recall("walrus", 1)
        assert "by words alone: vector index" in hit.why
        assert "another process is writing to it" in hit.why
    assert by_meaning(filled)


def test_a_damaged_lock_file_counts_as_written_by_another(filled: Store, home: Path) -> None:
    (home / "chroma.lock").write_bytes(bytes(40))
    assert by_meaning(filled)
    filled.facts.add("cabbages and kings")
    assert by_meaning(filled)
