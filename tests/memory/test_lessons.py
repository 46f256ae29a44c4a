"""Facts and lessons: append-only, with provenance and times."""

from pathlib import Path

import pytest
from sqlalchemy import text
from tests.memory.fakes import WordEncoder

from coterie.memory.errors import RecordNotFound
from coterie.memory.lessons import Statement
from coterie.memory.records import now
from coterie.memory.store import Store


def test_a_fact_knows_where_it_came_from(store: Store) -> None:
    made = store.facts.add("Ada prefers e-mail", source="agent", episode_id="ep-1", importance=0.9)
    fact = store.facts.get(made)
    assert made.startswith("fact-")
    assert (fact.text, fact.source, fact.episode_id, fact.importance) == ("Ada prefers e-mail", "agent", "ep-1", 0.9)
    assert (fact.status, fact.valid_to, fact.kind) == ("active", None, "fact")


def test_the_same_text_is_stated_once_in_a_namespace(store: Store) -> None:
    made = store.facts.add("the sky is blue")
    assert store.facts.add(" the sky is blue\n") == made
    assert store.facts.add("the sky is blue", namespace="other") != made


def test_superseding_keeps_the_past(store: Store) -> None:
    old = store.facts.add("the shop opens at nine", importance=0.8)
    before = now()
    new = store.facts.supersede(old, "the shop opens at eight", reason="summer hours")
    assert [fact.text for fact in store.facts.list()] == ["the shop opens at eight"]
    assert [fact.text for fact in store.facts.list(at=before)] == ["the shop opens at nine"]
    assert [fact.text for fact in store.facts.list(at=now())] == ["the shop opens at eight"]
    closed = store.facts.get(old)
    assert (closed.status, closed.superseded_by, closed.reason) == ("superseded", new, "summer hours")
    assert closed.valid_to == store.facts.get(new).valid_from
    assert store.facts.get(new).importance == 0.8
    assert [hit.text for hit in store.recall("when does the shop open")] == ["the shop opens at eight"]


def test_merging(store: Store) -> None:
    parts = [store.lessons.add("look at columns", importance=0.3), store.lessons.add("look at types", importance=0.6)]
    merged = store.lessons.merge(parts, "look at columns and types")
    assert [lesson.id for lesson in store.lessons.list()] == [merged]
    assert {store.lessons.get(part).superseded_by for part in parts} == {merged}
    assert store.lessons.get(merged).importance == 0.6
    assert len(store.lessons.list(closed=True)) == 3


def test_forgetting_leaves_a_tombstone_and_a_purge_nothing(store: Store) -> None:
    closed, purged = store.facts.add("the walrus sings"), store.facts.add("the carpenter weeps")
    store.recall("walrus carpenter")
    store.forget(closed, reason="not so")
    store.forget(purged, purge=True)
    assert store.facts.get(closed).status == "forgotten"
    with pytest.raises(RecordNotFound, match=purged):
        store.facts.get(purged)
    assert store.recall("the walrus and the carpenter") == []
    assert store.vectors.audit().vectors == 0
    with store.database.read() as session:
        assert session.execute(text("SELECT count(*) FROM documents_words WHERE text MATCH 'carpenter'")).scalar() == 0


def test_not_a_word_of_what_is_purged_is_left_on_the_disk(home: Path, encoder: WordEncoder) -> None:
    with Store.open(home, encoder=encoder) as store:
        store.facts.add("the walrus sings")
        purged = store.facts.add("the zanzibar weeps")
        store.recall("zanzibar")
    with Store.open(home, encoder=encoder) as store:
        store.forget(purged, purge=True)
    files = [path for path in home.rglob("*") if path.is_file()]
    assert any(b"walrus" in path.read_bytes() for path in files)
    assert not [path for path in files if b"zanzibar" in path.read_bytes()]


def test_what_is_closed_stays_closed(store: Store) -> None:
    made = store.facts.add("a")
    store.facts.forget(made)
    with pytest.raises(ValueError, match="no longer holds: it was forgotten"):
        store.facts.forget(made)
    with pytest.raises(ValueError, match="no longer holds"):
        store.facts.supersede(made, "b")
    store.facts.forget(made, purge=True)


@pytest.mark.parametrize(
    ("statement", "importance", "message"),
    [
        ("  ", 0.5, "1 to 20000 characters, got 0"),
        ("x" * 20_001, 0.5, "1 to 20000 characters, got 20001"),
        ("a", 1.5, "between 0 and 1, got 1.5"),
        ("a", float("nan"), "between 0 and 1, got nan"),
    ],
)
def test_what_cannot_be_stated(store: Store, statement: str, importance: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        store.facts.add(statement, importance=importance)


def test_what_cannot_be_merged(store: Store) -> None:
    here, there = store.facts.add("a"), store.facts.add("b", namespace="other")
    with pytest.raises(ValueError, match=r"different namespaces: \['default', 'other'\]"):
        store.facts.merge([here, there], "c")
    with pytest.raises(ValueError, match="at least two"):
        store.facts.merge([here, here], "c")
    with pytest.raises(ValueError, match="the new text is the old one"):
        store.facts.supersede(here, "a")
    assert [fact.status for fact in store.facts.list(closed=True)] == ["active", "active"]


def test_pages(store: Store) -> None:
    made = [store.facts.add(f"fact {n}") for n in range(5)]
    assert [fact.id for fact in store.facts.list(limit=2, offset=1)] == [made[3], made[2]]


def test_importing(store: Store) -> None:
    made = store.facts.add("the sky is blue")
    statement = Statement.from_json(store.facts.get(made).to_json())
    assert store.facts.import_(statement) is False
    store.forget(made, purge=True)
    assert store.facts.import_(statement) is True
    assert store.facts.get(made) == statement
    assert store.recall("blue sky")[0].source_id == made


def test_an_id_of_neither(store: Store) -> None:
    with pytest.raises(ValueError, match="'zzz' is no id of a fact, a lesson or an episode"):
        store.forget("zzz")
