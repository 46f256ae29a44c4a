"""Fossils of a small museum: a record within a record, which may be missing."""

from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, dict[str, Any]] = {
    "F3": {
        "kind": "trilobite",
        "million_years": 480,
        "found": {"place": "a garden wall", "year": 2008, "by": "a mason"},
        "on_show": False,
    },
    "F12": {
        "kind": "ammonite",
        "million_years": 170,
        "found": {"place": "Sallow Cliff", "year": 1931, "by": "a schoolboy"},
        "on_show": True,
    },
    "F20": {"kind": "fern leaf", "million_years": 310, "found": None, "on_show": True},
}


@tool(effect="read")
def about(fossil: str) -> dict[str, Any]:
    """All that is known of a fossil.

    Args:
        fossil: Its label, such as F5
    """
    if fossil not in STATE:
        raise ToolError("not in the catalogue")
    return STATE[fossil]
