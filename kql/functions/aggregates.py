"""Aggregates (pages: count, sum, dcount, make_set, arg_max, percentile ...). All ignore nulls.

Where the page promises an estimate (dcount, percentiles of large sets), the exact value is given.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal

from msgspec.structs import replace

from kql.functions.fragments import wrapped
from kql.functions.registry import AGGREGATES, UNKNOWN, Function, Kind, Naming, Template, aggregate

_TOTAL = {"nulls": "total"}


def _both(name: str, parameters: str, result: str, template: str, arguments: str, values: tuple[str, str], help: str, **properties: object) -> None:
    """An aggregate and its twin with `if`: {where} in the template is where its filter goes; `values` are those of
    the examples, for all of 1, 2, 3 and for 2, 3."""
    aggregate(f"{name}({parameters}) -> {result}", template.replace("{where}", ""), f"{name}({arguments}) -> {values[0]}", f"{help}.", **properties)
    filtered = template.replace("{where}", " FILTER (WHERE $predicate)")
    aggregate(f"{name}if({parameters}, predicate: bool) -> {result}", filtered, f"{name}if({arguments}, x > 1) -> {values[1]}", f"{help}, of rows where it is true.", **properties)


# ---------------------------------------------------------------- counts
aggregate("count() -> long", "count(*)", "count() -> 3", "Number of rows.", **_TOTAL)
aggregate("count(value: any) -> long", "count(*)", "count(x) -> 3", "Number of rows; the value does not matter.", **_TOTAL)
aggregate("countif(predicate: bool) -> long", "count(*) FILTER (WHERE $predicate)", "countif(x > 1) -> 2", "Number of rows where it is true.", **_TOTAL)
aggregate("cnt() -> long", "count(*)", "cnt() -> 3", "Number of rows.", replaced_by="count", **_TOTAL)
for _name in ("dcount", "count_distinct"):
    _both(_name, "value: any", "long", "count(DISTINCT $value){where}", "x", ("3", "2"), "Number of different values", **_TOTAL)
aggregate("dcount(value: any, accuracy: const long) -> long", "count(DISTINCT $value)", "dcount(x, 2) -> 3", "Number of different values.", **_TOTAL)
aggregate("dcountif(value: any, predicate: bool, accuracy: const long) -> long", "count(DISTINCT $value) FILTER (WHERE $predicate)", "dcountif(x, x > 1, 2) -> 2", "Number of different values, of rows where it is true.", **_TOTAL)

# ---------------------------------------------------------------- sums and means
_NAN = "CAST('NaN' AS DOUBLE)"
_WHOLE_SUM = wrapped("coalesce(sum($value){where}, 0)")
_both("sum", "value: integer", "long", _WHOLE_SUM, "x", ("6", "5"), "Sum; 0 of nothing, wraps at 64 bits", **_TOTAL)
_both("sum", "value: real", "real", "coalesce(sum($value){where}, 0e0)", "todouble(x)", ("6.0", "5.0"), "Sum; 0 of nothing", **_TOTAL)
_both("sum", "value: decimal", "decimal", "CAST(coalesce(sum($value){where}, 0) AS DECIMAL(38, 18))", "todecimal(x)", ("decimal(6)", "decimal(5)"), "Sum; 0 of nothing", **_TOTAL)
_both("sum", "value: timespan", "timespan", _WHOLE_SUM, "x * 1h", ("6h", "5h"), "Sum; 0 of nothing", **_TOTAL)
_both("avg", "value: integer|real", "real", f"coalesce(avg($value){{where}}, {_NAN})", "x", ("2.0", "2.5"), "Mean; NaN of nothing", **_TOTAL)
_both("avg", "value: decimal", "decimal", "CAST(sum($value){where} / nullif(count($value){where}, 0) AS DECIMAL(38, 18))", "todecimal(x)", ("decimal(2)", "decimal(2.5)"), "Mean")
_both("avg", "value: timespan", "timespan", "CAST(sum($value){where} // nullif(count($value){where}, 0) AS BIGINT)", "x * 1h", ("2h", "2.5h"), "Mean")
_both("avg", "value: datetime", "datetime", "avg($value){where}", "datetime(2026-01-01) + x * 1d", ("datetime(2026-01-03)", "datetime(2026-01-03 12:00)"), "Mean")

# ---------------------------------------------------------------- spread
for _name, _sql, _values, _help in (
    ("stdev", "stddev_samp", ("1.0", "0.7071067811865476"), "Standard deviation of a sample"), ("stdevp", "stddev_pop", ("0.816496580927726", "0.5"), "Standard deviation of a population"),
    ("variance", "var_samp", ("1.0", "0.5"), "Variance of a sample"), ("variancep", "var_pop", ("0.6666666666666666", "0.25"), "Variance of a population"),
):
    _both(_name, "value: number|timespan", "real", f"coalesce({_sql}(CAST($value AS DOUBLE)){{where}}, 0e0)", "x", _values, f"{_help}; 0 of nothing", **_TOTAL)
for _name, _sql, _values, _help in (("covariance", "covar_samp", ("2.0", "1.0"), "Covariance of a sample"), ("covariancep", "covar_pop", ("1.3333333333333333", "0.5"), "Covariance of a population")):
    _both(_name, "value1: number|timespan, value2: number|timespan", "real", f"coalesce({_sql}(CAST($value2 AS DOUBLE), CAST($value1 AS DOUBLE)){{where}}, 0e0)", "x, 2 * x", _values, f"{_help}; 0 of nothing", naming=Naming.FUNCTION_TWO, **_TOTAL)
for _name, _value in (("and", "0"), ("or", "3"), ("xor", "0")):
    for _kind, _of, _out in (("int", "toint(x)", f"int({_value})"), ("long", "x", _value)):
        aggregate(f"binary_all_{_name}(value: {_kind}) -> {_kind}", f"bit_{_name}($value)", f"binary_all_{_name}({_of}) -> {_out}", f"Binary {_name} of all values.", naming=Naming.SAME)

# ---------------------------------------------------------------- extremes
# DuckDB takes NaN for the largest number, which is right for max alone.
for _name, _words, _values in (("min", "smallest", ("1", "2")), ("max", "largest", ("3", "3"))):
    _both(_name, "value: T", "T", f"{_name}($value){{where}}", "x", _values, f"The {_words} value")
_both("min", "value: real", "real", f"CASE WHEN bool_or(isnan($value)){{where}} THEN {_NAN} ELSE min($value){{where}} END", "todouble(x)", ("1.0", "2.0"), "The smallest value; NaN if one is NaN")

# A row whose chooser is null comes last, yet before none: it is given the last value of the type, where there is one.
_LAST = {"integer|timespan": ("-9223372036854775808", "9223372036854775807"), "datetime": ("CAST('-infinity' AS TIMESTAMP)", "CAST('infinity' AS TIMESTAMP)"), "real": ("CAST('-Infinity' AS DOUBLE)", "CAST('NaN' AS DOUBLE)")}
for _at, (_name, _words, _results) in enumerate((("max", "largest", ("3", "datetime(2026-01-04)", "3.0", "decimal(3)")), ("min", "smallest", ("1", "datetime(2026-01-02)", "1.0", "decimal(1)")))):
    for _word in (f"arg_{_name}", f"arg{_name}"):
        _marked: dict[str, str] = {} if _word.startswith("arg_") else {"replaced_by": f"arg_{_name}"}
        for (_kind, _last), _by, _value in zip(_LAST.items(), ("x", "datetime(2026-01-01) + x * 1d", "todouble(x)"), _results[:3], strict=True):
            aggregate(f"{_word}(by: {_kind}, value: T) -> T", f"arg_{_name}_null($value, coalesce($by, {_last[_at]}))", f"{_word}({_by}, {_by}) -> {_value}", f"Columns of the row with the {_words} value.", **_marked)
        aggregate(f"{_word}(by: any, value: T) -> T", f"CASE WHEN count($by) > 0 THEN arg_{_name}_null($value, $by) ELSE first($value) END", f"{_word}(todecimal(x), todecimal(x)) -> {_results[3]}", f"Columns of the row with the {_words} value.", **_marked)

# take_any of one column prefers a value that is neither null nor empty; of several it takes those of one row.
_both("take_any", "value: T", "T", "any_value($value){where}", "1", ("1", "1"), "Any value that is not null", naming=Naming.SAME)
_both("take_any", "value: string", "string", "any_value(nullif($value, '')){where}", "'a'", ("'a'", "'a'"), "Any text that is not empty", naming=Naming.SAME)
for _new, _old in (("take_any", "any"), ("take_anyif", "anyif")):
    for _line in AGGREGATES[_new]:
        _values_of = {"naming": Naming.FUNCTION_FIRST, "replaced_by": _new}
        aggregate(_old + _line.signature[len(_new):], _line.template, _line.example.replace(_new, _old, 1), _line.help, **_values_of)
ANY_ROW = Function(Kind.AGGREGATE, "first(value: T) -> T", "first($value)", "", "The value in some row, which is the same for all columns.", nulls="some")

# ---------------------------------------------------------------- lists, sets, bags
_NATIVE = "bool|int|long|real|string|guid"


def _list(kind: str, where: str) -> str:
    """Native values are listed as they are; arrays in dynamics are flattened, nulls are left out."""
    if kind == _NATIVE:
        return f"list($value) FILTER (WHERE $value IS NOT NULL{where})"
    parts = "CASE json_type($value) WHEN 'ARRAY' THEN CAST($value AS JSON[]) WHEN 'NULL' THEN [] ELSE [$value] END"
    return f"flatten(list({parts}) FILTER (WHERE $value IS NOT NULL{where}))"


def _set(kind: str, where: str) -> str:
    """The order is not promised; sorted it is at least the same every time."""
    if kind == _NATIVE:
        return f"list_sort(list(DISTINCT $value) FILTER (WHERE $value IS NOT NULL{where}))"
    return f"list_sort(list_distinct({_list(kind, where)}))"


_DYNAMIC = "coalesce(to_json({}), CAST('[]' AS JSON))"
for _names, _listed, _help in ((("make_list", "makelist"), _list, "The values as an array, in the order of the rows"), (("make_set", "makeset"), _set, "The different values as an array")):
    for _name in _names:
        for _kind, _of in ((_NATIVE, "x"), ("element", "todynamic(x)")):
            _also: dict[str, object] = {"prefix": _names[0][5:], "ordered": _listed is _list, **_TOTAL}
            if _name != _names[0]:
                _also["replaced_by"] = _names[0]
            _text = f"{_help}; nulls are left out, arrays flattened."
            aggregate(f"{_name}(value: {_kind}) -> dynamic", _DYNAMIC.format(_listed(_kind, "")), f"{_name}({_of}) -> dynamic([1, 2, 3])", _text, **_also)
            aggregate(f"{_name}(value: {_kind}, maximum: const long) -> dynamic", _DYNAMIC.format(f"list_slice({_listed(_kind, '')}, 1, $maximum)"), f"{_name}({_of}, 2) -> dynamic([1, 2])", _text, **_also)
            if _name == _names[0]:
                _found = _listed(_kind, " AND $predicate")
                aggregate(f"{_name}_if(value: {_kind}, predicate: bool) -> dynamic", _DYNAMIC.format(_found), f"{_name}_if({_of}, x > 1) -> dynamic([2, 3])", _text, **_also)
                aggregate(f"{_name}_if(value: {_kind}, predicate: bool, maximum: const long) -> dynamic", _DYNAMIC.format(f"list_slice({_found}, 1, $maximum)"), f"{_name}_if({_of}, x > 1, 1) -> dynamic([2])", _text, **_also)
for _kind, _of in ((_NATIVE, "x"), ("element", "todynamic(x)")):
    aggregate(f"make_list_with_nulls(value: {_kind}) -> dynamic", _DYNAMIC.format("list($value)"), f"make_list_with_nulls({_of}) -> dynamic([1, 2, 3])", "The values as an array, nulls included.", prefix="list", ordered=True, **_TOTAL)

_BAG = "merged_in_turn(coalesce(to_json(list($value){where}), CAST('[]' AS JSON)), {most})"
for _name, _prefix in (("make_bag", "bag"), ("make_dictionary", "dictionary")):
    _also = {"prefix": _prefix, "vectorised": "merged_in_turn", **_TOTAL}
    _help = "All properties of all bags as one bag; of a name that occurs again one value is kept."
    aggregate(f"{_name}(value: dynamic) -> dynamic", _BAG.format(where="", most=1_048_576), f"{_name}(bag_pack('a', 1)) -> dynamic({{'a': 1}})", _help, **_also)
    aggregate(f"{_name}(value: dynamic, maximum: const long) -> dynamic", _BAG.format(where="", most="$maximum"), f"{_name}(bag_pack('a', 1), 5) -> dynamic({{'a': 1}})", _help, **_also)
for _more, _most, _given in (("", 1_048_576, ""), (", maximum: const long", "$maximum", ", 5")):
    aggregate(f"make_bag_if(value: dynamic, predicate: bool{_more}) -> dynamic", _BAG.format(where=" FILTER (WHERE $predicate)", most=_most), f"make_bag_if(bag_pack('a', x), x > 2{_given}) -> dynamic({{'a': 3}})", "All properties of the bags of rows where it is true.", prefix="bag", vectorised="merged_in_turn", **_TOTAL)
aggregate("buildschema(value: dynamic) -> dynamic", "schema_of_values(to_json(list($value)))", "buildschema(bag_pack('a', x)) -> dynamic({'a': 'long'})", "The types that occur, property by property.", prefix="schema", vectorised="schema_of_values")

# ---------------------------------------------------------------- percentiles


def _share(percentile: object) -> str:
    """A percentile as an exact decimal share: 99.9 -> 0.999."""
    return format(Decimal(str(percentile)) / 100, "f")


def _out_of_range(constants: list[object]) -> str:
    """Percentiles are constants between 0 and 100."""
    listed = [each for constant in constants if constant is not UNKNOWN for each in (_numbers(constant))]
    return "" if all(0 <= each <= 100 for each in listed) else "a percentile must be between 0 and 100"


def _numbers(constant: object) -> list[float | Decimal]:
    """The numbers of a constant, which may be a dynamic array."""
    if isinstance(constant, str):
        try:
            found = json.loads(constant)
        except ValueError:
            return []
        return [each for each in found if isinstance(each, int | float)] if isinstance(found, list) else []
    return [constant] if isinstance(constant, int | float | Decimal) else []


def _array(result: str) -> Template:
    """The template of several percentiles of the first argument as one array; `result` turns each into a JSON value."""

    def template(constants: list[object]) -> str:
        shares = ", ".join(_share(each) for constant in constants[1:] for each in _numbers(constant))
        return f"coalesce(to_json(list_transform(quantile_disc($value, [{shares}]), lambda __k1: {result})), CAST('[]' AS JSON))"

    return template


def _weighted(constants: list[object], places: str) -> str:
    """The values in order, of which the running sum of the weights finds the places."""
    percentiles = ", ".join(str(each) for constant in constants[2:] for each in _numbers(constant))
    known = "FILTER (WHERE $value IS NOT NULL AND $weight IS NOT NULL)"
    found = f"weighted_places(json_array(to_json(list($weight ORDER BY $value) {known}), json_array({percentiles})))"
    return places.format(values=f"list($value ORDER BY $value) {known}", found=f"CAST({found} AS BIGINT[])")


_ONE = "list_extract({{values}}, list_extract({{found}}, {}))".format
ONE_OF_SEVERAL: dict[str, Function] = {}  # by the signature of one percentile: the one at a place among several of one value


def _one_of_several(line: Function, template: Callable[[list[object]], str]) -> Function:
    return replace(line, signature=line.signature.replace("percentile:", "place: const long, percentile+:"), template=template)


def _from_list(value: str) -> Callable[[list[object]], str]:
    def template(constants: list[object]) -> str:
        return f"list_extract(quantile_disc({value}, [{', '.join(map(_share, constants[2:]))}]), {constants[1]})"

    return template


_SEVERAL = "to_json(list_transform({found}, lambda __k1: list_extract({values}, __k1)))"
_HELP = "The value that so many per cent are at or below (nearest rank)."
_PERCENT = "const int|long|real|decimal"
_WITH = {"naming": Naming.FUNCTION_LAST, "prefix": "percentile", "check": lambda constants: _out_of_range(constants[1:])}
_WITH_WEIGHT = {**_WITH, "check": lambda constants: _out_of_range(constants[2:])}
_ARRAY = {"prefix": "percentiles", "check": lambda constants: _out_of_range(constants[1:])}
_ARRAY_WITH_WEIGHT = {"prefix": "percentiles", "check": lambda constants: _out_of_range(constants[2:]), "vectorised": "weighted_places"}
for _kinds, _result, _value, _of, _out in (
    ("int|long", "long", "$value", "x", "2"), ("real|decimal", "real", "CAST($value AS DOUBLE)", "todouble(x)", "2.0"), ("datetime", "datetime", "$value", "datetime(2026-01-01) + x * 1d", "datetime(2026-01-03)"), ("timespan", "timespan", "$value", "x * 1h", "2h"),
):
    for _name in ("percentile", "percentiles"):  # the binder makes one of several
        _plain = aggregate(f"{_name}(value: {_kinds}, percentile: {_PERCENT}) -> {_result}", lambda constants, value=_value: f"quantile_disc({value}, {_share(constants[1])})", f"{_name}({_of}, 50) -> {_out}", _HELP, **_WITH)
        ONE_OF_SEVERAL[_plain.signature] = _one_of_several(_plain, _from_list(_value))
        _with_weight = aggregate(f"{_name}w(value: {_kinds}, weight: integer, percentile: {_PERCENT}) -> {_result}", lambda constants: _weighted(constants, _ONE(1)), f"{_name}w({_of}, 1, 50) -> {_out}", _HELP, vectorised="weighted_places", **_WITH_WEIGHT)
        ONE_OF_SEVERAL[_with_weight.signature] = _one_of_several(_with_weight, lambda constants: _weighted([*constants[:2], *constants[3:]], _ONE(constants[2])))
for _kinds, _element, _of, _out in (("int|long", "__k1", "x", "[2, 3]"), ("real|decimal", "CAST(__k1 AS DOUBLE)", "todouble(x)", "[2.0, 3.0]")):
    for _parameters, _given in ((f"percentile+: {_PERCENT}", "50, 100"), ("percentiles: const dynamic", "dynamic([50, 100])")):
        aggregate(f"percentiles_array(value: {_kinds}, {_parameters}) -> dynamic", _array(_element), f"percentiles_array({_of}, {_given}) -> dynamic({_out})", "Several percentiles in an array.", **_ARRAY)
        aggregate(f"percentilesw_array(value: {_kinds}, weight: integer, {_parameters}) -> dynamic", lambda constants: _weighted(constants, _SEVERAL), f"percentilesw_array({_of}, 1, {_given}) -> dynamic({_out})", "Several percentiles of weighted values in an array.", **_ARRAY_WITH_WEIGHT)
