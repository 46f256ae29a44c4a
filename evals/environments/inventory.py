"""Stock in several warehouses: counting, moving and ordering more."""

from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, Any] = {"stock": {}, "minimum": {}, "purchase_orders": []}


@tool(effect="read")
def stock_of(item: str, warehouse: str) -> dict[str, Any]:
    """How many of an item lie in a warehouse.

    Args:
        item: Name of the item
        warehouse: Name of the warehouse
    """
    return {"item": item, "warehouse": warehouse, "quantity": _shelf(warehouse, item)[item]}


@tool(effect="read")
def minimum_of(item: str) -> dict[str, Any]:
    """How many of an item should be there at least, over all warehouses.

    Args:
        item: Name of the item
    """
    if item not in STATE["minimum"]:
        raise ToolError(f"no item {item!r}; the items are {', '.join(STATE['minimum'])}")
    total = sum(shelf.get(item, 0) for shelf in STATE["stock"].values())
    return {"item": item, "minimum": STATE["minimum"][item], "in_all_warehouses": total}


@tool(effect="write")
def transfer(item: str, quantity: int, source: str, destination: str) -> str:
    """Move some of an item from one warehouse to another.

    Args:
        item: Name of the item
        quantity: How many
        source: Warehouse to take them from
        destination: Warehouse to bring them to
    """
    shelf, target = _shelf(source, item), _shelf(destination, item)
    if quantity <= 0:
        raise ToolError(f"{quantity} cannot be moved; give a number above 0")
    if shelf[item] < quantity:
        raise ToolError(f"{source} has only {shelf[item]} of {item}")
    shelf[item] -= quantity
    target[item] += quantity
    return f"moved {quantity} {item} from {source} to {destination}"


@tool(effect="write")
def order_more(item: str, quantity: int) -> str:
    """Order more of an item from its supplier.

    Args:
        item: Name of the item
        quantity: How many
    """
    if item not in STATE["minimum"]:
        raise ToolError(f"no item {item!r}; the items are {', '.join(STATE['minimum'])}")
    STATE["purchase_orders"].append({"item": item, "quantity": quantity})
    return f"ordered {quantity} {item}"


@tool(effect="write")
def count_stock(item: str, warehouse: str, quantity: int) -> str:
    """Set the stock of an item to what was counted.

    Args:
        item: Name of the item
        warehouse: Name of the warehouse
        quantity: How many were counted
    """
    _shelf(warehouse, item)[item] = quantity
    return f"{warehouse} has {quantity} {item}"


def _shelf(warehouse: str, item: str) -> dict[str, int]:
    if warehouse not in STATE["stock"]:
        raise ToolError(f"no warehouse {warehouse!r}; the warehouses are {', '.join(STATE['stock'])}")
    shelf: dict[str, int] = STATE["stock"][warehouse]
    if item not in shelf:
        raise ToolError(f"no item {item!r}; the items are {', '.join(shelf)}")
    return shelf
