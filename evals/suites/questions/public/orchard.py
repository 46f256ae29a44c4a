"""Trees of an orchard: a tool that gives a table as text."""

from coterie.tools import ToolError, tool

STATE = {
    "1": "tree,variety,kilograms\n1a,Boskoop,41\n1b,Cox,0\n1c,Boskoop,38",
    "2": "tree,variety,kilograms\n2a,Bramley,77",
    "3": "tree,variety,kilograms",
}


@tool(effect="read")
def harvest(row: str) -> str:
    """Give what each tree of a row bore this year, as CSV.

    Args:
        row: Number of the row
    """
    if row not in STATE:
        raise ToolError(f"there is no row {row}: rows are {', '.join(STATE)}")
    return STATE[row]
