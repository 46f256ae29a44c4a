"""Tasks of the calendar."""

from random import Random

from coterie.evals.templates.family import Family, Parts, call, failing, miss, solution
from coterie.evals.templates.impossible import impossible
from coterie.evals.templates.words import DATES, MEETINGS

HOURS = ("09:00", "10:00", "11:00", "13:00", "14:00", "15:00", "16:00")


def _later(start: str, hours: int = 1) -> str:
    return f"{int(start[:2]) + hours:02d}:{start[3:]}"


def _event(title: str, date: str, start: str) -> dict[str, str]:
    return {"title": title, "date": date, "start": start, "end": _later(start)}


def _busy(random: Random) -> tuple[dict[str, dict[str, str]], str, list[str]]:
    """Three events on one day, one on another; the day, and its free full hours."""
    date, other = random.sample(DATES, 2)
    titles, starts = random.sample(MEETINGS, 4), sorted(random.sample(HOURS, 3))
    events = {
        f"E{i}": _event(title, date, start)
        for i, (title, start) in enumerate(zip(titles[:3], starts, strict=True), start=1)
    }
    events["E4"] = _event(titles[3], other, random.choice(HOURS))
    return events, date, [hour for hour in HOURS if hour not in starts]


def add(random: Random) -> Parts:
    events, date, free = _busy(random)
    title, start = random.choice([m for m in MEETINGS if m not in str(events)]), random.choice(free)
    new = _event(title, date, start)
    phrase = random.choice(("Put {t} into the calendar on {d} from {s} to {e}.", "Add {t} on {d}, {s} to {e}."))
    return {
        "task": phrase.format(t=title, d=date, s=start, e=new["end"]),
        "setup": {"events": events},
        "expect": {"changes": {"/events/E5": new}},
        "reference": solution(call("add_event", **new), answer=f"{title} is in the calendar."),
        "near_misses": [miss("another day", call("add_event", **{**new, "date": "2026-06-30"}))],
    }


def when(random: Random) -> Parts:
    events, date, _ = _busy(random)
    key = random.choice(("E1", "E2", "E3"))
    event = events[key]
    title = event["title"]
    phrase = random.choice(("At what time does {t} start on {d}?", "When is {t} on {d}?"))
    other = next(e for k, e in events.items() if k != key and e["start"] != event["start"])
    return {
        "task": phrase.format(t=title, d=date),
        "setup": {"events": events},
        "expect": {"answer": [event["start"]]},
        "reference": solution(call("list_events", date=date), answer=f"{title} starts at {event['start']}."),
        "near_misses": [miss("another event", call("list_events", date=date), answer=f"At {other['start']}.")],
    }


def cancel(random: Random) -> Parts:
    events, _, _ = _busy(random)
    key = random.choice(("E1", "E2", "E3", "E4"))
    title = events[key]["title"]
    other = "E2" if key == "E1" else "E1"
    phrase = random.choice(("Cancel {t}.", "{t} does not take place: find it and cancel it."))
    return {
        "task": phrase.format(t=title),
        "setup": {"events": events},
        "expect": {"changes": {f"/events/{key}": {"$removed": True}}},
        "reference": solution(
            call("find_event", title=title), call("cancel_event", event_id=key), answer=f"{title} is cancelled."
        ),
        "near_misses": [
            miss("another event", call("cancel_event", event_id=other)),
            miss("found, not cancelled", call("find_event", title=title)),
        ],
    }


def move(random: Random) -> Parts:
    events, date, free = _busy(random)
    key, start = random.choice(("E1", "E2", "E3")), random.choice(free)
    title = events[key]["title"]
    moved = {"date": date, "start": start, "end": _later(start)}
    return {
        "task": f"Find {title} and move it to {start} until {moved['end']} on {date}.",
        "setup": {"events": events},
        "expect": {"changes": {f"/events/{key}/start": start, f"/events/{key}/end": moved["end"]}},
        "reference": solution(
            call("find_event", title=title), call("move_event", event_id=key, **moved), answer=f"{title} is at {start}."
        ),
        "near_misses": [miss("added a second one", call("add_event", title=title, **moved))],
    }


def fallback(random: Random) -> Parts:
    events, date, free = _busy(random)
    taken = events[random.choice(("E1", "E2", "E3"))]["start"]
    title = random.choice([m for m in MEETINGS if m not in str(events)])
    first, second = _event(title, date, taken), _event(title, date, random.choice(free))
    return {
        "task": f"Add {title} on {date} from {taken} to {first['end']}. If that time is taken, add it from "
        f"{second['start']} to {second['end']}.",
        "setup": {"events": events},
        "expect": {"changes": {"/events/E5": second}},
        "reference": solution(
            failing("add_event", **first),
            call("add_event", **second),
            answer=f"{title} is at {second['start']}.",
        ),
        "near_misses": [miss("gave up", failing("add_event", **first), answer="That time is taken.")],
    }


def clear_day(random: Random) -> Parts:
    events, date, _ = _busy(random)
    del events["E3"]
    keys = [key for key, event in events.items() if event["date"] == date]
    return {
        "task": f"Cancel every event on {date}.",
        "setup": {"events": events},
        "expect": {"changes": {f"/events/{key}": {"$removed": True} for key in keys}},
        "reference": solution(
            call("list_events", date=date),
            *(call("cancel_event", event_id=key) for key in keys),
            answer="All cancelled.",
        ),
        "near_misses": [miss("one left", call("cancel_event", event_id=keys[0]))],
    }


FAMILIES = (
    Family("add", 1, "public", (), add),
    Family("when", 1, "sealed", (), when),
    Family("cancel", 2, "public", (), cancel),
    Family("move", 2, "sealed", (), move),
    Family("fallback", 3, "public", ("recovery", "conditional"), fallback),
    Family("clear-day", 3, "sealed", ("parallel",), clear_day),
    impossible(
        "sealed", lambda random: {"events": _busy(random)[0]}, miss("did something", call("list_events", date=DATES[0]))
    ),
)
