"""Ice on the ponds of a town: how thick it is, and whether one may skate."""

from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, dict[str, Any]] = {
    "Duck Pond": {"cm": 6.5, "allowed": False, "reason": "the ice is too thin"},
    "Long Mere": {"cm": 15.0, "allowed": True, "reason": "checked by the warden this morning"},
    "Quarry Pool": {"cm": 18.0, "allowed": False, "reason": "cracks along the north bank"},
}


@tool(effect="read")
def ice_cm(pond: str) -> float:
    """Measure the ice.

    Args:
        pond: Name of the pond
    """
    thickness: float = _known(pond)["cm"]
    return thickness


@tool(effect="read")
def may_skate(pond: str) -> dict[str, Any]:
    """Tell whether skating is allowed on a pond, and why.

    Args:
        pond: Name of the pond
    """
    return {"allowed": _known(pond)["allowed"], "reason": _known(pond)["reason"]}


def _known(pond: str) -> dict[str, Any]:
    if pond not in STATE:
        raise ToolError(f"nobody has looked at the ice of {pond!r}")
    return STATE[pond]
