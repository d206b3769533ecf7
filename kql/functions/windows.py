"""Window functions, over serialized rows (pages: row_number, prev, next, row_cumsum)."""

from __future__ import annotations

from kql.functions.registry import window

window("row_number() -> long", "row_number()", "row_number() -> 1", "The row's number from 1.", nulls="total")
window("prev(column: T) -> T", "lag($column)", "prev(x) -> long(null)", "The value of the row before.")
window("prev(column: T, offset: const long) -> T", "lag($column, $offset)", "prev(x, 1) -> long(null)", "The value so many rows before.")
window("prev(column: T, offset: const long, default: T) -> T", "lag($column, $offset, $default)", "prev(x, 1, 0) -> 0", "The value so many rows before, or a default.")
window("next(column: T) -> T", "lead($column)", "next(x) -> 2", "The value of the row after.")
window("next(column: T, offset: const long) -> T", "lead($column, $offset)", "next(x, 1) -> 2", "The value so many rows after.")
window("next(column: T, offset: const long, default: T) -> T", "lead($column, $offset, $default)", "next(x, 1, 0) -> 2", "The value so many rows after, or a default.")
window("row_cumsum(term: integer) -> long", "CAST(sum($term) AS BIGINT)", "row_cumsum(x) -> 1", "The running sum.")
window("row_cumsum(term: real) -> real", "sum($term)", "row_cumsum(todouble(x)) -> 1.0", "The running sum.")
