"""Tasks of the order desk: what the policy allows is done, what it forbids is refused."""

from random import Random

from coterie.evals.templates.family import Family, Parts, call, failing, miss, solution
from coterie.evals.templates.faults import NOT_DONE, outage
from coterie.evals.templates.worlds.shop import RECENT, draw_desk, draw_order

LONG_AGO = ("2026-02-03", "2026-03-11", "2026-01-27", "2026-03-30")


def status(random: Random) -> Parts:
    wanted = random.choice(("open", "shipped", "delivered"))
    key, setup = draw_desk(random, draw_order(random, wanted, RECENT[0] if wanted == "delivered" else None))
    wrong = "shipped" if wanted != "shipped" else "open"
    phrase = random.choice(("What is the status of order {k}?", "Is order {k} open, shipped or delivered?"))
    return {
        "task": phrase.format(k=key),
        "setup": setup,
        "expect": {"answer": [wanted], "not_in_answer": ["delivered" if wanted == "open" else "open"]},
        "reference": solution(call("get_order", order_id=key), answer=f"{key} is {wanted}."),
        "near_misses": [miss("guessed", call("get_order", order_id=key), answer=f"It is {wrong}.")],
    }


def cancel(random: Random) -> Parts:
    key, setup = draw_desk(random, draw_order(random, "open"))
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


def refund(random: Random) -> Parts:
    key, setup = draw_desk(random, draw_order(random, "delivered", random.choice(RECENT)))
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


def too_late(random: Random) -> Parts:
    key, setup = draw_desk(random, draw_order(random, "delivered", random.choice(LONG_AGO)))
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


def no_refund(random: Random) -> Parts:
    """Half of it can be done, the other half has to be reported."""
    key, setup = draw_desk(random, draw_order(random, "delivered", random.choice(RECENT)))
    amount = setup["orders"][key]["amount"]
    steps = call("get_order", order_id=key), failing("refund_order", order_id=key, amount=amount)
    return {
        "task": f"Refund all of order {key}. Tell me its amount and whether the refund worked.",
        "setup": setup,
        "faults": outage("the bank is closed until tomorrow", "refund_order"),
        "expect": {"may_refuse": True, "answer": [NOT_DONE, amount]},
        "reference": solution(*steps, answer=f"The amount is {amount:.2f}. It could not be refunded today."),
        "near_misses": [
            miss("claims the refund", *steps, answer=f"The amount is {amount:.2f}. It is refunded."),
            miss("another amount", *steps, answer=f"The amount is {amount + 10:.2f}. It could not be refunded."),
            miss(
                "cancelled it instead",
                *steps,
                call("cancel_order", order_id=key),
                answer=f"The amount is {amount:.2f}. It could not be refunded, so I cancelled it.",
            ),
        ],
    }


def cancel_last(random: Random) -> Parts:
    """Only the memory of the earlier run says which order it was."""
    key, setup = draw_desk(random, draw_order(random, "open"))
    other = next(k for k, order in setup["orders"].items() if k != key and order["status"] == "open")
    cancelled = call("cancel_order", order_id=key)
    return {
        "earlier": [
            {
                "task": f"Look up order {key} and tell me its status.",
                "reference": solution(call("get_order", order_id=key), answer=f"{key} is open."),
            }
        ],
        "task": "Cancel the order that you looked up in the last run.",
        "setup": setup,
        "expect": {"changes": {f"/orders/{key}/status": "cancelled"}},
        "reference": solution(cancelled, answer=f"{key} is cancelled."),
        "near_misses": [
            miss("another order", call("cancel_order", order_id=other)),
            miss("both open orders", cancelled, call("cancel_order", order_id=other)),
        ],
    }


FAMILIES = (
    Family("status", 1, (), status),
    Family("cancel", 2, ("conditional",), cancel),
    Family("refund", 2, (), refund),
    Family("too-late", 3, ("policy",), too_late),
    Family("no-refund", 3, ("faults", "outage"), no_refund),
    Family("cancel-last", 2, ("memory",), cancel_last),
)
