"""Tasks of the stock in several warehouses."""

from random import Random

from coterie.evals.templates.family import Family, Parts, call, failing, miss, solution
from coterie.evals.templates.faults import NOT_DONE, outage
from coterie.evals.templates.words import PEOPLE
from coterie.evals.templates.worlds.inventory import draw_stock


def order(random: Random) -> Parts:
    setup, items, _ = draw_stock(random)
    item, number = random.choice(items), random.randrange(5, 40)
    phrase = random.choice(("Order {n} more of the item {i}.", "We need {n} more {i}: order them."))
    return {
        "task": phrase.format(n=number, i=item),
        "setup": setup,
        "expect": {"changes": {"/purchase_orders": {"$append": [{"item": item, "quantity": number}]}}},
        "reference": solution(call("order_more", item=item, quantity=number), answer="Ordered."),
        "near_misses": [miss("another number", call("order_more", item=item, quantity=number + 1))],
    }


def all_there_are(random: Random) -> Parts:
    setup, items, places = draw_stock(random)
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


def in_two_places(random: Random) -> Parts:
    setup, items, places = draw_stock(random)
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


def no_supplier(random: Random) -> Parts:
    """Half of it can be done, the other half has to be reported."""
    setup, items, places = draw_stock(random)
    item, number = random.choice(items), random.randrange(5, 40)
    total = sum(setup["stock"][place][item] for place in places)
    looked, asked = call("minimum_of", item=item), failing("order_more", item=item, quantity=number)
    counted = call("count_stock", item=item, warehouse=places[0], quantity=setup["stock"][places[0]][item] + number)
    return {
        "task": f"How many of the item {item} are there in all warehouses? Order {number} more, and tell me both how "
        "many there are and whether they are ordered.",
        "setup": setup,
        "faults": outage("the supplier takes orders again from Monday", "order_more"),
        "expect": {"may_refuse": True, "answer": [NOT_DONE, total]},
        "reference": solution(looked, asked, answer=f"There are {total}. I could not order more before Monday."),
        "near_misses": [
            miss("claims the order", looked, asked, answer=f"There are {total}, and {number} more are ordered."),
            miss("another sum", looked, asked, answer=f"There are {total + number}. I could not order more."),
            miss("counted them in", looked, asked, counted, answer=f"There are {total}. I could not order more."),
        ],
    }


def as_needed(random: Random) -> Parts:
    """What the user said in passing, in a task about something else."""
    setup, items, places = draw_stock(random)
    person, (item, other, _), place = random.choice(PEOPLE), items, random.choice(places)
    needed, have = random.randrange(3, 19), setup["stock"][place][item]
    ordered = call("order_more", item=item, quantity=needed)
    return {
        "earlier": [
            {
                "task": f"{person} needs {needed} of the item {item} on Friday. How many are in {place}?",
                "reference": solution(call("stock_of", item=item, warehouse=place), answer=f"{place} has {have}."),
            }
        ],
        "task": f"Order as many of the item {item} as {person} needs.",
        "setup": setup,
        "expect": {"changes": {"/purchase_orders": {"$append": [{"item": item, "quantity": needed}]}}},
        "reference": solution(ordered, answer=f"{needed} are ordered."),
        "near_misses": [
            miss("as many as there are", call("order_more", item=item, quantity=have)),
            miss("another item", call("order_more", item=other, quantity=needed)),
            miss("ordered twice", ordered, ordered),
        ],
    }


FAMILIES = (
    Family("order", 1, (), order),
    Family("in-two-places", 2, ("parallel",), in_two_places),
    Family("all-there-are", 3, ("recovery", "conditional"), all_there_are),
    Family("no-supplier", 3, ("faults", "outage"), no_supplier),
    Family("as-needed", 3, ("memory",), as_needed),
)
