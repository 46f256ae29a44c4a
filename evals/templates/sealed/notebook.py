"""Tasks that go back to an earlier run, by the notebook or by the agent's own memory of what it did."""

from random import Random

from coterie.evals.templates.family import Family, Parts, call, failing, miss, solution
from coterie.evals.templates.faults import NOT_DONE, outage
from coterie.evals.templates.impossible import impossible
from coterie.evals.templates.sealed.words import IMPOSSIBLE
from coterie.evals.templates.words import COLOURS, ITEMS, PEOPLE, PLACES, TOPICS
from coterie.evals.templates.worlds.notebook import OLD


def who_was_it(random: Random) -> Parts:
    """What the user said in passing, in a task about something else."""
    person, other = random.sample(PEOPLE, 2)
    item, colour = random.choice(ITEMS), random.choice(COLOURS)
    bought = {"item": f"{colour} {item}", "quantity": 1}
    return {
        "earlier": [
            {
                "task": f"{person} wants a {colour} {item}: put 1 {colour} {item} on the shopping list.",
                "reference": solution(call("buy", **bought), answer=f"The {item} for {person} is on the list."),
            }
        ],
        "task": f"Save a note with the title Present and as its text the name of the person who wanted the {item}.",
        "setup": OLD,
        "expect": {
            "changes": {"/notes/Present": {"$contains": [person]}, "/shopping": {"$append": [bought]}},
        },
        "reference": solution(call("save_note", title="Present", text=person), answer=f"It was {person}."),
        "near_misses": [miss("another person", call("save_note", title="Present", text=other))],
    }


def correct(random: Random) -> Parts:
    topic = random.choice(TOPICS)
    old, new = random.sample(PLACES, 2)
    title = topic.capitalize()
    setup = {"notes": {**OLD["notes"], title: f"takes place in {old}"}}
    return {
        "task": f'The note {title} is wrong. Save it again with the text "takes place in {new}".',
        "setup": setup,
        "expect": {"changes": {f"/notes/{title}": {"$contains": [new]}}},
        "reference": solution(call("save_note", title=title, text=f"takes place in {new}"), answer="Corrected."),
        "near_misses": [
            miss("a second note", call("save_note", title=f"{title} 2", text=f"takes place in {new}")),
            miss("both places", call("save_note", title=f"{title} new", text=f"takes place in {old}")),
        ],
    }


def forget(random: Random) -> Parts:
    """The note's title is not quite what the task says."""
    topic = random.choice(TOPICS)
    title = f"{topic.capitalize()} list"
    setup = {"notes": {**OLD["notes"], title: "chairs, tape, tea"}}
    return {
        "task": f"Delete the note {topic.capitalize()}.",
        "setup": setup,
        "expect": {"changes": {f"/notes/{title}": {"$removed": True}}},
        "reference": solution(
            failing("delete_note", title=topic.capitalize()),
            call("delete_note", title=title),
            answer=f"I deleted the note {title}.",
        ),
        "near_misses": [miss("another note", call("delete_note", title="Spare key"))],
    }


def locked(random: Random) -> Parts:
    """Half of it can be done, the other half has to be reported."""
    title, place = random.choice(TOPICS).capitalize(), random.choice(PLACES)
    setup = {"notes": {**OLD["notes"], title: f"chairs from {place}"}}
    read, kept = call("read_note", title=title), failing("delete_note", title=title)
    return {
        "task": f"Tell me what the note {title} says, and delete it. If you cannot, tell me so.",
        "setup": setup,
        "faults": outage("the notes are being copied and stay as they are until tomorrow", "delete_note"),
        "expect": {"may_refuse": True, "answer": [NOT_DONE, place.removeprefix("the ")]},
        "reference": solution(read, kept, answer=f"It says: chairs from {place}. I could not delete it."),
        "near_misses": [
            miss("claims it is deleted", read, kept, answer=f"It said: chairs from {place}. It is deleted."),
            miss("did not read it", kept, answer="I could not delete it."),
            miss(
                "emptied it instead",
                read,
                kept,
                call("save_note", title=title, text=""),
                answer=f"It said: chairs from {place}. I could not delete it, so it is empty.",
            ),
        ],
    }


FAMILIES = (
    Family("correct", 1, (), correct),
    Family("who-was-it", 3, ("memory",), who_was_it),
    Family("forget", 2, ("recovery",), forget),
    Family("locked", 2, ("faults", "outage"), locked),
    impossible(IMPOSSIBLE, lambda random: dict(OLD), miss("did something", call("list_notes"))),
)
