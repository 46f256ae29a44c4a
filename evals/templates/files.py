"""Tasks of the built-in file tools."""

from random import Random

from coterie.evals.templates.family import Family, Parts, call, failing, miss, solution
from coterie.evals.templates.impossible import impossible
from coterie.evals.templates.words import CITIES, COLOURS, ITEMS, PEOPLE, PLACES, TOPICS


def _facts(random: Random) -> dict[str, str]:
    return {
        "Place": random.choice(PLACES),
        "Guide": random.choice(PEOPLE),
        "Colour": random.choice(COLOURS),
        "City": random.choice(CITIES),
    }


def _text(facts: dict[str, str]) -> str:
    return "".join(f"{key}: {value}\n" for key, value in facts.items())


def _name(random: Random) -> str:
    return random.choice(TOPICS).replace(" ", "_")


def look_up(random: Random) -> Parts:
    facts, name = _facts(random), f"{_name(random)}.txt"
    key = random.choice(("Place", "Guide", "Colour"))
    words = {"Place": "Which place", "Guide": "Who is named as the guide", "Colour": "Which colour"}
    tail = " is given" if key != "Guide" else ""
    return {
        "task": f"{words[key]}{tail} in the file {name}?",
        "setup": {"files": {name: _text(facts), "other.txt": _text(_facts(random))}},
        "expect": {"answer": [facts[key].removeprefix("the ")]},
        "reference": solution(call("read_file", path=name), answer=f"{facts[key]}."),
        "near_misses": [miss("another line", call("read_file", path=name), answer=f"{facts['City']}.")],
    }


def note_down(random: Random) -> Parts:
    name, words = f"{_name(random)}.txt", f"{random.choice(PEOPLE)} brings the {random.choice(ITEMS)}"
    old = _text(_facts(random))
    return {
        "task": f'Add the line "{words}" at the end of {name}.',
        "setup": {"files": {name: old}},
        "expect": {"changes": {f"/files/{name}": old + words + "\n"}},
        "reference": solution(call("append_file", path=name, content=words), answer="Added."),
        "near_misses": [miss("replaced the text", call("write_file", path=name, content=words))],
    }


def put_away(random: Random) -> Parts:
    name, folder = f"{_name(random)}.txt", random.choice(COLOURS)
    text = _text(_facts(random))
    files = {name: text, "keep.txt": "keep\n"}
    return {
        "task": f"Move {name} into the folder {folder}, under the same name.",
        "setup": {"files": files},
        "expect": {"changes": {f"/files/{name}": {"$removed": True}, f"/files/{folder}~1{name}": text}},
        "reference": solution(call("move_file", source=name, destination=f"{folder}/{name}"), answer="Moved."),
        "near_misses": [miss("another file", call("move_file", source="keep.txt", destination=f"{folder}/{name}"))],
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


def copy_value(random: Random) -> Parts:
    facts, name = _facts(random), f"{_name(random)}.txt"
    key = random.choice(("Guide", "City", "Colour"))
    target = f"{key.lower()}.txt"
    other = next(value for label, value in facts.items() if label not in (key, "Place"))
    read = call("read_file", path=name)
    return {
        "task": f"Read {name} and write what stands there after {key} to {target}, nothing else.",
        "setup": {"files": {name: _text(facts)}},
        "expect": {"changes": {f"/files/{target}": {"$contains": [facts[key]]}}},
        "reference": solution(read, call("write_file", path=target, content=facts[key]), answer=f"{facts[key]}."),
        "near_misses": [miss("another value", read, call("write_file", path=target, content=other))],
    }


def wrong_name(random: Random) -> Parts:
    facts, stem = _facts(random), _name(random)
    name, told = f"{stem}.txt", f"{stem.replace('_', '-')}.txt"
    return {
        "task": f"Which city stands in {told}?",
        "setup": {"files": {name: _text(facts), "readme.md": "see the text files\n"}},
        "expect": {"answer": [facts["City"]]},
        "reference": solution(
            failing("read_file", path=told), call("read_file", path=name), answer=f"{facts['City']}."
        ),
        "near_misses": [miss("gave up", failing("read_file", path=told), answer="There is no such file.")],
    }


def shaky_disk(random: Random) -> Parts:
    """The first write fails for no fault of the agent; the same call works the second time."""
    name, words = f"{_name(random)}.txt", f"{random.choice(COLOURS)} {random.choice(ITEMS)}"
    write = call("write_file", path=name, content=words)
    return {
        "task": f'Write "{words}" to {name}. The disk is slow: if it does not work the first time, try again.',
        "setup": {"files": {}},
        "faults": [{"tool": "write_file", "error": "the disk did not answer; try again"}],
        "expect": {"changes": {f"/files/{name}": {"$contains": [words]}}},
        "reference": solution({**write, "fails": True}, write, answer="Written."),
        "near_misses": [miss("tried once", {**write, "fails": True}, answer="Written.")],
    }


FAMILIES = (
    Family("look-up", 1, "public", (), look_up),
    Family("note-down", 1, "sealed", (), note_down),
    Family("put-away", 1, "public", (), put_away),
    Family("which-file", 2, "sealed", (), which_file),
    Family("copy-value", 2, "public", (), copy_value),
    Family("wrong-name", 3, "public", ("recovery",), wrong_name),
    Family("shaky-disk", 3, "sealed", ("recovery", "faults"), shaky_disk),
    impossible(
        "sealed",
        lambda random: {"files": {"plan.txt": _text(_facts(random))}},
        miss("did something", call("write_file", path="done.txt", content="done")),
    ),
)
