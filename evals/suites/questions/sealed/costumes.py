"""Costumes of a play: who wears them, and a list of what is still to be sewn."""

from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, dict[str, Any]] = {
    "pirate": {"wearer": "Saskia", "jobs": ["sew on a button", "dye the sash", "mend the left boot"]},
    "moon": {"wearer": None, "jobs": []},
    "old king": {"wearer": "Dov", "jobs": ["take in the waist"]},
}


@tool(effect="read")
def worn_by(costume: str) -> str | None:
    """Name the actor who wears a costume.

    Args:
        costume: What the costume is, such as witch
    """
    wearer: str | None = _known(costume)["wearer"]
    return wearer


@tool(effect="read")
def still_to_do(costume: str) -> list[str]:
    """List the jobs that are still to be done before a costume is finished.

    Args:
        costume: What the costume is, such as witch
    """
    jobs: list[str] = _known(costume)["jobs"]
    return jobs


@tool(effect="write")
def strike_off(costume: str, job: str) -> list[str]:
    """Strike a job off the list of a costume.

    Args:
        costume: What the costume is, such as witch
        job: The job, as it stands on the list
    """
    jobs: list[str] = _known(costume)["jobs"]
    if job not in jobs:
        raise ToolError(f"{job!r} is not on the list: {', '.join(jobs) or 'it is empty'}")
    jobs.remove(job)
    return jobs


def _known(costume: str) -> dict[str, Any]:
    if costume not in STATE:
        raise ToolError(f"no costume {costume!r} in this play")
    return STATE[costume]
