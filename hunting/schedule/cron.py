"""When a job is due: a cron expression in a time zone. The one place that knows cron and zones.

The five fields of crontab(5) with Debian's rules for summer time: what has a fixed hour and falls into the hour that is left out
runs right after it, and in the hour that comes twice it runs once; what runs every hour follows the real time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from cronsim import CronSim, CronSimError

from hunting.errors import ScheduleError
from kql.errors import closest

COUNTED = 1_000
"""Missed moments are counted up to here."""

_NAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}
_FIELDS = "Five fields: minute, hour, day of month, month, day of week; '0 7 * * MON' is every Monday at 07:00."
_WINDOWS = tuple(timedelta(hours=hours) for hours in (2, 2 * 24, 62 * 24, 800 * 24))  # tried one after another, back from now
_SOME_TIME = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Moments in time; `parse` makes and checks one. All moments that go in and come out are aware; those that come out, UTC."""

    expression: str
    zone: str = "UTC"

    @classmethod
    def parse(cls, expression: str, zone: str = "UTC") -> Schedule:
        """A schedule from a cron expression (or @hourly, @daily, @weekly, @monthly, @yearly) and the name of a time zone.

        Raises:
            ScheduleError: it is no such expression, it never comes true, or there is no such zone.
        """
        text, place = " ".join(str(expression).split()), str(zone).strip()
        try:
            ZoneInfo(place)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            hint = closest(place, available_timezones()) or "Names of the IANA database, such as Europe/Berlin or UTC."
            raise ScheduleError(f"There is no time zone '{place}'.", hint=hint) from None
        fields = _NAMES.get(text.lower(), text)
        if len(fields.split()) != 5:  # six fields would be seconds, which no other cron has
            raise ScheduleError(f"'{text}' is no cron expression.", hint=_FIELDS)
        try:
            found = cls(text, place)
            next(found._after(_SOME_TIME))
        except CronSimError as error:
            raise ScheduleError(f"'{text}' is no cron expression: {error}.", hint=_FIELDS) from None
        except (StopIteration, RuntimeError):
            raise ScheduleError(f"The schedule '{text}' never comes true.", hint="Look at its day and its month.") from None
        return found

    def after(self, moment: datetime) -> datetime:
        """The first moment after the given one."""
        return next(self._after(moment))

    def latest(self, since: datetime, until: datetime) -> datetime | None:
        """The last moment in (since, until], or None."""
        for window in _WINDOWS:
            found = self._last(max(since, until - window), until)
            if found is not None or until - window <= since:
                return found
        return self._last(since, until)

    def count(self, since: datetime, until: datetime) -> int:
        """How many moments lie in (since, until], counted up to `COUNTED`."""
        return sum(moment <= until for moment in islice(self._after(since), COUNTED)) if since < until else 0

    def _last(self, since: datetime, until: datetime) -> datetime | None:
        last = None
        for moment in self._after(since):
            if moment > until:
                break
            last = moment
        return last

    def _after(self, moment: datetime) -> Iterator[datetime]:
        # In the hour that comes twice cronsim may begin with a moment that is over: compared in UTC, it is left out.
        fields = _NAMES.get(self.expression.lower(), self.expression)
        for found in CronSim(fields, moment.astimezone(ZoneInfo(self.zone))):
            if found.astimezone(UTC) > moment:
                yield found.astimezone(UTC)
