"""Beehives: a record within a record."""

from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, dict[str, Any]] = {
    "H1": {"hive": "H1", "queen": {"mark": "blue", "year": 2024}, "frames": 9, "honey_kg": 14.5},
    "H2": {"hive": "H2", "queen": {"mark": "white", "year": 2026}, "frames": 6, "honey_kg": 3.0},
    "H3": {"hive": "H3", "queen": None, "frames": 4, "honey_kg": 0.0},
}


@tool(effect="read")
def inspect_hive(hive: str) -> dict[str, Any]:
    """Look into a hive: its queen, the frames with bees, the honey in kilograms.

    Args:
        hive: The hive, such as H7
    """
    if hive not in STATE:
        raise ToolError(f"no hive {hive!r}; there are {', '.join(STATE)}")
    return STATE[hive]
