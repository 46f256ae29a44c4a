"""A notebook that outlives a session, and a list of things to buy: for tasks that go back to an earlier run."""

from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, Any] = {"notes": {}, "shopping": []}


@tool(effect="write")
def save_note(title: str, text: str) -> str:
    """Save a note under a title.

    Args:
        title: Title of the note
        text: What it says
    """
    STATE["notes"][title] = text
    return f"saved {title!r}"


@tool(effect="read")
def read_note(title: str) -> str:
    """Read a note.

    Args:
        title: Title of the note
    """
    return str(STATE["notes"][_known(title)])


@tool(effect="read")
def list_notes() -> list[str]:
    """List the titles of all notes."""
    return list(STATE["notes"])


@tool(effect="write")
def delete_note(title: str) -> str:
    """Delete a note.

    Args:
        title: Title of the note
    """
    del STATE["notes"][_known(title)]
    return f"deleted {title!r}"


@tool(effect="write")
def buy(item: str, quantity: int = 1) -> str:
    """Put something on the shopping list.

    Args:
        item: What to buy
        quantity: How many
    """
    STATE["shopping"].append({"item": item, "quantity": quantity})
    return f"{quantity} {item} on the list"


def _known(title: str) -> str:
    for known in STATE["notes"]:
        if known.casefold() == title.strip().casefold():
            return str(known)
    raise ToolError(f"no note {title!r}; the titles are {', '.join(STATE['notes']) or 'none'}")
