"""A tool of your own, as in the README: `coterie run "What is the status of order A-17?" --tools examples/shop.py`."""

from coterie.tools import tool


@tool(effect="read")
def order_status(order_id: str) -> dict[str, str]:
    """Look up an order by its id.

    Args:
        order_id: The order's id, such as A-17
    """
    return {"order_id": order_id, "status": "delayed", "expected": "2026-12-01"}
