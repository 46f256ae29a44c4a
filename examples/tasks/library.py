"""A lending library's desk: books, loans, reservations. `STATE` is all that the tools can see or change."""

from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, Any] = {
    "books": {
        "L-1": {"title": "The Tin Orchard", "author": "Nadia Okafor", "lent_to": None},
        "L-2": {"title": "Salt Roads North", "author": "Piet Hallgren", "lent_to": None},
        "L-3": {"title": "Birds of the Delta", "author": "Camila Duarte", "lent_to": None},
        "L-4": {"title": "A Quiet Engine", "author": "Rafi Stein", "lent_to": "Ines"},
    },
    "members": ["Ines", "Omar", "Priya", "Wen"],
    "reservations": [],
}


@tool(effect="read")
def find_book(title: str) -> dict[str, Any]:
    """Find a book by its title: book id, author, and who has it.

    Args:
        title: Title of the book
    """
    for book_id, book in STATE["books"].items():
        if title.strip().casefold() == book["title"].casefold():
            return {"book_id": book_id, **book}
    titles = ", ".join(book["title"] for book in STATE["books"].values())
    raise ToolError(f"no book '{title}'; the titles are {titles}")


@tool(effect="read")
def loans_of(member: str) -> list[dict[str, str]]:
    """List the books a member has on loan.

    Args:
        member: Name of the member
    """
    _known(member)
    return [{"book_id": i, "title": b["title"]} for i, b in STATE["books"].items() if b["lent_to"] == member]


@tool(effect="write")
def lend_book(book_id: str, member: str) -> str:
    """Lend a book to a member.

    Args:
        book_id: Id of the book, such as L-1
        member: Name of the member
    """
    book = _book(book_id)
    _known(member)
    if book["lent_to"] is not None:
        raise ToolError(f"{book_id} is on loan to {book['lent_to']}; it can be reserved")
    book["lent_to"] = member
    return f"{book_id} is lent to {member}"


@tool(effect="write")
def take_back(book_id: str) -> str:
    """Take back a book that was on loan.

    Args:
        book_id: Id of the book, such as L-1
    """
    book = _book(book_id)
    if book["lent_to"] is None:
        raise ToolError(f"{book_id} is not on loan")
    member, book["lent_to"] = book["lent_to"], None
    return f"{book_id} came back from {member}"


@tool(effect="write")
def reserve_book(book_id: str, member: str) -> str:
    """Reserve a book that is on loan for a member.

    Args:
        book_id: Id of the book, such as L-1
        member: Name of the member
    """
    _known(member)
    if _book(book_id)["lent_to"] is None:
        raise ToolError(f"{book_id} is not on loan; it can be lent at once")
    STATE["reservations"].append({"book_id": book_id, "member": member})
    return f"{book_id} is reserved for {member}"


def _book(book_id: str) -> dict[str, Any]:
    if book_id not in STATE["books"]:
        raise ToolError(f"no book '{book_id}'; the ids are {', '.join(STATE['books'])}")
    book: dict[str, Any] = STATE["books"][book_id]
    return book


def _known(member: str) -> None:
    if member not in STATE["members"]:
        raise ToolError(f"no member '{member}'; the members are {', '.join(STATE['members'])}")
