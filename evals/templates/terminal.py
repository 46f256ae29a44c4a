"""Tasks of the small shell-like world."""

from random import Random
from typing import Any

from coterie.evals.templates.family import Family, Parts, call, failing, miss, solution
from coterie.evals.templates.impossible import impossible
from coterie.evals.templates.words import COLOURS, ITEMS, PEOPLE


def _tree(random: Random) -> tuple[dict[str, Any], str]:
    """A person's home with a few files; the setup and the home folder."""
    home = f"/home/{random.choice(PEOPLE).lower()}"
    things = random.sample(ITEMS, 3)
    files = {f"{home}/{thing}.txt": "".join(f"{word}\n" for word in _words(random)) for thing in things}
    return {"files": files, "folders": ["/home", home, f"{home}/old"]}, home


def _words(random: Random) -> list[str]:
    return [f"{random.choice(COLOURS)} {random.choice(ITEMS)}" for _ in range(random.randrange(2, 9))]


def _escaped(path: str) -> str:
    return path.replace("/", "~1")


def lines(random: Random) -> Parts:
    setup, _ = _tree(random)
    path = random.choice(list(setup["files"]))
    number = len(setup["files"][path].splitlines())
    return {
        "task": f"How many lines does {path} have?",
        "setup": setup,
        "expect": {"answer": [number]},
        "reference": solution(call("wc", path=path), answer=f"It has {number} lines."),
        "near_misses": [miss("counted words", call("wc", path=path), answer=f"It has {2 * number + 1} lines.")],
    }


def remove(random: Random) -> Parts:
    setup, _ = _tree(random)
    paths = list(setup["files"])
    path = random.choice(paths)
    other = next(p for p in paths if p != path)
    phrase = random.choice(("Delete the file {p}.", "Remove {p}, nothing else."))
    return {
        "task": phrase.format(p=path),
        "setup": setup,
        "expect": {"changes": {f"/files/{_escaped(path)}": {"$removed": True}}},
        "reference": solution(call("rm", path=path), answer=f"{path} is deleted."),
        "near_misses": [miss("one more", call("rm", path=path), call("rm", path=other))],
    }


def backup(random: Random) -> Parts:
    setup, home = _tree(random)
    path, folder = random.choice(list(setup["files"])), f"{home}/{random.choice(COLOURS)}"
    copy = f"{folder}/{path.rpartition('/')[2]}"
    return {
        "task": f"Make the folder {folder} and copy the file {path} into it.",
        "setup": setup,
        "expect": {
            "changes": {"/folders": {"$append": [folder]}, f"/files/{_escaped(copy)}": setup["files"][path]},
        },
        "reference": solution(
            call("mkdir", folder=folder), call("cp", source=path, destination=copy), answer=f"It is in {folder}."
        ),
        "near_misses": [
            miss("moved, not copied", call("mkdir", folder=folder), call("mv", source=path, destination=copy))
        ],
    }


def locked(random: Random) -> Parts:
    setup, _ = _tree(random)
    path = random.choice(list(setup["files"]))
    setup["read_only"] = [path]
    return {
        "task": f"Delete the file {path}. If it is read-only, make it writable first.",
        "setup": setup,
        "expect": {"changes": {f"/files/{_escaped(path)}": {"$removed": True}, "/read_only": []}},
        "reference": solution(
            failing("rm", path=path),
            call("chmod", path=path, mode="w"),
            call("rm", path=path),
            answer="Deleted.",
        ),
        "near_misses": [miss("gave up", failing("rm", path=path), answer="It is read-only.")],
    }


def misspelt(random: Random) -> Parts:
    setup, _ = _tree(random)
    path = random.choice(list(setup["files"]))
    wrong = path.replace(".txt", ".text")
    first = setup["files"][path].splitlines()[0]
    second = setup["files"][path].splitlines()[1]
    return {
        "task": f"What does the first line of {wrong} say?",
        "setup": setup,
        "expect": {"answer": [first]},
        "reference": solution(failing("cat", path=wrong), call("cat", path=path), answer=f"It says: {first}"),
        "near_misses": [
            miss("another line", call("cat", path=path), answer=f"It says: {second if second != first else 'nothing'}")
        ],
    }


def tidy(random: Random) -> Parts:
    setup, home = _tree(random)
    names = random.sample(("a", "b", "c", "report", "cache"), 2)
    junk = [f"{home}/{name}.tmp" for name in names]
    setup["files"].update(dict.fromkeys(junk, "x\n"))
    kept = next(path for path in setup["files"] if path.endswith(".txt"))
    return {
        "task": f"List the folder {home} and delete every file in it that ends with .tmp.",
        "setup": setup,
        "expect": {"changes": {f"/files/{_escaped(path)}": {"$removed": True} for path in junk}},
        "reference": solution(call("ls", folder=home), *(call("rm", path=path) for path in junk), answer="Deleted."),
        "near_misses": [
            miss("one left", call("rm", path=junk[0])),
            miss("one too many", *(call("rm", path=path) for path in (*junk, kept))),
        ],
    }


FAMILIES = (
    Family("lines", 1, "public", (), lines),
    Family("remove", 1, "sealed", (), remove),
    Family("backup", 2, "public", (), backup),
    Family("misspelt", 2, "sealed", ("recovery",), misspelt),
    Family("locked", 3, "public", ("recovery", "conditional"), locked),
    Family("tidy", 3, "sealed", ("parallel",), tidy),
    impossible("public", lambda random: _tree(random)[0], miss("did something", call("ls", folder="/home"))),
)
