"""Volcanoes of an island: a tool that gives one word, and one that gives years."""

from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, dict[str, Any]] = {
    "Korvu": {"alert": "yellow", "eruptions": [1822, 1902, 1987]},
    "Little Anna": {"alert": "green", "eruptions": []},
    "Mount Tesk": {"alert": "red", "eruptions": [1650, 2019, 2024]},
}


@tool(effect="read")
def how_is(volcano: str) -> str:
    """Say how a volcano is doing: green when it is quiet, then yellow, orange, red.

    Args:
        volcano: Its name
    """
    alert: str = _known(volcano)["alert"]
    return alert


@tool(effect="read")
def eruptions(volcano: str) -> list[int]:
    """The years in which a volcano erupted.

    Args:
        volcano: Its name
    """
    years: list[int] = _known(volcano)["eruptions"]
    return years


def _known(volcano: str) -> dict[str, Any]:
    if volcano not in STATE:
        raise ToolError(f"{volcano} is not one of ours; we watch {', '.join(STATE)}")
    return STATE[volcano]
