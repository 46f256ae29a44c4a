"""Tools that fail in a task, whatever they are given: for the first calls, or for as long as a run can last."""

from coterie.evals.templates.family import Parts

NOT_DONE = [
    *("no", "not", "nothing", "cannot", "can't", "couldn't", "didn't", "isn't", "wasn't"),
    *("failed", "impossible", "unable", "unavailable", "unsuccessful"),
]
"""Any of these words says that something was not done."""

_MOST_CALLS = 40
"""What a run may make by default."""


def hiccup(tool: str, error: str, times: int = 1) -> list[Parts]:
    """The tool's first calls fail, so trying again mends it."""
    return [{"tool": tool, "error": error, "on_calls": list(range(1, times + 1))}]


def outage(error: str, *tools: str) -> list[Parts]:
    """Every call of the tools fails, so all that can be done is to say so."""
    return [fault for tool in tools for fault in hiccup(tool, error, _MOST_CALLS)]
