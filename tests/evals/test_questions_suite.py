"""The questions suite: that it is sound, and which answers pass."""

import asyncio

import pytest

from coterie.evals.catalogue import find_suite
from coterie.evals.selftest import replay_solution, self_test


def test_the_suite_is_sound_and_has_all_three_kinds() -> None:
    suite = find_suite("questions")
    assert {split: len(suite.select(split)) for split in ("public", "sealed")} == {"public": 102, "sealed": 60}
    assert all(len(suite.select(kind)) >= 7 for kind in ("read", "unknown", "act"))
    assert asyncio.run(self_test(suite)) == []


@pytest.mark.parametrize(
    ("task", "answer", "refuses", "passes"),
    [
        ("parcels-is-it-not", "No, P-31 is delayed.", False, True),
        ("parcels-is-it-not", "P-31 has not been delivered yet.", False, True),
        ("parcels-is-it-not", "P-31 is delivered.", False, False),
        ("parcels-unknown", "I found no parcel P-77.", True, True),
        ("parcels-unknown", "The state of parcel P-31 is delayed.", False, False),
        ("wells-level", "4.20 m", False, True),
        ("wells-level", "It is between 4.2 and 11.75 metres.", False, False),
        ("shifts-nobody", "Nobody.", False, True),
        ("shifts-nobody", "[]", False, False),
    ],
)
def test_an_answer_passes_by_what_it_says(task: str, answer: str, refuses: bool, passes: bool) -> None:
    suite = find_suite("questions")
    [spec] = [spec for spec in suite.tasks if spec.id == task]
    solution = spec.reference.model_copy(update={"answer": answer, "refuse": refuses})
    result = asyncio.run(replay_solution(suite, spec, solution))
    assert result.verdict.passed is passes, result.verdict
