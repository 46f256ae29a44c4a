"""Parking permits: records with a truth value and a day."""

from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, dict[str, Any]] = {
    "5012": {"number": "5012", "holder": "R. Adeyemi", "valid": True, "until": "2027-03-31", "zone": "C"},
    "5013": {"number": "5013", "holder": "Lund Bakery", "valid": False, "until": "2026-01-15", "zone": "A"},
    "5020": {"number": "5020", "holder": "T. Okafor", "valid": True, "until": "2026-12-24", "zone": "F"},
}


@tool(effect="read")
def permit(number: str) -> dict[str, Any]:
    """Look up a parking permit.

    Args:
        number: Number of the permit
    """
    if number not in STATE:
        raise ToolError(f"no permit {number}; there are {', '.join(STATE)}")
    return STATE[number]
