"""A calendar of one person: events of a day do not overlap. Times are HH:MM, dates YYYY-MM-DD."""

import re
from itertools import count
from typing import Any

from coterie.tools import ToolError, tool

STATE: dict[str, Any] = {"events": {}}

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@tool(effect="read")
def list_events(date: str) -> list[dict[str, str]]:
    """List the events of a day, in the order of time.

    Args:
        date: The day, as YYYY-MM-DD
    """
    _check(date)
    found = [{"event_id": key, **event} for key, event in STATE["events"].items() if event["date"] == date]
    return sorted(found, key=lambda event: str(event["start"]))


@tool(effect="read")
def find_event(title: str) -> list[dict[str, str]]:
    """Find events by words of their title.

    Args:
        title: Words of the title
    """
    found = [{"event_id": k, **e} for k, e in STATE["events"].items() if title.casefold() in e["title"].casefold()]
    if not found:
        raise ToolError(f"no event with {title!r} in its title")
    return found


@tool(effect="write")
def add_event(title: str, date: str, start: str, end: str) -> dict[str, str]:
    """Put an event into the calendar.

    Args:
        title: What it is
        date: The day, as YYYY-MM-DD
        start: When it begins, as HH:MM
        end: When it ends, as HH:MM
    """
    _check(date, start, end)
    _require_free(date, start, end)
    key = next(key for n in count(len(STATE["events"]) + 1) if (key := f"E{n}") not in STATE["events"])
    STATE["events"][key] = {"title": title, "date": date, "start": start, "end": end}
    return {"event_id": key, **STATE["events"][key]}


@tool(effect="write")
def move_event(event_id: str, date: str, start: str, end: str) -> dict[str, str]:
    """Move an event to another time.

    Args:
        event_id: Id of the event, such as E1
        date: The new day, as YYYY-MM-DD
        start: When it begins, as HH:MM
        end: When it ends, as HH:MM
    """
    event = _event(event_id)
    _check(date, start, end)
    _require_free(date, start, end, besides=event_id)
    event.update(date=date, start=start, end=end)
    return {"event_id": event_id, **event}


@tool(effect="write")
def cancel_event(event_id: str) -> str:
    """Take an event out of the calendar.

    Args:
        event_id: Id of the event, such as E1
    """
    title = _event(event_id)["title"]
    del STATE["events"][event_id]
    return f"cancelled {event_id}: {title}"


def _event(event_id: str) -> dict[str, str]:
    if event_id not in STATE["events"]:
        raise ToolError(f"no event {event_id!r}; the ids are {', '.join(STATE['events']) or 'none'}")
    event: dict[str, str] = STATE["events"][event_id]
    return event


def _check(date: str, *times: str) -> None:
    if not _DATE.fullmatch(date):
        raise ToolError(f"{date!r} is not a date; write it as YYYY-MM-DD")
    for time in times:
        if not _TIME.fullmatch(time):
            raise ToolError(f"{time!r} is not a time; write it as HH:MM")
    if len(times) == 2 and times[0] >= times[1]:
        raise ToolError(f"the end {times[1]} is not after the start {times[0]}")


def _require_free(date: str, start: str, end: str, besides: str | None = None) -> None:
    for key, event in STATE["events"].items():
        if key != besides and event["date"] == date and event["start"] < end and start < event["end"]:
            taken = f"{event['title']} ({event['start']} to {event['end']})"
            raise ToolError(f"{date} {start} to {end} is taken by {taken}")
