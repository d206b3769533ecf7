"""SQL that the templates of several topics share; `{0}` and arguments stand for a parameter such as `$value`."""

from __future__ import annotations

import re

TICKS_PER_DAY = 864_000_000_000
EPOCH_US = 62_135_596_800_000_000  # microseconds from 0001-01-01 to 1970-01-01


def literal(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def wrapped(exact: str, bits: int = 64) -> str:
    """A 128-bit number cut to two's complement of so many bits."""
    half = 1 << bits - 1
    kind = "BIGINT" if bits == 64 else "INTEGER"
    return f"CAST(((({exact}) + {half}) & CAST({(1 << bits) - 1} AS HUGEINT)) - {half} AS {kind})"


def saturated(real: str, bits: int) -> str:
    """A real without its fraction as an integer of so many bits; null for NaN, the nearest limit beyond the range."""
    most, kind = (1 << bits - 1) - 1, "BIGINT" if bits == 64 else "INTEGER"
    return (
        f"CASE WHEN isnan({real}) THEN NULL WHEN {real} >= {most}e0 THEN CAST({most} AS {kind}) "
        f"WHEN {real} <= -{most}e0 THEN CAST(-{most} - 1 AS {kind}) ELSE CAST(trunc({real}) AS {kind}) END"
    )


def ticks(moment: str) -> str:
    """Ticks of 100 ns from 0001-01-01 to a moment."""
    return f"(epoch_us({moment}) + {EPOCH_US}) * 10"


def text_of(value: str) -> str:
    """The text of a dynamic: a string without its quotes, anything else as JSON."""
    return f"json_extract_string({value}, '$')"


def texts_of(value: str) -> str:
    """The texts of an array's elements; a dynamic that is none stands for itself."""
    return f"CASE json_type({value}) WHEN 'ARRAY' THEN CAST({value} AS VARCHAR[]) ELSE [{text_of(value)}] END"


_PART = f"abs($value) % {TICKS_PER_DAY}"
TIMESPAN_TEXT = (
    f"CASE WHEN $value < 0 THEN '-' ELSE '' END || CASE WHEN abs($value) >= {TICKS_PER_DAY} THEN CAST(abs($value) // {TICKS_PER_DAY} AS VARCHAR) || '.' ELSE '' END"
    f" || printf('%02d:%02d:%02d', ({_PART}) // 36000000000, ({_PART}) // 600000000 % 60, ({_PART}) // 10000000 % 60)"
    " || CASE WHEN $value % 10000000 = 0 THEN '' ELSE printf('.%07d', abs($value) % 10000000) END"
)
DATETIME_TEXT = "strftime($value, '%Y-%m-%dT%H:%M:%S.%f0Z')"


def real_text(value: str) -> str:
    """Shortest digits: NaN, Infinity, whole numbers without a point, E+NN for large and small ones."""
    return (
        f"CASE WHEN isnan({value}) THEN 'NaN' WHEN isinf({value}) THEN CASE WHEN {value} > 0 THEN 'Infinity' ELSE '-Infinity' END "
        f"WHEN {value} = trunc({value}) AND abs({value}) < 1e15 THEN CAST(CAST({value} AS BIGINT) AS VARCHAR) "
        f"ELSE regexp_replace(upper(CAST({value} AS VARCHAR)), '\\.0$', '') END"
    )


REAL_TEXT = real_text("$value")


# ---------------------------------------------------------------- regular expressions

_NAMED = re.compile(r"\(\?<(?![=!])")
_GROUP = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?!\?)|\(\?P?<(?![=!])(\w+)>", re.DOTALL)


def pattern(constants: list[object], at: int, name: str) -> str:
    """The regular expression among the arguments; `(?<name>...)` in a constant is written as RE2 knows it, `(?P<name>...)`."""
    constant = constants[at]
    named = isinstance(constant, str) and _NAMED.search(constant)
    return literal(_NAMED.sub("(?P<", str(constant))) if named else f"${name}"


def capture_groups(regex: str) -> list[str]:
    """The names of a pattern's capture groups in order, '' for one without a name."""
    found = [match for match in _GROUP.finditer(regex) if match[0].startswith("(")]
    return [match[1] or "" for match in found]
