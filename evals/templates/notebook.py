"""Tasks that go back to an earlier run, by the notebook or by the agent's own memory of what it did."""

from random import Random

from coterie.evals.templates.family import Family, Parts, call, failing, miss, solution
from coterie.evals.templates.impossible import impossible
from coterie.evals.templates.words import COLOURS, ITEMS, PEOPLE, PLACES, TOPICS

THINGS = ("bicycle lock", "garden gate", "office safe", "letter box", "tool shed")
OLD = {"notes": {"Opening hours": "Mondays 9 to 12", "Spare key": "under the blue pot"}}


def save(random: Random) -> Parts:
    topic, place = random.choice(TOPICS), random.choice(PLACES)
    title, text = topic.capitalize(), f"it takes place in {place}"
    return {
        "task": f'Save a note with the title "{title}" and the text "{text}".',
        "setup": OLD,
        "expect": {"changes": {f"/notes/{title}": {"$contains": [text]}}},
        "reference": solution(call("save_note", title=title, text=text), answer="Saved."),
        "near_misses": [miss("another text", call("save_note", title=title, text="it takes place"))],
    }


def from_a_note(random: Random) -> Parts:
    """The earlier run saved it; the notebook still has it."""
    thing, code = random.choice(THINGS), random.randrange(1000, 9999)
    title = thing.capitalize()
    return {
        "earlier": [
            {
                "task": f"Save a note with the title {title}: the code is {code}.",
                "reference": solution(call("save_note", title=title, text=f"the code is {code}"), answer="Saved."),
            }
        ],
        "task": f"What is the code of the {thing}? It is in the note {title}.",
        "setup": OLD,
        "expect": {"answer": [code], "changes": {f"/notes/{title}": {"$contains": [code]}}},
        "reference": solution(call("read_note", title=title), answer=f"The code is {code}."),
        "near_misses": [miss("another code", call("read_note", title=title), answer=f"The code is {code + 1}.")],
    }


def buy_again(random: Random) -> Parts:
    """Only the memory of the earlier run says what and how many."""
    item, number = random.choice(ITEMS), random.randrange(2, 9)
    bought = {"item": item, "quantity": number}
    return {
        "earlier": [
            {
                "task": f"Put {number} {item} on the shopping list.",
                "reference": solution(call("buy", **bought), answer=f"{number} {item} on the list."),
            }
        ],
        "task": "Put the same thing on the shopping list as in the last run, and as many of it.",
        "setup": OLD,
        "expect": {"changes": {"/shopping": {"$append": [bought, bought]}}},
        "reference": solution(call("buy", **bought), answer=f"{number} {item} more on the list."),
        "near_misses": [miss("another number", call("buy", item=item, quantity=number + 1))],
    }


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


FAMILIES = (
    Family("save", 1, "public", (), save),
    Family("from-a-note", 2, "public", ("memory",), from_a_note),
    Family("correct", 1, "sealed", (), correct),
    Family("buy-again", 3, "public", ("memory",), buy_again),
    Family("who-was-it", 3, "sealed", ("memory",), who_was_it),
    Family("forget", 2, "sealed", ("recovery",), forget),
    impossible("sealed", lambda random: dict(OLD), miss("did something", call("list_notes"))),
)
