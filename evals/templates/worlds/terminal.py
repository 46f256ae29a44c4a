"""Trees of files to work in."""

from random import Random
from typing import Any

from coterie.evals.templates.family import Parts, call
from coterie.evals.templates.words import COLOURS, ITEMS, PEOPLE


def draw_tree(random: Random) -> tuple[dict[str, Any], str]:
    """A person's home with a few files; the setup and the home folder."""
    home = f"/home/{random.choice(PEOPLE).lower()}"
    things = random.sample(ITEMS, 3)
    files = {f"{home}/{thing}.txt": "".join(f"{word}\n" for word in _words(random)) for thing in things}
    return {"files": files, "folders": ["/home", home, f"{home}/old"]}, home


def _words(random: Random) -> list[str]:
    return [f"{random.choice(COLOURS)} {random.choice(ITEMS)}" for _ in range(random.randrange(2, 9))]


def escaped(path: str) -> str:
    """A path as part of a JSON pointer."""
    return path.replace("/", "~1")


def stray(task: Parts) -> Parts:
    """A change that the task does not ask for."""
    return call("mkdir", folder="/stray")
