"""A greenhouse with five beds: sensors, watering, heating, roof. `STATE` is all that the tools can see or change."""

from typing import Any, Literal

from coterie.tools import ToolError, tool

STATE: dict[str, Any] = {
    "beds": {
        "1": {"plant": "tomato", "moisture_percent": 61, "watered_litres": 0},
        "2": {"plant": "basil", "moisture_percent": 22, "watered_litres": 0},
        "3": {"plant": "pepper", "moisture_percent": 45, "watered_litres": 0},
        "4": {"plant": "lettuce", "moisture_percent": 38, "watered_litres": 0},
        "5": {"plant": "orchid", "moisture_percent": 70, "watered_litres": 0},
    },
    "temperature_c": 18,
    "heating_c": 16,
    "roof": "closed",
}


@tool(effect="read")
def read_bed(bed: int) -> dict[str, Any]:
    """Read a bed's plant and soil moisture.

    Args:
        bed: Number of the bed
    """
    place = _bed(bed)
    return {"bed": bed, "plant": place["plant"], "moisture_percent": place["moisture_percent"]}


@tool(effect="read")
def read_air() -> dict[str, Any]:
    """Read the air temperature in the greenhouse, the heating and the roof."""
    return {"temperature_c": STATE["temperature_c"], "heating_c": STATE["heating_c"], "roof": STATE["roof"]}


@tool(effect="write")
def water_bed(bed: int, litres: float) -> str:
    """Water a bed; at most 10 litres at a time.

    Args:
        bed: Number of the bed
        litres: Amount of water
    """
    place = _bed(bed)
    if not 0 < litres <= 10:
        raise ToolError(f"{litres:g} litres is not possible; at most 10 litres at a time")
    place["watered_litres"] += litres
    return f"bed {bed} got {litres:g} litres"


@tool(effect="write")
def set_heating(degrees_c: float) -> str:
    """Set the heating of the greenhouse.

    Args:
        degrees_c: Target temperature, 5 to 30
    """
    if not 5 <= degrees_c <= 30:
        raise ToolError(f"{degrees_c:g} degrees is not possible; choose 5 to 30")
    STATE["heating_c"] = degrees_c
    return f"heating set to {degrees_c:g} degrees"


@tool(effect="write")
def set_roof(position: Literal["open", "closed"]) -> str:
    """Open or close the roof of the greenhouse.

    Args:
        position: Where the roof should be
    """
    STATE["roof"] = position
    return f"the roof is {position}"


def _bed(bed: int) -> dict[str, Any]:
    if str(bed) not in STATE["beds"]:
        raise ToolError(f"no bed {bed}; the beds are {', '.join(STATE['beds'])}")
    place: dict[str, Any] = STATE["beds"][str(bed)]
    return place
