# ruff: noqa: E501  (phrases and tables are read best on one line)
"""Tasks that move files, or go through all files of a folder."""

from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments import words as w
from coterie.model.training.data.environments.scene import Scene, Step, Unlucky
from coterie.model.training.data.environments.workspace_files import FACTS, document
from coterie.model.training.data.surface import OpError


def move(t: Scene) -> None:
    """Move or rename; where something is in the way, the task says what to do."""
    path, _, _ = document(t)
    to = t.pick(
        f"archive/{path.rpartition('/')[2]}",
        w.file_name(t.rng, w.pick(t.rng, w.TOPICS)),
        f"old/{path.rpartition('/')[2]}",
    )
    if to == path:
        raise Unlucky
    spare = to.rpartition(".")[0] + t.pick("-2", "_new", "-copy") + "." + to.rpartition(".")[2]
    taken = t.chance(0.4)
    if taken:
        t.world["files"][to] = "already here\n"
    shown = t.mention(path, t.world["files"])
    otherwise = t.chance(0.7)
    tail = t.pick(f". If that exists already, use {spare}", f" (or {spare}, if that is taken)") if otherwise else ""
    t.task(
        say.spoken(
            t,
            None,
            say.order(
                t,
                t.pick(f"Move {shown} to {to}", f"Rename {t.quote(shown)} to {t.quote(to)}", f"Put {shown} under {to}")
                + tail,
            ),
        )
    )
    t.plan(Step("files.move", f"Move {shown} to {to}", {"path": shown, "destination": to}))
    text = t.world["files"][path]
    result = t.call()
    final = to
    if isinstance(result, OpError) and not otherwise:
        t.finish(f"{to} exists already; not moved.")
        t.answer(t.pick(f"Not moved: {to} exists already.", f"{to} is taken, so {path} stayed where it was."), "failed")
        return
    if isinstance(result, OpError):
        t.retry(t.pick(f"{to} is taken; use {spare}.", f"{to} exists already, so move it to {spare}."))
        t.again(path=path, destination=spare)
        final = spare
    t.check(lambda: t.world["files"].get(final) == text and path not in t.world["files"])
    t.done(f"Moved to {final}.")
    t.answer(t.pick(f"{path} is now {final}.", f"Moved to {final}."))


def move_into(t: Scene) -> None:
    """Into a folder, under its own name: the new path is put together from both."""
    path, _, _ = document(t)
    folder = t.pick("archive", "shared", "drafts", w.pick(t.rng, w.TOPICS).replace(" ", "-"), "done", "old/2024")
    name = path.rpartition("/")[2]
    to = f"{folder}/{name}"
    if to in t.world["files"] or to == path:
        raise Unlucky
    shown = t.mention(path, t.world["files"])
    there = t.pick(f"the folder {folder}", f"{folder}/", f"folder {t.quote(folder)}", f"the {folder} folder")
    kept = t.pick("", "", ", under the same name", ", keeping its name", " and leave its name as it is")
    t.task(
        say.spoken(
            t,
            None,
            say.order(t, t.pick(f"Move {shown} into {there}{kept}", f"Put {shown} in {there}{kept}", f"File {shown} under {there}{kept}")),
        )
    )  # fmt: skip
    t.plan(Step("files.move", f"Move {shown} into {there}", {"path": shown, "destination": to}))
    text = t.world["files"][path]
    if isinstance(t.call(), OpError):
        raise Unlucky
    t.check(lambda: t.world["files"].get(to) == text and path not in t.world["files"])
    t.done(t.pick(f"Moved to {to}.", f"It is {to} now."))
    t.answer(t.pick(f"{path} is now {to}.", f"Moved to {to}."))


def merge_folder(t: Scene) -> None:
    """All files of a folder: list, then read each, then one summary."""
    folder = t.pick("inbox", "minutes", "reports", "offers", "letters")
    name, draw = t.rng.choice(FACTS[:6])
    values = {}
    for topic in t.rng.sample(w.TOPICS, w.between(t.rng, 2, 3)):
        path = f"{folder}/{topic.replace(' ', '-')}.txt"
        values[path] = draw(t.rng)
        t.world["files"][path] = (
            f"{say.upper(topic)}\n{say.upper(name)}: {values[path]}\n{w.pick(t.rng, w.SENTENCES)}\n"
        )
    t.world["files"][w.file_name(t.rng, "readme")] = "Nothing here.\n"
    out = w.file_name(t.rng, f"{name} list")
    if out.startswith(folder):
        raise Unlucky
    paths = sorted(values)
    t.task(
        say.spoken(
            t,
            None,
            say.order(
                t,
                t.pick(
                    f"Read every file in {folder} and write the {name} of each to {out}",
                    f"Collect the {name} from all files in the folder {folder} into {out}",
                    f"Go through {folder}/ and put each file's {name} into {out}",
                ),
            ),
        )
    )
    t.plan(Step("files.list", f"List the files in {folder}", {"folder": folder}))
    t.call()
    n = len(paths)
    t.replan(
        f"{n} files: {', '.join(paths)}.",
        *(Step("files.read", f"Read {p}", {"path": p}) for p in paths),
        Step("files.write", f"Write the {name} of each file to {out}", {"path": out}, tuple(range(2, n + 2))),
    )
    for path in paths:
        t.call()
        t.done(f"{path}: {name} {values[path]}.")
    text = "\n".join(f"{p}: {values[p]}" for p in paths)
    t.call(content=text)
    t.check(lambda: t.world["files"][out] == text)
    t.done(f"Wrote {out}.")
    t.answer(t.pick(f"{out} lists {', '.join(str(values[p]) for p in paths)}.", f"Done, {n} files collected in {out}."))


GOALS = (
    ("move", "recovery", move, 4.0),
    ("move_into", "single", move_into, 4.0),
    ("merge_folder", "for_each", merge_folder, 4.0),
)
