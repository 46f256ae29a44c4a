"""Tasks of the order desk: what the policy allows is done, what it forbids is refused."""

from random import Random

from coterie.evals.templates.family import Family, Parts, call, failing, miss, solution
from coterie.evals.templates.impossible import impossible
from coterie.evals.templates.sealed.words import IMPOSSIBLE
from coterie.evals.templates.words import PEOPLE, STREETS
from coterie.evals.templates.worlds.shop import RECENT, draw_desk, draw_order


def do_not_cancel(random: Random) -> Parts:
    key, setup = draw_desk(random, draw_order(random, "shipped"))
    return {
        "task": f"Look up order {key} and cancel it if its status is open. Tell me its status.",
        "setup": setup,
        "expect": {"answer": ["shipped"]},
        "reference": solution(call("get_order", order_id=key), answer=f"{key} is shipped, so it was not cancelled."),
        "near_misses": [
            miss("cancelled all the same", call("cancel_order", order_id=key), answer="It was shipped; now cancelled.")
        ],
    }


def half_refund(random: Random) -> Parts:
    key, setup = draw_desk(random, draw_order(random, "delivered", random.choice(RECENT)))
    amount = setup["orders"][key]["amount"] = float(random.randrange(10, 90) * 2)
    return {
        "task": f"Order {key} came damaged. Refund half of its amount and tell me how much that is.",
        "setup": setup,
        "expect": {"answer": [amount / 2], "changes": {f"/orders/{key}/refunded": amount / 2}},
        "reference": solution(
            call("get_order", order_id=key),
            call("refund_order", order_id=key, amount=amount / 2),
            answer=f"{amount / 2:.2f} refunded.",
        ),
        "near_misses": [
            miss("all of it", call("refund_order", order_id=key, amount=amount), answer=f"{amount / 2:.2f} refunded.")
        ],
    }


def new_address(random: Random) -> Parts:
    key, setup = draw_desk(random, draw_order(random, "open"))
    address = random.choice([street for street in STREETS if street != setup["orders"][key]["address"]])
    return {
        "task": f"Change the address of order {key} to {address}.",
        "setup": setup,
        "expect": {"changes": {f"/orders/{key}/address": address}},
        "reference": solution(call("change_address", order_id=key, address=address), answer=f"It goes to {address}."),
        "near_misses": [miss("a wrong address", call("change_address", order_id=key, address="1 Nowhere"))],
    }


def wrong_id(random: Random) -> Parts:
    """The error shows what an id looks like, the customer's orders say which it is."""
    key, setup = draw_desk(random, draw_order(random, "open"))
    orders = setup["orders"]
    customer, wrong = orders[key]["customer"], f"S-{random.randrange(201, 240)}"
    other = next(k for k in orders if k != key)
    for k in orders.keys() - {key}:
        orders[k]["customer"] = next(person for person in PEOPLE if person != customer)
    address = random.choice([street for street in STREETS if street != orders[key]["address"]])
    mistyped = failing("change_address", order_id=wrong, address=address)
    return {
        "task": f"Order {wrong} of {customer} goes to {address} now: change it. The id may be mistyped; {customer} has "
        "only one order.",
        "setup": setup,
        "expect": {"changes": {f"/orders/{key}/address": address}},
        "reference": solution(
            mistyped,
            call("orders_of", customer=customer),
            call("change_address", order_id=key, address=address),
            answer=f"It is {key}; it goes to {address}.",
        ),
        "near_misses": [
            miss("gave up", mistyped, answer=f"There is no order {wrong}."),
            miss("another order", mistyped, call("change_address", order_id=other, address=address)),
            miss("another address", mistyped, call("change_address", order_id=key, address="1 Nowhere")),
        ],
    }


FAMILIES = (
    Family("new-address", 1, (), new_address),
    Family("do-not-cancel", 3, ("conditional", "policy"), do_not_cancel),
    Family("half-refund", 3, (), half_refund),
    Family("wrong-id", 3, ("recovery",), wrong_id),
    impossible(
        IMPOSSIBLE,
        lambda random: draw_desk(random, draw_order(random, "open"))[1],
        miss("did something", call("get_policy")),
    ),
)
