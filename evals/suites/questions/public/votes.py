"""Votes for the names of a new bridge: a tool that gives counts by name."""

from coterie.tools import ToolError, tool

STATE: dict[str, dict[str, int]] = {
    "riverside": {"Swan Bridge": 412, "Miller Bridge": 388, "Bridge Nine": 17},
    "uptown": {"Swan Bridge": 95, "Miller Bridge": 240, "Bridge Nine": 240},
    "harbour": {},
}


@tool(effect="read")
def count_votes(district: str) -> dict[str, int]:
    """Count the votes of a district for each name of the bridge.

    Args:
        district: Name of the district
    """
    if district not in STATE:
        raise ToolError(f"no votes were taken in {district!r}")
    return STATE[district]
