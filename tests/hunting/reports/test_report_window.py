"""Which time a report is about: whole days of people in a time zone, over the changes of summer time too."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hunting.reports.window import is_period, window_of


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "timezone", "now", "start", "end", "name"),
    [
        ("last week", "UTC", "2026-03-02 06:00", "2026-02-23", "2026-03-02", "2026-02-23 to 2026-03-01"),
        ("last week", "UTC", "2026-03-01 23:59", "2026-02-16", "2026-02-23", "2026-02-16 to 2026-02-22"),
        ("last week", "UTC", "2026-03-02 00:00", "2026-02-23", "2026-03-02", "2026-02-23 to 2026-03-01"),
        ("last 2 weeks", "UTC", "2026-03-02 06:00", "2026-02-16", "2026-03-02", "2026-02-16 to 2026-03-01"),
        ("last day", "UTC", "2026-03-02 06:00", "2026-03-01", "2026-03-02", "2026-03-01"),
        ("last 30 days", "UTC", "2026-03-02 06:00", "2026-01-31", "2026-03-02", "2026-01-31 to 2026-03-01"),
        ("last month", "UTC", "2026-01-15", "2025-12-01", "2026-01-01", "2025-12-01 to 2025-12-31"),
        ("last 14 months", "UTC", "2026-03-02", "2025-01-01", "2026-03-01", "2025-01-01 to 2026-02-28"),
        ("last hour", "UTC", "2026-03-02 06:59", "2026-03-02 05:00", "2026-03-02 06:00", "2026-03-02 05:00 to 2026-03-02 06:00"),
        ("last day", "Europe/Berlin", "2026-03-29 23:00", "2026-03-28 23:00", "2026-03-29 22:00", "2026-03-29"),
        ("last day", "Europe/Berlin", "2026-10-26 00:30", "2026-10-24 22:00", "2026-10-25 23:00", "2026-10-25"),
        ("last day", "Asia/Tokyo", "2026-03-01 15:00", "2026-02-28 15:00", "2026-03-01 15:00", "2026-03-01"),
        ("last day", "America/New_York", "2026-03-02 04:59", "2026-02-28 05:00", "2026-03-01 05:00", "2026-02-28"),
    ],
)
def test_a_window_is_whole_and_over(period: str, timezone: str, now: str, start: str, end: str, name: str) -> None:
    window = window_of(period, timezone, utc(now))
    assert (window.start, window.end, str(window)) == (utc(start), utc(end), name)


def test_windows_of_one_period_follow_each_other() -> None:
    first, second = (window_of("last week", "Europe/Berlin", utc(day)) for day in ("2026-03-25", "2026-04-01"))
    assert first.end == second.start


def test_files_of_a_part_of_a_day_are_named_by_its_hour() -> None:
    assert window_of("last 4 hours", "UTC", utc("2026-03-02 06:10")).stem == "2026-03-02T0200"


@pytest.mark.parametrize("text", ["", "last", "last 0 days", "last year", "week", "last  week", "last 1000 days", None, 7])
def test_what_is_no_period(text: object) -> None:
    assert not is_period(text)
