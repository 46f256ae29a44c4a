"""The example's own tool: what the carrier knows of a parcel. Give it to a run with `--tools`.

It is strict about order ids, so that a run can be seen recovering from a call that failed.
"""

from coterie.tools import ToolError, tool

DAYS_LATE = {"A-14": 0, "A-15": 2, "A-16": 0, "A-17": 6, "A-18": 1, "A-19": 0, "A-20": 4, "A-21": 0}


@tool(effect="read")
def days_late(order_id: str) -> dict[str, str | int]:
    """Ask the carrier how many days late an order was delivered.

    Args:
        order_id: The order's id, such as A-15
    """
    if order_id not in DAYS_LATE:
        raise ToolError(f"no order '{order_id}'; the order ids are {', '.join(DAYS_LATE)}")
    return {"order_id": order_id, "days_late": DAYS_LATE[order_id]}
