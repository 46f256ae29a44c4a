"""The failure log, and the lessons it gives."""

from coterie.memory.records import Failure, ModelRef, Task
from coterie.memory.store import Store


def begin(store: Store, text: str = "Which orders are late?") -> str:
    return store.episodes.begin(Task(text), ModelRef("m"), {}, namespace="shop")


def test_a_failure_is_kept_whole(store: Store) -> None:
    failure = Failure(
        begin(store),
        "wrong_argument",
        "column 'due' does not exist",
        step_id=2,
        tool="query",
        mast="FM-1.3",
        decisive=True,
        signals=({"kind": "repeated_call", "step": 2},),
    )
    logged = store.failures.add(failure)
    assert logged.id.startswith("fail-")
    assert logged.created_at
    assert store.failures.list() == (logged,)
    assert (logged.cause, logged.signals, logged.decisive) == ("wrong_argument", failure.signals, True)


def test_questions_people_ask(store: Store) -> None:
    first, second = begin(store), begin(store)
    for episode, cause in ((first, "a"), (first, "b"), (second, "b")):
        store.failures.add(Failure(episode, cause, f"{cause} in {episode}"))
    assert store.failures.by_cause() == {"b": 2, "a": 1}
    assert [failure.episode_id for failure in store.failures.list(cause="b")] == [second, first]
    assert [failure.cause for failure in store.failures.list(episode_id=first)] == ["b", "a"]
    assert len(store.failures.list(limit=1, offset=1)) == 1


def test_a_failure_gives_a_lesson_that_a_later_task_recalls(store: Store) -> None:
    episode = begin(store)
    logged = store.failures.add(Failure(episode, "wrong_argument", "column 'due' does not exist", tool="query"))
    (lesson,) = store.lessons.list(namespace="shop")
    assert (lesson.source, lesson.episode_id, lesson.failure_id) == ("failure", episode, logged.id)
    (hit,) = store.recall("Which of the orders are late today?", namespace="shop")
    expected = "Went wrong before in \"Which orders are late?\": wrong_argument at query: column 'due' does not exist"
    assert (hit.kind, hit.text) == ("lesson", expected)


def test_a_better_lesson_may_be_given(store: Store) -> None:
    store.failures.add(Failure(begin(store), "c", "m"), lesson="Look at the columns before you query.")
    assert [lesson.text for lesson in store.lessons.list()] == ["Look at the columns before you query."]


def test_the_same_failure_again_gives_no_second_lesson(store: Store) -> None:
    for _ in range(3):
        store.failures.add(Failure(begin(store), "c", "the same"))
    assert len(store.failures.list()) == 3
    assert len(store.lessons.list()) == 1


def test_secrets_are_redacted(store: Store) -> None:
    store.failures.add(Failure(begin(store), "c", "refused zebra-crossing-42"), lesson="never send zebra-crossing-42")
    assert store.failures.list()[0].message == "refused [redacted]"
    assert store.lessons.list()[0].text == "never send [redacted]"
