"""Conversions between scalar types (pages: tostring, tolong, todouble, todatetime, totimespan, todynamic, gettype ...).

A conversion that fails gives null. What a text must look like is stricter than DuckDB's casts: `1_000`, `12.7` as a long
and ` true` as a bool are null.
"""

from __future__ import annotations

from kql.functions.fragments import (
    DATETIME_TEXT,
    EPOCH_US,
    REAL_TEXT,
    TICKS_PER_DAY,
    TIMESPAN_TEXT,
    saturated,
    text_of,
    ticks,
    wrapped,
)
from kql.functions.registry import SCALARS, Naming, scalar

_SAME = {"naming": Naming.SAME}
_SOME = {"naming": Naming.SAME, "nulls": "some"}
_HELD = text_of("$value")


def _by_content(text: str, boolean: str, number: str) -> str:
    """SQL for a dynamic by what it holds; arrays, bags and null give null."""
    return (
        f"CASE json_type($value) WHEN 'VARCHAR' THEN {text} WHEN 'BOOLEAN' THEN {boolean} "
        f"WHEN 'UBIGINT' THEN {number} WHEN 'BIGINT' THEN {number} WHEN 'DOUBLE' THEN {number} END"
    )


# ---------------------------------------------------------------- text
scalar("tostring(value: string) -> string", "$value", "tostring('a') -> 'a'", "The value as text; null is ''.", **_SAME)
scalar("tostring(value: dynamic) -> string", _HELD, "tostring(dynamic({'a': 1})) -> '{\"a\":1}'", "A text without its quotes, else JSON.", **_SOME)
scalar("tostring(value: bool) -> string", "CASE WHEN $value THEN 'True' WHEN NOT $value THEN 'False' END", "tostring(1 == 1) -> 'True'", "True or False; one inside a dynamic is written small.", **_SAME)
scalar("tostring(value: datetime) -> string", DATETIME_TEXT, "tostring(datetime(2026-01-01)) -> '2026-01-01T00:00:00.0000000Z'", "ISO 8601 with seven digits.", **_SAME)
scalar("tostring(value: timespan) -> string", TIMESPAN_TEXT, "tostring(26h) -> '1.02:00:00'", "The text [d.]hh:mm:ss[.fffffff], null is ''.", **_SAME)
scalar("tostring(value: real) -> string", REAL_TEXT, "tostring(1.5) -> '1.5'", "Shortest digits.", **_SAME)
scalar("tostring(value: decimal) -> string", "regexp_replace(CAST($value AS VARCHAR), '\\.?0+$', '')", "tostring(decimal(1.5)) -> '1.5'", "Digits without trailing zeros.", **_SAME)
scalar("tostring(value: any) -> string", "CAST($value AS VARCHAR)", "tostring(123) -> '123'", "The value as text; null is ''.", **_SAME)

_HOLDS = (
    "CASE json_type($value) WHEN 'ARRAY' THEN 'array' WHEN 'OBJECT' THEN 'dictionary' WHEN 'VARCHAR' THEN 'string' WHEN 'BOOLEAN' THEN 'bool' "
    "WHEN 'DOUBLE' THEN 'double' WHEN 'UBIGINT' THEN 'long' WHEN 'BIGINT' THEN 'long' ELSE 'null' END"
)
_TYPE = {"naming": Naming.FUNCTION_FIRST, "prefix": "type", "nulls": "total"}
for _kind, _sample in (("bool", "true"), ("int", "int(1)"), ("long", "1"), ("real", "1.5"), ("decimal", "decimal(1)"), ("string", "'a'"), ("datetime", "datetime(2026-01-01)"),
                       ("timespan", "1s"), ("guid", "guid(00000000-0000-0000-0000-000000000001)")):
    scalar(f"gettype(value: {_kind}) -> string", f"'{_kind}'", f"gettype({_sample}) -> '{_kind}'", "The name of the type, of a null too.", **_TYPE)
scalar("gettype(value: dynamic) -> string", _HOLDS, "gettype(dynamic([1])) -> 'array'", "What a dynamic holds: array, dictionary, string, bool, long, double or null.", **_TYPE)

# ---------------------------------------------------------------- whole numbers
_WHOLE = "^\\s*([-+]?[0-9]+)\\s*$"
_HEX = "^\\s*(0[xX][0-9a-fA-F]{1,16})\\s*$"


def _whole_text(value: str, bits: int) -> str:
    """Decimal digits with a sign, or hexadecimal ones (16 of them are two's complement)."""
    hexadecimal = wrapped(f"TRY_CAST(regexp_extract({value}, '{_HEX}', 1) AS HUGEINT)")
    decimal = f"regexp_extract({value}, '{_WHOLE}', 1)"
    if bits == 32:
        return f"coalesce(TRY_CAST({decimal} AS INTEGER), TRY_CAST({hexadecimal} AS INTEGER))"
    return f"coalesce(TRY_CAST({decimal} AS BIGINT), {hexadecimal})"


def _whole_dynamic(bits: int) -> str:
    whole = f"TRY_CAST({_HELD} AS BIGINT)"
    exact = whole if bits == 64 else wrapped(f"CAST({whole} AS HUGEINT)", 32)
    number = f"CASE WHEN json_type($value) = 'DOUBLE' THEN {saturated(f'TRY_CAST({_HELD} AS DOUBLE)', bits)} ELSE {exact} END"
    return _by_content(_whole_text(_HELD, bits), f"CAST({_HELD} = 'true' AS INTEGER)", number)


for _name, _kind, _bits, _sql in (("tolong", "long", 64, "BIGINT"), ("toint", "int", 32, "INTEGER")):
    _ticks = f"CAST({{0}} AS {_sql})" if _bits == 64 else wrapped("CAST({0} AS HUGEINT)", 32)
    scalar(f"{_name}(value: string) -> {_kind}", _whole_text("$value", _bits), f"{_name}(' 12 ') -> {_kind}(12)", "A whole number, decimal or hexadecimal; null if it is none or does not fit.", **_SOME)
    scalar(f"{_name}(value: dynamic) -> {_kind}", _whole_dynamic(_bits), f"{_name}(dynamic(12.7)) -> {_kind}(12)", "The number, text or bool that it holds as a whole number.", **_SOME)
    scalar(f"{_name}(value: bool|int) -> {_kind}", f"CAST($value AS {_sql})", f"{_name}(true) -> {_kind}(1)", "The same number; true is 1.", **_SAME)
    scalar(f"{_name}(value: long) -> {_kind}", _ticks.format("$value"), f"{_name}(12) -> {_kind}(12)", "The same number, cut to the bits of the type.", **_SAME)
    scalar(f"{_name}(value: real) -> {_kind}", saturated("$value", _bits), f"{_name}(-1.9) -> {_kind}(-1)", "Without its fraction; the nearest limit if it does not fit, null for NaN.", **_SOME)
    scalar(f"{_name}(value: decimal) -> {_kind}", f"TRY_CAST(trunc($value) AS {_sql})", f"{_name}(decimal(1.9)) -> {_kind}(1)", "Without its fraction; null if it does not fit.", **_SOME)
    scalar(f"{_name}(value: timespan) -> {_kind}", _ticks.format("$value"), f"{_name}(1s) -> {_kind}(10000000)", "Ticks of 100 ns.", **_SAME)
    scalar(f"{_name}(value: datetime) -> {_kind}", _ticks.format(ticks("$value")), f"{_name}(datetime(0001-01-01)) -> {_kind}(0)", "Ticks since 0001-01-01.", **_SAME)

# ---------------------------------------------------------------- numbers with a fraction
_NUMBER = "TRY_CAST(regexp_extract({}, '^[^_]*$') AS DOUBLE)"  # DuckDB reads 1_000, KQL does not
scalar("todouble(value: string) -> real", _NUMBER.format("$value"), "todouble('1.5') -> 1.5", "A number; null if it is none.", **_SOME)
scalar("todouble(value: dynamic) -> real", _by_content(_NUMBER.format(_HELD), f"CAST({_HELD} = 'true' AS DOUBLE)", f"TRY_CAST({_HELD} AS DOUBLE)"), "todouble(dynamic(1.5)) -> 1.5", "The number, text or bool that it holds.", **_SOME)
scalar("todouble(value: number|bool) -> real", "CAST($value AS DOUBLE)", "todouble(1) -> 1.0", "The same number.", **_SAME)
scalar("todouble(value: timespan) -> real", "CAST($value AS DOUBLE)", "todouble(1tick) -> 1.0", "Ticks.", **_SAME)
scalar("todouble(value: datetime) -> real", f"CAST({ticks('$value')} AS DOUBLE)", "todouble(datetime(0001-01-01)) -> 0.0", "Ticks since 0001-01-01.", **_SAME)
_DIGITS = "TRY_CAST(regexp_extract({}, '^[^_]*$') AS DECIMAL(38, 18))"
scalar("todecimal(value: string) -> decimal", _DIGITS.format("$value"), "todecimal('1.5') -> decimal(1.5)", "A number; null if it is none.", **_SOME)
scalar("todecimal(value: dynamic) -> decimal", _by_content(_DIGITS.format(_HELD), f"CAST(CAST({_HELD} = 'true' AS INTEGER) AS DECIMAL(38, 18))", f"TRY_CAST({_HELD} AS DECIMAL(38, 18))"), "todecimal(dynamic(1.5)) -> decimal(1.5)", "The number, text or bool that it holds.", **_SOME)
scalar("todecimal(value: real) -> decimal", "TRY_CAST(CAST($value AS VARCHAR) AS DECIMAL(38, 18))", "todecimal(0.1) -> decimal(0.1)", "Its shortest digits; null if they do not fit.", **_SOME)
scalar("todecimal(value: number|bool) -> decimal", "TRY_CAST($value AS DECIMAL(38, 18))", "todecimal(1) -> decimal(1)", "The same number.", **_SOME)
scalar("todecimal(value: timespan) -> decimal", "TRY_CAST($value AS DECIMAL(38, 18))", "todecimal(1tick) -> decimal(1)", "Ticks.", **_SAME)

# ---------------------------------------------------------------- bool, guid
_BOOL_TEXT = "CASE WHEN lower({0}) = 'true' THEN TRUE WHEN lower({0}) = 'false' THEN FALSE ELSE TRY_CAST(regexp_extract({0}, '^[-+]?[0-9]+$') AS BIGINT) <> 0 END"
scalar("tobool(value: string) -> bool", _BOOL_TEXT.format("$value"), "tobool('True') -> true", "True or false, or a whole number that is not zero; null if it is neither.", **_SOME)
scalar("tobool(value: dynamic) -> bool", _by_content(_BOOL_TEXT.format(_HELD), f"{_HELD} = 'true'", f"TRY_CAST({_HELD} AS DOUBLE) <> 0"), "tobool(dynamic(true)) -> true", "The bool, number or text that it holds.", **_SOME)
scalar("tobool(value: number|bool) -> bool", "CAST($value AS BOOLEAN)", "tobool(2) -> true", "Whether it is not zero.", **_SAME)
_SOME_GUID = "guid(00000000-0000-0000-0000-000000000001)"
scalar("toguid(value: string) -> guid", "TRY_CAST($value AS UUID)", f"toguid('00000000-0000-0000-0000-000000000001') -> {_SOME_GUID}", "A guid; null if it is none.", **_SOME)
scalar("toguid(value: dynamic) -> guid", f"TRY_CAST({_HELD} AS UUID)", f"toguid(dynamic('00000000-0000-0000-0000-000000000001')) -> {_SOME_GUID}", "A guid; null if it is none.", **_SOME)
scalar("toguid(value: guid) -> guid", "$value", f"toguid({_SOME_GUID}) -> {_SOME_GUID}", "The same guid.", **_SAME)

# ---------------------------------------------------------------- moments
# Numbers go month first; a text that ends in an offset is another matter, DuckDB's own cast would drop it.
_ISO = r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}(?:[T ]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)? ?(?:Z|GMT|UTC)?"
_OFFSET = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)? ?[-+][0-9]{2}(?::?[0-9]{2})?"
_DATES = ("%Y-%m", "%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y", "%Y%m%d", "%d %b %y", "%d %b %Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y",
          "%a, %d %b %y", "%a, %d %b %Y", "%A, %d-%b-%y", "%d-%b-%y")
_TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
MOMENT_FORMATS = tuple(date + time for date in _DATES for time in _TIMES)
_FORMATS = ", ".join(f"'{each}'" for each in MOMENT_FORMATS)


def moment(value: str) -> str:
    """A text as a moment: ISO 8601 (an offset is resolved), RFC 822, RFC 850, and dates with the month first or by name."""
    text = f"trim({value})"
    return (
        f"CASE WHEN regexp_full_match({text}, '{_ISO}') THEN TRY_CAST({text} AS TIMESTAMP) "
        f"WHEN regexp_full_match({text}, '{_OFFSET}') THEN timezone('UTC', TRY_CAST(regexp_replace({text}, ' ([-+])', '\\1') AS TIMESTAMPTZ)) "
        f"WHEN regexp_matches({text}, '[0-9]') THEN try_strptime(regexp_replace({text}, ' ?(Z|GMT|UTC)$', ''), [{_FORMATS}]) END"
    )


scalar("todatetime(value: string) -> datetime", moment("$value"), "todatetime('2026-01-01T10:00:00Z') -> datetime(2026-01-01 10:00)", "A moment; null if it is none.", **_SOME)
scalar("todatetime(value: dynamic) -> datetime", moment(_HELD), "todatetime(dynamic('2026-01-01')) -> datetime(2026-01-01)", "A moment; null if it is none.", **_SOME)
scalar("todatetime(value: integer) -> datetime", f"CASE WHEN $value BETWEEN 0 AND 3155378975999999999 THEN make_timestamp($value // 10 - {EPOCH_US}) END", "todatetime(0) -> datetime(0001-01-01)", "The moment of so many ticks since 0001-01-01.", **_SOME)
scalar("todatetime(value: datetime) -> datetime", "$value", "todatetime(datetime(2026-01-01)) -> datetime(2026-01-01)", "The same moment.", **_SAME)

# ---------------------------------------------------------------- spans
_UNITS = (("d", TICKS_PER_DAY), ("h", 36_000_000_000), ("ms", 10_000), ("milli", 10_000), ("micro", 10), ("nano", 0.01), ("tick", 1), ("m", 600_000_000), ("s", 10_000_000))
_AMOUNT = r"\s*(-?[0-9]+(?:\.[0-9]+)?)\s*([a-z]+)\s*"
_CLOCK = r"\s*(-?)(?:([0-9]+)\.)?([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{1,7}))?)?\s*"


def span(value: str) -> str:
    """A text as ticks: an amount with its unit, [-][d.]hh:mm[:ss[.fffffff]], or a number of days."""
    units = " ".join(f"WHEN starts_with(regexp_extract({value}, '{_AMOUNT}', 2), '{word}') THEN {size}" for word, size in _UNITS)

    def part(group: int, size: int) -> str:
        digits = f"nullif(regexp_extract({value}, '{_CLOCK}', {group}), '')"
        return f"coalesce(TRY_CAST({f'rpad({digits}, 7, {chr(39)}0{chr(39)})' if group == 6 else digits} AS BIGINT), 0) * {size}"

    clock = " + ".join(part(group, size) for group, size in ((2, TICKS_PER_DAY), (3, 36_000_000_000), (4, 600_000_000), (5, 10_000_000), (6, 1)))
    return (
        f"CASE WHEN regexp_full_match({value}, '{_AMOUNT}') THEN TRY_CAST(trunc(TRY_CAST(regexp_extract({value}, '{_AMOUNT}', 1) AS DOUBLE) * CASE {units} END) AS BIGINT) "
        f"WHEN regexp_full_match({value}, '{_CLOCK}') THEN CASE WHEN {part(3, 1)} < 24 AND {part(4, 1)} < 60 AND {part(5, 1)} < 60 "
        f"THEN TRY(({clock}) * CASE WHEN regexp_extract({value}, '{_CLOCK}', 1) = '-' THEN -1 ELSE 1 END) END "
        f"WHEN regexp_full_match({value}, '\\s*-?[0-9]+\\s*') THEN TRY(TRY_CAST(trim({value}) AS BIGINT) * {TICKS_PER_DAY}) END"
    )


scalar("totimespan(value: string) -> timespan", span("$value"), "totimespan('1.02:00:00') -> 26h", "A span; null if it is none.", **_SOME)
scalar("totimespan(value: dynamic) -> timespan", span(_HELD), "totimespan(dynamic('90s')) -> 90s", "A span; null if it is none.", **_SOME)
scalar("totimespan(value: integer) -> timespan", "CAST($value AS BIGINT)", "totimespan(10000000) -> 1s", "So many ticks.", **_SAME)
scalar("totimespan(value: timespan) -> timespan", "$value", "totimespan(1d) -> 1d", "The same span.", **_SAME)

# ---------------------------------------------------------------- dynamic
# TRY costs microseconds for each row that fails, and CASE alone would not keep json() from constants that are none.
_PARSED = "nullif(CASE WHEN json_valid($value) THEN TRY(json($value)) ELSE to_json(nullif($value, '')) END, 'null')"
_LISTED = f"CASE WHEN starts_with($value, '[') AND json_valid($value) THEN $value ELSE CAST({_PARSED} AS VARCHAR) END"
_READ = "CASE WHEN json_valid($value) THEN $value END"
scalar("todynamic(value: string) -> dynamic", _PARSED, "todynamic('{\"a\": 1}').a -> dynamic(1)", "JSON text as a dynamic; text that is no JSON stays text.", read=_READ, listed=_LISTED, **_SOME)
scalar("todynamic(value: dynamic) -> dynamic", "$value", "todynamic(dynamic([1])) -> dynamic([1])", "The same value.", **_SAME)
scalar("todynamic(value: datetime) -> dynamic", f"to_json({DATETIME_TEXT})", "todynamic(datetime(2026-01-01)) -> dynamic('2026-01-01T00:00:00.0000000Z')", "Its text.", **_SAME)
scalar("todynamic(value: timespan) -> dynamic", f"to_json({TIMESPAN_TEXT})", "todynamic(1d) -> dynamic('1.00:00:00')", "Its text.", **_SAME)
scalar("todynamic(value: guid) -> dynamic", "to_json(CAST($value AS VARCHAR))", "todynamic(guid(00000000-0000-0000-0000-000000000001)) -> dynamic('00000000-0000-0000-0000-000000000001')", "Its text.", **_SAME)
scalar("todynamic(value: any) -> dynamic", "to_json($value)", "todynamic(1) -> dynamic(1)", "The value as a dynamic.", **_SAME)

for _alias, _of in (("parse_json", "todynamic"), ("parsejson", "todynamic"), ("toobject", "todynamic"), ("toreal", "todouble"), ("toboolean", "tobool"), ("totime", "totimespan")):
    SCALARS.alias(_alias, _of)
