"""Tasks of the calendar."""

from random import Random

from coterie.evals.templates.family import Family, Parts, call, failing, instead, miss, solution, tried
from coterie.evals.templates.faults import hiccup
from coterie.evals.templates.words import DATES, MEETINGS
from coterie.evals.templates.worlds.calendar import busy_days, new_event


def add(random: Random) -> Parts:
    events, date, free = busy_days(random)
    title, start = random.choice([m for m in MEETINGS if m not in str(events)]), random.choice(free)
    new = new_event(title, date, start)
    phrase = random.choice(("Put {t} into the calendar on {d} from {s} to {e}.", "Add {t} on {d}, {s} to {e}."))
    return {
        "task": phrase.format(t=title, d=date, s=start, e=new["end"]),
        "setup": {"events": events},
        "expect": {"changes": {"/events/E5": new}},
        "reference": solution(call("add_event", **new), answer=f"{title} is in the calendar."),
        "near_misses": [miss("another day", call("add_event", **{**new, "date": "2026-06-30"}))],
    }


def cancel(random: Random) -> Parts:
    events, _, _ = busy_days(random)
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


def fallback(random: Random) -> Parts:
    events, date, free = busy_days(random)
    taken = events[random.choice(("E1", "E2", "E3"))]["start"]
    title = random.choice([m for m in MEETINGS if m not in str(events)])
    first, second = new_event(title, date, taken), new_event(title, date, random.choice(free))
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


def add_again(random: Random) -> Parts:
    events, date, free = busy_days(random)
    title, start = random.choice([m for m in MEETINGS if m not in str(events)]), random.choice(free)
    new = new_event(title, date, start)
    add = call("add_event", **new)
    return {
        "task": f"Add {title} on {date}, {start} to {new['end']}. If the calendar does not answer, try again.",
        "setup": {"events": events},
        "faults": hiccup("add_event", "the calendar did not answer; try again"),
        "expect": {"changes": {"/events/E5": new}},
        "reference": solution(tried(add), add, answer=f"{title} is in the calendar."),
        "near_misses": [
            miss("tried once", tried(add), answer=f"{title} is in the calendar."),
            miss("another time", tried(add), instead(add, start="19:00", end="20:00")),
        ],
    }


def same_again(random: Random) -> Parts:
    """Only the memory of the earlier run says what was added, and when."""
    events, date, free = busy_days(random)
    title, other = random.sample([m for m in MEETINGS if m not in str(events)], 2)
    start = random.choice(free)
    again = random.choice([d for d in DATES if d not in str(events)])
    first, second = new_event(title, date, start), new_event(title, again, start)
    added = call("add_event", **second)
    return {
        "earlier": [
            {
                "task": f"Add {title} on {date} from {start} to {first['end']}.",
                "reference": solution(call("add_event", **first), answer=f"{title} is in the calendar."),
            }
        ],
        "task": f"Add the event of the last run once more, on {again} at the same time of day.",
        "setup": {"events": events},
        "expect": {"changes": {"/events/E5": first, "/events/E6": second}},
        "reference": solution(added, answer=f"{title} is on {again} as well."),
        "near_misses": [
            miss("another event", instead(added, title=other)),
            miss("another time", instead(added, start="19:00", end="20:00")),
            miss("moved the first one", call("move_event", event_id="E5", date=again, start=start, end=second["end"])),
        ],
    }


FAMILIES = (
    Family("add", 1, (), add),
    Family("cancel", 2, (), cancel),
    Family("fallback", 3, ("recovery", "conditional"), fallback),
    Family("add-again", 1, ("recovery", "faults"), add_again),
    Family("same-again", 3, ("memory",), same_again),
)
