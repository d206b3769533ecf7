"""Window functions, over serialized rows (pages: row_number, prev, next, row_cumsum, row_rank_dense, row_rank_min).

A template names the rows that it looks over: `OVER serialized` are the serialized rows in their order, of which `restart` begins
new ones; `OVER (serialized ROWS UNBOUNDED PRECEDING)` are those up to the present one.
"""

from __future__ import annotations

from kql.functions.registry import Function, Kind, window

_TOTAL = {"nulls": "total"}
_SO_FAR = "OVER (serialized ROWS UNBOUNDED PRECEDING)"

window("row_number() -> long", "row_number() OVER serialized", "row_number() -> 1", "The row's number from 1.", **_TOTAL)
window("row_number(start: long) -> long", "row_number() OVER serialized + $start - 1", "row_number(5) -> 5", "The row's number from a start.", **_TOTAL)
window("row_number(start: long, restart: bool) -> long", "row_number() OVER serialized + $start - 1", "row_number(5, true) -> 5", "The row's number, which begins anew where `restart` is true.", **_TOTAL)
for _name, _sql, _words, _first in (("prev", "lag", "before", "long(null)"), ("next", "lead", "after", "2")):
    window(f"{_name}(column: T) -> T", f"{_sql}($column) OVER serialized", f"{_name}(x) -> {_first}", f"The value of the row {_words}.")
    window(f"{_name}(column: T, offset: const long) -> T", f"{_sql}($column, $offset) OVER serialized", f"{_name}(x, 1) -> {_first}", f"The value so many rows {_words}.")
    window(f"{_name}(column: T, offset: const long, default: T) -> T", f"{_sql}($column, $offset, $default) OVER serialized", f"{_name}(x, 1, 0) -> {_first.replace('long(null)', '0')}", f"The value so many rows {_words}, or a default.")
for _kind, _sum, _result in (("integer", f"CAST(sum($term) {_SO_FAR} AS BIGINT)", "1"), ("timespan", f"CAST(sum($term) {_SO_FAR} AS BIGINT)", "1h"), ("real", f"sum($term) {_SO_FAR}", "1.0"), ("decimal", f"CAST(sum($term) {_SO_FAR} AS DECIMAL(38, 18))", "decimal(1)")):
    _term = {"integer": "x", "timespan": "x * 1h", "real": "todouble(x)", "decimal": "todecimal(x)"}[_kind]
    _type = "long" if _kind == "integer" else _kind
    window(f"row_cumsum(term: {_kind}) -> {_type}", f"coalesce({_sum}, 0)", f"row_cumsum({_term}) -> {_result}", "The running sum.", **_TOTAL)
    window(f"row_cumsum(term: {_kind}, restart: bool) -> {_type}", f"coalesce({_sum}, 0)", f"row_cumsum({_term}, false) -> {_result}", "The running sum, which begins anew where `restart` is true.", **_TOTAL)
# The binder gives the dense rank the flag below as its term, and takes the place in the run off the other.
for _name, _template, _words in (("dense", f"CAST(sum(CAST($term AS INTEGER)) {_SO_FAR} AS BIGINT)", "equal neighbours share one, and the next follows it"), ("min", "row_number() OVER serialized", "equal neighbours share the number of their first row")):
    for _more, _given in (("", ""), (", restart: bool", ", false")):
        window(f"row_rank_{_name}(term: any{_more}) -> long", _template, f"row_rank_{_name}(x{_given}) -> 1", f"The row's rank: {_words}.", **_TOTAL)

RUN = Function(Kind.WINDOW, "run(begins: bool) -> long", f"CAST(sum(CAST($begins AS INTEGER)) {_SO_FAR} AS BIGINT)", "", "How many runs of rows have begun so far.", nulls="total")
BEGINS = Function(Kind.WINDOW, "begins(term: any) -> bool", "row_number() OVER serialized = 1 OR lag($term) OVER serialized IS DISTINCT FROM $term", "", "Whether the term differs from that of the row before.", nulls="total")
