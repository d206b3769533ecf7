"""The pass that finds the first rows of a wide table by their time alone, and reads only those whole."""

from __future__ import annotations

from msgspec.structs import replace

from kql.algebra import (
    Aggregate,
    ColumnRef,
    Filter,
    Item,
    Limit,
    Project,
    Relation,
    ScalarQuery,
    Scan,
    Sort,
    SortKey,
)
from kql.functions import AGGREGATES, OPERATORS
from kql.overloads import invoke
from kql.passes.pruning import narrowed
from kql.traversal import bottom_up, columns_of, computed, repeatable
from kql.types import ScalarType

WIDE = 8  # columns beyond those that the first step reads, from which on two steps cost less than one


def top_in_two_steps(relation: Relation) -> Relation:
    """`T | top 100 by Timestamp` reads the times, then the rows that are not before the hundredth: storage skips the rest."""
    return bottom_up(relation, _in_two_steps)


def _in_two_steps(relation: Relation) -> Relation:
    match relation:
        case Limit(input=Sort(input=source, keys=(key, *_)) as sort) as limit if _pays(source, key):
            bound = ScalarQuery(_bound(limit, source, key))
            test = invoke(">=" if key.descending else "<=", key.value, bound, registry=OPERATORS)
            return replace(limit, input=replace(sort, input=Filter(source, replace(test, positive=True))))
        case _:
            return relation


def _bound(limit: Limit, source: Relation, key: SortKey) -> Relation:
    """The key of the last of the first rows."""
    few = Limit(Sort(Project(source, (Item("$key", key.value),)), (replace(key, value=_KEY),)), limit.count)
    return Aggregate(narrowed(few), (), (Item("$bound", invoke("min" if key.descending else "max", _KEY, registry=AGGREGATES)),))


_KEY = ColumnRef("$key", ScalarType.DATETIME, nullable=False)


def _pays(source: Relation, key: SortKey) -> bool:
    """Whether the key is a stored time that is never null, and the rows are wide: storage is sorted by time alone."""
    if not (isinstance(key.value, ColumnRef) and key.value.type is ScalarType.DATETIME and not key.value.nullable):
        return False
    name, read, width = key.value.name, {""}, len(source.schema)
    while isinstance(source, Filter | Project):
        if not all(repeatable(value) for value in computed(source)):
            return False
        if isinstance(source, Filter):
            read |= {*columns_of(source.predicate)}
        else:
            handed = {item.name: item.value.name for item in source.items if isinstance(item.value, ColumnRef)}
            name = handed.get(name, "")
        source = source.input
    return isinstance(source, Scan) and bool(name) and width - len(read) >= WIDE
