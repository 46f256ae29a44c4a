"""A quiz night: a tool that gives a sentence with several figures."""

from coterie.tools import ToolError, tool

STATE = {
    "Owls": "Owls: 34 points after round 5, second place",
    "Red Herrings": "Red Herrings: 41 points after round 5, first place",
    "Late Again": "Late Again: not started yet",
}


@tool(effect="read")
def standing(team: str) -> str:
    """Tell how a team stands.

    Args:
        team: Name of the team
    """
    if team not in STATE:
        raise ToolError(f"unknown team {team!r}, playing are {', '.join(STATE)}")
    return STATE[team]
