"""Lockers of a swimming pool: something to look at and something to do."""

from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, dict[str, Any]] = {
    "17": {"locked": True, "since": "14:20"},
    "18": {"locked": False, "since": None},
    "40": {"locked": True, "since": "08:55"},
}


@tool(effect="read")
def locker_state(locker: str) -> dict[str, Any]:
    """Tell whether a locker is locked, and since when.

    Args:
        locker: Number of the locker
    """
    return {"locker": locker, **_known(locker)}


@tool(effect="write")
def unlock(locker: str) -> str:
    """Unlock a locker.

    Args:
        locker: Number of the locker
    """
    if not _known(locker)["locked"]:
        raise ToolError(f"locker {locker} is not locked")
    STATE[locker] = {"locked": False, "since": None}
    return f"locker {locker} is unlocked"


def _known(locker: str) -> dict[str, Any]:
    if locker not in STATE:
        raise ToolError(f"no locker {locker}; there are {', '.join(STATE)}")
    return STATE[locker]
