"""States of distinct counts and percentiles, kept and merged (pages: hll, hll_merge, dcount_hll, tdigest, percentile_tdigest, ...).

A state has the form in which Kusto shows one of few values, and here it is always exact: `[[1024, 14], [hashes], []]`, and
`[[7], [values in order], [how often each]]`. Counts, ranks and percentiles of it are those of the values themselves.
"""

from __future__ import annotations

from kql.functions.fragments import DATETIME_TEXT, TIMESPAN_TEXT, ticks
from kql.functions.registry import Function, Kind, Naming, aggregate, scalar

_BITS = "CASE $accuracy WHEN 0 THEN 12 WHEN 2 THEN 16 WHEN 3 THEN 17 WHEN 4 THEN 18 ELSE 14 END"
_HASHES = "to_json(list_sort(list(DISTINCT CAST({hash} AS VARCHAR)) FILTER (WHERE $value IS NOT NULL{more})))"
_HLL = "CASE WHEN count($value){where} > 0 THEN json_array(json_array(1024, {bits}), {hashes}, json_array()) END"
_STATE = "The state of a distinct count"
for _kind, _sql, _of in (
    ("string", "xxhash64_of_text($value)", "tostring(x)"),
    ("integer|bool|timespan", "xxhash64_of_long(CAST($value AS BIGINT))", "x"),
    ("real", "xxhash64_of_real($value)", "todouble(x)"),
    ("datetime", f"xxhash64_of_long({ticks('$value')})", "datetime(2026-01-01) + x * 1d"),
    ("guid|decimal|dynamic", "xxhash64_of_text(CAST($value AS VARCHAR))", "todynamic(x)"),
):
    _every, _some = (_HASHES.format(hash=_sql, more=more) for more in ("", " AND $predicate"))
    for _more, _given, _bits in (("", "", "14"), (", accuracy: const long", ", 2", _BITS)):
        _also = {"prefix": "hll", "vectorised": _sql.partition("(")[0]}
        aggregate(f"hll(value: {_kind}{_more}) -> dynamic", _HLL.format(where="", bits=_bits, hashes=_every), f"array_length(hll({_of}{_given})[1]) -> 3", f"{_STATE}: the hash of each value; null of nothing.", **_also)
        aggregate(f"hll_if(value: {_kind}, predicate: bool{_more}) -> dynamic", _HLL.format(where=" FILTER (WHERE $predicate)", bits=_bits, hashes=_some), f"array_length(hll_if({_of}, x > 1{_given})[1]) -> 2", f"{_STATE} over the rows where it is true.", **{**_also, "prefix": "hll_if"})
aggregate("hll_merge(state: dynamic) -> dynamic", "hll_merged(to_json(list($state)))", "hll_merge(dynamic([[1024, 14], ['1'], []])) -> dynamic([[1024, 14], ['1'], []])", "The state of all values behind the states.", vectorised="hll_merged")
_ONE = "dynamic([[1024, 14], ['1', '2'], []])"
scalar("hll_merge(state+: dynamic) -> dynamic", "hll_merged(json_array($state))", f"hll_merge({_ONE}, dynamic([[1024, 14], ['3'], []])) -> dynamic([[1024, 14], ['1', '2', '3'], []])", "The state of all values behind the states.", nulls="some", vectorised="hll_merged", naming=Naming.FIXED, prefix="hll_merged_result")
scalar("dcount_hll(state: dynamic) -> long", "json_array_length(hll_merged(json_array($state)), '$[1]')", f"dcount_hll({_ONE}) -> 2", "How many different values a state holds; null if it is none, or one of Kusto's own for many values.", nulls="some", vectorised="hll_merged", naming=Naming.FUNCTION_FIRST)
COMMON = Function(Kind.SCALAR, "hll_common(state+: dynamic) -> long", "hll_common(json_array($state))", "", "How many values all states hold; null if one is no state.", nulls="some", vectorised="hll_common")

_DIGEST = "CASE WHEN count({value}){where} > 0 THEN json_array(json_array(7), to_json({keys}), to_json(map_values({counts}))) END"
_DIGESTED = "The state of percentiles"
for _kind, _value, _element, _of in (
    ("integer", "$value", "", "x"),
    ("real|decimal", "CAST($value AS DOUBLE)", "", "todouble(x)"),
    ("datetime", "$value", DATETIME_TEXT, "datetime(2026-01-01) + x * 1d"),
    ("timespan", "$value", TIMESPAN_TEXT, "x * 1h"),
):
    _where = f" FILTER (WHERE isfinite({_value}))" if _kind.startswith("real") else ""
    _shown = "lambda __k1: " + _element.replace("$value", "__k1")
    _counts = f"histogram({_value}){_where}"
    _keys = f"list_transform(map_keys({_counts}), {_shown})" if _element else f"map_keys({_counts})"
    aggregate(f"tdigest(value: {_kind}) -> dynamic", _DIGEST.format(value=_value, where=_where, keys=_keys, counts=_counts), f"tdigest({_of})[2] -> dynamic([1, 1, 1])", f"{_DIGESTED}: each value and how often it occurs; null of nothing.")
    _known = f"FILTER (WHERE $value IS NOT NULL AND $weight IS NOT NULL{' AND isfinite(' + _value + ')' if _where else ''})"
    _values = f"list({_value} ORDER BY $value) {_known}"
    _listed = f"list_transform({_values}, {_shown})" if _element else _values
    aggregate(f"tdigest(value: {_kind}, weight: number) -> dynamic", f"digests_merged(json_array(json_array(json_array(7), to_json({_listed}), to_json(list($weight ORDER BY $value) {_known}))))", f"tdigest({_of}, 2)[2] -> dynamic([2, 2, 2])", f"{_DIGESTED}: each value and the sum of its weights; null of nothing.", naming=Naming.FUNCTION_FIRST, vectorised="digests_merged")
_TEN = "dynamic([[7], [5, 10, 20], [2, 7, 1]])"
for _name in ("tdigest_merge", "merge_tdigest"):
    aggregate(f"{_name}(state: dynamic) -> dynamic", "digests_merged(to_json(list($state)))", f"{_name}({_TEN}) -> dynamic([[7], [5, 10, 20], [6, 21, 3]])", "The state of all values behind the states.", prefix="merge_tdigests", vectorised="digests_merged")
    scalar(f"{_name}(state+: dynamic) -> dynamic", "digests_merged(json_array($state))", f"{_name}({_TEN}, dynamic([[7], [5], [1]])) -> dynamic([[7], [5, 10, 20], [3, 7, 1]])", "The state of all values behind the states.", nulls="some", vectorised="digests_merged", naming=Naming.FIXED, prefix="tdigests_merge_result")
scalar("percentile_tdigest(state: dynamic, percentile: number) -> dynamic", "json_extract(percentiles_of_digest($state, json_array($percentile)), '$[0]')", f"percentile_tdigest({_TEN}, 50) -> dynamic(10)", "The value that so many per cent of the state's are at or below (nearest rank).", nulls="some", vectorised="percentiles_of_digest", naming=Naming.FUNCTION_FIRST)
for _parameters, _given, _array in (("percentile+: number", "20, 90", "json_array($percentile)"), ("percentiles: dynamic", "dynamic([20, 90])", "$percentiles")):
    scalar(f"percentiles_array_tdigest(state: dynamic, {_parameters}) -> dynamic", f"percentiles_of_digest($state, {_array})", f"percentiles_array_tdigest({_TEN}, {_given}) -> dynamic([5, 10])", "Several percentiles of a state in an array.", nulls="some", vectorised="percentiles_of_digest")
scalar("rank_tdigest(state: dynamic, value: element) -> real", "rank_in_digest($state, $value)", f"rank_tdigest({_TEN}, 10) -> 9.0", "How many of the state's values are as small or smaller.", nulls="some", vectorised="rank_in_digest")
scalar("percentrank_tdigest(state: dynamic, value: element) -> real", "rank_in_digest($state, $value) * 1e2 / rank_in_digest($state, NULL)", f"percentrank_tdigest({_TEN}, 10) -> 90.0", "How many per cent of the state's values are as small or smaller.", nulls="some", vectorised="rank_in_digest")

