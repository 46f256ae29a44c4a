"""Games of a chess evening: a tool that reads out the sheet of a board."""

from coterie.tools import ToolError, tool

STATE = {
    "1": "White: Ilse, Black: Tomo\n1. e4 e5\n2. Qh5 Ke7\n3. Qxe5 mate\nresult: White won",
    "2": "White: Bram, Black: Yuki\n1. d4 Nf6\n2. c4 e6\n3. Nc3 Bb4\n4. Qc2\nresult: none yet, Black is to move",
    "3": "White: Tomo, Black: Bram\n1. f4 d5\nresult: draw agreed, both had a train to catch",
}


@tool(effect="read")
def score_sheet(board: int) -> str:
    """Read out what was played on a board, and how it ended.

    Args:
        board: Number of the board
    """
    if str(board) not in STATE:
        raise ToolError(f"nobody plays on board {board}, only on {', '.join(STATE)}")
    return STATE[str(board)]
