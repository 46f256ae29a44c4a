"""Order desks to work at."""

from random import Random
from typing import Any

from coterie.evals.templates.family import Parts, call
from coterie.evals.templates.words import ITEMS, PEOPLE, STREETS

TODAY = "2026-05-20"
RECENT = ("2026-05-02", "2026-05-08", "2026-05-11", "2026-05-16")


def draw_order(random: Random, status: str, delivered_on: str | None = None) -> dict[str, Any]:
    """An order with this status."""
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


def draw_desk(random: Random, order: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The given order among three others; its id and the setup."""
    ids = random.sample([f"S-{n}" for n in range(101, 140)], 4)
    others = [
        draw_order(random, "open"),
        draw_order(random, "shipped"),
        draw_order(random, "delivered", random.choice(RECENT)),
    ]
    orders = dict(zip(ids, [order, *others], strict=True))
    return ids[0], {"today": TODAY, "orders": dict(sorted(orders.items()))}


def stray(task: Parts) -> Parts:
    """A change that the task does not ask for."""
    return call("change_address", order_id=max(task["setup"]["orders"]), address="1 Nowhere")
