"""Who works when in a bakery: a tool that gives names."""

from coterie.tools import ToolError, tool

STATE = {
    "Monday": ["Ines", "Bo"],
    "Tuesday": ["Ines"],
    "Wednesday": [],
    "Thursday": ["Bo", "Farid", "Greta"],
}


@tool(effect="read")
def who_works(day: str) -> list[str]:
    """List who works on a day.

    Args:
        day: Day of the week
    """
    return _known(day)


@tool(effect="write")
def add_to_shift(day: str, name: str) -> str:
    """Put somebody on the shift of a day.

    Args:
        day: Day of the week
        name: Who is to work
    """
    if name in _known(day):
        raise ToolError(f"{name} works on {day} already")
    STATE[day].append(name)
    return f"{name} works on {day} now"


def _known(day: str) -> list[str]:
    if day not in STATE:
        raise ToolError(f"closed on {day!r}; open are {', '.join(STATE)}")
    return STATE[day]
