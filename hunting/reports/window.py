"""The time that a report is about: the last complete hours, days, weeks or months before its run, in the report's time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_PERIOD = re.compile(r"last (?:([1-9]\d{0,2}) )?(hour|day|week|month)s?")


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` to before `end` (both UTC), as people of the time zone `timezone` count days."""

    start: datetime
    end: datetime
    timezone: str

    def local(self, moment: datetime) -> str:
        """A moment as it is called in the report's time zone; days without their midnight."""
        there = moment.astimezone(ZoneInfo(self.timezone))
        return f"{there:%Y-%m-%d}" if there.time() == datetime.min.time() else f"{there:%Y-%m-%d %H:%M}"

    @property
    def first(self) -> str:
        """The first day; the start, where days are not whole."""
        return self.local(self.start) if self._whole else self._time(self.start)

    @property
    def last(self) -> str:
        """The last day that belongs to it; the end, where days are not whole."""
        return self.local(self.end - timedelta(hours=12))[:10] if self._whole else self._time(self.end)

    def __str__(self) -> str:
        return self.first if self._whole and self.first == self.last else f"{self.first} to {self.last}"

    def _time(self, moment: datetime) -> str:
        return f"{moment.astimezone(ZoneInfo(self.timezone)):%Y-%m-%d %H:%M}"

    @property
    def _whole(self) -> bool:
        return all(len(self.local(bound)) == 10 for bound in (self.start, self.end))

    @property
    def stem(self) -> str:
        """The start as a part of a file's name."""
        return self.local(self.start).replace(" ", "T").replace(":", "")


def is_period(text: object) -> bool:
    """Whether `period` of a report's file can be this."""
    return isinstance(text, str) and _PERIOD.fullmatch(text) is not None


def window_of(period: str, timezone: str, now: datetime) -> Window:
    """The window of a run.

    Args:
        period: `last [N] hours|days|weeks|months`; weeks begin on Monday.
        now: aware. What is not over yet does not count: on a Sunday, the last week ended six days ago.
    """
    found = _PERIOD.fullmatch(period)
    if found is None:
        raise ValueError(f"'{period}' is no period")
    count, unit = int(found[1] or 1), found[2]
    if unit == "hour":  # there are zones where local hours are skipped or happen twice
        end = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return Window(end - timedelta(hours=count), end, timezone)
    day = now.astimezone(ZoneInfo(timezone)).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
    if unit == "month":
        last = day.replace(day=1)
        months = last.year * 12 + last.month - 1 - count
        first = last.replace(year=months // 12, month=months % 12 + 1)
    else:
        last = day - timedelta(days=day.weekday() if unit == "week" else 0)
        first = last - timedelta(days=count * (7 if unit == "week" else 1))
    start, end = (moment.replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC) for moment in (first, last))
    return Window(start, end, timezone)
