"""Where results go: a mail, a message, a file, a note. One is drawn for each task that ends in telling or keeping."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coterie.model.training.data.environments.records import C
from coterie.model.training.data.environments.scene import Scene, Step
from coterie.model.training.data.environments.words import CITIES, between, email, file_name, person, pick


@dataclass(frozen=True)
class Sink:
    """One place for a text: how the task asks for it, and what is known of the call before the text is."""

    role: str
    asked: str  # "mail it to x@y" with {what} for the thing
    known: Mapping[str, Any]
    text: str  # the parameter that takes the text
    title: str  # the parameter that takes a title, if any
    do: str
    past: str

    def step(self, *needs: int) -> Step:
        """The planned step, when its text is not known yet."""
        return Step(self.role, self.do, self.known, needs)

    def asks(self, what: str) -> str:
        """The imperative, for what is to be told."""
        return self.asked.replace("{what}", what)


def draw(t: Scene, c: C, stem: str) -> Sink:
    """A sink that suits the collection; `stem` names files."""
    kind = t.rng.random()
    if kind < 0.36:
        return mail(t, c)
    if kind < 0.72:
        return file(t, stem)
    return post(t, c) if kind < 0.88 else memo(t, stem)


def mail(t: Scene, c: C) -> Sink:
    """A mail to an address in the task, or to a person whose address memory recalls."""
    name = person(t.rng)
    to = email(t.rng, name)
    if t.chance(0.15):
        t.recall(
            t.pick(f"[fact] {name}'s address is {to}", f"[fact] mail for {name} goes to {to}", f"[fact] {name}: {to}")
        )
        whom = t.pick(name, name.split()[0])
    else:
        whom = t.pick(to, to, f"{name} ({to})", f"{name} at {to}", f"{pick(t.rng, c.audience)} at {to}")
    asked = t.pick(
        f"mail {{what}} to {whom}",
        f"email {{what}} to {whom}",
        f"send {{what}} to {whom}",
        f"send {whom} an email with {{what}}",
        f"let {whom} know {{what}} by mail",
    )
    return Sink(
        "mail.send",
        asked,
        {"to": to},
        "body",
        "subject",
        t.pick(f"Mail it to {to}", f"Send a mail to {to}", f"Email the result to {to}"),
        f"mailed to {to}",
    )


def file(t: Scene, stem: str) -> Sink:
    """A file, written or appended to."""
    path = file_name(
        t.rng,
        pick(
            t.rng,
            (stem, stem, "summary", "result", "report", f"{stem} {pick(t.rng, CITIES).lower()}", "overview", "status"),
        ),
        ("txt", "md", "txt", "log"),
    )
    if t.chance(0.08):
        folder, name = (
            t.pick("reports/2025", "projects/alpha", "shared/office", "notes/weekly"),
            path.rpartition("/")[2],
        )
        t.recall(
            t.pick(
                f"[fact] the usual folder is {folder}",
                f"[lesson] files like this belong in {folder}",
                f"[fact] {folder} is where results are kept",
            )
        )
        asked = t.pick(
            f"save {{what}} as {name} in the usual folder", f"write {{what}} to {name}, in the folder as always"
        )
        path = f"{folder}/{name}"
        return Sink("files.write", asked, {"path": path}, "content", "", f"Write it to {path}", f"written to {path}")
    if t.chance(0.25):
        t.world["files"][path] = t.pick("Started on Monday.", "# Log", "earlier entries follow", "first line")
        asked = t.pick(
            f"append {{what}} to {t.quote(path)}",
            f"add a line with {{what}} to {path}",
            f"add {{what}} at the end of {path}",
        )
        return Sink("files.append", asked, {"path": path}, "content", "", f"Append it to {path}", f"appended to {path}")
    asked = t.pick(
        f"write {{what}} to {t.quote(path)}", f"save {{what}} in {t.quote(path)}", f"put {{what}} into the file {path}",
        f"store {{what}} as {path}", f"create {path} with {{what}}",
    )  # fmt: skip
    return Sink(
        "files.write",
        asked,
        {"path": path},
        "content",
        "",
        t.pick(f"Write it to {path}", f"Save the result in {path}"),
        f"written to {path}",
    )


def post(t: Scene, c: C) -> Sink:
    """A message to a channel."""
    channel = pick(t.rng, c.channels)
    asked = t.pick(
        f"post {{what}} in {channel}",
        f"tell {channel} {{what}}",
        f"share {{what}} on {channel}",
        f"announce {{what}} in the {channel} channel",
    )
    return Sink("chat.post", asked, {"channel": channel}, "text", "", f"Post it in {channel}", f"posted in {channel}")


def memo(t: Scene, stem: str) -> Sink:
    """A note with a title."""
    title = t.pick(stem.title(), f"{stem} {between(t.rng, 2, 60)}", f"about {stem}", stem)
    asked = t.pick(
        f"save a note '{title}' with {{what}}",
        f'keep {{what}} in a note called "{title}"',
        f"note down {{what}} under {t.quote(title)}",
    )
    return Sink("memos.save", asked, {"title": title}, "text", "", f"Save the note {title}", f"saved as note '{title}'")


def deliver(t: Scene, sink: Sink, text: str, title: str) -> bool:
    """Call the sink with its text and judge; true, as the goal of a run is that it arrived."""
    title = title if " " in title or any(c.isdigit() for c in title) else f"The {title.lower()}"
    extra = {sink.title: title} if sink.title else {}
    t.call(**{sink.text: text}, **extra)
    where = {"mail.send": "outbox", "chat.post": "posts", "memos.save": "memos"}.get(sink.role)
    if where:
        t.check(lambda: bool(t.world[where]) and t.world[where][-1][sink.text] == text)
    else:
        t.check(lambda: text in t.world["files"][sink.known["path"]])
    t.done(t.pick(f"{sink.past[0].upper()}{sink.past[1:]}.", f"Done, {sink.past}.", f"It is {sink.past}."))
    return True
