"""Dates without times: today, arithmetic, differences, weekdays, reading and writing other formats."""

import calendar
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Literal, TypedDict

from coterie.tools.errors import ToolError
from coterie.tools.tool import Tool, tool

Unit = Literal["days", "weeks", "months", "years", "business_days"]

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WRITTEN = ("%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y", "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d")
_NUMERIC = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_MAX_BUSINESS_DAYS = 100_000


class Day(TypedDict):
    """A date and its weekday."""

    date: str
    weekday: str


class Dates:
    """The date tools, on a clock."""

    def __init__(self, clock: Callable[[], date]) -> None:
        self._clock = clock

    def tools(self) -> list[Tool]:
        """The tools, ready to be offered."""
        functions = (self.today, date_add, days_between, weekday, parse_date, format_date)
        return [tool(effect="read")(function) for function in functions]

    def today(self) -> Day:
        """Get today's date and weekday."""
        return _day(self._clock())


def date_add(date: date, amount: int, unit: Unit = "days") -> Day:
    """Add days, weeks, months, years or business days to a date. A negative amount goes back in time.

    Args:
        date: the date to start from, as YYYY-MM-DD
        amount: how many units to add; negative to subtract
        unit: what is counted; business_days are Monday to Friday
    """
    try:
        return _day(_added(date, amount, unit))
    except (OverflowError, ValueError):
        raise ToolError(f"{date} plus {amount} {unit} is outside the years 1 to 9999") from None


def days_between(start: date, end: date) -> int:
    """Count the days from one date to another. Negative if the end comes before the start.

    Args:
        start: the first date, as YYYY-MM-DD
        end: the second date, as YYYY-MM-DD
    """
    return (end - start).days


def weekday(date: date) -> str:
    """Tell which day of the week a date is.

    Args:
        date: the date, as YYYY-MM-DD
    """
    return _WEEKDAYS[date.weekday()]


def parse_date(text: str, day_first: bool | None = None) -> Day:
    """Turn a written date, such as 3 May 2025 or 05/03/2025, into YYYY-MM-DD.

    Args:
        text: the date as it is written
        day_first: for dates like 05/03/2025, true if the day comes first, false if the month does
    """
    cleaned = re.sub(r"(?<=\d)(st|nd|rd|th)\b|,", "", " ".join(text.split()))
    for pattern in _WRITTEN:
        with suppress(ValueError):
            return _day(datetime.strptime(cleaned, pattern).date())
    with suppress(ValueError):
        return _day(datetime.fromisoformat(cleaned).date())
    if match := _NUMERIC.fullmatch(cleaned):
        return _day(_numeric(text, match, day_first))
    raise ToolError(f"cannot read {text!r} as a date; write it like 3 May 2025 or 2025-05-03")


def format_date(date: date, pattern: str = "%d %B %Y") -> str:
    """Write a date in another form.

    Args:
        date: the date, as YYYY-MM-DD
        pattern: how to write it: %d day, %m month number, %B month name, %Y year, %A weekday, %j day of the year
    """
    if not pattern.strip():
        raise ToolError("pattern is empty; use one like %d %B %Y")
    return date.strftime(pattern)


def _added(start: date, amount: int, unit: Unit) -> date:
    if unit == "days":
        return start + timedelta(days=amount)
    if unit == "weeks":
        return start + timedelta(weeks=amount)
    if unit == "business_days":
        return _business_days_later(start, amount)
    months = start.year * 12 + start.month - 1 + amount * (12 if unit == "years" else 1)
    year, month = months // 12, months % 12 + 1
    return start.replace(year=year, month=month, day=min(start.day, calendar.monthrange(year, month)[1]))


def _business_days_later(start: date, amount: int) -> date:
    if abs(amount) > _MAX_BUSINESS_DAYS:
        raise OverflowError
    day, step = start, timedelta(days=1 if amount >= 0 else -1)
    for _ in range(abs(amount)):
        day += step
        while day.weekday() >= 5:
            day += step
    return day


def _numeric(text: str, match: re.Match[str], day_first: bool | None) -> date:
    first, second, year = map(int, match.groups())
    if day_first is None and first != second and first <= 12 and second <= 12:
        raise ToolError(f"{text!r} can be read in two ways; say day_first true or false")
    if day_first is None:
        day_first = first > 12
    day, month = (first, second) if day_first else (second, first)
    try:
        return date(year, month, day)
    except ValueError as error:
        raise ToolError(f"{text!r} is not a date: {error}") from None


def _day(value: date) -> Day:
    return {"date": value.isoformat(), "weekday": _WEEKDAYS[value.weekday()]}
