"""Tasks of the small shell-like world."""

from random import Random

from coterie.evals.templates.family import Family, Parts, call, failing, miss, solution, tried
from coterie.evals.templates.faults import hiccup
from coterie.evals.templates.worlds.terminal import draw_tree, escaped


def remove(random: Random) -> Parts:
    setup, _ = draw_tree(random)
    paths = list(setup["files"])
    path = random.choice(paths)
    other = next(p for p in paths if p != path)
    phrase = random.choice(("Delete the file {p}.", "Remove {p}, nothing else."))
    return {
        "task": phrase.format(p=path),
        "setup": setup,
        "expect": {"changes": {f"/files/{escaped(path)}": {"$removed": True}}},
        "reference": solution(call("rm", path=path), answer=f"{path} is deleted."),
        "near_misses": [miss("one more", call("rm", path=path), call("rm", path=other))],
    }


def misspelt(random: Random) -> Parts:
    setup, _ = draw_tree(random)
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
    setup, home = draw_tree(random)
    names = random.sample(("a", "b", "c", "report", "cache"), 2)
    junk = [f"{home}/{name}.tmp" for name in names]
    setup["files"].update(dict.fromkeys(junk, "x\n"))
    kept = next(path for path in setup["files"] if path.endswith(".txt"))
    return {
        "task": f"List the folder {home} and delete every file in it that ends with .tmp.",
        "setup": setup,
        "expect": {"changes": {f"/files/{escaped(path)}": {"$removed": True} for path in junk}},
        "reference": solution(call("ls", folder=home), *(call("rm", path=path) for path in junk), answer="Deleted."),
        "near_misses": [
            miss("one left", call("rm", path=junk[0])),
            miss("one too many", *(call("rm", path=path) for path in (*junk, kept))),
        ],
    }


def copy_again(random: Random) -> Parts:
    setup, home = draw_tree(random)
    path, other = random.sample(list(setup["files"]), 2)
    target = f"{home}/old/{path.rpartition('/')[2]}"
    copy = call("cp", source=path, destination=target)
    lost = tried(copy)
    return {
        "task": f"Copy {path} to {target}. If the disk does not answer, try again.",
        "setup": setup,
        "faults": hiccup("cp", "the disk did not answer; try again"),
        "expect": {"changes": {f"/files/{escaped(target)}": setup["files"][path]}},
        "reference": solution(lost, copy, answer=f"It is in {home}/old."),
        "near_misses": [
            miss("tried once", lost, answer=f"It is in {home}/old."),
            miss("moved it instead", lost, call("mv", source=path, destination=target)),
            miss("another file", lost, call("cp", source=other, destination=target)),
        ],
    }


FAMILIES = (
    Family("remove", 1, (), remove),
    Family("misspelt", 2, ("recovery",), misspelt),
    Family("tidy", 3, ("parallel",), tidy),
    Family("copy-again", 1, ("recovery", "faults"), copy_again),
)
