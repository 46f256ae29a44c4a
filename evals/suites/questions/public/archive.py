"""Boxes of an archive: a record with a list and something that may be missing."""

from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, dict[str, Any]] = {
    "AR-0417": {"shelf": "12-C", "contents": ["letters 1911", "a map", "two photographs"], "taken_by": None},
    "AR-0418": {"shelf": "12-C", "contents": [], "taken_by": None},
    "AR-0533": {"shelf": "30-A", "contents": ["ship's log"], "taken_by": "Dr Imai"},
}


@tool(effect="read")
def find_box(signature: str) -> dict[str, Any]:
    """Find a box: the shelf it belongs on, what is in it and who has taken it.

    Args:
        signature: Signature of the box, such as AR-1000
    """
    if signature not in STATE:
        raise ToolError(f"KeyError: {signature!r}")
    return {"signature": signature, **STATE[signature]}
