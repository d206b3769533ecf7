"""Window functions, over serialized rows (pages: row_number, prev, next, row_cumsum, row_rank_dense, row_rank_min).

A template names the rows that it looks over: `OVER serialized` are the serialized rows in their order, of which `restart` begins
new ones; `OVER (serialized ROWS UNBOUNDED PRECEDING)` are those up to the present one.
"""

from __future__ import annotations

from kql.functions.fragments import wrapped
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
_SUM = f"coalesce(sum($term) {_SO_FAR}, 0)"
for _kind, _template, _term, _result in (
    ("int", wrapped(_SUM, 32), "toint(x)", "int(1)"), ("long", wrapped(_SUM), "x", "1"), ("timespan", wrapped(_SUM), "x * 1h", "1h"), ("real", f"coalesce(sum($term) {_SO_FAR}, 0e0)", "todouble(x)", "1.0"), ("decimal", f"CAST({_SUM} AS DECIMAL(38, 18))", "todecimal(x)", "decimal(1)"),
):
    for _more, _given in (("", ""), (", restart: bool", ", false")):
        window(f"row_cumsum(term: {_kind}{_more}) -> {_kind}", _template, f"row_cumsum({_term}{_given}) -> {_result}", "The running sum; it begins anew where `restart` is true.", **_TOTAL)
# The binder gives the dense rank the flag below as its term, and takes the place in the run off the other.
for _name, _template, _words in (("dense", f"CAST(sum(CAST($term AS INTEGER)) {_SO_FAR} AS BIGINT)", "equal neighbours share one, and the next follows it"), ("min", "row_number() OVER serialized", "equal neighbours share the number of their first row")):
    for _more, _given in (("", ""), (", restart: bool", ", false")):
        window(f"row_rank_{_name}(term: any{_more}) -> long", _template, f"row_rank_{_name}(x{_given}) -> 1", f"The row's rank: {_words}.", **_TOTAL)
def _folded(_constants: list[object]) -> str:
    raise AssertionError("the pass fold_sessions makes a fold of it before anything becomes SQL")


_SESSION = "The beginning of the row's session, which ends at so great a distance from its first row, or from the row before"
window("row_window_session(moment: datetime, from_first: timespan, between_neighbours: timespan) -> datetime", _folded, "row_window_session(datetime(2026-01-01) + x * 1h, 2h, 1h) -> datetime(2026-01-01 01:00)", f"{_SESSION}.")
window("row_window_session(moment: datetime, from_first: timespan, between_neighbours: timespan, restart: bool) -> datetime", _folded, "row_window_session(datetime(2026-01-01) + x * 1h, 2h, 1h, false) -> datetime(2026-01-01 01:00)", f"{_SESSION}, or where `restart` is true.")

RUN = Function(Kind.WINDOW, "run(begins: bool) -> long", f"CAST(sum(CAST($begins AS INTEGER)) {_SO_FAR} AS BIGINT)", "", "How many runs of rows have begun so far.", nulls="total")
BEGINS = Function(Kind.WINDOW, "begins(term: any) -> bool", "row_number() OVER serialized = 1 OR lag($term) OVER serialized IS DISTINCT FROM $term", "", "Whether the term differs from that of the row before.", nulls="total")
