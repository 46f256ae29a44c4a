"""Files to work in, for the built-in file tools."""

from random import Random

from coterie.evals.templates.family import Parts, call
from coterie.evals.templates.words import CITIES, COLOURS, PEOPLE, PLACES, TOPICS


def draw_facts(random: Random) -> dict[str, str]:
    """What a file tells, by label."""
    return {
        "Place": random.choice(PLACES),
        "Guide": random.choice(PEOPLE),
        "Colour": random.choice(COLOURS),
        "City": random.choice(CITIES),
    }


def as_text(facts: dict[str, str]) -> str:
    """The file, a fact a line."""
    return "".join(f"{key}: {value}\n" for key, value in facts.items())


def draw_name(random: Random) -> str:
    """The name of a file, without its ending."""
    return random.choice(TOPICS).replace(" ", "_")


def stray(task: Parts) -> Parts:
    """A change that the task does not ask for."""
    return call("write_file", path="stray.txt", content="stray")
