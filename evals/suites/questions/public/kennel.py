"""Dogs of a kennel: a record with a list, and a tool that changes it."""

from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, dict[str, Any]] = {
    "Rufus": {"walked": True, "meals": ["07:00", "18:00"], "owner": "Ms Tran", "note": None},
    "Biscuit": {"walked": False, "meals": [], "owner": "the Halvorsens", "note": "bites when woken"},
    "Juno": {"walked": False, "meals": ["07:00"], "owner": "Mr Ekwueme", "note": None},
}


@tool(effect="read")
def dog(name: str) -> dict[str, Any]:
    """Look up a dog: whether it was walked today, when it was fed, whose it is and what to mind.

    Args:
        name: Name of the dog
    """
    return {"name": name, **_known(name)}


@tool(effect="write")
def walk(name: str) -> str:
    """Enter that a dog was walked.

    Args:
        name: Name of the dog
    """
    if _known(name)["walked"]:
        raise ToolError(f"{name} was walked today already")
    STATE[name]["walked"] = True
    return "ok"


def _known(name: str) -> dict[str, Any]:
    if name not in STATE:
        raise ToolError(f"no dog is called {name!r}; there are {', '.join(STATE)}")
    return STATE[name]
