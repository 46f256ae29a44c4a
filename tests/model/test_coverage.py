"""Which parts of a task no call took up."""

from typing import Any

import pytest

from coterie.model.coverage import untouched

Calls = list[tuple[str, dict[str, Any]]]


@pytest.mark.parametrize(
    ("task", "calls", "done", "left"),
    [
        ("Copy a1.txt to b/c.txt", [("copy", {"path": "a1.txt"})], ["Copy it"], ["Copy a1.txt to b/c.txt"]),
        ("Copy a1.txt to b/c.txt", [("copy", {"path": "a1.txt", "to": "b/c.txt"})], ["Copy it"], []),
        ("Sum the totals of orders.csv", [("query", {"sql": "select sum(total) from orders"})], ["Sum the totals"], []),
        ("Open A-17 and mail it to Ann, please.", [("open", {"id": "A-17"})], ["Open A-17"], ["mail it to Ann"]),
        ("Add 5 % of 80 and 3 * 4", [("calc", {"expression": "0.05 * 80"})], ["Add 5 % of 80"], ["3 * 4"]),
        ("Post it on 3 May", [("post", {"month": "May", "day": "03"})], ["Post it"], []),
        ("Close T-1. Or else, tell Ann, please.", [("close", {"id": "T-1"})], ["Close T-1"], ["Or else, tell Ann"]),
        ("Look at T-1. How old is it?", [("get_age", {"id": "T-1"})], ["Look at T-1"], []),
        ("Look at T-1 and T-2. Is 5 enough?", [("get", {"id": "T-1"})], ["Look at T-1"], ["T-2. Is 5 enough?"]),
        ("Wasche die Äpfel, dann iss keinen", [("wash", {})], ["Wasche die Äpfel"], ["dann iss keinen"]),
        ("Just talk", [("talk", {})], [], []),
        ("", [], [], []),
    ],
)  # fmt: skip
def test_untouched(task: str, calls: Calls, done: list[str], left: list[str]) -> None:
    assert untouched(task, calls, done) == left
