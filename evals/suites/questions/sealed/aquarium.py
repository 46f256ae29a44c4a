"""Tanks of an aquarium: the fish by kind, and feeding."""

from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, dict[str, Any]] = {
    "reef": {"fish": {"clownfish": 6, "blue tang": 0, "seahorse": 9}, "fed_at": None},
    "river": {"fish": {"perch": 4, "eel": 3, "pike": 1}, "fed_at": "08:10"},
    "nursery": {"fish": {"seahorse": 31}, "fed_at": None},
}


@tool(effect="read")
def count_fish(tank: str) -> dict[str, int]:
    """Count what swims in a tank.

    Args:
        tank: Name of the tank
    """
    fish: dict[str, int] = _known(tank)["fish"]
    return fish


@tool(effect="write")
def feed(tank: str) -> str:
    """Feed the fish of a tank; once a day is enough.

    Args:
        tank: Name of the tank
    """
    if before := _known(tank)["fed_at"]:
        raise ToolError(f"{tank} was fed at {before}")
    STATE[tank]["fed_at"] = "09:00"
    return "fed"


def _known(tank: str) -> dict[str, Any]:
    if tank not in STATE:
        raise ToolError(f"no tank {tank!r}, there are: {', '.join(STATE)}")
    return STATE[tank]
