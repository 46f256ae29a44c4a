"""Telephones of a town hall: whose an extension is, and where its calls go."""

from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, dict[str, Any]] = {
    "201": {"desk": "registry", "diverted_to": None},
    "214": {"desk": "porter", "diverted_to": None},
    "230": {"desk": "tax office", "diverted_to": "201"},
    "245": {"desk": None, "diverted_to": None},
}


@tool(effect="read")
def whose(extension: str) -> str | None:
    """Tell whose extension it is, null if it is nobody's.

    Args:
        extension: Three digits
    """
    desk: str | None = _known(extension)["desk"]
    return desk


@tool(effect="read")
def diversion(extension: str) -> str | None:
    """Give the extension that calls are diverted to, null if they are not diverted.

    Args:
        extension: Three digits
    """
    target: str | None = _known(extension)["diverted_to"]
    return target


@tool(effect="write")
def divert(extension: str, to: str) -> str:
    """Divert the calls of an extension to another.

    Args:
        extension: Three digits
        to: Three digits
    """
    _known(to)
    _known(extension)["diverted_to"] = to
    return f"{extension} -> {to}"


def _known(extension: str) -> dict[str, Any]:
    if extension not in STATE:
        raise ToolError(f"there is no extension {extension}")
    return STATE[extension]
