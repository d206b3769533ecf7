"""Conversions between scalar types (pages: tostring, tolong, todouble, todatetime, totimespan, todynamic ...).

A conversion that fails gives null. What a text must look like is stricter than DuckDB's casts: `1_000`, `12.7` as a long
and ` true` as a bool are null.
"""

from __future__ import annotations

from kql.functions.registry import SCALARS, Naming, scalar

_SAME = {"naming": Naming.SAME}
_SOME = {"naming": Naming.SAME, "nulls": "some"}

_PART = "abs($value) % 864000000000"
TIMESPAN_TEXT = (
    "CASE WHEN $value < 0 THEN '-' ELSE '' END || CASE WHEN abs($value) >= 864000000000 THEN CAST(abs($value) // 864000000000 AS VARCHAR) || '.' ELSE '' END"
    f" || printf('%02d:%02d:%02d', ({_PART}) // 36000000000, ({_PART}) // 600000000 % 60, ({_PART}) // 10000000 % 60)"
    " || CASE WHEN $value % 10000000 = 0 THEN '' ELSE printf('.%07d', abs($value) % 10000000) END"
)
DATETIME_TEXT = "strftime($value, '%Y-%m-%dT%H:%M:%S.%f0Z')"
_REAL_TEXT = (
    "CASE WHEN isnan($value) THEN 'NaN' WHEN isinf($value) THEN CASE WHEN $value > 0 THEN 'Infinity' ELSE '-Infinity' END "
    "WHEN $value = trunc($value) AND abs($value) < 1e15 THEN CAST(CAST($value AS BIGINT) AS VARCHAR) "
    "ELSE regexp_replace(upper(CAST($value AS VARCHAR)), '\\.0$', '') END"
)

scalar("tostring(value: string) -> string", "$value", "tostring('a') -> 'a'", "The value as text; null is ''.", **_SAME)
scalar("tostring(value: dynamic) -> string", "json_extract_string($value, '$')", "tostring(dynamic({'a': 1})) -> '{\"a\":1}'", "A text without its quotes, else JSON.", **_SOME)
scalar("tostring(value: datetime) -> string", DATETIME_TEXT, "tostring(datetime(2026-01-01)) -> '2026-01-01T00:00:00.0000000Z'", "ISO 8601 with seven digits.", **_SAME)
scalar("tostring(value: timespan) -> string", TIMESPAN_TEXT, "tostring(26h) -> '1.02:00:00'", "[d.]hh:mm:ss[.fffffff].", **_SAME)
scalar("tostring(value: real) -> string", _REAL_TEXT, "tostring(1.5) -> '1.5'", "Shortest digits.", **_SAME)
scalar("tostring(value: decimal) -> string", "regexp_replace(CAST($value AS VARCHAR), '\\.?0+$', '')", "tostring(decimal(1.5)) -> '1.5'", "Digits without trailing zeros.", **_SAME)
scalar("tostring(value: any) -> string", "CAST($value AS VARCHAR)", "tostring(123) -> '123'", "The value as text; null is ''.", **_SAME)

_INTEGER_TEXT = "TRY_CAST(regexp_extract($value, '^\\s*([-+]?[0-9]+|0[xX][0-9a-fA-F]+)\\s*$', 1) AS {})"
for _name, _sql, _sample in (("tolong", "BIGINT", "tolong"), ("toint", "INTEGER", "toint")):
    _kind = "long" if _name == "tolong" else "int"
    scalar(f"{_name}(value: string) -> {_kind}", _INTEGER_TEXT.format(_sql), f"{_name}('12') -> {_kind}(12)", "A whole number; null if it is none.", **_SOME)
    scalar(f"{_name}(value: dynamic) -> {_kind}", f"TRY_CAST(trunc(TRY_CAST(json_extract_string($value, '$') AS DECIMAL(38, 6))) AS {_sql})", f"{_name}(dynamic(12)) -> {_kind}(12)", "A whole number; null if it is none.", **_SOME)
    scalar(f"{_name}(value: bool) -> {_kind}", f"CAST($value AS {_sql})", f"{_name}(true) -> {_kind}(1)", "1 or 0.", **_SAME)
    scalar(f"{_name}(value: integer) -> {_kind}", f"TRY_CAST($value AS {_sql})", f"{_name}(12) -> {_kind}(12)", "The same number; null if it does not fit.", **_SOME)
    scalar(f"{_name}(value: real|decimal) -> {_kind}", f"TRY_CAST(trunc($value) AS {_sql})", f"{_name}(-1.9) -> {_kind}(-1)", "Without its fraction; null if it does not fit.", **_SOME)
scalar("tolong(value: timespan) -> long", "$value", "tolong(1s) -> 10000000", "Ticks of 100 ns.", **_SAME)
scalar("tolong(value: datetime) -> long", "(epoch_us($value) + 62135596800000000) * 10", "tolong(datetime(0001-01-01)) -> 0", "Ticks since 0001-01-01.", **_SAME)

scalar("todouble(value: string) -> real", "TRY_CAST(nullif(regexp_extract($value, '^[^_]*$'), '') AS DOUBLE)", "todouble('1.5') -> 1.5", "A number; null if it is none.", **_SOME)
scalar("todouble(value: dynamic) -> real", "TRY_CAST(json_extract_string($value, '$') AS DOUBLE)", "todouble(dynamic(1.5)) -> 1.5", "A number; null if it is none.", **_SOME)
scalar("todouble(value: number|bool) -> real", "CAST($value AS DOUBLE)", "todouble(1) -> 1.0", "The same number.", **_SAME)
scalar("todouble(value: timespan) -> real", "CAST($value AS DOUBLE)", "todouble(1tick) -> 1.0", "Ticks.", **_SAME)
scalar("todecimal(value: string) -> decimal", "TRY_CAST($value AS DECIMAL(38, 18))", "todecimal('1.5') -> decimal(1.5)", "A number; null if it is none.", **_SOME)
scalar("todecimal(value: dynamic) -> decimal", "TRY_CAST(json_extract_string($value, '$') AS DECIMAL(38, 18))", "todecimal(dynamic(1.5)) -> decimal(1.5)", "A number; null if it is none.", **_SOME)
scalar("todecimal(value: number|bool) -> decimal", "TRY_CAST($value AS DECIMAL(38, 18))", "todecimal(1) -> decimal(1)", "The same number.", **_SOME)

_BOOL_TEXT = "CASE WHEN lower({0}) IN ('true', '1') THEN TRUE WHEN lower({0}) IN ('false', '0') THEN FALSE END"
scalar("tobool(value: string) -> bool", _BOOL_TEXT.format("$value"), "tobool('True') -> true", "True or false; null if it is neither.", **_SOME)
scalar("tobool(value: dynamic) -> bool", _BOOL_TEXT.format("json_extract_string($value, '$')"), "tobool(dynamic(true)) -> true", "True or false; null if it is neither.", **_SOME)
scalar("tobool(value: number|bool) -> bool", "CAST($value AS BOOLEAN)", "tobool(2) -> true", "Whether it is not zero.", **_SAME)

_FORMATS = ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M", "%m/%d/%Y", "%a, %d %b %Y %H:%M:%S GMT", "%d %b %Y %H:%M:%S")
_MOMENT = "coalesce(TRY_CAST(nullif({0}, '') AS TIMESTAMP), try_strptime(trim({0}), [" + ", ".join(f"'{each}'" for each in _FORMATS) + "]))"
scalar("todatetime(value: string) -> datetime", _MOMENT.format("$value"), "todatetime('2026-01-01T10:00:00Z') -> datetime(2026-01-01 10:00)", "A moment; null if it is none.", **_SOME)
scalar("todatetime(value: dynamic) -> datetime", _MOMENT.format("json_extract_string($value, '$')"), "todatetime(dynamic('2026-01-01')) -> datetime(2026-01-01)", "A moment; null if it is none.", **_SOME)
scalar("todatetime(value: integer) -> datetime", "TRY(make_timestamp($value // 10 - 62135596800000000))", "todatetime(0) -> datetime(0001-01-01)", "The moment of so many ticks since 0001-01-01.", **_SOME)
scalar("todatetime(value: datetime) -> datetime", "$value", "todatetime(datetime(2026-01-01)) -> datetime(2026-01-01)", "The same moment.", **_SAME)

_SPAN = (
    "CASE WHEN regexp_full_match({0}, '\\s*-?[0-9]+(\\.[0-9]+)?\\s*[a-z]+\\s*') THEN TRY_CAST(trunc(TRY_CAST(regexp_extract({0}, '-?[0-9]+(\\.[0-9]+)?') AS DOUBLE) * "
    "CASE regexp_extract({0}, '[a-z]+') WHEN 'd' THEN 864000000000 WHEN 'h' THEN 36000000000 WHEN 'm' THEN 600000000 WHEN 's' THEN 10000000 WHEN 'ms' THEN 10000 END) AS BIGINT) "
    "WHEN regexp_full_match({0}, '-?([0-9]+\\.)?[0-9]{{1,2}}:[0-9]{{1,2}}(:[0-9]{{1,2}}(\\.[0-9]{{1,7}})?)?') THEN CASE WHEN starts_with({0}, '-') THEN -1 ELSE 1 END * "
    "(coalesce(TRY_CAST(regexp_extract({0}, '^-?([0-9]+)\\.[0-9]+:', 1) AS BIGINT), 0) * 864000000000 + TRY_CAST(regexp_extract({0}, '([0-9]{{1,2}}):', 1) AS BIGINT) * 36000000000 "
    "+ TRY_CAST(regexp_extract({0}, ':([0-9]{{1,2}})', 1) AS BIGINT) * 600000000 + coalesce(TRY_CAST(regexp_extract({0}, ':[0-9]{{1,2}}:([0-9]{{1,2}})', 1) AS BIGINT), 0) * 10000000 "
    "+ coalesce(TRY_CAST(rpad(nullif(regexp_extract({0}, ':[0-9]{{1,2}}\\.([0-9]+)$', 1), ''), 7, '0') AS BIGINT), 0)) "
    "WHEN regexp_full_match({0}, '-?[0-9]+') THEN TRY_CAST({0} AS BIGINT) * 864000000000 END"
)
scalar("totimespan(value: string) -> timespan", _SPAN.format("$value"), "totimespan('1.02:00:00') -> 26h", "A span; null if it is none.", **_SOME)
scalar("totimespan(value: dynamic) -> timespan", _SPAN.format("json_extract_string($value, '$')"), "totimespan(dynamic('90s')) -> 90s", "A span; null if it is none.", **_SOME)
scalar("totimespan(value: integer) -> timespan", "CAST($value AS BIGINT)", "totimespan(10000000) -> 1s", "So many ticks.", **_SAME)
scalar("totimespan(value: timespan) -> timespan", "$value", "totimespan(1d) -> 1d", "The same span.", **_SAME)
scalar("toguid(value: string) -> guid", "TRY_CAST($value AS UUID)", "toguid('00000000-0000-0000-0000-000000000001') -> guid(00000000-0000-0000-0000-000000000001)", "A guid; null if it is none.", **_SOME)
scalar("toguid(value: dynamic) -> guid", "TRY_CAST(json_extract_string($value, '$') AS UUID)", "toguid(dynamic('00000000-0000-0000-0000-000000000001')) -> guid(00000000-0000-0000-0000-000000000001)", "A guid; null if it is none.", **_SOME)
scalar("toguid(value: guid) -> guid", "$value", "toguid(guid(00000000-0000-0000-0000-000000000001)) -> guid(00000000-0000-0000-0000-000000000001)", "The same guid.", **_SAME)

_PARSED = "CASE WHEN json_valid($value) THEN nullif(json($value), 'null') WHEN $value <> '' THEN to_json($value) END"
scalar("todynamic(value: string) -> dynamic", _PARSED, "todynamic('{\"a\": 1}').a -> dynamic(1)", "JSON text as a dynamic; text that is no JSON stays text.", **_SOME)
scalar("todynamic(value: dynamic) -> dynamic", "$value", "todynamic(dynamic([1])) -> dynamic([1])", "The same value.", **_SAME)
scalar("todynamic(value: datetime) -> dynamic", f"to_json({DATETIME_TEXT})", "todynamic(datetime(2026-01-01)) -> dynamic('2026-01-01T00:00:00.0000000Z')", "Its text.", **_SAME)
scalar("todynamic(value: timespan) -> dynamic", f"to_json({TIMESPAN_TEXT})", "todynamic(1d) -> dynamic('1.00:00:00')", "Its text.", **_SAME)
scalar("todynamic(value: guid) -> dynamic", "to_json(CAST($value AS VARCHAR))", "todynamic(guid(00000000-0000-0000-0000-000000000001)) -> dynamic('00000000-0000-0000-0000-000000000001')", "Its text.", **_SAME)
scalar("todynamic(value: any) -> dynamic", "to_json($value)", "todynamic(1) -> dynamic(1)", "The value as a dynamic.", **_SAME)

for _alias, _of in (("parse_json", "todynamic"), ("parsejson", "todynamic"), ("toobject", "todynamic"), ("toreal", "todouble"), ("toboolean", "tobool")):
    SCALARS.alias(_alias, _of)
