"""Parcels on their way: one tool that gives a record."""

from coterie.tools import ToolError, tool

STATE = {
    "P-31": {"parcel_id": "P-31", "state": "delayed"},
    "P-32": {"parcel_id": "P-32", "state": "delivered"},
    "P-33": {"parcel_id": "P-33", "state": "in customs"},
}


@tool(effect="read")
def find_parcel(parcel_id: str) -> dict[str, str]:
    """Look up one parcel.

    Args:
        parcel_id: The parcel's id
    """
    if parcel_id not in STATE:
        raise ToolError(f"no parcel {parcel_id!r}; there are {', '.join(STATE)}")
    return STATE[parcel_id]
