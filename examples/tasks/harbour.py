"""A small harbour: berths, the boats in them, the radio. `STATE` is all that the tools can see or change."""

from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, Any] = {
    "berths": {
        "B1": {"length_m": 8, "boat": None},
        "B2": {"length_m": 12, "boat": "Heron"},
        "B3": {"length_m": 10, "boat": "Puffin"},
        "B4": {"length_m": 14, "boat": None},
    },
    "boats": {"Heron": 11, "Puffin": 9, "Kestrel": 7, "Marlin": 12},
    "messages": [],
}


@tool(effect="read")
def find_boat(boat: str) -> dict[str, Any]:
    """Find the berth a boat lies in.

    Args:
        boat: Name of the boat
    """
    _known(boat)
    return {"boat": boat, "length_m": STATE["boats"][boat], "berth": _berth_of(boat)}


@tool(effect="read")
def free_berths() -> list[dict[str, Any]]:
    """List the berths that are free, with their lengths in metres."""
    return [{"berth": b, "length_m": v["length_m"]} for b, v in STATE["berths"].items() if v["boat"] is None]


@tool(effect="write")
def moor(boat: str, berth: str) -> str:
    """Moor a boat in a free berth.

    Args:
        boat: Name of the boat
        berth: Berth, such as B1
    """
    _known(boat)
    place = STATE["berths"].get(berth)
    if place is None:
        raise ToolError(f"no berth '{berth}'; the berths are {', '.join(STATE['berths'])}")
    if place["boat"] is not None:
        raise ToolError(f"berth {berth} is taken by {place['boat']}")
    if place["length_m"] < STATE["boats"][boat]:
        raise ToolError(f"berth {berth} is too short for {boat}")
    if (old := _berth_of(boat)) is not None:
        raise ToolError(f"{boat} lies in berth {old}; cast it off first")
    place["boat"] = boat
    return f"{boat} is moored in berth {berth}"


@tool(effect="write")
def cast_off(boat: str) -> str:
    """Let a boat leave its berth.

    Args:
        boat: Name of the boat
    """
    _known(boat)
    berth = _berth_of(boat)
    if berth is None:
        raise ToolError(f"{boat} lies in no berth")
    STATE["berths"][berth]["boat"] = None
    return f"{boat} has left berth {berth}"


@tool(effect="write")
def radio(boat: str, message: str) -> str:
    """Send a radio message to a boat.

    Args:
        boat: Name of the boat
        message: Text to send
    """
    _known(boat)
    STATE["messages"].append({"boat": boat, "message": message})
    return f"sent to {boat}"


def _known(boat: str) -> None:
    if boat not in STATE["boats"]:
        raise ToolError(f"no boat '{boat}'; the boats are {', '.join(STATE['boats'])}")


def _berth_of(boat: str) -> str | None:
    return next((berth for berth, place in STATE["berths"].items() if place["boat"] == boat), None)
