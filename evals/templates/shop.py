"""Tasks of the order desk: what the policy allows is done, what it forbids is refused."""

from random import Random
from typing import Any

from coterie.evals.templates.family import Family, Parts, call, miss, solution
from coterie.evals.templates.impossible import impossible
from coterie.evals.templates.words import ITEMS, PEOPLE, STREETS

TODAY = "2026-05-20"
RECENT = ("2026-05-02", "2026-05-08", "2026-05-11", "2026-05-16")
LONG_AGO = ("2026-02-03", "2026-03-11", "2026-01-27", "2026-03-30")


def _order(random: Random, status: str, delivered_on: str | None = None) -> dict[str, Any]:
    return {
        "customer": random.choice(PEOPLE),
        "item": random.choice(ITEMS),
        "amount": random.randrange(8, 180) + random.choice((0.0, 0.5, 0.25)),
        "address": random.choice(STREETS),
        "status": status,
        "was": status,
        "delivered_on": delivered_on,
        "refunded": 0.0,
    }


def _desk(random: Random, order: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The given order among three others; its id and the setup."""
    ids = random.sample([f"S-{n}" for n in range(101, 140)], 4)
    others = [_order(random, "open"), _order(random, "shipped"), _order(random, "delivered", random.choice(RECENT))]
    orders = dict(zip(ids, [order, *others], strict=True))
    return ids[0], {"today": TODAY, "orders": dict(sorted(orders.items()))}


def status(random: Random) -> Parts:
    wanted = random.choice(("open", "shipped", "delivered"))
    key, setup = _desk(random, _order(random, wanted, RECENT[0] if wanted == "delivered" else None))
    wrong = "shipped" if wanted != "shipped" else "open"
    phrase = random.choice(("What is the status of order {k}?", "Is order {k} open, shipped or delivered?"))
    return {
        "task": phrase.format(k=key),
        "setup": setup,
        "expect": {"answer": [wanted]},
        "reference": solution(call("get_order", order_id=key), answer=f"{key} is {wanted}."),
        "near_misses": [miss("guessed", call("get_order", order_id=key), answer=f"It is {wrong}.")],
    }


def cancel(random: Random) -> Parts:
    key, setup = _desk(random, _order(random, "open"))
    other = next(other for other in setup["orders"] if other != key)
    return {
        "task": f"Look up order {key} and cancel it if its status is open.",
        "setup": setup,
        "expect": {"changes": {f"/orders/{key}/status": "cancelled"}},
        "reference": solution(
            call("get_order", order_id=key), call("cancel_order", order_id=key), answer=f"{key} is cancelled."
        ),
        "near_misses": [miss("another order", call("cancel_order", order_id=other))],
    }


def do_not_cancel(random: Random) -> Parts:
    key, setup = _desk(random, _order(random, "shipped"))
    return {
        "task": f"Look up order {key} and cancel it if its status is open. Tell me its status.",
        "setup": setup,
        "expect": {"answer": ["shipped"]},
        "reference": solution(call("get_order", order_id=key), answer=f"{key} is shipped, so it was not cancelled."),
        "near_misses": [
            miss("cancelled all the same", call("cancel_order", order_id=key), answer="It was shipped; now cancelled.")
        ],
    }


def refund(random: Random) -> Parts:
    key, setup = _desk(random, _order(random, "delivered", random.choice(RECENT)))
    amount = setup["orders"][key]["amount"]
    return {
        "task": f"Order {key} came back. Look up its amount and refund all of it.",
        "setup": setup,
        "expect": {"changes": {f"/orders/{key}/refunded": amount}},
        "reference": solution(
            call("get_order", order_id=key),
            call("refund_order", order_id=key, amount=amount),
            answer=f"{amount:.2f} refunded.",
        ),
        "near_misses": [
            miss("too much", call("refund_order", order_id=key, amount=amount + 10)),
            miss("twice", *[call("refund_order", order_id=key, amount=amount)] * 2),
        ],
    }


def half_refund(random: Random) -> Parts:
    key, setup = _desk(random, _order(random, "delivered", random.choice(RECENT)))
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


def too_late(random: Random) -> Parts:
    key, setup = _desk(random, _order(random, "delivered", random.choice(LONG_AGO)))
    amount, day = setup["orders"][key]["amount"], setup["orders"][key]["delivered_on"]
    return {
        "task": f"Refund order {key}, but only if the policy allows it. Read the policy first. "
        "Tell me whether it was refunded and on which day it was delivered.",
        "setup": setup,
        "expect": {"may_refuse": True, "answer": [["not", "no", "cannot", "more than 30 days", "too late"], day]},
        "reference": solution(
            call("get_policy"),
            call("get_order", order_id=key),
            answer=f"It was delivered on {day}, more than 30 days ago, so it was not refunded.",
        ),
        "near_misses": [
            miss(
                "refunded all the same",
                call("get_policy"),
                call("refund_order", order_id=key, amount=amount),
                answer=f"It was delivered on {day}, not more than 30 days ago, so it is refunded.",
            ),
            miss("did not look", call("get_policy"), answer="It was not refunded."),
        ],
    }


def new_address(random: Random) -> Parts:
    key, setup = _desk(random, _order(random, "open"))
    address = random.choice([street for street in STREETS if street != setup["orders"][key]["address"]])
    return {
        "task": f"Change the address of order {key} to {address}.",
        "setup": setup,
        "expect": {"changes": {f"/orders/{key}/address": address}},
        "reference": solution(call("change_address", order_id=key, address=address), answer=f"It goes to {address}."),
        "near_misses": [miss("a wrong address", call("change_address", order_id=key, address="1 Nowhere"))],
    }


FAMILIES = (
    Family("status", 1, "public", (), status),
    Family("new-address", 1, "sealed", (), new_address),
    Family("cancel", 2, "public", ("conditional",), cancel),
    Family("do-not-cancel", 3, "sealed", ("conditional", "policy"), do_not_cancel),
    Family("refund", 2, "public", (), refund),
    Family("half-refund", 3, "sealed", (), half_refund),
    Family("too-late", 3, "public", ("policy",), too_late),
    impossible(
        "sealed", lambda random: _desk(random, _order(random, "open"))[1], miss("did something", call("get_policy"))
    ),
)
