"""Dates: arithmetic at the edges of months, and written dates read without guessing."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.tools import Registry, ToolContext, builtin_tools
from coterie.tools.builtin.dates import date_add, days_between, format_date, parse_date

from .conftest import Run


async def test_today_follows_the_clock(workspace: Path) -> None:
    context = ToolContext(workspace, clock=lambda: date(2024, 2, 29))
    result = await Registry(builtin_tools(context)).get("today")({})
    assert result.data == {"date": "2024-02-29", "weekday": "Thursday"}


@pytest.mark.parametrize(
    ("start", "amount", "unit", "end"),
    [
        ("2025-01-31", 1, "months", "2025-02-28"),
        ("2024-02-29", 1, "years", "2025-02-28"),
        ("2025-01-01", -1, "days", "2024-12-31"),
        ("2025-01-03", 1, "business_days", "2025-01-06"),
        ("2025-01-04", -1, "business_days", "2025-01-03"),
        ("2025-01-01", 2, "weeks", "2025-01-15"),
        ("2025-03-31", -13, "months", "2024-02-29"),
    ],
)
async def test_date_add(run: Run, start: str, amount: int, unit: str, end: str) -> None:
    result = await run("date_add", date=start, amount=amount, unit=unit)
    assert result.data["date"] == end


@pytest.mark.parametrize(
    ("text", "options", "iso"),
    [
        ("May 3rd, 2025", {}, "2025-05-03"),
        ("3 May 2025", {}, "2025-05-03"),
        ("2025/05/03", {}, "2025-05-03"),
        ("25.12.2025", {}, "2025-12-25"),
        ("12/25/2025", {}, "2025-12-25"),
        ("05/03/2025", {"day_first": True}, "2025-03-05"),
        ("05/03/2025", {"day_first": False}, "2025-05-03"),
        ("05/05/2025", {}, "2025-05-05"),
        ("2025-05-03T10:00:00", {}, "2025-05-03"),
    ],
)
async def test_parse_date(run: Run, text: str, options: dict[str, Any], iso: str) -> None:
    assert (await run("parse_date", text=text, **options)).data["date"] == iso


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("parse_date", {"text": "05/03/2025"}, "two ways"),
        ("parse_date", {"text": "soon"}, "cannot read 'soon'"),
        ("parse_date", {"text": "31/02/2025"}, "is not a date"),
        ("date_add", {"date": "3 May", "amount": 1}, "write it as YYYY-MM-DD"),
        ("date_add", {"date": "2025-02-30", "amount": 1}, "'date' is \"2025-02-30\""),
        ("date_add", {"date": "2025-01-01", "amount": 99999999999}, "outside the years"),
        ("date_add", {"date": "2025-01-01", "amount": 9999999, "unit": "business_days"}, "outside the years"),
        ("format_date", {"date": "2025-01-01", "pattern": " "}, "pattern is empty"),
    ],
)
async def test_errors(run: Run, name: str, arguments: dict[str, Any], told: str) -> None:
    result = await run(name, **arguments)
    assert result.is_error
    assert told in result.text


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.integers(-10_000, 10_000))
def test_adding_and_counting_agree(start: date, amount: int) -> None:
    end = date.fromisoformat(date_add(start, amount)["date"])
    assert days_between(start, end) == amount
    assert parse_date(format_date(end))["date"] == end.isoformat()
