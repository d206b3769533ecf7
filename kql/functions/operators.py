"""Infix and prefix operators as function lines (pages: numerical, datetime and timespan, string, `in` operators).

Comparisons are total in KQL: one null makes `==` false and `!=` true, two nulls give null. Long arithmetic wraps silently:
it is done in 128 bits and cut to 64. Integer division truncates, by zero it is null; `%` is never negative.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from kql.functions.fragments import texts_of, ticks, wrapped
from kql.functions.registry import UNKNOWN, Template, operator
from kql.functions.terms import has_template

_DECIMAL = "TRY_CAST(${} AS DECIMAL(38, 18))"
_EXACT = "CAST($left AS HUGEINT) {} CAST($right AS HUGEINT)"  # 128 bits, to be cut to 64
_LEFT, _RIGHT = "CAST($left AS BIGINT)", "CAST($right AS BIGINT)"
_TICKS = "(epoch_us($left) - epoch_us($right)) * 10"



def _guarded(sign: str, nan: str, join: str = "AND NOT") -> Callable[[list[object]], str]:
    """A comparison of reals: DuckDB takes NaN for equal to itself and greater than all; the side `nan` must be none.

    A constant number on the other side makes the guard needless for == != < <=.
    """

    def template(constants: list[object]) -> str:
        side = constants[nan == "right"]
        other = constants[nan != "right"]
        if any(isinstance(c, float) and math.isfinite(c) for c in ((side, other) if sign in ("=", "<>") else (side,))):
            return f"$left {sign} $right"
        guarded = f"($left {sign} $right {join} isnan(${nan}))"
        if sign in ("=", "<>") or isinstance(other, float):
            return guarded
        return f"CASE WHEN ${'left' if nan == 'right' else 'right'} IS NOT NULL THEN {guarded} END"  # null beside NaN is null

    return template


def _moved(sign: str, span: int) -> Callable[[list[object]], str]:
    """A moment and a span, whose ticks are cut to microseconds here if it is constant."""

    def template(constants: list[object]) -> str:
        ticks = constants[span]
        whole = f"$_{span} // 10" if not isinstance(ticks, int) else str(ticks // 10) if ticks >= 0 else f"-{-ticks // 10}"
        return sign.format(f"to_microseconds({whole})")

    return template


# ---------------------------------------------------------------- comparison
operator("==(left: real, right: real) -> bool", _guarded("=", "left"), "real(nan) == real(nan) -> false", "Equal; NaN equals nothing.",
         one_null="coalesce($left = $right AND NOT isnan($left), FALSE)",
         both_null="CASE WHEN ($left IS NULL) <> ($right IS NULL) THEN FALSE ELSE $left = $right AND NOT isnan($left) END")
operator("!=(left: real, right: real) -> bool", _guarded("<>", "left", "OR"), "real(nan) != real(nan) -> true", "Not equal; NaN equals nothing.",
         nulls="some", one_null="($left IS DISTINCT FROM $right OR coalesce(isnan($left), FALSE))",
         both_null="CASE WHEN ($left IS NULL) <> ($right IS NULL) THEN TRUE ELSE $left <> $right OR isnan($left) END")
for _sign, _nan, _words in (("<", "right", "Less"), (">", "left", "Greater"), ("<=", "right", "Less or equal"), (">=", "left", "Greater or equal")):
    operator(f"{_sign}(left: real, right: real) -> bool", _guarded(_sign, _nan), f"1.5 {_sign} 2.5 -> {str('<' in _sign).lower()}",
             f"{_words}; null if an operand is null, false beside NaN.")
for _kinds, _one, _two in (("number", "1", "2"), ("T", "1s", "2s")):
    operator(f"==(left: {_kinds}, right: {_kinds}) -> bool", "$left = $right", f"{_one} == {_one} -> true", "Equal; text by case.",
             one_null="coalesce($left = $right, FALSE)",
             both_null="CASE WHEN ($left IS NULL) <> ($right IS NULL) THEN FALSE ELSE $left = $right END")
    operator(f"!=(left: {_kinds}, right: {_kinds}) -> bool", "$left <> $right", f"{_one} != {_two} -> true", "Not equal; text by case.",
             nulls="some", one_null="$left IS DISTINCT FROM $right",
             both_null="CASE WHEN ($left IS NULL) <> ($right IS NULL) THEN TRUE ELSE $left <> $right END")
    for _sign, _words in (("<", "Less"), (">", "Greater"), ("<=", "Less or equal"), (">=", "Greater or equal")):
        operator(f"{_sign}(left: {_kinds}, right: {_kinds}) -> bool", f"$left {_sign} $right",
                 f"{_one} {_sign} {_two} -> {str('<' in _sign).lower()}", f"{_words}; null if an operand is null.")

# ---------------------------------------------------------------- arithmetic
for _sign, _words, _result in (("+", "Sum", 5), ("-", "Difference", -1), ("*", "Product", 6)):
    operator(f"{_sign}(left: int, right: int) -> long", f"CAST($left AS BIGINT) {_sign} CAST($right AS BIGINT)",
             f"int(2) {_sign} int(3) -> {_result}", f"{_words}; two ints cannot leave 64 bits.")
    operator(f"{_sign}(left: integer, right: integer) -> long", wrapped(_EXACT.format(_sign)),
             f"2 {_sign} 3 -> {_result}", f"{_words}; wraps at 64 bits.", exact="" if _sign == "*" else _EXACT.format(_sign))
    operator(f"{_sign}(left: real|integer, right: real|integer) -> real", f"CAST($left AS DOUBLE) {_sign} CAST($right AS DOUBLE)",
             f"2.0 {_sign} 3 -> {_result}.0", f"{_words} of reals.")
for _sign, _words, _result in (("+", "Sum", 5), ("-", "Difference", -1)):
    operator(f"{_sign}(left: decimal|integer|real, right: decimal|integer|real) -> decimal",
             f"TRY(CAST({_DECIMAL.format('left')} {_sign} {_DECIMAL.format('right')} AS DECIMAL(38, 18)))",
             f"decimal(2) {_sign} decimal(3) -> decimal({_result})", f"{_words} of decimals; null if it does not fit.", nulls="some")
operator("+(left: datetime, right: timespan) -> datetime", _moved("$left + {}", span=1),
         "datetime(2026-01-01) + 1d -> datetime(2026-01-02)", "A moment later.")
operator("+(left: timespan, right: datetime) -> datetime", _moved("$right + {}", span=0),
         "1d + datetime(2026-01-01) -> datetime(2026-01-02)", "A moment later.")
operator("+(left: timespan, right: timespan) -> timespan", wrapped(_EXACT.format("+")), "1d + 1h -> 25h", "Sum of spans.")
operator("-(left: datetime, right: timespan) -> datetime", _moved("$left - {}", span=1),
         "datetime(2026-01-02) - 1d -> datetime(2026-01-01)", "A moment earlier.")
operator("-(left: datetime, right: datetime) -> timespan", _TICKS, "datetime(2026-01-02) - datetime(2026-01-01) -> 1d", "The span between.")
operator("-(left: timespan, right: timespan) -> timespan", wrapped(_EXACT.format("-")), "1d - 1h -> 23h", "Difference of spans.")
for _span, _number, _sample in (("left", "right", "1h * {}"), ("right", "left", "{} * 1h")):
    _operands = sorted((f"{_span}: timespan", f"{_number}: {{}}"))
    operator(f"*({', '.join(_operands)}) -> timespan".format("integer"), wrapped(_EXACT.format("*")), f"{_sample.format(2)} -> 2h", "A multiple of a span.")
    operator(f"*({', '.join(_operands)}) -> timespan".format("real|decimal"), f"TRY_CAST(trunc(CAST(${_span} AS DOUBLE) * CAST(${_number} AS DOUBLE)) AS BIGINT)",
             f"{_sample.format(1.5)} -> 90m", "A multiple of a span; null if it does not fit.", nulls="some")

operator("/(left: integer, right: integer) -> long", "CASE WHEN $right = -1 THEN " + wrapped("-CAST($left AS HUGEINT)") + f" ELSE {_LEFT} // nullif({_RIGHT}, 0) END", "7 / 2 -> 3",
         "Quotient, truncated; null by zero.", nulls="some")
operator("/(left: real|integer, right: real|integer) -> real", "CAST($left AS DOUBLE) / CAST($right AS DOUBLE)", "7.0 / 2 -> 3.5", "Quotient; infinite by zero.")
# SQL's product has twice the digits after the point and no room before it, its quotient is a double.
for _sign, _words, _function, _result in (("*", "Product", "decimal_product", 6), ("/", "Quotient", "decimal_quotient", 2)):
    operator(f"{_sign}(left: decimal|integer|real, right: decimal|integer|real) -> decimal",
             f"TRY_CAST({_function}(CAST({_DECIMAL.format('left')} AS VARCHAR), CAST({_DECIMAL.format('right')} AS VARCHAR)) AS DECIMAL(38, 18))",
             f"decimal({_result if _sign == '*' else 6}) {_sign} decimal({'1' if _sign == '*' else '3'}) -> decimal({_result})", f"{_words} of decimals; null if it does not fit.", nulls="some", vectorised=_function)
operator("/(left: timespan, right: timespan) -> real", "CAST($left AS DOUBLE) / CAST($right AS DOUBLE)", "1d / 1h -> 24.0", "How many times one span holds the other.")
operator("/(left: timespan, right: integer) -> timespan", f"{_LEFT} // nullif({_RIGHT}, 0)", "1h / 2 -> 30m", "A part of a span; null by zero.", nulls="some")
operator("/(left: timespan, right: real|decimal) -> timespan", f"TRY_CAST(trunc({_LEFT} / CAST($right AS DOUBLE)) AS BIGINT)", "1h / 0.5 -> 2h", "A part of a span; null by zero.", nulls="some")

# The sign is taken off by subtracting -|right|: |right| itself may not fit.
_MODULO = f"({_LEFT} % nullif({_RIGHT}, 0)) - CASE WHEN {_LEFT} % nullif({_RIGHT}, 0) >= 0 THEN 0 WHEN {_RIGHT} < 0 THEN {_RIGHT} ELSE -{_RIGHT} END"
operator("%(left: integer, right: integer) -> long", _MODULO, "-14 % 12 -> 10", "Remainder, never negative; null by zero.", nulls="some")
operator("%(left: real|integer, right: real|integer) -> real", "CAST($left AS DOUBLE) - abs(CAST($right AS DOUBLE)) * floor(CAST($left AS DOUBLE) / abs(CAST($right AS DOUBLE)))",
         "-7.5 % 2 -> 0.5", "Remainder of reals, never negative; NaN by zero.", nulls="some")
operator("%(left: decimal|integer|real, right: decimal|integer|real) -> decimal", f"TRY((({_DECIMAL.format('left')} % nullif({_DECIMAL.format('right')}, 0)) + abs({_DECIMAL.format('right')})) % nullif(abs({_DECIMAL.format('right')}), 0))",
         "decimal(7.5) % decimal(2) -> decimal(1.5)", "Remainder of decimals, never negative; null by zero.", nulls="some")
operator("%(left: timespan, right: timespan) -> timespan", _MODULO, "25h % 1d -> 1h", "Remainder of spans; null by zero.", nulls="some")
operator("%(left: datetime, right: timespan) -> timespan", _MODULO.replace(_LEFT, ticks("$left")), "datetime(2026-01-01 10:00) % 1d -> 10h", "What a moment is past the last multiple of a span since 0001-01-01.", nulls="some")

operator("-(operand: int) -> long", "-CAST($operand AS BIGINT)", "-toint('5') -> -5", "Negative.")
operator("-(operand: long) -> long", "CASE WHEN $operand = -9223372036854775807 - 1 THEN $operand ELSE -$operand END", "-tolong('5') -> -5", "Negative; wraps at 64 bits.")
operator("-(operand: real) -> real", "-$operand", "-todouble('5.5') -> -5.5", "Negative.")
operator("-(operand: decimal) -> decimal", "-$operand", "-(decimal(5)) -> decimal(-5)", "Negative.")
operator("-(operand: timespan) -> timespan", "-$operand", "-totimespan('1h') -> -1h", "Negative.")

# ---------------------------------------------------------------- strings


def _escaped(word: str) -> str:
    """A constant as part of a LIKE pattern inside a SQL literal."""
    for special in ("\\", "%", "_"):
        word = word.replace(special, "\\" + special)
    return word.replace("'", "''")


def _like(before: str, after: str, like: str, otherwise: str) -> Template:
    """A LIKE with the constant folded in (one scan without a call for each row), else a function of both."""

    def template(constants: list[object]) -> str:
        word = constants[1]
        if word is UNKNOWN or not isinstance(word, str):
            return otherwise
        return f"$text {like} '{before}{_escaped(word)}{after}' ESCAPE '\\'"

    return template


operator("contains(text: string, part: string) -> bool", _like("%", "%", "ILIKE", "contains(lower($text), lower($part))"),
         "'FabriKam' contains 'kam' -> true", "Has the part anywhere, whatever its case.")
operator("contains_cs(text: string, part: string) -> bool", "contains($text, $part)", "'FabriKam' contains_cs 'kam' -> false", "Has the part anywhere, by case.")
operator("startswith(text: string, part: string) -> bool", _like("", "%", "ILIKE", "starts_with(lower($text), lower($part))"),
         "'Fabrikam' startswith 'fab' -> true", "Begins with the part, whatever its case.")
operator("startswith_cs(text: string, part: string) -> bool", "starts_with($text, $part)", "'Fabrikam' startswith_cs 'fab' -> false", "Begins with the part, by case.")
operator("endswith(text: string, part: string) -> bool", _like("%", "", "ILIKE", "ends_with(lower($text), lower($part))"),
         "'Fabrikam' endswith 'KAM' -> true", "Ends with the part, whatever its case.")
operator("endswith_cs(text: string, part: string) -> bool", "ends_with($text, $part)", "'Fabrikam' endswith_cs 'KAM' -> false", "Ends with the part, by case.")
operator("=~(left: string, right: string) -> bool", "lower($left) = lower($right)", "'Abc' =~ 'aBC' -> true", "Equal whatever the case.")
operator("matches regex(text: string, regex: string) -> bool", "regexp_matches($text, $regex)", "'a1' matches regex '[0-9]' -> true", "Some part matches the RE2 pattern.")

for _word, _help in (("has", "Has the term"), ("hasprefix", "Has a term that begins so"), ("hassuffix", "Has a term that ends so")):
    _sample = {"has": "North", "hasprefix": "Nor", "hassuffix": "rica"}[_word]
    operator(f"{_word}(text: string, term: string) -> bool", has_template(_word), f"'North America' {_word} '{_sample.lower()}' -> true", f"{_help}, whatever its case.")
    operator(f"{_word}_cs(text: string, term: string) -> bool", has_template(_word, cased=True), f"'North America' {_word}_cs '{_sample}' -> true", f"{_help}, by case.")

# ---------------------------------------------------------------- what the compiler itself calls
operator("text as dynamic(value: string) -> dynamic", "to_json($value)", "pack_array(strcat('[', '5]'))[0] -> dynamic('[5]')", "A text as a dynamic text, never read as JSON.", nulls="total")

# ---------------------------------------------------------------- membership in a computed array
operator("in(value: string, array: dynamic) -> bool", f"coalesce(list_contains({texts_of('$array')}, $value), FALSE)",
         "'a' in (pack_array('a', 'b')) -> true", "Is an element of the array.", nulls="total")
operator("in~(value: string, array: dynamic) -> bool", f"coalesce(list_contains(list_transform({texts_of('$array')}, lambda __k1: lower(__k1)), lower($value)), FALSE)",
         "'A' in~ (pack_array('a', 'b')) -> true", "Is an element of the array, whatever its case.", nulls="total")
for _kinds, _sql, _one in (("integer", "DECIMAL(38, 18)", "1"), ("real|decimal", "DOUBLE", "1.0")):  # a long has more digits than a double
    operator(f"in(value: {_kinds}, array: dynamic) -> bool",
             f"coalesce(list_contains(list_transform({texts_of('$array')}, lambda __k1: TRY_CAST(__k1 AS {_sql})), CAST($value AS {_sql})), FALSE)",
             f"{_one} in (pack_array(1, 2)) -> true", "Is an element of the array.", nulls="total")
operator("has_any(text: string, terms: dynamic) -> bool", has_template("has_any"), "'North America' has_any (pack_array('south', 'north')) -> true", "Has one of the terms.", nulls="total")
operator("has_all(text: string, terms: dynamic) -> bool", has_template("has_all"), "'North America' has_all (pack_array('america', 'north')) -> true", "Has all of the terms.", nulls="total")
