"""Aggregates over rows each of which stands for several: what they are where the number of times is a column."""

from __future__ import annotations

from kql.algebra import Call, ColumnRef, Value
from kql.functions.elements import COUNT_OF, COUNTIF_OF, SUM_OF, SUMIF_OF
from kql.functions.registry import Function, Kind
from kql.traversal import map_inner, walk
from kql.types import ScalarType

TIMES = ColumnRef("$times", ScalarType.LONG, nullable=False)

_COUNTED: dict[str, Function] = {
    "count": COUNT_OF,
    "cnt": COUNT_OF,
    "countif": COUNTIF_OF,
    "sum": SUM_OF,
    "sumif": SUMIF_OF,
}
# The same whether a row comes once or several times.
_SETS = {
    *("dcount", "dcountif", "count_distinct", "count_distinctif", "min", "max", "minif", "maxif"),
    *("make_set", "make_set_if", "makeset", "binary_all_and", "binary_all_or"),
}
_WHOLE = {ScalarType.INT, ScalarType.LONG, ScalarType.TIMESPAN}  # a sum of reals depends on how it is added up


def weighed(value: Value) -> Value | None:
    """The value of an aggregation where each row stands for `$times` rows; None if it cannot be had from them."""
    calls = [each for each in walk(value) if isinstance(each, Call) and each.function.kind is Kind.AGGREGATE]
    return _weighed(value) if all(map(_decomposable, calls)) else None


def counts(value: Value) -> bool:
    """Whether a weighed value asks how many rows there are."""
    return any(each == TIMES for each in walk(value))


def _decomposable(call: Call) -> bool:
    whole = call.function.name not in ("sum", "sumif") or call.args[0].type in _WHOLE
    return whole and call.function.name in _COUNTED.keys() | _SETS


def _weighed(value: Value) -> Value:
    if not (isinstance(value, Call) and value.function.name in _COUNTED and value.function.kind is Kind.AGGREGATE):
        return map_inner(value, _weighed, lambda inner: inner)
    line = _COUNTED[value.function.name]
    args = () if line is COUNT_OF else value.args
    return Call(line, (*args, TIMES), value.type, value.nullable)
