# ruff: noqa: E501  (phrases and tables are read best on one line)
"""Goals of passing a text on: the task gives it, and mail, channel, note or reminder gets it word for word."""

from typing import Any

from coterie.model.training.data.environments import phrases as say
from coterie.model.training.data.environments.records import C
from coterie.model.training.data.environments.scene import Scene, Step, Unlucky
from coterie.model.training.data.environments.words import (
    CITIES,
    COMPANIES,
    ITEMS,
    TOPICS,
    between,
    clock,
    day,
    email,
    person,
    pick,
)
from coterie.model.training.data.surface import OpError


def pass_on(t: Scene, c: C) -> None:
    """One text that stands in the task, to one place, with or without a title that is given as well."""
    text, title = _text(t), t.pick(say.upper(pick(t.rng, TOPICS)), f"{pick(t.rng, TOPICS)} on {day(t.rng)}", f"About the {c.noun}")  # fmt: skip
    role, asked, known, done = t.rng.choice([_by_mail, _by_mail, _in_a_channel, _as_a_note, _as_a_reminder])(t, c, text, title)  # fmt: skip
    t.task(say.spoken(t, c, asked))
    do = asked if len(asked) < 110 and "\n" not in asked else t.pick(f"Pass it on: {text}", f"Tell them: {text}")
    t.plan(Step(role, do.rstrip("."), known))
    if isinstance(t.call(), OpError):
        raise Unlucky
    where = {"mail.send": "outbox", "chat.post": "posts", "memos.save": "memos", "reminders.set": "reminders"}[role]
    t.check(lambda: bool(t.world[where]) and all(t.world[where][-1][k] == v for k, v in known.items()))
    t.done(t.pick(f"{say.upper(done)}.", f"It is {done}."))
    t.answer(t.pick(f"Done: {done}.", f"The text is {done}.", f"{say.upper(done)}."))


Way = tuple[str, str, dict[str, Any], str]


def _by_mail(t: Scene, c: C, text: str, title: str) -> Way:
    name = person(t.rng)
    to = email(t.rng, name)
    said = _said(t, text)
    asked = t.pick(
        f'Send {to} a mail with the subject "{title}": {said}', f"Mail {to}, subject {t.quote(title)}. The text: {said}",
        f"Write an email to {to} about {t.quote(title)} that says: {said}", f'Email {name} ({to}). Subject: "{title}". Body: {said}',
        f'A mail to {to}, please. It is titled "{title}" and reads {said}', f"Tell {to} by mail: {said}. The subject is {t.quote(title)}.",
    )  # fmt: skip
    return "mail.send", asked, {"to": to, "subject": title, "body": text}, f"mailed to {to}"


def _in_a_channel(t: Scene, c: C, text: str, title: str) -> Way:
    channel, said = pick(t.rng, c.channels), _said(t, text)
    asked = t.pick(
        f"Post in {channel}: {said}", f"Tell {channel} this: {said}", f"Let everybody in {channel} know: {said}", f"Say {said} in the {channel} channel",
        f"Write {said} to {channel}", f"{channel} should hear this: {said}",
    )  # fmt: skip
    return "chat.post", asked, {"channel": channel, "text": text}, f"posted in {channel}"


def _as_a_note(t: Scene, c: C, text: str, title: str) -> Way:
    said = _said(t, text)
    asked = t.pick(
        f'Save a note called "{title}": {said}', f"Note under {t.quote(title)}: {said}", f"Keep this as a note with the title {t.quote(title)}: {said}",
        f'Write {said} down, as the note "{title}"', f"A note for later, titled {t.quote(title)}. It says: {said}",
    )  # fmt: skip
    return "memos.save", asked, {"title": title, "text": text}, f"saved as note '{title}'"


def _as_a_reminder(t: Scene, c: C, text: str, title: str) -> Way:
    when, said = day(t.rng), _said(t, text)
    asked = t.pick(
        f"Remind me on {when}: {said}", f"Set a reminder for {when} that says {said}", f"On {when} I want to be reminded of this: {said}",
        f"Reminder, {when}: {said}",
    )  # fmt: skip
    return "reminders.set", asked, {"date": when, "text": text}, f"set for {when}"


def _said(t: Scene, text: str) -> str:
    return t.pick(text, text, f'"{text}"', f'"{text}"', f"'{text}'" if "'" not in text else f'"{text}"')


def _text(t: Scene) -> str:
    """What people tell each other, of many parts."""
    who, city, item, topic = person(t.rng), pick(t.rng, CITIES), pick(t.rng, ITEMS), pick(t.rng, TOPICS)
    firm, when, at, n = pick(t.rng, COMPANIES), day(t.rng), clock(t.rng), between(t.rng, 2, 60)
    return t.pick(
        f"The {topic} is moved to {at}", f"{who} will be {n} minutes late", f"Please bring the {item} on {when}", f"We have {n} of the {item} left",
        f"The truck for {city} leaves at {at}", f"{firm} signed today, well done everyone", f"No {topic} this week, {who} is ill", f"The door code is {between(t.rng, 1000, 9999)}, do not share it",
        f"Who has the key to room {n}? {who} needs it by {at}", f"Coffee for {n} people at {at}, please", f"{who} from {firm} calls back on {when}", f"The {item} arrived damaged; we send it back to {city}",
        f"Thanks for your help with the {topic}, {who.split()[0]}", f"All {n} seats for the {topic} are taken", f"Lunch is on {who} today", f"I am in {city} until {when}, please ask {who}",
        f"The offer of {firm} ends on {when}: {n} percent off every {item}", f"Number {n} is broken again", f"Can {who.split()[0]} take over the {topic}?", f"{city}, {at}, bring a {item}",
    )  # fmt: skip
