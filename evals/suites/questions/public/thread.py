"""Thread of a weaving mill: a stock to ask for and to add to."""

from coterie.tools import ToolError, tool

STATE = {"crimson": 140, "ochre": 3, "teal": 0}


@tool(effect="read")
def spools_left(colour: str) -> int:
    """Count the spools of a colour that are left.

    Args:
        colour: Colour of the thread
    """
    return _known(colour)


@tool(effect="write")
def add_spools(colour: str, count: int) -> dict[str, int]:
    """Add spools of a colour to the stock.

    Args:
        colour: Colour of the thread
        count: How many
    """
    STATE[colour] = _known(colour) + count
    return {colour: STATE[colour]}


def _known(colour: str) -> int:
    if colour not in STATE:
        raise ToolError(f"{colour} thread is not kept here; colours: {', '.join(STATE)}")
    return STATE[colour]
