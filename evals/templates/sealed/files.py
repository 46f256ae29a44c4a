"""Tasks of the built-in file tools."""

from random import Random

from coterie.evals.templates.family import Family, Parts, call, miss, solution, tried
from coterie.evals.templates.impossible import impossible
from coterie.evals.templates.sealed.words import IMPOSSIBLE
from coterie.evals.templates.words import COLOURS, ITEMS, PEOPLE
from coterie.evals.templates.worlds.files import as_text, draw_facts, draw_name


def note_down(random: Random) -> Parts:
    name, words = f"{draw_name(random)}.txt", f"{random.choice(PEOPLE)} brings the {random.choice(ITEMS)}"
    old = as_text(draw_facts(random))
    return {
        "task": f'Add the line "{words}" at the end of {name}.',
        "setup": {"files": {name: old}},
        "expect": {"changes": {f"/files/{name}": old + words + "\n"}},
        "reference": solution(call("append_file", path=name, content=words), answer="Added."),
        "near_misses": [miss("replaced the text", call("write_file", path=name, content=words))],
    }


def which_file(random: Random) -> Parts:
    names = [f"{name}.txt" for name in random.sample(ITEMS, 3)]
    people = random.sample(PEOPLE, 3)
    files = {name: f"{person} keeps the {name[:-4]}.\n" for name, person in zip(names, people, strict=True)}
    number = random.randrange(3)
    name, person = names[number], people[number]
    found = call("search_files", text=person)
    return {
        "task": f"Which file mentions {person}? Write the name of that file to found.txt.",
        "setup": {"files": files},
        "expect": {"changes": {"/files/found.txt": {"$contains": [name]}}},
        "reference": solution(found, call("write_file", path="found.txt", content=name), answer=f"{name} does."),
        "near_misses": [
            miss("another file", found, call("write_file", path="found.txt", content=names[(number + 1) % 3])),
            miss("wrote nothing", found, answer=f"{name} does."),
        ],
    }


def shaky_disk(random: Random) -> Parts:
    """The first write fails for no fault of the agent; the same call works the second time."""
    name, words = f"{draw_name(random)}.txt", f"{random.choice(COLOURS)} {random.choice(ITEMS)}"
    write = call("write_file", path=name, content=words)
    return {
        "task": f'Write "{words}" to {name}. The disk is slow: if it does not work the first time, try again.',
        "setup": {"files": {}},
        "faults": [{"tool": "write_file", "error": "the disk did not answer; try again"}],
        "expect": {"changes": {f"/files/{name}": {"$contains": [words]}}},
        "reference": solution(tried(write), write, answer="Written."),
        "near_misses": [miss("tried once", tried(write), answer="Written.")],
    }


FAMILIES = (
    Family("note-down", 1, (), note_down),
    Family("which-file", 2, (), which_file),
    Family("shaky-disk", 3, ("recovery", "faults"), shaky_disk),
    impossible(
        IMPOSSIBLE,
        lambda random: {"files": {"plan.txt": as_text(draw_facts(random))}},
        miss("did something", call("write_file", path="done.txt", content="done")),
    ),
)
