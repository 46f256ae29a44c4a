"""Tasks of the built-in table tools, on small CSV files."""

from random import Random

from coterie.evals.templates.family import Family, Parts, call, failing, miss, solution
from coterie.evals.templates.impossible import impossible
from coterie.evals.templates.public.words import IMPOSSIBLE
from coterie.evals.templates.worlds.tables import Row, as_setup, draw_rows


def _by_city(rows: list[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["city"], []).append(row)
    return groups


def count(random: Random) -> Parts:
    rows = draw_rows(random)
    city = random.choice([row["city"] for row in rows])
    number = len(_by_city(rows)[city])
    asked = call("aggregate_table", path="sales.csv", function="count", where_column="city", where_value=city)
    return {
        "task": f"How many rows of sales.csv have the city {city}?",
        "setup": as_setup(rows),
        "expect": {"answer": [number]},
        "reference": solution(asked, answer=f"There are {number}."),
        "near_misses": [miss("all rows", asked, answer=f"There are {len(rows) + number}.")],
    }


def price_of(random: Random) -> Parts:
    rows = draw_rows(random)
    row = random.choice(rows)
    asked = call("filter_table", path="sales.csv", column="seller", value=row["seller"])
    return {
        "task": f"In sales.csv, which item did {row['seller']} sell, and at what price?",
        "setup": as_setup(rows),
        "expect": {"answer": [row["item"], row["price"]]},
        "reference": solution(asked, answer=f"A {row['item']} at {row['price']}."),
        "near_misses": [miss("another price", asked, answer=f"A {row['item']} at {row['price'] + 1}.")],
    }


def total_to_file(random: Random) -> Parts:
    rows = draw_rows(random)
    city = random.choice([row["city"] for row in rows])
    number = sum(row["pieces"] for row in _by_city(rows)[city])
    asked = call(
        "aggregate_table", path="sales.csv", function="sum", column="pieces", where_column="city", where_value=city
    )
    return {
        "task": f"Add up the pieces of the rows of sales.csv with the city {city} and write the sum to sum.txt.",
        "setup": as_setup(rows),
        "expect": {"changes": {"/files/sum.txt": {"$number": number}}},
        "reference": solution(asked, call("write_file", path="sum.txt", content=str(number)), answer=f"{number}."),
        "near_misses": [miss("another sum", asked, call("write_file", path="sum.txt", content=str(number + 1)))],
    }


def wrong_column(random: Random) -> Parts:
    rows = draw_rows(random)
    number = max(row["price"] for row in rows)
    tried = failing("aggregate_table", path="sales.csv", function="max", column="cost")
    asked = call("aggregate_table", path="sales.csv", function="max", column="price")
    return {
        "task": "What is the largest cost in sales.csv? The column may have another name.",
        "setup": as_setup(rows),
        "expect": {"answer": [number]},
        "reference": solution(tried, asked, answer=f"The largest price is {number}."),
        "near_misses": [miss("gave up", tried, answer="There is no column cost.")],
    }


FAMILIES = (
    Family("count", 1, (), count),
    Family("price-of", 1, (), price_of),
    Family("total-to-file", 2, (), total_to_file),
    Family("wrong-column", 3, ("recovery",), wrong_column),
    impossible(
        IMPOSSIBLE,
        lambda random: as_setup(draw_rows(random)),
        miss("did something", call("write_file", path="done.txt", content="done")),
    ),
)
