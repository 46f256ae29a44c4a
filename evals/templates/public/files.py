"""Tasks of the built-in file tools."""

from random import Random

from coterie.evals.templates.family import Family, Parts, call, failing, instead, miss, solution, tried
from coterie.evals.templates.faults import hiccup
from coterie.evals.templates.words import CITIES, COLOURS
from coterie.evals.templates.worlds.files import as_text, draw_facts, draw_name


def look_up(random: Random) -> Parts:
    facts, name = draw_facts(random), f"{draw_name(random)}.txt"
    key = random.choice(("Place", "Guide", "Colour"))
    words = {"Place": "Which place", "Guide": "Who is named as the guide", "Colour": "Which colour"}
    tail = " is given" if key != "Guide" else ""
    return {
        "task": f"{words[key]}{tail} in the file {name}?",
        "setup": {"files": {name: as_text(facts), "other.txt": as_text(draw_facts(random))}},
        "expect": {"answer": [facts[key].removeprefix("the ")]},
        "reference": solution(call("read_file", path=name), answer=f"{facts[key]}."),
        "near_misses": [miss("another line", call("read_file", path=name), answer=f"{facts['City']}.")],
    }


def put_away(random: Random) -> Parts:
    name, folder = f"{draw_name(random)}.txt", random.choice(COLOURS)
    text = as_text(draw_facts(random))
    files = {name: text, "keep.txt": "keep\n"}
    return {
        "task": f"Move {name} into the folder {folder}, under the same name.",
        "setup": {"files": files},
        "expect": {"changes": {f"/files/{name}": {"$removed": True}, f"/files/{folder}~1{name}": text}},
        "reference": solution(call("move_file", source=name, destination=f"{folder}/{name}"), answer="Moved."),
        "near_misses": [miss("another file", call("move_file", source="keep.txt", destination=f"{folder}/{name}"))],
    }


def copy_value(random: Random) -> Parts:
    facts, name = draw_facts(random), f"{draw_name(random)}.txt"
    key = random.choice(("Guide", "City", "Colour"))
    target = f"{key.lower()}.txt"
    other = next(value for label, value in facts.items() if label not in (key, "Place"))
    read = call("read_file", path=name)
    return {
        "task": f"Read {name} and write what stands there after {key} to {target}, nothing else.",
        "setup": {"files": {name: as_text(facts)}},
        "expect": {"changes": {f"/files/{target}": {"$contains": [facts[key]]}}},
        "reference": solution(read, call("write_file", path=target, content=facts[key]), answer=f"{facts[key]}."),
        "near_misses": [miss("another value", read, call("write_file", path=target, content=other))],
    }


def wrong_name(random: Random) -> Parts:
    facts, stem = draw_facts(random), draw_name(random)
    name, told = f"{stem}.txt", f"{stem.replace('_', '-')}.txt"
    return {
        "task": f"Which city stands in {told}?",
        "setup": {"files": {name: as_text(facts), "readme.md": "see the text files\n"}},
        "expect": {"answer": [facts["City"]]},
        "reference": solution(
            failing("read_file", path=told), call("read_file", path=name), answer=f"{facts['City']}."
        ),
        "near_misses": [miss("gave up", failing("read_file", path=told), answer="There is no such file.")],
    }


def read_again(random: Random) -> Parts:
    facts, name = draw_facts(random), f"{draw_name(random)}.txt"
    read, write = call("read_file", path=name), call("write_file", path="city.txt", content=facts["City"])
    other = next(city for city in CITIES if city != facts["City"])
    return {
        "task": f"Which city stands in {name}? Write it to city.txt.",
        "setup": {"files": {name: as_text(facts)}},
        "faults": hiccup("read_file", "the disk did not answer; try again"),
        "expect": {"changes": {"/files/city.txt": {"$contains": [facts["City"]]}}},
        "reference": solution(tried(read), read, write, answer=f"It is {facts['City']}."),
        "near_misses": [
            miss("gave up", tried(read), answer="The disk did not answer."),
            miss("guessed", tried(read), instead(write, content=other)),
            miss("wrote the guide", tried(read), read, instead(write, content=facts["Guide"])),
        ],
    }


FAMILIES = (
    Family("look-up", 1, (), look_up),
    Family("put-away", 1, (), put_away),
    Family("copy-value", 2, (), copy_value),
    Family("wrong-name", 3, ("recovery",), wrong_name),
    Family("read-again", 2, ("recovery", "faults"), read_again),
)
