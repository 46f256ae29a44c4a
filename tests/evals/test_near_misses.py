"""The near misses that come from a task's reference."""

from coterie.evals.templates.family import Parts, call, miss, refusal, solution
from coterie.evals.templates.near_misses import with_general

LOOK, BUY, STRAY = call("list_notes"), call("buy", item="rope", quantity=2), call("buy", item="stamps", quantity=1)


def task(*calls: Parts, answer: str = "It is 2.", near_misses: tuple[Parts, ...] = (), **expect: object) -> Parts:
    return {"expect": expect, "reference": solution(*calls, answer=answer), "near_misses": list(near_misses)}


def general(given: Parts) -> dict[str, tuple[list[Parts], str]]:
    return {m["why"]: (m["calls"], m["answer"]) for m in with_general(given, STRAY, frozenset({"buy"}))}


def test_too_much_too_little_and_words_alone() -> None:
    assert general(task(BUY, LOOK, changes={"/shopping": {}}, answer="Bought.")) == {
        "one change too many": ([BUY, LOOK, STRAY], "Bought."),
        "left out the last change": ([LOOK], "Bought."),
        "says it is done": ([], "Done."),
    }


def test_a_wrong_answer_states_no_figure_rightly() -> None:
    given = task(LOOK) | {"expect": {"answer": [2, 3, ["rope", "line"]]}}
    found = general(given)
    assert found["an answer that is not so"] == ([LOOK], "3, 4, rope")
    assert "left out the last change" not in found


def test_the_family_s_own_come_first_and_are_not_made_again() -> None:
    own = miss("did not buy", LOOK)
    found = with_general(task(LOOK, BUY, changes={"/shopping": {}}, near_misses=(own,)), STRAY, frozenset({"buy"}))
    assert [near_miss["why"] for near_miss in found] == ["did not buy", "one change too many", "says it is done"]


def test_a_refusal_after_a_change_is_none_and_words_alone_are_none() -> None:
    given = {"expect": {"refuse": True}, "reference": refusal("I have no tool for that."), "near_misses": []}
    changed, said = with_general(given, STRAY, frozenset({"buy"}))
    assert (changed["refuse"], changed["calls"]) == (True, [STRAY])
    assert (said.get("refuse", False), said["calls"], said["answer"]) == (False, [], "Done.")
