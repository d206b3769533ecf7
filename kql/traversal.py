"""How relations and values are taken apart and put together again: what every pass over them is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import is_
from typing import Any, TypeVar, assert_never, cast

from msgspec.structs import replace

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
    Union,
    Unnest,
    Value,
    Values,
    Window,
    ref,
)
from kql.types import Column

T = TypeVar("T")
Elements = TypeVar("Elements", bound="tuple[Any, ...]")

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
            return _with(relation, input=new[0])
        case Join():
            return _with(relation, left=new[0], right=new[1])
        case Union():
            return _with(relation, inputs=_kept(relation.inputs, new))
        case Fold():
            return _with(relation, input=new[0], step=new[1])
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

    def item(old: Item) -> Item:
        value = old.value if isinstance(old.value, ColumnRef | Literal) else change(old.value)
        return old if value is old.value else Item(old.name, value)

    match relation:
        case Filter():
            return _with(relation, predicate=change(relation.predicate))
        case Project() | Unnest():
            return _with(relation, items=_each(item, relation.items))
        case Aggregate():
            return _with(relation, keys=_each(item, relation.keys), items=_each(item, relation.items))
        case Sort():
            return _with(relation, keys=_each(lambda key: _with(key, value=change(key.value)), relation.keys))
        case Join():
            return _with(relation, on=_each(lambda pair: _each(change, pair), relation.on))
        case Fold():
            return _with(relation, initial=_each(item, relation.initial))
        case Limit() | Scan() | Values() | Union() | Reference() | Range():
            return relation
        case _:
            assert_never(relation)


def map_inner(
    value: Value, change: Callable[[Value], Value], subquery: Callable[[Relation], Relation] = lambda relation: relation
) -> Value:
    """The value with the values directly inside it changed, and if asked for the relations of subqueries too."""
    match value:
        case ColumnRef() | Literal() | Bound():
            return value
        case Call() | Logical():
            return _with(value, args=_each(change, value.args))
        case Not():
            return _with(value, arg=change(value.arg))
        case Path():
            steps = _each(lambda step: step if isinstance(step, str | int) else change(step), value.steps)
            return _with(value, base=change(value.base), steps=steps)
        case InList():
            return _with(value, value=change(value.value))
        case InRelation():
            return _with(value, value=change(value.value), relation=subquery(value.relation))
        case ScalarQuery():
            return _with(value, relation=subquery(value.relation))
        case Window():
            call = _with(value.call, args=_each(change, value.call.args))
            order = _each(lambda key: _with(key, value=change(key.value)), value.order)
            return _with(value, call=call, partition=_each(change, value.partition), order=order)
        case _:
            assert_never(value)


def _each(change: Callable[[Any], Any], old: Elements) -> Elements:
    """Every element changed; the same tuple if none is."""
    return _kept(old, cast("Elements", tuple(map(change, old))))


def _kept(old: Elements, new: Elements) -> Elements:
    return old if all(map(is_, old, new)) else new


def _with(node: T, **fields: object) -> T:
    """The node with these fields; the same node if they are those that it has: most passes change little."""
    if all(getattr(node, name) is new for name, new in fields.items()):
        return node
    return cast("T", replace(cast("Any", node), **fields))


def in_terms_of(columns: Mapping[str, Value], value: Value) -> Value:
    """The value with each column as what it is made of."""
    return columns[value.name] if isinstance(value, ColumnRef) else map_inner(value, lambda inner: in_terms_of(columns, inner))


def bottom_up(
    relation: Relation,
    change: Callable[[Relation], Relation] = lambda relation: relation,
    change_value: Callable[[Value], Value] | None = None,
) -> Relation:
    """The relation with each relation and value in it changed, those of subqueries too, the innermost first."""

    def subquery(inner: Relation) -> Relation:
        return bottom_up(inner, change, change_value)

    def inside(value: Value) -> Value:
        if change_value is not None:
            return change_value(map_inner(value, inside, subquery))
        return map_inner(value, inside, subquery) if _asks(value) else value

    below = with_inputs(relation, tuple(subquery(each) for each in inputs(relation)))
    return change(map_values(below, inside))


def _asks(value: Value) -> bool:
    """Whether a subquery stands in the value."""
    return any(isinstance(inner, InRelation | ScalarQuery) for inner in walk(value))


def carrying(relation: Relation, column: Column, physical: str) -> Relation:
    """The rows of one stored table, through filters and projections, with one more of its columns if they have it not."""
    if column in relation.schema:
        return relation
    match relation:
        case Scan():
            return replace(relation, columns=(*relation.columns, column), physical=(*relation.physical, physical))
        case Project():
            items = (*relation.items, Item(column.name, ref(column)))
            return replace(relation, input=carrying(relation.input, column, physical), items=items)
        case _:
            return with_inputs(relation, tuple(carrying(each, column, physical) for each in inputs(relation)))


def top_down(relation: Relation, change: Callable[[Relation], Relation]) -> Relation:
    """The relation changed, then all those in the result, those of subqueries too: what stands above sees what was below."""

    def subquery(inner: Relation) -> Relation:
        return top_down(inner, change)

    def inside(value: Value) -> Value:
        return map_inner(value, inside, subquery)

    changed = change(relation)
    return map_values(with_inputs(changed, tuple(subquery(each) for each in inputs(changed))), inside)


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
