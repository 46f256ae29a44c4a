"""Smoke alarms: a record with a fault that must not be read as its opposite."""

from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, dict[str, Any]] = {
    "kitchen": {"battery_percent": 82, "last_test": "2026-10-03", "result": "passed"},
    "cellar": {"battery_percent": 9, "last_test": "2026-11-12", "result": "failed"},
    "attic": {"battery_percent": 55, "last_test": None, "result": "never tested"},
}


@tool(effect="read")
def check_alarm(room: str) -> dict[str, Any]:
    """Look up the smoke alarm of a room: its battery, its last test and how that went.

    Args:
        room: Name of the room
    """
    if room not in STATE:
        raise ToolError(f"no alarm in {room!r}; there are alarms in {', '.join(STATE)}")
    return {"room": room, **STATE[room]}
