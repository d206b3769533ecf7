"""How relations and values are taken apart and put together again: what every pass over them is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import assert_never

from kql.algebra import (
    Aggregate,
    Bound,
    Call,
    ColumnRef,
    Filter,
    Fold,
    InList,
    InRelation,
    Item,
    Join,
    Limit,
    Literal,
    Logical,
    Not,
    Path,
    Project,
    Range,
    Reference,
    Relation,
    ScalarQuery,
    Scan,
    Sort,
    SortKey,
    Union,
    Unnest,
    Value,
    Values,
    Window,
)

# ---------------------------------------------------------------- values


def children(value: Value) -> tuple[Value, ...]:
    """The values directly inside a value (relations inside subqueries have their own scope)."""
    match value:
        case Call(args=args) | Logical(args=args):
            return args
        case Not(arg=arg):
            return (arg,)
        case Path(base=base, steps=steps):
            return (base, *(step for step in steps if not isinstance(step, str | int)))
        case InList(value=inner) | InRelation(value=inner):
            return (inner,)
        case Window(call=call, partition=partition, order=order):
            return (*call.args, *partition, *(key.value for key in order))
        case Literal() | ColumnRef() | Bound() | ScalarQuery():
            return ()


def walk(value: Value) -> Iterator[Value]:
    """The value and everything inside it."""
    pending = [value]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(children(current))


def columns_of(value: Value) -> Iterator[str]:
    """Names of the input's columns that a value reads, once for each use."""
    if isinstance(value, ColumnRef):  # most are
        return iter((value.name,))
    return (inner.name for inner in walk(value) if isinstance(inner, ColumnRef))


def repeatable(value: Value) -> bool:
    """Whether a row's value is the same when it is computed again, whatever rows stand around it."""
    return not any(isinstance(each, Window) or (isinstance(each, Call) and each.function.volatile) for each in walk(value))


# ---------------------------------------------------------------- relations


def inputs(relation: Relation) -> tuple[Relation, ...]:
    """The relations directly below, subqueries in values not counted."""
    match relation:
        case Filter() | Project() | Aggregate() | Sort() | Limit() | Unnest():
            return (relation.input,)
        case Join():
            return (relation.left, relation.right)
        case Union():
            return relation.inputs
        case Fold():
            return (relation.input, relation.step)
        case Scan() | Values() | Range() | Reference():
            return ()
        case _:
            assert_never(relation)


def with_inputs(relation: Relation, new: tuple[Relation, ...]) -> Relation:
    match relation:
        case Filter() | Project() | Aggregate() | Sort() | Limit() | Unnest():
            return relation if relation.input is new[0] else replace(relation, input=new[0])
        case Join():
            return replace(relation, left=new[0], right=new[1])
        case Union():
            return replace(relation, inputs=new)
        case Fold():
            return replace(relation, input=new[0], step=new[1])
        case Scan() | Values() | Range() | Reference():
            return relation
        case _:
            assert_never(relation)


def values_of(relation: Relation) -> Iterator[Value]:
    """The values that a relation itself computes."""
    match relation:
        case Filter():
            yield relation.predicate
        case Project() | Unnest():
            yield from (item.value for item in relation.items)
        case Aggregate():
            yield from (item.value for item in (*relation.keys, *relation.items))
        case Sort():
            yield from (key.value for key in relation.keys)
        case Limit():
            yield relation.count
        case Join():
            yield from (value for pair in relation.on for value in pair)
        case Range():
            yield from (relation.start, relation.stop, relation.step)
        case Fold():
            yield from (item.value for item in relation.initial)
        case Scan() | Values() | Union() | Reference():
            return
        case _:
            assert_never(relation)


def computed(relation: Relation) -> Iterator[Value]:
    """The values that are more than a column handed on, or a constant."""
    return (value for value in values_of(relation) if not isinstance(value, ColumnRef | Literal))


def map_values(relation: Relation, change: Callable[[Value], Value]) -> Relation:
    """The relation with each of its own values changed; columns handed on and constants have nothing to change.

    A union of all tables has tens of thousands of those.
    """

    def items(old: tuple[Item, ...]) -> tuple[Item, ...]:
        if all(isinstance(item.value, ColumnRef | Literal) for item in old):
            return old
        return tuple(item if isinstance(item.value, ColumnRef | Literal) else Item(item.name, change(item.value)) for item in old)

    match relation:
        case Filter():
            return replace(relation, predicate=change(relation.predicate))
        case Project() | Unnest():
            return replace(relation, items=items(relation.items))
        case Aggregate():
            return replace(relation, keys=items(relation.keys), items=items(relation.items))
        case Sort():
            return replace(relation, keys=tuple(replace(key, value=change(key.value)) for key in relation.keys))
        case Join():
            return replace(relation, on=tuple((change(left), change(right)) for left, right in relation.on))
        case Fold():
            return replace(relation, initial=items(relation.initial))
        case Limit() | Scan() | Values() | Union() | Reference() | Range():
            return relation
        case _:
            assert_never(relation)


def map_inner(value: Value, change: Callable[[Value], Value], subquery: Callable[[Relation], Relation]) -> Value:
    """The value with the values directly inside it changed, and the relations of subqueries too."""
    match value:
        case Call():
            return replace(value, args=tuple(change(arg) for arg in value.args))
        case Logical():
            return replace(value, args=tuple(change(arg) for arg in value.args))
        case Not():
            return Not(change(value.arg))
        case Path():
            return Path(change(value.base), tuple(s if isinstance(s, str | int) else change(s) for s in value.steps))
        case InList():
            return replace(value, value=change(value.value))
        case InRelation():
            return replace(value, value=change(value.value), relation=subquery(value.relation))
        case ScalarQuery():
            return ScalarQuery(subquery(value.relation))
        case Window():
            call = replace(value.call, args=tuple(change(arg) for arg in value.call.args))
            order = tuple(SortKey(change(key.value), key.descending, key.nulls_first) for key in value.order)
            return Window(call, tuple(change(part) for part in value.partition), order)
        case Literal() | ColumnRef() | Bound():
            return value
        case _:
            assert_never(value)


def bottom_up(
    relation: Relation,
    change: Callable[[Relation], Relation] = lambda relation: relation,
    change_value: Callable[[Value], Value] = lambda value: value,
) -> Relation:
    """The relation with each relation and value in it changed, those of subqueries too, the innermost first."""

    def subquery(inner: Relation) -> Relation:
        return bottom_up(inner, change, change_value)

    def inside(value: Value) -> Value:
        return change_value(map_inner(value, inside, subquery))

    below = with_inputs(relation, tuple(subquery(each) for each in inputs(relation)))
    return change(map_values(below, inside))


def subqueries(relation: Relation) -> Iterator[Relation]:
    """Relations inside the values of a relation."""
    for value in computed(relation):
        for inner in walk(value):
            if isinstance(inner, InRelation | ScalarQuery):
                yield inner.relation


def relations(root: Relation) -> Iterator[Relation]:
    """The relation and all below it, subqueries included."""
    pending = [root]
    while pending:
        current = pending.pop()
        yield current
        pending.extend((*inputs(current), *subqueries(current)))
