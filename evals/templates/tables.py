"""Tasks of the built-in table tools, on small CSV files."""

from random import Random
from typing import Any

from coterie.evals.templates.family import Family, Parts, call, failing, miss, solution
from coterie.evals.templates.impossible import impossible
from coterie.evals.templates.words import CITIES, ITEMS, PEOPLE

Row = dict[str, Any]


def _rows(random: Random) -> list[Row]:
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


def _setup(rows: list[Row]) -> dict[str, Any]:
    lines = [",".join(rows[0]), *(",".join(str(value) for value in row.values()) for row in rows)]
    return {"files": {"sales.csv": "\n".join(lines) + "\n"}}


def _by_city(rows: list[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["city"], []).append(row)
    return groups


def count(random: Random) -> Parts:
    rows = _rows(random)
    city = random.choice([row["city"] for row in rows])
    number = len(_by_city(rows)[city])
    asked = call("aggregate_table", path="sales.csv", function="count", where_column="city", where_value=city)
    return {
        "task": f"How many rows of sales.csv have the city {city}?",
        "setup": _setup(rows),
        "expect": {"answer": [number]},
        "reference": solution(asked, answer=f"There are {number}."),
        "near_misses": [miss("all rows", asked, answer=f"There are {len(rows) + number}.")],
    }


def total(random: Random) -> Parts:
    rows = _rows(random)
    number = sum(row["pieces"] for row in rows)
    phrase = random.choice(("What is the sum of the column pieces in sales.csv?", "Add up pieces in sales.csv."))
    asked = call("aggregate_table", path="sales.csv", function="sum", column="pieces")
    return {
        "task": phrase,
        "setup": _setup(rows),
        "expect": {"answer": [number]},
        "reference": solution(asked, answer=f"The sum is {number}."),
        "near_misses": [miss("the number of rows", asked, answer=f"The sum is {len(rows)}.")],
    }


def price_of(random: Random) -> Parts:
    rows = _rows(random)
    row = random.choice(rows)
    asked = call("filter_table", path="sales.csv", column="seller", value=row["seller"])
    return {
        "task": f"In sales.csv, which item did {row['seller']} sell, and at what price?",
        "setup": _setup(rows),
        "expect": {"answer": [row["item"], row["price"]]},
        "reference": solution(asked, answer=f"A {row['item']} at {row['price']}."),
        "near_misses": [miss("another price", asked, answer=f"A {row['item']} at {row['price'] + 1}.")],
    }


def largest(random: Random) -> Parts:
    rows = _rows(random)
    top = max(row["pieces"] for row in rows)
    best = next(row for row in rows if row["pieces"] == top)
    best["pieces"] += 5
    asked = call("filter_table", path="sales.csv", sort_by="pieces", descending=True, limit=1)
    other = next(row for row in rows if row is not best)
    return {
        "task": "Who sold the most pieces in sales.csv? Write the name of the seller to best.txt.",
        "setup": _setup(rows),
        "expect": {"changes": {"/files/best.txt": {"$contains": [best["seller"]]}}},
        "reference": solution(
            asked, call("write_file", path="best.txt", content=best["seller"]), answer=f"{best['seller']} did."
        ),
        "near_misses": [miss("another seller", asked, call("write_file", path="best.txt", content=other["seller"]))],
    }


def total_to_file(random: Random) -> Parts:
    rows = _rows(random)
    city = random.choice([row["city"] for row in rows])
    number = sum(row["pieces"] for row in _by_city(rows)[city])
    asked = call(
        "aggregate_table", path="sales.csv", function="sum", column="pieces", where_column="city", where_value=city
    )
    return {
        "task": f"Add up the pieces of the rows of sales.csv with the city {city} and write the sum to sum.txt.",
        "setup": _setup(rows),
        "expect": {"changes": {"/files/sum.txt": {"$number": number}}},
        "reference": solution(asked, call("write_file", path="sum.txt", content=str(number)), answer=f"{number}."),
        "near_misses": [miss("another sum", asked, call("write_file", path="sum.txt", content=str(number + 1)))],
    }


def worth(random: Random) -> Parts:
    rows = _rows(random)
    row = random.choice(rows)
    value = row["pieces"] * row["price"]
    looked = call("filter_table", path="sales.csv", column="sale", value=str(row["sale"]))
    multiplied = call("calculate", expression=f"{row['pieces']} * {row['price']}")
    return {
        "task": f"Look up sale {row['sale']} in sales.csv and calculate its pieces times its price.",
        "setup": _setup(rows),
        "expect": {"answer": [value]},
        "reference": solution(looked, multiplied, answer=f"It is {value}."),
        "near_misses": [miss("the price alone", looked, answer=f"It is {row['price'] + row['pieces'] + 0.01}.")],
    }


def wrong_column(random: Random) -> Parts:
    rows = _rows(random)
    number = max(row["price"] for row in rows)
    tried = failing("aggregate_table", path="sales.csv", function="max", column="cost")
    asked = call("aggregate_table", path="sales.csv", function="max", column="price")
    return {
        "task": "What is the largest cost in sales.csv? The column may have another name.",
        "setup": _setup(rows),
        "expect": {"answer": [number]},
        "reference": solution(tried, asked, answer=f"The largest price is {number}."),
        "near_misses": [miss("gave up", tried, answer="There is no column cost.")],
    }


FAMILIES = (
    Family("count", 1, "public", (), count),
    Family("total", 1, "sealed", (), total),
    Family("price-of", 1, "public", (), price_of),
    Family("largest", 2, "sealed", (), largest),
    Family("total-to-file", 2, "public", (), total_to_file),
    Family("worth", 3, "sealed", (), worth),
    Family("wrong-column", 3, "public", ("recovery",), wrong_column),
    impossible(
        "public",
        lambda random: _setup(_rows(random)),
        miss("did something", call("write_file", path="done.txt", content="done")),
    ),
)
