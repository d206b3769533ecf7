"""The pass that finds several percentiles of one value at once."""

from __future__ import annotations

from msgspec.structs import replace

from kql.algebra import Aggregate, Call, Literal, Relation, Value
from kql.functions.aggregates import ONE_OF_SEVERAL
from kql.traversal import bottom_up, map_inner, map_values, values_of, walk
from kql.types import ScalarType

Percentiles = dict[tuple[str, tuple[Value, ...]], list[Value]]


PERCENTILES = frozenset(signature.partition("(")[0] for signature in ONE_OF_SEVERAL)


def percentiles_at_once(relation: Relation) -> Relation:
    """`percentiles(x, 50, 95)` collects the values once: each is a place in one list, which SQL makes a single time."""
    return bottom_up(relation, _at_once)


def _at_once(relation: Relation) -> Relation:
    if not isinstance(relation, Aggregate):
        return relation
    asked: Percentiles = {}
    for call in (inner for value in values_of(relation) for inner in walk(value)):
        if isinstance(call, Call) and call.function.signature in ONE_OF_SEVERAL:
            asked.setdefault(_of(call), []).append(call.args[-1])
    several = {of: list(dict.fromkeys(percentiles)) for of, percentiles in asked.items()}

    def inside(value: Value) -> Value:
        if isinstance(value, Call) and len(together := several.get(_of(value), ())) > 1:
            place = Literal(together.index(value.args[-1]) + 1, ScalarType.LONG)
            function = ONE_OF_SEVERAL[value.function.signature]
            return replace(value, function=function, args=(*value.args[:-1], place, *together))
        return map_inner(value, inside)

    return map_values(relation, inside) if any(len(each) > 1 for each in several.values()) else relation


def _of(call: Call) -> tuple[str, tuple[Value, ...]]:
    """What a percentile is one of: the function's template by name and types, the value and its weight."""
    return call.function.signature.removeprefix("percentiles").removeprefix("percentile"), call.args[:-1]
