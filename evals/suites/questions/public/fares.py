"""Fares of a tram: a tool with two arguments, one of them optional."""

from coterie.tools import ToolError, tool

STATE = {"single": 2.8, "day": 8.6, "month": 71.0}


@tool(effect="read")
def fare(ticket: str, zones: int = 1) -> dict[str, str | int | float]:
    """Tell what a ticket costs, in euros.

    Args:
        ticket: single, day or month
        zones: How many zones it is for
    """
    if ticket not in STATE:
        raise ToolError(f"no ticket {ticket!r}; there are {', '.join(STATE)}")
    if not 1 <= zones <= 4:
        raise ToolError(f"no fare for {zones} zones; there are 1 to 4")
    return {"ticket": ticket, "zones": zones, "price": round(STATE[ticket] * (1 + 0.5 * (zones - 1)), 2)}
