"""Wells and how high their water stands: tools that give a bare number."""

from coterie.tools import ToolError, tool

STATE = {"Ash Lane": 4.2, "Mill Field": 11.75, "North Gate": 0.0}


@tool(effect="read")
def water_level(well: str) -> float:
    """Measure how high the water stands in a well, in metres.

    Args:
        well: Name of the well
    """
    if well not in STATE:
        raise ToolError(f"no well {well!r}; there are {', '.join(STATE)}")
    return STATE[well]


@tool(effect="read")
def all_wells() -> list[str]:
    """List the names of the wells."""
    return list(STATE)
