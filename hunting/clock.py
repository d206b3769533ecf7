"""Time as an argument: `now()` is asked of a clock that the caller hands in, never of the machine directly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The machine's time, aware, UTC."""
    return datetime.now(UTC)


def iso(moment: datetime, timespec: str = "auto") -> str:
    """An aware moment in ISO 8601 as JSON carries it, UTC: "2026-11-20T12:00:00Z"."""
    return moment.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def fixed_clock(moment: datetime) -> Clock:
    """A clock that stands still at `moment` (aware)."""
    if moment.tzinfo is None:
        raise ValueError("a clock needs an aware datetime")
    return lambda: moment


class ManualClock:
    """A clock that moves when it is told to."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def __call__(self) -> datetime:
        return self._moment

    def advance(self, span: timedelta) -> None:
        self._moment += span
