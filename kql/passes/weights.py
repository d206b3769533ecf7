"""Aggregates over rows each of which stands for several: of the number of times that is a column, or of aggregates of parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

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


_OF_PARTS = {"min", "max", "sum", "countif"}


def aggregates(value: Value) -> Iterator[Call]:
    """The aggregates in an item of an aggregation."""
    return (each for each in walk(value) if isinstance(each, Call) and each.function.kind is Kind.AGGREGATE)


def decomposable(call: Call) -> bool:
    """Whether an aggregate can be had from rows that stand for several."""
    whole = call.function.name not in ("sum", "sumif") or call.args[0].type in _WHOLE
    return whole and call.function.name in _COUNTED.keys() | _SETS


def of_a_set(call: Call) -> bool:
    """Whether an aggregate is the same whether a row comes once or several times."""
    return call.function.name in _SETS


def has_parts(call: Call) -> bool:
    """Whether an aggregate is one of the same aggregate of parts of the rows."""
    return call.function.name in _OF_PARTS and call.args[0].type not in (ScalarType.REAL, ScalarType.DYNAMIC)


def weighed(value: Value, parts: Mapping[Call, ColumnRef]) -> Value:
    """A value of an aggregation where each row stands for `$times` rows; `parts` are columns that hold aggregates of those."""
    if not (isinstance(value, Call) and value.function.kind is Kind.AGGREGATE):
        return map_inner(value, lambda inner: weighed(inner, parts))
    part, line = parts.get(value), _COUNTED.get(value.function.name)
    if part is not None:
        return replace(value, function=COUNT_OF if value.function.name == "countif" else value.function, args=(part,))
    if line is None:
        return value
    args = () if line is COUNT_OF else value.args
    return Call(line, (*args, TIMES), value.type, value.nullable)


def counts(value: Value) -> bool:
    """Whether a weighed value asks how many rows there are."""
    return any(each == TIMES for each in walk(value))
