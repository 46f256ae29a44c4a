"""Stock to work on."""

from random import Random
from typing import Any

from coterie.evals.templates.family import Parts, call
from coterie.evals.templates.words import CITIES, ITEMS


def draw_stock(random: Random) -> tuple[dict[str, Any], list[str], list[str]]:
    """Three items in three warehouses, each with 20 to 60; the setup, the items and the warehouses."""
    items, places = random.sample(ITEMS, 3), random.sample(CITIES, 3)
    stock = {place: {item: random.randrange(20, 60) for item in items} for place in places}
    minimum = {item: random.randrange(30, 50) for item in items}
    return {"stock": stock, "minimum": minimum}, items, places


def stray(task: Parts) -> Parts:
    """A change that the task does not ask for."""
    place, shelf = next(iter(task["setup"]["stock"].items()))
    return call("count_stock", item=next(iter(shelf)), warehouse=place, quantity=999)
