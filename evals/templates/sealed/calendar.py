"""Tasks of the calendar."""

from random import Random

from coterie.evals.templates.family import Family, Parts, call, failing, instead, miss, solution
from coterie.evals.templates.impossible import impossible
from coterie.evals.templates.sealed.words import IMPOSSIBLE
from coterie.evals.templates.words import DATES, MEETINGS, PEOPLE
from coterie.evals.templates.worlds.calendar import HOURS, busy_days, later, new_event


def when(random: Random) -> Parts:
    events, date, _ = busy_days(random)
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


def move(random: Random) -> Parts:
    events, date, free = busy_days(random)
    key, start = random.choice(("E1", "E2", "E3")), random.choice(free)
    title = events[key]["title"]
    moved = {"date": date, "start": start, "end": later(start)}
    return {
        "task": f"Find {title} and move it to {start} until {moved['end']} on {date}.",
        "setup": {"events": events},
        "expect": {"changes": {f"/events/{key}/start": start, f"/events/{key}/end": moved["end"]}},
        "reference": solution(
            call("find_event", title=title), call("move_event", event_id=key, **moved), answer=f"{title} is at {start}."
        ),
        "near_misses": [miss("added a second one", call("add_event", title=title, **moved))],
    }


def clear_day(random: Random) -> Parts:
    events, date, _ = busy_days(random)
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


def wrong_id(random: Random) -> Parts:
    """The error names the ids there are, the title says which."""
    events, date, free = busy_days(random)
    key, start = random.choice(("E1", "E2", "E3")), random.choice(free)
    title, wrong = events[key]["title"], f"E{random.randrange(5, 10)}"
    moved = {"date": date, "start": start, "end": later(start)}
    mistyped = failing("move_event", event_id=wrong, **moved)
    other = "E2" if key == "E1" else "E1"
    return {
        "task": f"Move {wrong}, {title}, to {start} until {moved['end']} on {date}. The id may be mistyped.",
        "setup": {"events": events},
        "expect": {"changes": {f"/events/{key}/start": start, f"/events/{key}/end": moved["end"]}},
        "reference": solution(
            mistyped,
            call("find_event", title=title),
            call("move_event", event_id=key, **moved),
            answer=f"{title} is {key}; it is at {start} now.",
        ),
        "near_misses": [
            miss("gave up", mistyped, answer=f"There is no event {wrong}."),
            miss("another event", mistyped, call("move_event", event_id=other, **moved)),
            miss("added a second one", mistyped, call("add_event", title=title, **moved)),
        ],
    }


def asked_for(random: Random) -> Parts:
    """What the user said in passing, in a task about something else."""
    events, date, free = busy_days(random)
    person, other = random.sample(PEOPLE, 2)
    title = random.choice([m for m in MEETINGS if m not in str(events)])
    again = random.choice([d for d in DATES if d not in str(events)])
    first, second = new_event(title, date, random.choice(free)), new_event(person, again, random.choice(HOURS))
    added = call("add_event", **second)
    return {
        "earlier": [
            {
                "task": f"{person} asked for it: add {title} on {date}, {first['start']} to {first['end']}.",
                "reference": solution(call("add_event", **first), answer=f"{title} is in the calendar."),
            }
        ],
        "task": f"Add an event on {again} from {second['start']} to {second['end']}. Its title is the name of the "
        f"person who asked for {title}, nothing else.",
        "setup": {"events": events},
        "expect": {"changes": {"/events/E5": first, "/events/E6": second}},
        "reference": solution(added, answer=f"It was {person}."),
        "near_misses": [
            miss("another person", instead(added, title=other)),
            miss("the title of the first one", instead(added, title=title)),
        ],
    }


FAMILIES = (
    Family("when", 1, (), when),
    Family("move", 2, (), move),
    Family("clear-day", 3, ("parallel",), clear_day),
    Family("wrong-id", 3, ("recovery",), wrong_id),
    Family("asked-for", 3, ("memory",), asked_for),
    impossible(
        IMPOSSIBLE,
        lambda random: {"events": busy_days(random)[0]},
        miss("did something", call("list_events", date=DATES[0])),
    ),
)
