"""A cable car and its wind: figures that carry a reason."""

from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, dict[str, Any]] = {
    "valley": {"wind_knots": 6, "open": True, "queue_minutes": 25},
    "middle": {"wind_knots": 19, "open": True, "queue_minutes": 0},
    "summit": {"wind_knots": 44, "open": False, "reason": "wind above 40 knots"},
}


@tool(effect="read")
def station(name: str) -> dict[str, Any]:
    """Tell how things are at a station of the cable car: wind, whether it is open, how long one queues.

    Args:
        name: valley, middle or summit
    """
    if name not in STATE:
        raise ToolError(f"no station {name!r}; choose valley, middle or summit")
    return {"station": name, **STATE[name]}
