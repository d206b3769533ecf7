"""Aggregates (pages: count, sum, dcount, make_set, arg_max, percentile ...). All ignore nulls.

Where the page promises an estimate (dcount, percentiles of large sets), the exact value is given.
"""

from __future__ import annotations

from kql.functions.registry import AGGREGATES, Naming, aggregate

_TOTAL = {"nulls": "total"}

aggregate("count() -> long", "count(*)", "count() -> 3", "Number of rows.", naming=Naming.FUNCTION_FIRST, **_TOTAL)
aggregate("countif(predicate: bool) -> long", "count(*) FILTER (WHERE $predicate)", "countif(x > 1) -> 2", "Number of rows where it is true.", **_TOTAL)
aggregate("dcount(value: any) -> long", "count(DISTINCT $value)", "dcount(x) -> 3", "Number of different values.", **_TOTAL)
aggregate("dcount(value: any, accuracy: const long) -> long", "count(DISTINCT $value)", "dcount(x, 2) -> 3", "Number of different values.", **_TOTAL)
aggregate("dcountif(value: any, predicate: bool) -> long", "count(DISTINCT $value) FILTER (WHERE $predicate)", "dcountif(x, x > 1) -> 2", "Number of different values where it is true.", **_TOTAL)
aggregate("count_distinct(value: any) -> long", "count(DISTINCT $value)", "count_distinct(x) -> 3", "Number of different values.", **_TOTAL)

aggregate("sum(value: integer) -> long", "CAST(coalesce(sum($value), 0) AS BIGINT)", "sum(x) -> 6", "Sum; 0 of nothing.", **_TOTAL)
aggregate("sum(value: real) -> real", "coalesce(sum($value), 0e0)", "sum(todouble(x)) -> 6.0", "Sum; 0 of nothing.", **_TOTAL)
aggregate("sum(value: decimal) -> decimal", "CAST(coalesce(sum($value), 0) AS DECIMAL(38, 18))", "sum(todecimal(x)) -> decimal(6)", "Sum; 0 of nothing.", **_TOTAL)
aggregate("sum(value: timespan) -> timespan", "CAST(coalesce(sum($value), 0) AS BIGINT)", "sum(x * 1h) -> 6h", "Sum; 0 of nothing.", **_TOTAL)
aggregate("sumif(value: integer, predicate: bool) -> long", "CAST(coalesce(sum($value) FILTER (WHERE $predicate), 0) AS BIGINT)", "sumif(x, x > 1) -> 5", "Sum where it is true.", **_TOTAL)
aggregate("sumif(value: real, predicate: bool) -> real", "coalesce(sum($value) FILTER (WHERE $predicate), 0e0)", "sumif(todouble(x), x > 1) -> 5.0", "Sum where it is true.", **_TOTAL)
aggregate("avg(value: integer|real) -> real", "coalesce(avg($value), CAST('NaN' AS DOUBLE))", "avg(x) -> 2.0", "Mean; NaN of nothing.", **_TOTAL)
aggregate("avg(value: timespan) -> timespan", "CAST(trunc(avg($value)) AS BIGINT)", "avg(x * 1h) -> 2h", "Mean of spans.")
aggregate("avgif(value: integer|real, predicate: bool) -> real", "coalesce(avg($value) FILTER (WHERE $predicate), CAST('NaN' AS DOUBLE))", "avgif(x, x > 1) -> 2.5", "Mean where it is true.", **_TOTAL)

for _name, _words in (("min", "smallest"), ("max", "largest")):
    _value = {"min": 1, "max": 3}[_name]
    aggregate(f"{_name}(value: T) -> T", f"{_name}($value)", f"{_name}(x) -> {_value}", f"The {_words} value.")
    aggregate(f"{_name}if(value: T, predicate: bool) -> T", f"{_name}($value) FILTER (WHERE $predicate)", f"{_name}if(x, x < 9) -> {_value}", f"The {_words} value where it is true.")
    aggregate(f"arg_{_name}(by: any, value: T) -> T", f"CASE WHEN count($by) > 0 THEN arg_{_name}_null($value, $by) ELSE first($value) END", f"arg_{_name}(x, x) -> {_value}", f"Columns of the row with the {_words} value.")

# DuckDB takes NaN for the largest number, which is right for max alone.
aggregate("min(value: real) -> real", "CASE WHEN bool_or(isnan($value)) THEN CAST('NaN' AS DOUBLE) ELSE min($value) END", "min(todouble(x)) -> 1.0", "The smallest value; NaN if one is NaN.")
aggregate("minif(value: real, predicate: bool) -> real", "CASE WHEN bool_or(isnan($value)) FILTER (WHERE $predicate) THEN CAST('NaN' AS DOUBLE) ELSE min($value) FILTER (WHERE $predicate) END", "minif(todouble(x), x > 1) -> 2.0", "The smallest value where it is true; NaN if one is NaN.")

aggregate("take_any(value: T) -> T", "any_value($value)", "take_any(1) -> 1", "Any value that is not null.", naming=Naming.SAME)
AGGREGATES.alias("any", "take_any")
aggregate("take_anyif(value: T, predicate: bool) -> T", "any_value($value) FILTER (WHERE $predicate)", "take_anyif(1, x > 1) -> 1", "Any value where it is true.", naming=Naming.SAME)
AGGREGATES.alias("anyif", "take_anyif")


def _listed(distinct: str, where: str, kind: str) -> str:
    """Arrays are flattened into the list; nulls are left out."""
    if kind == "dynamic":
        parts = "CASE json_type($value) WHEN 'ARRAY' THEN CAST($value AS JSON[]) WHEN 'NULL' THEN [] ELSE [$value] END"
        flat = f"flatten(list({parts}) FILTER (WHERE $value IS NOT NULL{where}))"
        return f"coalesce(to_json({'list_distinct(' + flat + ')' if distinct else flat}), '[]')"
    return f"coalesce(to_json(list({distinct}$value) FILTER (WHERE $value IS NOT NULL{where})), '[]')"


_DATE = "strftime($value, '%Y-%m-%dT%H:%M:%S.%f0Z')"
for _name, _distinct, _sample in (("make_list", "", "a list"), ("make_set", "DISTINCT ", "a set")):
    for _kind in ("dynamic", "any"):
        _prefix = {"prefix": _name[5:], "ordered": not _distinct, **_TOTAL}
        _of, _if = ("x", "x") if _kind == "any" else ("todynamic(x)", "todynamic(x)")
        _result = "dynamic([1, 2, 3])"
        _help = f"The values as {_sample}; nulls are left out, arrays flattened."
        aggregate(f"{_name}(value: {_kind}) -> dynamic", _listed(_distinct, "", _kind), f"{_name}({_of}) -> {_result}", _help, **_prefix)
        aggregate(f"{_name}(value: {_kind}, maximum: const long) -> dynamic", _listed(_distinct, "", _kind).replace("to_json(", "to_json(list_slice(", 1).replace("), '[]')", ", 1, $maximum)), '[]')"),
                  f"{_name}({_of}, 3) -> {_result}", _help, **_prefix)
        aggregate(f"{_name}_if(value: {_kind}, predicate: bool) -> dynamic", _listed(_distinct, " AND $predicate", _kind), f"{_name}_if({_of}, x < 9) -> {_result}", _help, **_prefix)
for _old, _new in (("makelist", "make_list"), ("makeset", "make_set")):
    AGGREGATES.alias(_old, _new)
aggregate("percentile(value: T, percentile: const real|long) -> T", lambda constants: f"quantile_disc($value, {float(str(constants[1])) / 100})", "percentile(x, 50) -> 2", "The value that so many per cent are at or below (nearest rank).", naming=Naming.FUNCTION_ALL)
aggregate("stdev(value: integer|real) -> real", "coalesce(stddev_samp($value), 0e0)", "stdev(x) -> 1.0", "Standard deviation of a sample; 0 of nothing.", **_TOTAL)
