"""Tables to work on."""

from random import Random
from typing import Any

from coterie.evals.templates.family import Parts, call
from coterie.evals.templates.words import CITIES, ITEMS, PEOPLE

Row = dict[str, Any]


def draw_rows(random: Random) -> list[Row]:
    """Nine sales by nine sellers, in at most three cities."""
    cities, items = random.sample(CITIES, 3), random.sample(ITEMS, 4)
    return [
        {
            "sale": 100 + i,
            "seller": person,
            "city": random.choice(cities),
            "item": random.choice(items),
            "pieces": random.randrange(1, 30),
            "price": random.randrange(5, 90) + random.choice((0.0, 0.5)),
        }
        for i, person in enumerate(random.sample(PEOPLE, 9))
    ]


def as_setup(rows: list[Row]) -> dict[str, Any]:
    """The rows as the file sales.csv."""
    lines = [",".join(rows[0]), *(",".join(str(value) for value in row.values()) for row in rows)]
    return {"files": {"sales.csv": "\n".join(lines) + "\n"}}


def stray(task: Parts) -> Parts:
    """A change that the task does not ask for."""
    return call("write_file", path="stray.txt", content="stray")
