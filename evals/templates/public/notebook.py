"""Tasks that go back to an earlier run, by the notebook or by the agent's own memory of what it did."""

from random import Random

from coterie.evals.templates.family import Family, Parts, call, miss, solution, tried
from coterie.evals.templates.faults import hiccup
from coterie.evals.templates.words import ITEMS, PLACES, TOPICS
from coterie.evals.templates.worlds.notebook import OLD

THINGS = ("bicycle lock", "garden gate", "office safe", "letter box", "tool shed")


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


def save_again(random: Random) -> Parts:
    topic, place = random.choice(TOPICS), random.choice(PLACES)
    title, text = topic.capitalize(), f"the keys are in {place}"
    save = call("save_note", title=title, text=text)
    busy = tried(save)
    return {
        "task": f'Save a note with the title "{title}" and the text "{text}". If that does not work, try again.',
        "setup": OLD,
        "faults": hiccup("save_note", "the notebook was busy and nothing was saved; try again"),
        "expect": {"changes": {f"/notes/{title}": {"$contains": [text]}}},
        "reference": solution(busy, save, answer="Saved."),
        "near_misses": [
            miss("tried once", busy, answer="Saved."),
            miss("another title", busy, call("save_note", title="Keys", text=text)),
            miss("another text", busy, call("save_note", title=title, text="the keys")),
        ],
    }


FAMILIES = (
    Family("save", 1, (), save),
    Family("from-a-note", 2, ("memory",), from_a_note),
    Family("buy-again", 3, ("memory",), buy_again),
    Family("save-again", 1, ("recovery", "faults"), save_again),
)
