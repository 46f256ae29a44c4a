"""Ferries from three quays: a tool that gives several records."""

from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, list[dict[str, Any]]] = {
    "Tarbert": [
        {"ferry": "Skua", "leaves": "07:30", "cars": 22},
        {"ferry": "Tern", "leaves": "12:10", "cars": 0},
        {"ferry": "Skua", "leaves": "18:45", "cars": 5},
    ],
    "Lochranza": [{"ferry": "Gannet", "leaves": "09:05", "cars": 14}],
    "Claonaig": [],
}


@tool(effect="read")
def sailings(port: str) -> list[dict[str, Any]]:
    """List today's ferries from a port: name, time they leave, places left for cars.

    Args:
        port: Name of the port
    """
    if port not in STATE:
        raise ToolError(f"no port {port!r}; there are {', '.join(STATE)}")
    return STATE[port]
