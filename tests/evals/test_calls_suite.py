"""The calls suite and its environment: what counts as the right calls, and that the suite is sound."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from coterie.evals.catalogue import find_suite
from coterie.evals.environments.functions import Functions, same
from coterie.evals.selftest import self_test

BOOK: dict[str, Any] = {
    "name": "book",
    "description": "Book a room.",
    "parameters": {
        "type": "object",
        "properties": {
            "hotel": {"type": "string"},
            "nights": {"type": "number"},
            "guests": {"type": "integer", "default": 1},
            "view": {"type": "string"},
        },
        "required": ["hotel", "nights"],
    },
}
WANTED = {"function": "book", "arguments": {"hotel": {"$one_of": ["Harbour View", "the Harbour View"]}, "nights": 2}}


def found(folder: Path, *made: dict[str, Any], wanted: tuple[dict[str, Any], ...] = (WANTED,)) -> list[str]:
    world = Functions(folder)
    world.reset({"functions": [BOOK], "calls": list(wanted)})
    [tool] = world.tools()
    for arguments in made:
        asyncio.run(tool(arguments))
    assert world.state() == {"calls": [{"book": arguments} for arguments in made]}
    return world.violations()


@pytest.mark.parametrize(
    "arguments",
    [
        {"hotel": "Harbour View", "nights": 2},
        {"hotel": " the harbour view", "nights": 2.0},
        {"hotel": "Harbour View", "nights": 2, "guests": 1},
    ],
)
def test_the_same_call_in_other_words_is_right(tmp_path: Path, arguments: dict[str, Any]) -> None:
    assert found(tmp_path, arguments) == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"hotel": "Harbour", "nights": 2},
        {"hotel": "Harbour View", "nights": 3},
        {"hotel": "Harbour View", "nights": True},
        {"hotel": "Harbour View"},
        {"hotel": "Harbour View", "nights": 2, "guests": 2},
        {"hotel": "Harbour View", "nights": 2, "view": "sea"},
    ],
)
def test_another_value_an_option_invented_and_one_left_out_are_wrong(tmp_path: Path, arguments: dict[str, Any]) -> None:
    wrong, missing = found(tmp_path, arguments)
    assert wrong.startswith('this call is not asked for: book({"hotel": ')
    assert missing.startswith('this call is missing: book({"hotel": {"$one_of": ')


def test_every_call_counts_once_in_any_order(tmp_path: Path) -> None:
    one, two = {"hotel": "A", "nights": 1}, {"hotel": "B", "nights": 1}
    wanted = tuple({"function": "book", "arguments": each} for each in (one, two))
    assert found(tmp_path, two, one, wanted=wanted) == []
    assert found(tmp_path, one, one, wanted=wanted) == [
        'this call is not asked for: book({"hotel": "A", "nights": 1})',
        'this call is missing: book({"hotel": "B", "nights": 1})',
    ]


def test_where_no_call_is_right_any_is_wrong(tmp_path: Path) -> None:
    assert found(tmp_path, wanted=()) == []
    assert found(tmp_path, {"hotel": "A", "nights": 1}, wanted=()) != []


@pytest.mark.parametrize(
    ("setup", "what"),
    [
        ({"functions": [{"name": "f"}]}, "functions.0.parameters: Field required"),
        ({"functions": [BOOK], "calls": [{"function": "look"}]}, "calls of ['look'], which are none of the functions"),
        ({"functions": [BOOK], "answers": []}, "answers: Extra inputs are not permitted"),
    ],
)
def test_a_setup_that_cannot_be_is_told(tmp_path: Path, setup: dict[str, Any], what: str) -> None:
    with pytest.raises(ValueError, match="functions") as error:
        Functions(tmp_path).reset(setup)
    assert what in str(error.value)


def test_lists_have_an_order_and_objects_have_none() -> None:
    assert same({"a": [1, "X"], "b": 2}, {"b": 2.0, "a": [1, "x"]})
    assert not same([1, 2], [2, 1])
    assert not same([1], [1, 2])
    assert not same({"a": 1, "b": 2}, {"a": 1})
    assert not same(1, True)


def test_the_suite_is_sound_and_has_all_three_kinds() -> None:
    suite = find_suite("calls")
    assert len(suite.tasks) >= 50
    assert all(len(suite.select(kind)) >= 8 for kind in ("single", "several", "none"))
    assert asyncio.run(self_test(suite)) == []
