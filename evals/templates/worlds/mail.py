"""Mailboxes to work in."""

from random import Random
from typing import Any

from coterie.evals.templates.family import Parts, call
from coterie.evals.templates.words import DATES, PEOPLE, PLACES, SURNAMES, TOPICS


def address_of(name: str) -> str:
    """The address of a person with a first and a last name."""
    first, last = name.lower().split()
    return f"{first}.{last}@post.example"


def draw_box(random: Random) -> tuple[dict[str, Any], list[str], list[str]]:
    """Four mails of four people about four topics; the setup, the people and the topics."""
    people = [f"{first} {random.choice(SURNAMES)}" for first in random.sample(PEOPLE, 4)]
    topics = random.sample(TOPICS, 4)
    mails = {
        f"M{i}": {
            "from": address_of(person),
            "subject": topic.capitalize(),
            "body": f"Hello, the {topic} is on {random.choice(DATES)} at {place}. Regards, {person.split()[0]}",
            "folder": "inbox",
        }
        for i, (person, topic, place) in enumerate(zip(people, topics, random.sample(PLACES, 4), strict=True), start=1)
    }
    return {"contacts": {person: address_of(person) for person in people}, "mails": mails}, people, topics


def stray(task: Parts) -> Parts:
    """A change that the task does not ask for."""
    changes = task["expect"].get("changes", {})
    key = next(key for key in task["setup"]["mails"] if f"/mails/{key}/folder" not in changes)
    return call("move_mail", mail_id=key, folder="trash")
