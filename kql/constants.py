"""Texts that stand for values of the scalar types, and timespans as text (pages: scalar data types)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from uuid import UUID

from kql.functions.conversion import MOMENT_FORMATS
from kql.types import ScalarType


def parse_constant(text: str, kind: ScalarType) -> object | None:
    """The value of a text as a type, None if it is none of that type."""
    try:
        match kind:
            case ScalarType.BOOL:
                return {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
            case ScalarType.INT | ScalarType.LONG:
                value = int(text, 0) if "x" in text.lower() else int(text)
                bits = 31 if kind is ScalarType.INT else 63
                return value if -(1 << bits) <= value < 1 << bits else None
            case ScalarType.REAL:
                return float(text)
            case ScalarType.DECIMAL:
                number = Decimal(text)
                return number if number.is_finite() else None
            case ScalarType.STRING:
                return text
            case ScalarType.DATETIME:
                return datetime_micros(text)
            case ScalarType.TIMESPAN:
                return timespan_ticks(text)
            case ScalarType.GUID:
                return str(UUID(text))
            case ScalarType.DYNAMIC:
                return text
    except (ValueError, InvalidOperation, OverflowError):
        return None


# ---------------------------------------------------------------- timespans

TICKS_PER_SECOND = 10_000_000
_UNITS: dict[str, int | Decimal] = {
    "d": 86_400 * TICKS_PER_SECOND,
    "h": 3_600 * TICKS_PER_SECOND,
    "m": 60 * TICKS_PER_SECOND,
    "s": TICKS_PER_SECOND,
    "ms": 10_000,
    "micro": 10,
    "nano": Decimal("0.01"),
    "tick": 1,
}
_SHORT = re.compile(r"([-+]?\d+(?:\.\d+)?)\s*([a-zA-Z]+)$")
_FULL = re.compile(r"(-)?(?:(\d+)(?:\.|$))?(?:(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?)?$")


def _unit(word: str) -> int | Decimal | None:
    """Ticks of a unit: d day days h hr hrs hour ... ticks."""
    word = word.lower()
    for prefix in ("ms", "milli", "micro", "nano", "tick"):
        if word.startswith(prefix):
            return _UNITS["ms" if prefix == "milli" else prefix]
    return _UNITS.get(word[:1])


def short_timespan(text: str) -> int | None:
    """Ticks of `1d` or `-1.5h`, of any size; None if it is no such text."""
    found = _SHORT.match(text)
    unit = _unit(found[2]) if found else None
    return int(Decimal(found[1]) * unit) if found and unit is not None else None


def timespan_ticks(text: str) -> int | None:
    """Ticks of `1d`, `2.10:00:00`, `10:00`, `-1.5h` or a number of days; None if it is no timespan, or too long for one."""
    text = text.strip()
    short = short_timespan(text)
    if short is not None:
        return short if -(1 << 63) <= short < 1 << 63 else None
    found = _FULL.match(text)
    if found is None or not text.strip("-"):
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.group(2, 3, 4, 5))
    fraction = int((found[6] or "0").ljust(7, "0"))
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    ticks = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * TICKS_PER_SECOND + fraction
    return None if ticks >> 63 else -ticks if found[1] else ticks


def timespan_text(ticks: int) -> str:
    """Ticks of 100 ns as KQL prints them: [-][d.]hh:mm:ss[.fffffff]."""
    sign, ticks = ("-" if ticks < 0 else ""), abs(ticks)
    seconds, fraction = divmod(ticks, TICKS_PER_SECOND)
    days, seconds = divmod(seconds, 86_400)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return sign + (f"{days}." if days else "") + clock + (f".{fraction:07}" if fraction else "")


# ---------------------------------------------------------------- moments

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def datetime_micros(text: str) -> int | None:
    """Microseconds since 1970, UTC, of an ISO 8601 or RFC 822 moment; None if it is none."""
    text = text.strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment_or_none = _other_moment(text)
        if moment_or_none is None:
            return None
        moment = moment_or_none
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


_CLOCKS = ("%I:%M:%S %p", "%I:%M %p", "%H:%M:%S", "%H:%M")
_DATES = ("%Y-%m-%d", "%m/%d/%Y")
_TWELVE_HOURS = tuple(f"{date} {clock}" for date in _DATES for clock in _CLOCKS[:2])
_FORMATS = (*MOMENT_FORMATS, "%Y", "%Y/%m/%d", "%Y, %m, %d", *_TWELVE_HOURS)
_LOOSE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(\.\d+)?)?)?(Z?)$")

_SPACED = re.compile(r"(?<=\d) +- +(?=\d)")  # an unquoted 2017 - 08 - 01


def _other_moment(text: str) -> datetime | None:
    loose = _LOOSE.match(_SPACED.sub("-", text))
    if loose:
        year, month, day, hour, minute, second = (int(part or 0) for part in loose.group(1, 2, 3, 4, 5, 6))
        try:
            return datetime(year, month, day, hour, minute, second, int(float(loose[7] or 0) * 1_000_000))
        except ValueError:
            return None
    for pattern in _FORMATS:
        try:
            return datetime.strptime(text, pattern)
        except ValueError:
            continue
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None


def clock_ticks(text: str) -> int | None:
    """Ticks since midnight of `8:00:00 AM` or `20:15`; None if it is no time of day."""
    for pattern in _CLOCKS:
        try:
            time = datetime.strptime(text.strip(), pattern)
        except ValueError:
            continue
        return (time.hour * 3600 + time.minute * 60 + time.second) * TICKS_PER_SECOND
    return None
