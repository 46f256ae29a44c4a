"""Firework shows: the programme as a table in text, and calling a show off."""

from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, dict[str, Any]] = {
    "Lakeside": {
        "cues": ["22:00,gold fountain,4", "22:02,red comets,30", "22:09,white crackle,75"],
        "called_off": None,
    },
    "Castle": {"cues": ["21:30,green palms,18", "21:45,silver rain,6"], "called_off": None},
    "Schoolyard": {"cues": [], "called_off": None},
}


@tool(effect="read")
def programme(show: str) -> str:
    """Print the programme of a show.

    Args:
        show: Name of the show, such as Riverbank
    """
    return "\n".join(["time,effect,shells", *_known(show)["cues"]])


@tool(effect="write")
def call_off(show: str, reason: str) -> bool:
    """Call a show off.

    Args:
        show: Name of the show, such as Riverbank
        reason: What visitors are told
    """
    _known(show)["called_off"] = reason
    return True


def _known(show: str) -> dict[str, Any]:
    if show not in STATE:
        raise ToolError(f"unknown show: {show}")
    return STATE[show]
