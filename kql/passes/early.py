"""The pass that summarizes a side of a join before the join, where the query has made the rows of that side distinct."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal as Choice

from msgspec.structs import replace

from kql.algebra import Aggregate, Call, ColumnRef, Item, Join, JoinColumn, Relation, Value, ref
from kql.functions import AGGREGATES
from kql.overloads import invoke
from kql.passes.pruning import prune_columns
from kql.passes.weights import of_a_set
from kql.traversal import bottom_up, columns_of, in_terms_of, repeatable
from kql.types import ScalarType

_SUMMED_UP = ("dcount", "count_distinct", "min", "max")
_WHOLE = (ScalarType.INT, ScalarType.LONG, ScalarType.DATETIME, ScalarType.TIMESPAN)
_KEYS = (*_WHOLE, ScalarType.STRING, ScalarType.GUID, ScalarType.BOOL)  # equal values are one group


def summarize_before_join(relation: Relation) -> Relation:
    """`T | distinct k, x | join kind=inner (U) on k | summarize dcount(x), dcount(y) by k` counts each x before it is joined.

    To make the rows distinct costs as much, and a row for each key is joined in the place of many.
    """
    return bottom_up(relation, _early)


def _early(relation: Relation) -> Relation:
    if not (isinstance(relation, Aggregate) and isinstance(relation.input, Join)):
        return relation
    join = relation.input
    if join.kind != "inner" or not _by_all_keys(relation, join) or not all(_of_a_set(item.value) for item in relation.items):
        return relation
    left = _summarized(relation, join, "left", join.left)
    return left or _summarized(relation, join, "right", join.right) or relation


def _by_all_keys(aggregate: Aggregate, join: Join) -> bool:
    """Whether the groups are those of the join's keys: all rows of a group then have partners alike."""
    sources = {column.column.name: (column.side, column.source) for column in join.columns}
    pairs = [{("left", left.name), ("right", right.name)} for left, right in _on(join)]
    keys = [sources.get(item.value.name) for item in aggregate.keys if isinstance(item.value, ColumnRef)]
    typed = all(left.type in _KEYS for left, _ in _on(join))
    covered = all(any(key in pair for key in keys) for pair in pairs)
    return (
        typed
        and covered
        and len(pairs) == len(join.on)
        and all(any(key in pair for pair in pairs) for key in keys)
        and (len(keys) == len(aggregate.keys))
    )


def _on(join: Join) -> list[tuple[ColumnRef, ColumnRef]]:
    return [(left, right) for left, right in join.on if isinstance(left, ColumnRef) and isinstance(right, ColumnRef)]


def _of_a_set(value: Value) -> bool:
    """Whether an aggregation is the same when rows come several times."""
    return isinstance(value, Call) and of_a_set(value) and repeatable(value)


def _summarized(aggregate: Aggregate, join: Join, side: Choice["left", "right"], rows: Relation) -> Relation | None:
    """The groups over a join whose one side, distinct rows, is summarized by the join's keys."""
    if not isinstance(rows, Aggregate) or rows.items or not all(repeatable(key.value) for key in rows.keys):
        return None
    made = {item.name: item.value for item in rows.keys}
    inside = {column.column.name: made[column.source] for column in join.columns if column.side == side}
    own = [item for item in aggregate.items if not inside.keys().isdisjoint(columns_of(item.value))]
    if not own or not all(_moves(item.value, inside) for item in own):
        return None
    keys = dict.fromkeys((left if side == "left" else right).name for left, right in _on(join))
    early = [Item(f"$early_{at}", in_terms_of(inside, item.value)) for at, item in enumerate(own)]
    below, _ = prune_columns((Aggregate(rows.input, tuple(Item(name, made[name]) for name in keys), tuple(early)), ()))
    kept = [column for column in join.columns if column.side != side or column.source in keys]
    columns = (*kept, *(JoinColumn(side, item.name, item.column) for item in early))
    joined = replace(join, left=below, columns=columns) if side == "left" else replace(join, right=below, columns=columns)
    found = {item.name: invoke("max", ref(one.column), registry=AGGREGATES) for item, one in zip(own, early, strict=True)}
    items = tuple(Item(item.name, found.get(item.name, item.value)) for item in aggregate.items)
    return replace(aggregate, input=joined, items=items)


def _moves(value: Value, inside: Mapping[str, Value]) -> bool:
    """Whether an aggregation reads this side alone, and the greatest of what it says of equal rows is what it says of one."""
    named = isinstance(value, Call) and value.function.name in _SUMMED_UP and value.type in _WHOLE
    return named and inside.keys() >= {*columns_of(value)}
