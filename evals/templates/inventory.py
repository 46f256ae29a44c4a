"""Tasks of the stock in several warehouses."""

from random import Random
from typing import Any

from coterie.evals.templates.family import Family, Parts, call, failing, miss, solution
from coterie.evals.templates.impossible import impossible
from coterie.evals.templates.words import CITIES, ITEMS


def _stock(random: Random) -> tuple[dict[str, Any], list[str], list[str]]:
    """Three items in three warehouses, each with 20 to 60; the setup, the items and the warehouses."""
    items, places = random.sample(ITEMS, 3), random.sample(CITIES, 3)
    stock = {place: {item: random.randrange(20, 60) for item in items} for place in places}
    minimum = {item: random.randrange(30, 50) for item in items}
    return {"stock": stock, "minimum": minimum}, items, places


def how_many(random: Random) -> Parts:
    setup, items, places = _stock(random)
    item, place = random.choice(items), random.choice(places)
    number = setup["stock"][place][item]
    phrase = random.choice(("How many of the item {i} are in {p}?", "What is the stock of {i} in the warehouse {p}?"))
    return {
        "task": phrase.format(i=item, p=place),
        "setup": setup,
        "expect": {"answer": [number]},
        "reference": solution(call("stock_of", item=item, warehouse=place), answer=f"There are {number}."),
        "near_misses": [miss("guessed", call("stock_of", item=item, warehouse=place), answer=f"About {number + 3}.")],
    }


def order(random: Random) -> Parts:
    setup, items, _ = _stock(random)
    item, number = random.choice(items), random.randrange(5, 40)
    phrase = random.choice(("Order {n} more of the item {i}.", "We need {n} more {i}: order them."))
    return {
        "task": phrase.format(n=number, i=item),
        "setup": setup,
        "expect": {"changes": {"/purchase_orders": {"$append": [{"item": item, "quantity": number}]}}},
        "reference": solution(call("order_more", item=item, quantity=number), answer="Ordered."),
        "near_misses": [miss("another number", call("order_more", item=item, quantity=number + 1))],
    }


def bring(random: Random) -> Parts:
    setup, items, places = _stock(random)
    item, number = random.choice(items), random.randrange(3, 20)
    source, target = places[0], places[1]
    stock = setup["stock"]
    return {
        "task": f"Move {number} of the item {item} from {source} to {target}, then tell me how many {target} has.",
        "setup": setup,
        "expect": {
            "answer": [stock[target][item] + number],
            "changes": {
                f"/stock/{source}/{item}": stock[source][item] - number,
                f"/stock/{target}/{item}": stock[target][item] + number,
            },
        },
        "reference": solution(
            call("transfer", item=item, quantity=number, source=source, destination=target),
            call("stock_of", item=item, warehouse=target),
            answer=f"{target} has {stock[target][item] + number}.",
        ),
        "near_misses": [
            miss(
                "the wrong way",
                call("transfer", item=item, quantity=number, source=target, destination=source),
                answer=f"{stock[target][item] + number}",
            )
        ],
    }


def all_there_are(random: Random) -> Parts:
    setup, items, places = _stock(random)
    item, (source, target, _) = random.choice(items), places
    stock = setup["stock"]
    have = stock[source][item]
    wanted = have + random.randrange(5, 30)
    return {
        "task": f"Move {wanted} of the item {item} from {source} to {target}. If there are not enough, move all there "
        "are.",
        "setup": setup,
        "expect": {"changes": {f"/stock/{source}/{item}": 0, f"/stock/{target}/{item}": stock[target][item] + have}},
        "reference": solution(
            failing("transfer", item=item, quantity=wanted, source=source, destination=target),
            call("transfer", item=item, quantity=have, source=source, destination=target),
            answer=f"There were only {have}; they are in {target} now.",
        ),
        "near_misses": [
            miss("changed the count", call("count_stock", item=item, warehouse=target, quantity=wanted)),
            miss("gave up", failing("transfer", item=item, quantity=wanted, source=source, destination=target)),
        ],
    }


def refill(random: Random) -> Parts:
    """Below the minimum or not: only one of the two needs an order."""
    setup, items, places = _stock(random)
    item, number = random.choice(items), random.randrange(10, 60, 5)
    total = sum(setup["stock"][place][item] for place in places)
    short = random.random() < 0.5
    setup["minimum"][item] = total + random.randrange(5, 20) if short else total - random.randrange(5, 20)
    ordered = call("order_more", item=item, quantity=number)
    looked = call("minimum_of", item=item)
    changes = {"/purchase_orders": {"$append": [{"item": item, "quantity": number}]}} if short else {}
    return {
        "task": f"Look up the minimum of the item {item}. If there are fewer in all warehouses, order {number} more. "
        "Tell me how many there are in all warehouses.",
        "setup": setup,
        "expect": {"answer": [total], "changes": changes},
        "reference": solution(looked, *([ordered] if short else []), answer=f"There are {total}."),
        "near_misses": [miss("the other branch", looked, *([] if short else [ordered]), answer=f"There are {total}.")],
    }


def in_two_places(random: Random) -> Parts:
    setup, items, places = _stock(random)
    item, (a, b, _) = random.choice(items), places
    numbers = setup["stock"][a][item], setup["stock"][b][item]
    looked = [call("stock_of", item=item, warehouse=place) for place in (a, b)]
    return {
        "task": f"How many of the item {item} are in {a}, and how many in {b}?",
        "setup": setup,
        "expect": {"answer": list(numbers)},
        "reference": solution(*looked, answer=f"{numbers[0]} in {a}, {numbers[1]} in {b}."),
        "near_misses": [miss("only one", looked[0], answer=f"{numbers[0]} in {a} and {numbers[1] + 1} in {b}.")],
    }


FAMILIES = (
    Family("how-many", 1, "public", (), how_many),
    Family("order", 1, "sealed", (), order),
    Family("bring", 2, "public", (), bring),
    Family("in-two-places", 2, "sealed", ("parallel",), in_two_places),
    Family("all-there-are", 3, "sealed", ("recovery", "conditional"), all_there_are),
    Family("refill", 3, "public", ("conditional",), refill),
    impossible(
        "public", lambda random: _stock(random)[0], miss("did something", call("order_more", item=ITEMS[0], quantity=1))
    ),
)
