"""Answers and end states: what counts as stated, changed, and changed without being asked."""

import pytest
from pydantic import JsonValue

from coterie.evals.scorers import compare, judge, states
from coterie.evals.scorers.answer import numbers
from coterie.evals.scorers.refusal import declines
from coterie.evals.suite import Expect
from coterie.memory.records import Episode, ModelRef, Outcome, Plan, Task, Usage


@pytest.mark.parametrize(
    ("text", "fact", "stated"),
    [
        ("It is in berth B1.", "b1", True),
        ("It is in berth B12.", "B1", False),
        ("The refund is $24.60.", 24.6, True),
        ("The refund is 24.61", 24.6, False),
        ("1,250 euros", 1250, True),
        ("on 2026-03-14", -3, False),
        ("order A-17", 17, False),
        ("delivered on 2026-05-20", 20, False),
        ("on May 20th, 2026, or 21 June", [20, 21], False),
        ("at 14:30, or at 3 pm", [14, 30, 3], False),
        ("ticket #9, room-12, v1.2, 7f3a", [9, 12, 1.2, 7], False),
        ("2026-05-20: 20 crates", 20, True),
        ("between 14:30 and 15:00 it took 30min", 30, True),
        ("3-5 boxes of 5kg, 30% off", [30], True),
        ("minus -4 degrees", -4, True),
        ("Salt   Roads\nNorth", "salt roads north", True),
        ("Tuesday", ["Monday", "Tuesday"], True),
        ("", "x", False),
        ("50 %", "%", True),
    ],
)
def test_whether_a_text_states_a_fact(text: str, fact: str | float | list[str], stated: bool) -> None:
    assert states(text, fact) is stated


def test_numbers_are_read_as_people_write_them() -> None:
    assert numbers("1,250.50 and 3 and -2 at v1.2") == [1250.5, 3.0, -2.0]


BEFORE: dict[str, JsonValue] = {"beds": {"1": {"litres": 0}}, "log": ["a"], "files": {"a.txt": "old", "b/c.txt": "x"}}


def after(**changes: JsonValue) -> dict[str, JsonValue]:
    return BEFORE | changes


def test_expected_changes_are_met_and_nothing_else_changed() -> None:
    state = after(beds={"1": {"litres": 4.0000000001}}, log=["a", {"to": "x", "text": "hello there"}])
    changes: dict[str, JsonValue] = {
        "/beds/1/litres": 4,
        "/log": {"$append": [{"to": "x", "text": {"$contains": ["there"]}}]},
    }
    difference = compare(BEFORE, state, changes)
    assert difference.unmet == ()
    assert difference.side_effects == ()


def test_a_missing_change_and_a_side_effect_are_named() -> None:
    difference = compare(BEFORE, after(files={"a.txt": "new", "b/c.txt": "x"}), {"/beds/1/litres": 4})
    assert difference.unmet == ("/beds/1/litres should be 4, is 0",)
    assert difference.side_effects == ("/files/a.txt was 'old', is 'new'",)


@pytest.mark.parametrize(
    ("pointer", "wanted", "state", "met"),
    [
        ("/files/a.txt", {"$removed": True}, after(files={"b/c.txt": "x"}), True),
        ("/files/a.txt", {"$removed": True}, BEFORE, False),
        ("/files/b~1c.txt", {"$any": True}, after(files={"a.txt": "old", "b/c.txt": "y"}), True),
        ("/files/a.txt", {"$any": True}, BEFORE, False),
        ("/files/a.txt", {"$number": 24.6}, after(files={"a.txt": "24.60\n", "b/c.txt": "x"}), True),
        ("/files/a.txt", {"$number": 24.6}, after(files={"a.txt": "24.6 or 25", "b/c.txt": "x"}), False),
        ("/log", {"$append": ["b", "c"]}, after(log=["a", "c", "b"]), True),
        ("/log", {"$append": ["b"]}, after(log=["b", "a"]), False),
        ("/log", {"$append": ["b"]}, after(log=["a", "b", "b"]), False),
        ("/log/0", "a", BEFORE, True),
        ("/log/7", "a", BEFORE, False),
    ],
)
def test_matchers(pointer: str, wanted: JsonValue, state: dict[str, JsonValue], met: bool) -> None:
    assert (compare(BEFORE, state, {pointer: wanted}).unmet == ()) is met


def test_an_unknown_matcher_is_an_error_of_the_suite() -> None:
    with pytest.raises(ValueError, match=r"\$like.*\$contains"):
        compare(BEFORE, BEFORE, {"/log": {"$like": 1}})


def test_true_is_not_one_and_ignored_places_do_not_count() -> None:
    assert compare({"on": True}, {"on": 1}, {}).side_effects
    assert not compare({"clock": {"t": 1}}, {"clock": {"t": 2}}, {}, ["/clock"]).side_effects


def episode(
    status: str, answer: str = "", refusal: str | None = None, calls: int = 1, cause: str | None = None
) -> Episode:
    return Episode(
        "",
        Task("t"),
        ModelRef("m"),
        Outcome(status, answer=answer, cause=cause),  # type: ignore[arg-type]
        Plan(refusal=refusal),
        usage=Usage(tool_calls=calls),
    )


@pytest.mark.parametrize(
    ("expect", "ended", "passed"),
    [
        (Expect(answer=["B1"]), episode("success", "in B1"), True),
        (Expect(answer=["B1"]), episode("success", "in B2"), False),
        (Expect(answer=["B1"]), episode("failed", "in B1"), False),
        (Expect(answer=["B1"]), episode("limit", "in B1"), False),
        (Expect(), episode("success", "no", refusal="no"), False),
        (Expect(answer=["B1"], not_in_answer=["B2"]), episode("success", "B1 or B2"), False),
        (Expect(refuse=True), episode("failed", "cannot", cause="refused"), True),
        (Expect(refuse=True), episode("failed", "cannot", cause="gave_up"), True),
        (Expect(refuse=True), episode("failed", cause="TurnError"), False),
        (Expect(refuse=True), episode("failed", "I cannot", cause="MalformedCompletion"), False),
        (Expect(refuse=True), episode("failed", cause="GraphRecursionError"), False),
        (Expect(refuse=True), episode("limit", "I cannot", cause="limit:steps"), False),
        (Expect(may_refuse=True), episode("failed", cause="gave_up"), True),
        (Expect(may_refuse=True), episode("failed", cause="TurnError"), False),
        (Expect(any_ending=True), episode("failed", cause="GraphRecursionError"), True),
        (Expect(any_ending=True), episode("limit", cause="limit:steps"), True),
        (Expect(any_ending=True, refuse=True), episode("success", "Done."), True),
        (Expect(any_ending=True, answer=["B1"]), episode("limit", "in B2"), False),
        (Expect(refuse=True), episode("success", "no tool", refusal="no tool", calls=0), True),
        (Expect(refuse=True), episode("success", "I cannot do that", calls=0), True),
        (Expect(refuse=True), episode("success", "I looked, and I cannot do that", calls=1), True),
        (Expect(refuse=True), episode("success", "", calls=0), False),
        (Expect(refuse=True), episode("success", "Done.", calls=0), False),
        (Expect(refuse=True), episode("success", "done"), False),
    ],
)
def test_the_verdict_joins_ending_state_and_answer(expect: Expect, ended: Episode, passed: bool) -> None:
    verdict = judge(expect, {}, {}, ended)
    assert verdict.passed is passed
    assert bool(verdict.reasons) is not passed


@pytest.mark.parametrize(
    "answer",
    [
        "I have no tool for that.",
        "I don’t have a way to book flights.",
        "Sorry, this is beyond my abilities.",
        "There is no suitable tool.",
        "None of the available tools can print.",
        "Playing music isn't possible here.",
        "I am unable to do that",
        "It could not be done.",
        "I must decline.",
        "The policy does not allow this refund.",
        "As an AI, I stay at my desk.",
    ],
)
def test_an_answer_that_says_no_is_a_refusal(answer: str) -> None:
    assert declines(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "Done.",
        "Done, I did it.",
        "The flight from Leeds to York is booked.",
        "Order A-17 is not late.",
        "No orders were found, and nothing was changed.",
        "It was done without any problem.",
        "Book a flight from Leeds to York for next Monday.",
        "",
    ],
)
def test_a_claim_or_a_plain_negative_is_none(answer: str) -> None:
    assert not declines(answer)


def test_a_refusal_that_changed_something_does_not_pass() -> None:
    verdict = judge(Expect(refuse=True), {"a": 1}, {"a": 2}, episode("failed", cause="gave_up"))
    assert not verdict.passed
    assert verdict.side_effects == 1
