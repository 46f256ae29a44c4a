"""Lots of a village auction: a tool that gives the bids in their order, and one that makes a bid."""

from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, list[dict[str, Any]]] = {
    "gramophone": [
        {"bidder": "Olwen", "pounds": 20},
        {"bidder": "Mustafa", "pounds": 35},
        {"bidder": "Olwen", "pounds": 40},
        {"bidder": "Petra", "pounds": 65},
    ],
    "rocking chair": [],
    "brass scales": [{"bidder": "Mustafa", "pounds": 12}],
}


@tool(effect="read")
def bids(lot: str) -> list[dict[str, Any]]:
    """Show the bids for a lot, the oldest first.

    Args:
        lot: What is for sale
    """
    return _known(lot)


@tool(effect="write")
def place_bid(lot: str, bidder: str, pounds: int) -> dict[str, Any]:
    """Bid for a lot in somebody's name.

    Args:
        lot: What is for sale
        bidder: Who bids
        pounds: How much; more than the last bid
    """
    least = max((bid["pounds"] for bid in _known(lot)), default=0)
    if pounds <= least:
        raise ToolError(f"a bid for the {lot} must be above {least} pounds")
    STATE[lot].append({"bidder": bidder, "pounds": pounds})
    return {"lot": lot, "leading": bidder, "pounds": pounds}


def _known(lot: str) -> list[dict[str, Any]]:
    if lot not in STATE:
        raise ToolError(f"there is no lot {lot!r}")
    return STATE[lot]
