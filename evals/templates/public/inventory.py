"""Tasks of the stock in several warehouses."""

from random import Random

from coterie.evals.templates.family import Family, Parts, call, failing, instead, miss, solution
from coterie.evals.templates.impossible import impossible
from coterie.evals.templates.public.words import IMPOSSIBLE
from coterie.evals.templates.words import ITEMS
from coterie.evals.templates.worlds.inventory import draw_stock


def how_many(random: Random) -> Parts:
    setup, items, places = draw_stock(random)
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


def bring(random: Random) -> Parts:
    setup, items, places = draw_stock(random)
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


def refill(random: Random) -> Parts:
    """Below the minimum or not: only one of the two needs an order."""
    setup, items, places = draw_stock(random)
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


def misspelt(random: Random) -> Parts:
    setup, items, places = draw_stock(random)
    item, place = random.choice(items), random.choice(places)
    wrong = place[:-2] + place[-1] + place[-2]
    number = setup["stock"][place][item]
    elsewhere = next(there for there in places if setup["stock"][there][item] != number)
    mistyped = failing("stock_of", item=item, warehouse=wrong)
    return {
        "task": f"How many of the item {item} are in the warehouse {wrong}? The name may be misspelt.",
        "setup": setup,
        "expect": {"answer": [number]},
        "reference": solution(mistyped, call("stock_of", item=item, warehouse=place), answer=f"{place} has {number}."),
        "near_misses": [
            miss("gave up", mistyped, answer=f"There is no warehouse {wrong}."),
            miss(
                "another warehouse",
                mistyped,
                call("stock_of", item=item, warehouse=elsewhere),
                answer=f"{elsewhere} has {setup['stock'][elsewhere][item]}.",
            ),
        ],
    }


def same_way(random: Random) -> Parts:
    """Only the memory of the earlier run says how many, and where from."""
    setup, (item, other, _), (source, target, elsewhere) = draw_stock(random)
    stock, number = setup["stock"], random.randrange(3, 20)
    first, again = (
        call("transfer", item=moved, quantity=number, source=source, destination=target) for moved in (item, other)
    )
    return {
        "earlier": [
            {
                "task": f"Move {number} of the item {item} from {source} to {target}.",
                "reference": solution(first, answer=f"{number} {item} are in {target} now."),
            }
        ],
        "task": f"Move the item {other} too: as many, from the same warehouse and to the same one as in the last run.",
        "setup": setup,
        "expect": {
            "changes": {
                f"/stock/{place}/{moved}": stock[place][moved] + change
                for moved in (item, other)
                for place, change in ((source, -number), (target, number))
            }
        },
        "reference": solution(again, answer=f"{number} {other} are in {target} now."),
        "near_misses": [
            miss("another number", instead(again, quantity=number + 1)),
            miss("the wrong way", instead(again, source=target, destination=source)),
            miss("another warehouse", instead(again, destination=elsewhere)),
            miss("the first item again", first),
        ],
    }


FAMILIES = (
    Family("how-many", 1, (), how_many),
    Family("bring", 2, (), bring),
    Family("refill", 3, ("conditional",), refill),
    Family("misspelt", 2, ("recovery",), misspelt),
    Family("same-way", 3, ("memory",), same_way),
    impossible(
        IMPOSSIBLE,
        lambda random: draw_stock(random)[0],
        miss("did something", call("order_more", item=ITEMS[0], quantity=1)),
    ),
)
