"""Calendars to work in."""

from random import Random

from coterie.evals.templates.family import Parts, call
from coterie.evals.templates.words import DATES, MEETINGS

HOURS = ("09:00", "10:00", "11:00", "13:00", "14:00", "15:00", "16:00")


def later(start: str, hours: int = 1) -> str:
    """The time so many full hours after."""
    return f"{int(start[:2]) + hours:02d}:{start[3:]}"


def new_event(title: str, date: str, start: str) -> dict[str, str]:
    """An event of one hour."""
    return {"title": title, "date": date, "start": start, "end": later(start)}


def busy_days(random: Random) -> tuple[dict[str, dict[str, str]], str, list[str]]:
    """Three events on one day, one on another; the day, and its free full hours."""
    date, other = random.sample(DATES, 2)
    titles, starts = random.sample(MEETINGS, 4), sorted(random.sample(HOURS, 3))
    events = {
        f"E{i}": new_event(title, date, start)
        for i, (title, start) in enumerate(zip(titles[:3], starts, strict=True), start=1)
    }
    events["E4"] = new_event(titles[3], other, random.choice(HOURS))
    return events, date, [hour for hour in HOURS if hour not in starts]


def stray(task: Parts) -> Parts:
    """A change that the task does not ask for."""
    return call("add_event", **new_event("Stocktaking", "2026-12-24", "18:00"))
