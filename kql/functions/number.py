"""Numbers (pages: abs, round, bin, floor, pow, log, sin ...)."""

from __future__ import annotations

from collections.abc import Callable

from kql.functions.fragments import real_text
from kql.functions.registry import SCALARS, Naming, scalar

_SAME = {"naming": Naming.SAME}
_SOME = {"naming": Naming.SAME, "nulls": "some"}
_REAL = "CAST($number AS DOUBLE)"

# ---------------------------------------------------------------- bins
# Bins of moments are counted from 0001-01-01, as .NET counts: a week begins on a Monday, as it does for date_trunc.
_PERIODS = {6_048_000_000_000: "week", 864_000_000_000: "day", 36_000_000_000: "hour", 600_000_000: "minute", 10_000_000: "second"}
_DOWN = "Rounded down to a multiple; null unless the size is positive."
_FIXED = "Rounded down to the fixed point plus a multiple of the size; null unless the size is positive."


def _where_positive(template: str, least: int = 1) -> Callable[[list[object]], str]:
    """The template where the size is positive; a constant size is asked, and cut to microseconds, once and for all."""

    def chosen(constants: list[object]) -> str:
        size = constants[1]
        if isinstance(size, int) and size >= least:
            return template.replace("$size // 10", str(size // 10))
        test = "$size > 0" if least == 1 else f"$size // {least} > 0"
        return f"CASE WHEN {test} THEN {template} END"

    return chosen


_BUCKET = _where_positive("time_bucket(to_microseconds($size // 10), $value, CAST('0001-01-01' AS TIMESTAMP))", least=10)


def _bin_moment(constants: list[object]) -> str:
    period = _PERIODS.get(constants[1]) if isinstance(constants[1], int) else None
    return f"date_trunc('{period}', $value)" if period else _BUCKET(constants)


_FLOOR = _where_positive("CAST($value AS BIGINT) - ((CAST($value AS BIGINT) % $size) + $size) % $size")
_FLOOR_AT = _where_positive("CAST($value AS BIGINT) - (((CAST($value AS BIGINT) - $fixed) % $size) + $size) % $size")
scalar("bin(value: integer, size: integer) -> long", _FLOOR, "bin(-5, 3) -> -6", _DOWN, **_SOME)
scalar("bin(value: real, size: real) -> real", "CASE WHEN $size > 0 THEN floor($value / $size) * $size END", "bin(4.7, 1.5) -> 4.5", _DOWN, **_SOME)
scalar("bin(value: decimal, size: decimal) -> decimal", "CASE WHEN $size > 0 THEN CAST($value - ((($value % $size) + $size) % $size) AS DECIMAL(38, 18)) END", "bin(decimal(4.7), decimal(1.5)) -> decimal(4.5)", _DOWN, **_SOME)
scalar("bin(value: timespan, size: timespan) -> timespan", _FLOOR, "bin(25h, 1d) -> 1d", _DOWN, **_SOME)
scalar("bin(value: datetime, size: timespan) -> datetime", _bin_moment,
       "bin(datetime(2026-01-02 10:30), 1h) -> datetime(2026-01-02 10:00)", "Rounded down to a multiple since 0001-01-01; null unless the size is positive.", **_SOME)
SCALARS.alias("floor", "bin")
scalar("bin_at(value: integer, size: integer, fixed: integer) -> long", _FLOOR_AT, "bin_at(-5, 3, 2) -> -7", _FIXED, **_SOME)
scalar("bin_at(value: real, size: real, fixed: real) -> real", "CASE WHEN $size > 0 THEN $fixed + floor(($value - $fixed) / $size) * $size END", "bin_at(6.5, 2.5, 7.0) -> 4.5", _FIXED, **_SOME)
scalar("bin_at(value: timespan, size: timespan, fixed: timespan) -> timespan", _FLOOR_AT, "bin_at(1h, 1d, 12h) -> -12h", _FIXED, **_SOME)
_SINCE = "(epoch_us($value) - epoch_us($fixed))"
_SIZE = "nullif($size // 10, 0)"
scalar("bin_at(value: datetime, size: timespan, fixed: datetime) -> datetime", f"CASE WHEN $size > 0 THEN $value - to_microseconds((({_SINCE} % {_SIZE}) + {_SIZE}) % {_SIZE}) END",
       "bin_at(datetime(2017-05-15 10:20), 1d, datetime(1970-01-01 12:00)) -> datetime(2017-05-14 12:00)", _FIXED, **_SOME)

# ---------------------------------------------------------------- sign and size
scalar("abs(number: int) -> long", "abs(CAST($number AS BIGINT))", "abs(int(-5)) -> 5", "Without its sign.", **_SAME)
scalar("abs(number: long) -> long", "CASE WHEN $number = -9223372036854775807 - 1 THEN $number ELSE abs($number) END", "abs(-5) -> 5", "Without its sign; the smallest long wraps to itself.", **_SAME)
for _kind, _sample in (("real", "{}5.5"), ("decimal", "decimal({}5.5)"), ("timespan", "{}1h")):
    scalar(f"abs(number: {_kind}) -> {_kind}", "abs($number)", f"abs({_sample.format('-')}) -> {_sample.format('')}", "Without its sign.", **_SAME)
scalar("sign(number: number) -> real", f"sign({_REAL})", "sign(-5) -> -1.0", "-1, 0 or 1.")
for _kind, _sample, _sql in (("int", "int(12)", "INTEGER"), ("long", "12", "BIGINT")):
    scalar(f"round(number: {_kind}) -> {_kind}", "$number", f"round({_sample}) -> {_sample}", "The same number.", **_SAME)
    scalar(f"round(number: {_kind}, precision: long) -> {_kind}", f"TRY_CAST(round(CAST($number AS HUGEINT), CAST(greatest(least($precision, 0), -20) AS INTEGER)) AS {_sql})", f"round({_sample}, -1) -> {_sample.replace('2', '0')}", "Rounded to so many digits; negative ones stand before the point.", **_SOME)
scalar("round(number: real) -> real", "round($number)", "round(2.6) -> 3.0", "Rounded to a whole number.", **_SAME)
scalar("round(number: real, precision: long) -> real", "round($number, CAST(greatest(least($precision, 400), -400) AS INTEGER))", "round(2.567, 2) -> 2.57", "Rounded to so many digits; negative ones stand before the point.", **_SAME)
scalar("round(number: decimal) -> decimal", "CAST(round($number, 0) AS DECIMAL(38, 18))", "round(decimal(2.6)) -> decimal(3)", "Rounded to a whole number.", **_SAME)
scalar("round(number: decimal, precision: const long) -> decimal", lambda constants: f"CAST(round($number, {constants[1]}) AS DECIMAL(38, 18))", "round(decimal(2.567), 2) -> decimal(2.57)", "Rounded to so many digits.", **_SAME)
scalar("ceiling(number: real|integer) -> real", f"ceil({_REAL})", "ceiling(2.1) -> 3.0", "Rounded up.", **_SAME)
scalar("ceiling(number: decimal) -> decimal", "CAST(ceil($number) AS DECIMAL(38, 18))", "ceiling(decimal(2.1)) -> decimal(3)", "Rounded up.", **_SAME)

# ---------------------------------------------------------------- functions of reals
_NAN = "CAST('NaN' AS DOUBLE)"
for _name, _sql, _sample, _help in (
    ("sqrt", f"CASE WHEN {_REAL} < 0 THEN {_NAN} ELSE sqrt({_REAL}) END", "sqrt(9) -> 3.0", "Square root; NaN of a negative number."),
    ("exp", f"exp({_REAL})", "exp(0) -> 1.0", "A power of e."),
    ("exp2", f"pow(2e0, {_REAL})", "exp2(3) -> 8.0", "A power of 2."),
    ("exp10", f"pow(10e0, {_REAL})", "exp10(2) -> 100.0", "A power of 10."),
    ("sin", f"sin({_REAL})", "sin(0) -> 0.0", "Sine of radians."),
    ("cos", f"cos({_REAL})", "cos(0) -> 1.0", "Cosine of radians."),
    ("tan", f"tan({_REAL})", "tan(0) -> 0.0", "Tangent of radians."),
    ("asin", f"asin({_REAL})", "asin(0) -> 0.0", "The angle in radians whose sine it is."),
    ("acos", f"acos({_REAL})", "acos(1) -> 0.0", "The angle in radians whose cosine it is."),
    ("atan", f"atan({_REAL})", "atan(0) -> 0.0", "The angle in radians whose tangent it is."),
    ("gamma", f"gamma({_REAL})", "gamma(5) -> 24.0", "The gamma function."),
    ("loggamma", f"lgamma({_REAL})", "loggamma(1) -> 0.0", "Logarithm of the absolute value of the gamma function."),
):
    scalar(f"{_name}(number: number) -> real", _sql, _sample, _help, **_SAME)
for _name, _function in (("log", "ln"), ("log2", "log2"), ("log10", "log10")):
    scalar(f"{_name}(number: number) -> real", f"CASE WHEN NOT {_REAL} < 0 THEN {_function}({_REAL}) END", f"{_name}(1) -> 0.0", "Logarithm; -infinite of zero, null of a negative number.", **_SOME)
for _name in ("erf", "erfc"):
    scalar(f"{_name}(number: number) -> real", f"{_name}({_REAL})", f"{_name}(0) -> {float(_name == 'erfc')}", "The error function" + (", its complement." if _name == "erfc" else "."), vectorised=_name, **_SAME)
scalar("pow(base: number, exponent: number) -> real", "pow(CAST($base AS DOUBLE), CAST($exponent AS DOUBLE))", "pow(2, 3) -> 8.0", "A power.", **_SAME)
scalar("atan2(y: number, x: number) -> real", "atan2(CAST($y AS DOUBLE), CAST($x AS DOUBLE))", "atan2(0, 1) -> 0.0", "The angle in radians of the point (x, y).", **_SAME)
scalar("cot(number: number) -> real", f"cot({_REAL})", "round(cot(1.5707963267948966), 9) -> 0.0", "Cotangent of radians.")
scalar("degrees(number: number) -> real", f"degrees({_REAL})", "degrees(pi()) -> 180.0", "Radians as degrees.")
scalar("radians(number: number) -> real", f"radians({_REAL})", "radians(180) == pi() -> true", "Degrees as radians.")
scalar("pi() -> real", "pi()", "round(pi(), 5) -> 3.14159", "The circle's ratio.", nulls="total")
scalar("rand() -> real", "random()", "rand() < 1 -> true", "A random number from 0, less than 1.", nulls="total", volatile=True)
scalar("rand(number: integer) -> real", "floor(random() * $number)", "rand(1) -> 0.0", "A random whole number from 0, less than a limit.", volatile=True, **_SAME)
for _name, _parts, _sample, _help in (
    ("beta_cdf", ("x", "alpha", "beta"), "beta_cdf(0.5, 1, 1) -> 0.5", "The beta distribution's cumulative probability; null outside of 0 to 1, NaN unless alpha and beta are positive."),
    ("beta_inv", ("probability", "alpha", "beta"), "beta_inv(0.5, 1, 1) -> 0.5", "The beta distribution's quantile; null outside of 0 to 1, NaN unless alpha and beta are positive."),
    ("beta_pdf", ("x", "alpha", "beta"), "beta_pdf(0.5, 1, 1) -> 1.0", "The beta distribution's density; NaN outside of 0 to 1 and unless alpha and beta are positive."),
    ("welch_test", ("mean1", "variance1", "count1", "mean2", "variance2", "count2"), "welch_test(1, 1, 10, 1, 1, 10) -> 1.0", "Two-sided p-value of Welch's t-test."),
):
    scalar(f"{_name}({', '.join(f'{each}: number' for each in _parts)}) -> real", f"{_name}({', '.join(f'CAST(${each} AS DOUBLE)' for each in _parts)})", _sample, _help, nulls="some", vectorised=_name)

# ---------------------------------------------------------------- tests
scalar("isnan(number: real) -> bool", "isnan($number)", "isnan(0.0 / 0.0) -> true", "Whether it is NaN.")
scalar("isinf(number: real) -> bool", "isinf($number)", "isinf(1.0 / 0.0) -> true", "Whether it is infinite.")
scalar("isfinite(number: real) -> bool", "isfinite($number)", "isfinite(1.5) -> true", "Whether it is neither infinite nor NaN.")
_EXACT_AROUND = "abs(CAST($value AS HUGEINT) - CAST($center AS HUGEINT)) <= CAST($delta AS HUGEINT)"
scalar("around(value: integer, center: integer, delta: integer) -> bool", _EXACT_AROUND, "around(9, 10, 1) -> true", "Whether it is within a distance of a center.")
scalar("around(value: number, center: number, delta: number) -> bool", "CAST($value AS DOUBLE) BETWEEN CAST($center AS DOUBLE) - CAST($delta AS DOUBLE) AND CAST($center AS DOUBLE) + CAST($delta AS DOUBLE)", "around(9.5, 10, 1) -> true", "Whether it is within a distance of a center.")
scalar("around(value: timespan, center: timespan, delta: timespan) -> bool", _EXACT_AROUND, "around(9h, 10h, 1h) -> true", "Whether it is within a distance of a center.")
scalar("around(value: datetime, center: datetime, delta: timespan) -> bool", "abs(epoch_us($value) - epoch_us($center)) <= $delta // 10", "around(datetime(2026-01-02), datetime(2026-01-01), 1d) -> true", "Whether it is within a span of a moment.")

# ---------------------------------------------------------------- bits
for _name, _sql, _result in (("and", "$left & $right", 1), ("or", "$left | $right", 7), ("xor", "xor($left, $right)", 6)):
    scalar(f"binary_{_name}(left: long, right: long) -> long", _sql, f"binary_{_name}(5, 3) -> {_result}", f"Bits combined by {_name}.", **_SAME)
scalar("binary_not(value: long) -> long", "xor($value, CAST(-1 AS BIGINT))", "binary_not(5) -> -6", "All bits turned.", **_SAME)
# The bits that stay after the shift are moved as an unsigned number, the highest of them is the new sign.
_LOW = "(CAST(CAST($value AS BIGINT) & ((CAST(1 AS BIGINT) << (63 - ($shift & 63))) - 1) AS HUGEINT) << ($shift & 63))"
_TOP = "((CAST($value AS BIGINT) >> (63 - ($shift & 63))) & 1)"
scalar("binary_shift_left(value: long, shift: long) -> long", f"CASE WHEN $shift < 0 THEN NULL WHEN $shift & 63 = 0 THEN $value ELSE CAST({_LOW} - CAST({_TOP} AS HUGEINT) * 9223372036854775808 AS BIGINT) END",
       "binary_shift_left(-1, 60) -> -1152921504606846976", "Bits moved left by the shift modulo 64; null for a negative one.", **_SOME)
scalar("binary_shift_right(value: long, shift: long) -> long", "CASE WHEN $shift >= 0 THEN CAST($value AS BIGINT) >> ($shift & 63) END", "binary_shift_right(-8, 1) -> -4", "Bits moved right by the shift modulo 64, the sign kept; null for a negative one.", **_SOME)
for _kind, _sql in (("int", "INTEGER"), ("long", "BIGINT")):
    scalar(f"bitset_count_ones(value: {_kind}) -> long", f"CAST(bit_count(CAST($value AS {_sql})) AS BIGINT)", f"bitset_count_ones({_kind}(42)) -> 3", "How many bits are set.", **_SAME)
for _kind, _sql in (("int", "CAST($value AS BIGINT) & 4294967295"), ("long", "$value")):
    scalar(f"tohex(value: {_kind}) -> string", f"lower(hex({_sql}))", f"tohex({_kind}(255)) -> 'ff'", "Hexadecimal digits of the two's complement.", **_SAME)
    _long = f"lower(hex({_sql}))"
    scalar(f"tohex(value: {_kind}, length: long) -> string", f"concat(repeat('0', CAST(greatest($length - length({_long}), 0) AS INTEGER)), {_long})", f"tohex({_kind}(255), 4) -> '00ff'", "Hexadecimal digits, zeros before them.", **_SAME)

# ---------------------------------------------------------------- sizes in bytes
_UNITS = ("Bytes", "KB", "MB", "GB", "TB", "PB", "EB")
_BYTES = "CAST($size AS DOUBLE)"


def _format_bytes(constants: list[object]) -> str:
    digits = constants[1] if len(constants) > 1 else 0

    def shown(power: int) -> str:
        return f"concat({real_text(f'round({_BYTES} / {1024**power}e0, {digits})')}, ' {_UNITS[power]}')"

    unit = str(constants[2]).lower() if len(constants) > 2 else ""
    if unit:
        return shown([each.lower() for each in _UNITS].index(unit))
    cases = " ".join(f"WHEN abs({_BYTES}) >= {1024**power}e0 THEN {shown(power)}" for power in range(len(_UNITS) - 1, 0, -1))
    return f"CASE WHEN $size IS NULL THEN '' {cases} ELSE {shown(0)} END"


def _unit(constants: list[object]) -> str:
    if not isinstance(constants[1], int):
        return "the precision is a whole number"
    unit = str(constants[2]).lower() if len(constants) > 2 else ""
    return "" if unit in ("", *(each.lower() for each in _UNITS)) else f"'{constants[2]}' is no unit; there are {', '.join(_UNITS)}"


scalar("format_bytes(size: number) -> string", _format_bytes, "format_bytes(10332) -> '10 KB'", "A size in bytes in the unit that fits.", **_SAME)
scalar("format_bytes(size: number, precision: const long, unit?: const string) -> string", _format_bytes, "format_bytes(20010332, 2) -> '19.08 MB'", "A size in bytes with so many digits, in a unit.", check=_unit, **_SAME)

# ---------------------------------------------------------------- the smallest and the largest


def _nan_wins(choice: str) -> Callable[[list[object]], str]:
    def template(constants: list[object]) -> str:
        found = " OR ".join(f"isnan($_{at})" for at in range(len(constants)))
        return f"CASE WHEN {found} THEN CAST('NaN' AS DOUBLE) ELSE {choice}($values) END"

    return template


scalar("min_of(values+: real) -> real", _nan_wins("least"), "min_of(1.5, 0.5) -> 0.5", "The smallest; NaN if one is NaN.")
scalar("max_of(values+: real) -> real", _nan_wins("greatest"), "max_of(1.5, 0.5) -> 1.5", "The largest; NaN if one is NaN.")
scalar("min_of(values+: T) -> T", "least($values)", "min_of(3, 1, 2) -> 1", "The smallest.")
scalar("max_of(values+: T) -> T", "greatest($values)", "max_of(3, 1, 2) -> 3", "The largest.")
