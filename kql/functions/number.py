"""Numbers (pages: abs, round, bin, floor, pow ...)."""

from __future__ import annotations

from collections.abc import Callable

from kql.functions.registry import SCALARS, Naming, scalar

_SAME = {"naming": Naming.SAME}

scalar("bin(value: integer, size: integer) -> long", "CASE WHEN $size > 0 THEN CAST($value AS BIGINT) - ((CAST($value AS BIGINT) % $size) + $size) % $size END",
       "bin(-5, 3) -> -6", "Rounded down to a multiple; null unless the size is positive.", nulls="some", **_SAME)
scalar("bin(value: real|integer, size: real|integer) -> real", "CASE WHEN $size > 0 THEN floor(CAST($value AS DOUBLE) / CAST($size AS DOUBLE)) * CAST($size AS DOUBLE) END", "bin(4.7, 1.5) -> 4.5", "Rounded down to a multiple; null unless the size is positive.", nulls="some", **_SAME)
scalar("bin(value: timespan, size: timespan) -> timespan", "CASE WHEN $size > 0 THEN $value - (($value % $size) + $size) % $size END", "bin(25h, 1d) -> 1d", "Rounded down to a multiple; null unless the size is positive.", nulls="some", **_SAME)
# Counted from 0001-01-01, as .NET counts: a week begins on a Monday.
scalar("bin(value: datetime, size: timespan) -> datetime",
       "CASE WHEN $size > 0 THEN make_timestamp(((epoch_us($value) + 62135596800000000) // nullif($size // 10, 0)) * ($size // 10) - 62135596800000000) END",
       "bin(datetime(2026-01-02 10:30), 1h) -> datetime(2026-01-02 10:00)", "Rounded down to a multiple since 0001-01-01; null unless the size is positive.", nulls="some", **_SAME)
SCALARS.alias("floor", "bin")
scalar("abs(value: integer) -> long", "abs(CAST($value AS BIGINT))", "abs(-5) -> 5", "Without its sign.")
scalar("abs(value: real) -> real", "abs($value)", "abs(-5.5) -> 5.5", "Without its sign.")
scalar("abs(value: timespan) -> timespan", "abs($value)", "abs(-1h) -> 1h", "Without its sign.")
scalar("round(value: real|integer) -> real", "round(CAST($value AS DOUBLE))", "round(2.6) -> 3.0", "Rounded to a whole number.")
scalar("round(value: real|integer, precision: long) -> real", "round(CAST($value AS DOUBLE), CAST($precision AS INTEGER))", "round(2.567, 2) -> 2.57", "Rounded to so many digits.")
scalar("ceiling(value: real|integer) -> real", "ceil(CAST($value AS DOUBLE))", "ceiling(2.1) -> 3.0", "Rounded up.")
scalar("sqrt(value: real|integer) -> real", "CASE WHEN $value < 0 THEN CAST('NaN' AS DOUBLE) ELSE sqrt($value) END", "sqrt(9) -> 3.0", "Square root.")
scalar("pow(base: real|integer, exponent: real|integer) -> real", "pow(CAST($base AS DOUBLE), CAST($exponent AS DOUBLE))", "pow(2, 3) -> 8.0", "A power.")
scalar("sign(value: number) -> long", "CAST(sign($value) AS BIGINT)", "sign(-5) -> -1", "-1, 0 or 1.")


def _nan_wins(choice: str) -> Callable[[list[object]], str]:
    def template(constants: list[object]) -> str:
        found = " OR ".join(f"isnan($_{at})" for at in range(len(constants)))
        return f"CASE WHEN {found} THEN CAST('NaN' AS DOUBLE) ELSE {choice}($values) END"

    return template


scalar("min_of(values+: real) -> real", _nan_wins("least"), "min_of(1.5, 0.5) -> 0.5", "The smallest; NaN if one is NaN.")
scalar("max_of(values+: real) -> real", _nan_wins("greatest"), "max_of(1.5, 0.5) -> 1.5", "The largest; NaN if one is NaN.")
scalar("min_of(values+: T) -> T", "least($values)", "min_of(3, 1, 2) -> 1", "The smallest.")
scalar("max_of(values+: T) -> T", "greatest($values)", "max_of(3, 1, 2) -> 3", "The largest.")
