"""Choice and null tests (pages: iff, case, coalesce, isnull, isempty, not)."""

from __future__ import annotations

from kql.functions.registry import SCALARS, scalar


def _case(constants: list[object]) -> str:
    pairs = " ".join(f"WHEN $_{at} THEN $_{at + 1}" for at in range(0, len(constants) - 1, 2))
    return f"CASE {pairs} ELSE $_{len(constants) - 1} END"


def _first_text(constants: list[object]) -> str:
    return "coalesce(" + ", ".join(f"nullif($_{at}, '')" for at in range(len(constants))) + ", '')"


# The binder knows that conditions and values alternate.
CASE = scalar("case(arguments+: any) -> dynamic", _case, "case(1 > 2, 'a', 2 > 1, 'b', 'c') -> 'b'", "The value after the first true condition, else the last.", nulls="some")
scalar("iff(if: bool, then: T, else: T) -> T", "CASE WHEN $if THEN $then ELSE $else END", "iff(1 < 2, 'yes', 'no') -> 'yes'", "The first value if true, else the second.", nulls="some")
scalar("coalesce(values+: T) -> T", "coalesce($values)", "coalesce(long(null), 3) -> 3", "The first value that is not null.", nulls="some")
scalar("coalesce(values+: string) -> string", _first_text, "coalesce('', 'b') -> 'b'", "The first text that is not empty.")
scalar("isnull(value: string) -> bool", "($value IS NULL)", "isnull('') -> false", "Whether the value is null; a string never is.", nulls="total")
scalar("isnull(value: dynamic) -> bool", "coalesce(json_type($value) = 'NULL', TRUE)", "isnull(dynamic(null)) -> true", "Whether the value is null.", nulls="total")
scalar("isnull(value: any) -> bool", "($value IS NULL)", "isnull(long(null)) -> true", "Whether the value is null.", nulls="total")
scalar("isnotnull(value: dynamic) -> bool", "coalesce(json_type($value) <> 'NULL', FALSE)", "isnotnull(dynamic(1)) -> true", "Whether the value is not null.", nulls="total")
scalar("isnotnull(value: any) -> bool", "($value IS NOT NULL)", "isnotnull(5) -> true", "Whether the value is not null.", nulls="total")
scalar("isempty(value: string) -> bool", "($value = '')", "isempty('') -> true", "Whether the text is empty.", nulls="total")
scalar("isempty(value: dynamic) -> bool", "coalesce(json_type($value) = 'NULL' OR json_extract_string($value, '$') = '', TRUE)", "isempty(dynamic(null)) -> true", "Whether the value is null or empty text.", nulls="total")
scalar("isempty(value: any) -> bool", "($value IS NULL)", "isempty(long(null)) -> true", "Whether the value is null.", nulls="total")
scalar("isnotempty(value: string) -> bool", "($value <> '')", "isnotempty('a') -> true", "Whether the text is not empty.", nulls="total")
scalar("isnotempty(value: dynamic) -> bool", "coalesce(json_type($value) <> 'NULL' AND json_extract_string($value, '$') <> '', FALSE)", "isnotempty(dynamic([])) -> true", "Whether the value is neither null nor empty text.", nulls="total")
scalar("isnotempty(value: any) -> bool", "($value IS NOT NULL)", "isnotempty(5) -> true", "Whether the value is not null.", nulls="total")
scalar("assert(condition: bool, message: string) -> bool", lambda _: "CASE WHEN $condition THEN TRUE ELSE error($message) END", "assert(1 < 2, 'no order') -> true", "True, or the query fails with the message.", nulls="total")

for _alias, _of in (("iif", "iff"), ("notnull", "isnotnull"), ("notempty", "isnotempty")):
    SCALARS.alias(_alias, _of)
