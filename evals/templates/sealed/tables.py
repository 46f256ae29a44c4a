"""Tasks of the built-in table tools, on small CSV files."""

from random import Random

from coterie.evals.templates.family import Family, Parts, call, miss, solution, tried
from coterie.evals.templates.faults import hiccup
from coterie.evals.templates.worlds.tables import as_setup, draw_rows


def total(random: Random) -> Parts:
    rows = draw_rows(random)
    number = sum(row["pieces"] for row in rows)
    phrase = random.choice(("What is the sum of the column pieces in sales.csv?", "Add up pieces in sales.csv."))
    asked = call("aggregate_table", path="sales.csv", function="sum", column="pieces")
    return {
        "task": phrase,
        "setup": as_setup(rows),
        "expect": {"answer": [number]},
        "reference": solution(asked, answer=f"The sum is {number}."),
        "near_misses": [miss("the number of rows", asked, answer=f"The sum is {len(rows)}.")],
    }


def largest(random: Random) -> Parts:
    rows = draw_rows(random)
    top = max(row["pieces"] for row in rows)
    best = next(row for row in rows if row["pieces"] == top)
    best["pieces"] += 5
    asked = call("filter_table", path="sales.csv", sort_by="pieces", descending=True, limit=1)
    other = next(row for row in rows if row is not best)
    return {
        "task": "Who sold the most pieces in sales.csv? Write the name of the seller to best.txt.",
        "setup": as_setup(rows),
        "expect": {"changes": {"/files/best.txt": {"$contains": [best["seller"]]}}},
        "reference": solution(
            asked, call("write_file", path="best.txt", content=best["seller"]), answer=f"{best['seller']} did."
        ),
        "near_misses": [miss("another seller", asked, call("write_file", path="best.txt", content=other["seller"]))],
    }


def worth(random: Random) -> Parts:
    rows = draw_rows(random)
    row = random.choice(rows)
    value = row["pieces"] * row["price"]
    looked = call("filter_table", path="sales.csv", column="sale", value=str(row["sale"]))
    multiplied = call("calculate", expression=f"{row['pieces']} * {row['price']}")
    return {
        "task": f"Look up sale {row['sale']} in sales.csv and calculate its pieces times its price.",
        "setup": as_setup(rows),
        "expect": {"answer": [value]},
        "reference": solution(looked, multiplied, answer=f"It is {value}."),
        "near_misses": [miss("the price alone", looked, answer=f"It is {row['price'] + row['pieces'] + 0.01}.")],
    }


def ask_again(random: Random) -> Parts:
    rows = draw_rows(random)
    lowest, highest = min(row["price"] for row in rows), max(row["price"] for row in rows)
    asked = call("aggregate_table", path="sales.csv", function="min", column="price")
    refused = tried(asked)
    return {
        "task": "Find the lowest price in sales.csv and write it to lowest.txt.",
        "setup": as_setup(rows),
        "faults": hiccup("aggregate_table", "the table is being saved; try again", times=2),
        "expect": {"changes": {"/files/lowest.txt": {"$number": lowest}}},
        "reference": solution(
            refused,
            refused,
            asked,
            call("write_file", path="lowest.txt", content=str(lowest)),
            answer=f"The lowest price is {lowest}.",
        ),
        "near_misses": [
            miss("gave up after two", refused, refused, answer="The table is being saved."),
            miss("the highest", refused, call("write_file", path="lowest.txt", content=str(highest))),
            miss("another file", refused, call("write_file", path="price.txt", content=str(lowest))),
        ],
    }


FAMILIES = (
    Family("total", 1, (), total),
    Family("largest", 2, (), largest),
    Family("worth", 3, (), worth),
    Family("ask-again", 2, ("recovery", "faults"), ask_again),
)
