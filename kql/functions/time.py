"""Moments and spans (pages: startofday, datetime_diff, format_datetime ...). `now` and `ago` are bound by the binder."""

from __future__ import annotations

import re
from collections.abc import Callable

from kql.functions.conversion import moment, span
from kql.functions.fragments import EPOCH_US, TICKS_PER_DAY
from kql.functions.registry import SCALARS, Naming, scalar

# ---------------------------------------------------------------- borders of periods; weeks start on Sunday
_WEEK = "date_trunc('week', $date + INTERVAL 1 DAY) - INTERVAL 1 DAY"
_STARTS = {part: (f"date_trunc('{part}', $date)", f"to_{part}s(TRY_CAST({{}} AS INTEGER))") for part in ("day", "month", "year")}
_STARTS["week"] = (_WEEK, "to_days(TRY_CAST(CAST({} AS HUGEINT) * 7 AS INTEGER))")
_SAMPLES = {"day": ("2026-11-21", "2026-11-22"), "week": ("2026-11-15", "2026-11-22"), "month": ("2026-11-01", "2026-12-01"), "year": ("2026-01-01", "2027-01-01")}
for _part, (_start, _steps) in _STARTS.items():
    _naming = {"naming": Naming.SAME} if _part == "day" else {}
    _this, _next = _SAMPLES[_part]
    scalar(f"startof{_part}(date: datetime) -> datetime", _start, f"startof{_part}(datetime(2026-11-21 10:00)) -> datetime({_this})", f"The start of the {_part}.", **_naming)
    scalar(f"startof{_part}(date: datetime, offset: long) -> datetime", f"TRY({_start} + {_steps.format('$offset')})",
           f"startof{_part}(datetime(2026-11-21 10:00), 1) -> datetime({_next})", f"The start of the {_part}, so many {_part}s on.", nulls="some", **_naming)
    scalar(f"endof{_part}(date: datetime) -> datetime", f"{_start} + {_steps.format('1')} - INTERVAL 1 MICROSECOND",
           f"endof{_part}(datetime(2026-11-21 10:00)) + 1microsecond -> datetime({_next})", f"The last moment of the {_part}.")
    scalar(f"endof{_part}(date: datetime, offset: long) -> datetime", f"TRY({_start} + {_steps.format('$offset + 1')} - INTERVAL 1 MICROSECOND)",
           f"endof{_part}(datetime(2026-11-21 10:00), -1) + 1microsecond -> datetime({_this})", f"The last moment of the {_part}, so many {_part}s on.", nulls="some")

# ---------------------------------------------------------------- parts
_PARTS = {
    "year": "extract(year FROM $date)",
    "quarter": "extract(quarter FROM $date)",
    "month": "extract(month FROM $date)",
    "week_of_year": "extract(week FROM $date)",
    "day": "extract(day FROM $date)",
    "dayofyear": "extract(doy FROM $date)",
    "hour": "extract(hour FROM $date)",
    "minute": "extract(minute FROM $date)",
    "second": "extract(second FROM $date)",
    "millisecond": "extract(microsecond FROM $date) // 1000 % 1000",
    "microsecond": "extract(microsecond FROM $date) % 1000000",
    "nanosecond": "extract(microsecond FROM $date) % 1000000 * 1000",
}
for _name, _part, _sample, _words in (
    ("getyear", "year", 2026, "The year."), ("getmonth", "month", 11, "The month, 1 to 12."), ("monthofyear", "month", 11, "The month, 1 to 12."),
    ("dayofmonth", "day", 21, "The day of the month."), ("dayofyear", "dayofyear", 325, "The day of the year, from 1."), ("hourofday", "hour", 10, "The hour, 0 to 23."),
    ("week_of_year", "week_of_year", 47, "The week by ISO 8601."),
):
    scalar(f"{_name}(date: datetime) -> int", f"CAST({_PARTS[_part]} AS INTEGER)", f"{_name}(datetime(2026-11-21 10:30)) -> int({_sample})", _words)
SCALARS.alias("weekofyear", "week_of_year")
scalar("dayofweek(date: datetime) -> timespan", f"extract(dow FROM $date) * {TICKS_PER_DAY}", "dayofweek(datetime(2026-11-21)) -> 6d", "Days since Sunday, as a span.")


def _one_of(names: list[str]) -> Callable[[list[object]], str]:
    def check(constants: list[object]) -> str:
        return "" if str(constants[0]).lower() in names else f"'{constants[0]}' is no period; there are {', '.join(names)}"

    return check


scalar("datetime_part(part: const string, date: datetime) -> int", lambda constants: f"CAST({_PARTS[str(constants[0]).lower()]} AS INTEGER)",
       "datetime_part('quarter', datetime(2026-11-21)) -> int(4)", "A part of a moment.", check=_one_of(list(_PARTS)))
SCALARS.alias("datepart", "datetime_part")

# ---------------------------------------------------------------- arithmetic
_UNIT_US = {"week": 604_800_000_000, "day": 86_400_000_000, "hour": 3_600_000_000, "minute": 60_000_000, "second": 1_000_000, "millisecond": 1_000, "microsecond": 1}
_PERIODS = ["year", "quarter", "month", *_UNIT_US, "nanosecond"]


def _diff(constants: list[object]) -> str:
    """Boundaries crossed, not spans elapsed; weeks begin on Sunday."""
    part = str(constants[0]).lower()
    if part in ("year", "quarter", "month"):
        return f"date_diff('{part}', $datetime2, $datetime1)"
    if part == "nanosecond":
        return "(epoch_us($datetime1) - epoch_us($datetime2)) * 1000"
    size = _UNIT_US[part]
    shift = f" + {EPOCH_US}" + (" + 86400000000" if part == "week" else "")
    return f"(epoch_us($datetime1){shift}) // {size} - (epoch_us($datetime2){shift}) // {size}"


scalar("datetime_diff(period: const string, datetime1: datetime, datetime2: datetime) -> long", _diff,
       "datetime_diff('year', datetime(2017-01-01), datetime(2000-12-31)) -> 17", "How many borders of a period lie between the second and the first.", check=_one_of(_PERIODS))


def _add(constants: list[object]) -> str:
    part = str(constants[0]).lower()
    if part in ("year", "month"):
        return f"TRY($datetime + to_{part}s(CAST($amount AS INTEGER)))"
    if part == "quarter":
        return "TRY($datetime + to_months(CAST($amount * 3 AS INTEGER)))"
    return f"TRY($datetime + to_microseconds(CAST($amount AS BIGINT) {'// 1000' if part == 'nanosecond' else f'* {_UNIT_US[part]}'}))"


scalar("datetime_add(period: const string, amount: long, datetime: datetime) -> datetime", _add, "datetime_add('month', 1, datetime(2026-01-31)) -> datetime(2026-02-28)", "So many periods on; null beyond the calendar.", nulls="some", check=_one_of(_PERIODS))

# ---------------------------------------------------------------- made of parts
_MADE = "TRY(make_timestamp(CAST($year AS BIGINT), CAST($month AS BIGINT), CAST($day AS BIGINT), {hour}, {minute}, 0e0)){second}"
_DATE = "$year BETWEEN 1 AND 9999"
_SECONDS = " + to_microseconds(CAST(round(CAST($second AS DOUBLE) * 10000000) AS BIGINT) // 10)"
_OTHERWISE = "null if there is no such moment."
scalar("make_datetime(year: number, month: number, day: number) -> datetime", f"CASE WHEN {_DATE} THEN {_MADE.format(hour=0, minute=0, second='')} END",
       "make_datetime(2026, 11, 21) -> datetime(2026-11-21)", f"A day; {_OTHERWISE}", nulls="some")
for _with, _second, _clock in (("", "", "30"), (", second: number", _SECONDS, "30, 1.5")):
    _minutes = _MADE.format(hour="CAST($hour AS BIGINT)", minute="CAST($minute AS BIGINT)", second=_second)
    _valid = f"{_DATE} AND $second >= 0 AND $second < 60" if _with else _DATE
    scalar(f"make_datetime(year: number, month: number, day: number, hour: number, minute: number{_with}) -> datetime", f"CASE WHEN {_valid} THEN {_minutes} END",
           f"make_datetime(2026, 11, 21, 10, {_clock}) -> datetime(2026-11-21 10:30{':01.5' if _with else ''})", f"A moment; {_OTHERWISE}", nulls="some")
scalar("make_datetime(value: string) -> datetime", moment("$value"), "make_datetime('2026-11-21') -> datetime(2026-11-21)", "A text as a moment; null if it is none.", nulls="some", naming=Naming.SAME)
scalar("make_datetime(value: datetime) -> datetime", "$value", "make_datetime(datetime(2026-11-21)) -> datetime(2026-11-21)", "The same moment.", naming=Naming.SAME)

_CLOCK = "CAST($hours AS BIGINT) * 36000000000 + CAST($minutes AS BIGINT) * 600000000"
_IN_CLOCK = "$hours BETWEEN 0 AND 23 AND $minutes BETWEEN 0 AND 59"
_IN_SECONDS = f"{_IN_CLOCK} AND $seconds >= 0 AND $seconds < 60"
_SPAN_SECONDS = " + CAST(round(CAST($seconds AS DOUBLE) * 10000000) AS BIGINT)"
_NO_SPAN = "null if a part is out of its range."
scalar("make_timespan(hours: number, minutes: number) -> timespan", f"CASE WHEN {_IN_CLOCK} THEN {_CLOCK} END", "make_timespan(1, 30) -> 1h + 30m", f"A span; {_NO_SPAN}", nulls="some")
scalar("make_timespan(hours: number, minutes: number, seconds: number) -> timespan", f"CASE WHEN {_IN_SECONDS} THEN {_CLOCK}{_SPAN_SECONDS} END", "make_timespan(1, 30, 1.5) -> 1h + 30m + 1.5s", f"A span; {_NO_SPAN}", nulls="some")
scalar("make_timespan(days: number, hours: number, minutes: number, seconds: number) -> timespan", f"CASE WHEN $days BETWEEN 0 AND 10675198 AND {_IN_SECONDS} THEN CAST($days AS BIGINT) * {TICKS_PER_DAY} + {_CLOCK}{_SPAN_SECONDS} END",
       "make_timespan(1, 1, 30, 1.5) -> 1d + 1h + 30m + 1.5s", f"A span; {_NO_SPAN}", nulls="some")
scalar("make_timespan(value: string) -> timespan", span("$value"), "make_timespan('1:30') -> 1h + 30m", "A text as a span; null if it is none.", nulls="some", naming=Naming.SAME)

for _unit, _from, _to in (("seconds", -62_135_596_800, 253_402_300_799), ("milliseconds", -62_135_596_800_000, 253_402_300_799_999),
                          ("microseconds", -62_135_596_800_000_000, 253_402_300_799_999_999), ("nanoseconds", -(1 << 63) + 1, (1 << 63) - 1)):
    _exact, _number = {"seconds": ("CAST($number AS BIGINT) * 1000000", "1e9"), "milliseconds": ("CAST($number AS BIGINT) * 1000", "1e12"), "microseconds": ("$number", "1e15"), "nanoseconds": ("$number // 1000", "1e18")}[_unit]
    _real = {"seconds": "$number * 1e6", "milliseconds": "$number * 1e3", "microseconds": "$number", "nanoseconds": "$number / 1e3"}[_unit]
    scalar(f"unixtime_{_unit}_todatetime(number: integer) -> datetime", f"CASE WHEN $number BETWEEN {_from} AND {_to} THEN make_timestamp({_exact}) END",
           f"unixtime_{_unit}_todatetime({int(float(_number))}) -> datetime(2001-09-09 01:46:40)", f"The moment so many {_unit} after 1970; null beyond the year 9999.", nulls="some")
    scalar(f"unixtime_{_unit}_todatetime(number: real|decimal) -> datetime", f"CASE WHEN $number BETWEEN {_from} AND {_to} THEN make_timestamp(CAST(floor({_real}) AS BIGINT)) END",
           f"unixtime_{_unit}_todatetime({float(_number):.1f}) -> datetime(2001-09-09 01:46:40)", f"The moment so many {_unit} after 1970; null beyond the year 9999.", nulls="some")

# ---------------------------------------------------------------- zones
scalar("datetime_utc_to_local(from: datetime, timezone: string) -> datetime", "TRY(timezone(nullif($timezone, ''), timezone('UTC', $from)))", "datetime_utc_to_local(datetime(2026-07-01), 'Europe/Berlin') -> datetime(2026-07-01 02:00)",
       "The clock in a time zone (its IANA name); null if there is no such zone.", nulls="some")
# A clock that a change to summer time leaves out is read by the new offset.
_MET = "timezone('UTC', timezone(nullif($timezone, ''), $from))"
_LOCAL_TO_UTC = f"TRY({_MET} - (timezone(nullif($timezone, ''), timezone('UTC', {_MET})) - $from))"
scalar("datetime_local_to_utc(from: datetime, timezone: string) -> datetime", _LOCAL_TO_UTC, "datetime_local_to_utc(datetime(2026-07-01 02:00), 'Europe/Berlin') -> datetime(2026-07-01)",
       "The moment of a clock in a time zone (its IANA name); null if there is no such zone.", nulls="some")

# ---------------------------------------------------------------- as text
_TOKEN = re.compile(r"(?P<token>d+|f+|F+|h+|H+|m+|M+|s+|y+|t+)|(?P<mark>[ /\-:,._\[\]]+)|(?P<other>.)", re.DOTALL)
_FRACTION = "printf('%07d', {ticks})"


def _fraction(token: str, ticks: str) -> str:
    digits = f"left({_FRACTION.format(ticks=ticks)}, {len(token)})"
    return digits if token[0] == "f" else f"rtrim({digits}, '0')"


_MOMENT_TOKENS = {"d": "%-d", "dd": "%d", "h": "%-I", "hh": "%I", "H": "%-H", "HH": "%H", "m": "%-M", "mm": "%M", "M": "%-m", "MM": "%m", "s": "%-S", "ss": "%S", "y": "%-y", "yy": "%y", "yyyy": "%Y", "tt": "%p"}


def _moment_part(token: str) -> str:
    if token[0] in "fF" and len(token) <= 7:
        return _fraction(token, "extract(microsecond FROM $date) % 1000000 * 10")
    return f"strftime($date, '{_MOMENT_TOKENS[token]}')" if token in _MOMENT_TOKENS else ""


_SPAN_TOKENS = {"h": (36_000_000_000, 24), "H": (36_000_000_000, 24), "m": (600_000_000, 60), "s": (10_000_000, 60)}


def _span_part(token: str) -> str:
    if token[0] in "fF" and len(token) <= 7:
        return _fraction(token, "abs($span) % 10000000")
    if token[0] == "d" and len(token) <= 8:
        return f"printf('%0{len(token)}d', abs($span) // {TICKS_PER_DAY})"
    if token[0] in _SPAN_TOKENS and len(token) <= 2:
        size, most = _SPAN_TOKENS[token[0]]
        return f"printf('%0{len(token)}d', abs($span) // {size} % {most})"
    return ""


def _formatted(part: Callable[[str], str], constants: list[object], first: str = "''") -> str:
    pieces = (part(found["token"]) if found["token"] else f"'{found['mark']}'" for found in _TOKEN.finditer(str(constants[1])))
    return f"concat({first}, {', '.join(pieces)})"


def _known(part: Callable[[str], str]) -> Callable[[list[object]], str]:
    def check(constants: list[object]) -> str:
        if not constants[1]:
            return "the format is empty"
        wrong = [found[0] for found in _TOKEN.finditer(str(constants[1])) if found["other"] or (found["token"] and not part(found["token"]))]
        return f"'{wrong[0]}' is not known in a format" if wrong else ""

    return check


scalar("format_datetime(date: datetime, format: const string) -> string", lambda constants: f"CASE WHEN $date IS NOT NULL THEN {_formatted(_moment_part, constants)} END",
       "format_datetime(datetime(2026-11-21 09:05), 'yy-M-dd [h:mm tt]') -> '26-11-21 [9:05 AM]'", "A moment by a pattern of y M d h H m s f F t.", naming=Naming.SAME, check=_known(_moment_part))
scalar("format_timespan(span: timespan, format: const string) -> string",
       lambda constants: "CASE WHEN $span IS NOT NULL THEN " + _formatted(_span_part, constants, "CASE WHEN $span < 0 THEN '-' ELSE '' END") + " END",
       "format_timespan(29.09:00:05.12345, 'dd.hh:mm:ss:FF') -> '29.09:00:05:12'".replace("29.09:00:05.12345", "time(29.09:00:05.12345)"), "A span by a pattern of d h H m s f F.", naming=Naming.SAME, check=_known(_span_part))
