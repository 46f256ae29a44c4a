"""Which names of a task no call used."""

from typing import Any

import pytest

from coterie.agent.coverage import untouched
from coterie.agent.state import planned
from coterie.model.protocol import PlannedStep


def steps(*arguments: dict[str, Any]) -> list[Any]:
    tried = [{"name": "t", "arguments": each, "error_kind": None} for each in arguments]
    return [{**planned(PlannedStep("do"), 1), "tried": tried}]


@pytest.mark.parametrize(
    ("task", "arguments", "left"),
    [
        ("Copy a1.txt to b/c.txt", {"path": "a1.txt"}, ["b/c.txt"]),
        ("Copy a1.txt to b/c.txt", {"path": "a1.txt", "to": "b/c.txt"}, []),
        ("Sum the totals of orders.csv", {"sql": "select sum(total) from orders"}, []),
        ("Mail ann@example.com about A-17", {"to": ["ann@example.com"], "text": "on A-17"}, []),
        ("What is 12.5 % of 80?", {"x": 1}, []),
        ("Just talk", {}, []),
    ],
)
def test_untouched(task: str, arguments: dict[str, Any], left: list[str]) -> None:
    assert untouched(task, steps(arguments)) == left
