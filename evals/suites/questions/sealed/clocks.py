"""Clocks of a town: a tool that says something, and one that winds them."""

from coterie.tools import ToolError, tool

STATE = {
    "church": {"report": "The church clock is 4 minutes slow.", "spring": "slack"},
    "station": {"report": "The station clock is right to the second.", "spring": "none"},
    "market": {"report": "The market clock stopped at 07:25, a pigeon nests behind its dial.", "spring": "tight"},
}


@tool(effect="read")
def look_at_clock(clock: str) -> str:
    """See about a clock.

    Args:
        clock: Where it hangs, such as castle
    """
    return _known(clock)["report"]


@tool(effect="write")
def wind(clock: str) -> str:
    """Wind a clock.

    Args:
        clock: Where it hangs, such as castle
    """
    if _known(clock)["spring"] == "none":
        raise ToolError(f"the {clock} clock is electric, it has no spring to wind")
    if _known(clock)["spring"] == "tight":
        raise ToolError(f"the {clock} clock is wound")
    STATE[clock]["spring"] = "tight"
    return "wound"


def _known(clock: str) -> dict[str, str]:
    if clock not in STATE:
        raise ToolError(f"not a clock of ours: {clock}")
    return STATE[clock]
