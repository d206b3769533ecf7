"""Moments and spans (pages: startofday, datetime_diff, format_datetime ...). `now` and `ago` are bound by the binder."""

from __future__ import annotations

from kql.functions.registry import UNKNOWN, scalar

for _part in ("day", "month", "year"):
    scalar(f"startof{_part}(date: datetime) -> datetime", f"date_trunc('{_part}', $date)", f"startof{_part}(datetime(2026-01-01 10:00)) -> datetime(2026-01-01)", f"The start of the {_part}.", naming="x")
    scalar(f"startof{_part}(date: datetime, offset: long) -> datetime", f"date_trunc('{_part}', $date) + to_{_part}s(CAST($offset AS INTEGER))",
           f"startof{_part}(datetime(2026-01-01 10:00), 0) -> datetime(2026-01-01)", f"The start of the {_part}, so many {_part}s on.", naming="x")
# Weeks start on Sunday.
scalar("startofweek(date: datetime) -> datetime", "date_trunc('week', $date + INTERVAL 1 DAY) - INTERVAL 1 DAY", "startofweek(datetime(2026-11-21)) -> datetime(2026-11-15)", "The start of the week, a Sunday.", naming="x")
scalar("startofweek(date: datetime, offset: long) -> datetime", "date_trunc('week', $date + INTERVAL 1 DAY) - INTERVAL 1 DAY + to_days(CAST($offset * 7 AS INTEGER))",
       "startofweek(datetime(2026-11-21), 1) -> datetime(2026-11-22)", "The start of the week, so many weeks on.", naming="x")
scalar("dayofweek(date: datetime) -> timespan", "extract(dow FROM $date) * 864000000000", "dayofweek(datetime(2026-11-21)) -> 6d", "Days since Sunday, as a span.")
scalar("hourofday(date: datetime) -> int", "CAST(extract(hour FROM $date) AS INTEGER)", "hourofday(datetime(2026-11-21 10:30)) -> int(10)", "The hour, 0 to 23.")
scalar("getyear(date: datetime) -> int", "CAST(extract(year FROM $date) AS INTEGER)", "getyear(datetime(2026-11-21)) -> int(2026)", "The year.")
scalar("monthofyear(date: datetime) -> int", "CAST(extract(month FROM $date) AS INTEGER)", "monthofyear(datetime(2026-11-21)) -> int(11)", "The month, 1 to 12.")

_UNIT_US = {"week": 604_800_000_000, "day": 86_400_000_000, "hour": 3_600_000_000, "minute": 60_000_000, "second": 1_000_000, "millisecond": 1_000, "microsecond": 1}


def _diff(constants: list[object]) -> str:
    """Boundaries crossed, not spans elapsed; weeks begin on Sunday."""
    part = str(constants[0]).lower() if constants[0] is not UNKNOWN else ""
    if part in ("year", "quarter", "month"):
        return f"date_diff('{part}', $datetime2, $datetime1)"
    if part == "nanosecond":
        return "(epoch_us($datetime1) - epoch_us($datetime2)) * 1000"
    size = _UNIT_US[part]
    shift = " + 62135596800000000" + (" + 86400000000" if part == "week" else "")
    return f"(epoch_us($datetime1){shift}) // {size} - (epoch_us($datetime2){shift}) // {size}"


scalar("datetime_diff(period: const string, datetime1: datetime, datetime2: datetime) -> long", _diff,
       "datetime_diff('year', datetime(2017-01-01), datetime(2000-12-31)) -> 17", "How many borders of a period lie between the second and the first.")


def _add(constants: list[object]) -> str:
    part = str(constants[0]).lower()
    if part in ("year", "month"):
        return f"$datetime + to_{part}s(CAST($amount AS INTEGER))"
    if part == "quarter":
        return "$datetime + to_months(CAST($amount * 3 AS INTEGER))"
    return f"$datetime + to_microseconds($amount * {_UNIT_US[part]})"


scalar("datetime_add(period: const string, amount: long, datetime: datetime) -> datetime", _add, "datetime_add('month', 1, datetime(2026-01-31)) -> datetime(2026-02-28)", "So many periods on.")
