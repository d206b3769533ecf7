"""How relations and values are taken apart and put together again: what every pass over them is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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


def walk(value: Value) -> list[Value]:
    """The value and everything inside it; relations inside subqueries have their own scope."""
    found = [value]
    for each in found:
        if inner := each.inner:
            found += inner
    return found


def columns_of(value: Value) -> list[str]:
    """Names of the input's columns that a value reads, once for each use."""
    return [each.name for each in walk(value) if isinstance(each, ColumnRef)]


def repeatable(value: Value) -> bool:
    """Whether a row's value is the same when it is computed again, whatever rows stand around it."""
    return not any(isinstance(each, Window) or (isinstance(each, Call) and each.function.volatile) for each in walk(value))


# ---------------------------------------------------------------- relations


def with_inputs(relation: Relation, new: tuple[Relation, ...]) -> Relation:
    """The relation over other inputs; the same relation if they are those that it has, since most passes change little."""
    if _same(relation.inputs, new):
        return relation
    match relation:
        case Filter() | Project() | Aggregate() | Sort() | Limit() | Unnest():
            return replace(relation, input=new[0])
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


def values_of(relation: Relation) -> Sequence[Value]:
    """The values that a relation itself computes."""
    match relation:
        case Project() | Unnest():
            return [item.value for item in relation.items]
        case Filter():
            return (relation.predicate,)
        case Aggregate():
            return [item.value for item in (*relation.keys, *relation.items)]
        case Sort():
            return [key.value for key in relation.keys]
        case Limit():
            return (relation.count,)
        case Join():
            return [value for pair in relation.on for value in pair]
        case Range():
            return (relation.start, relation.stop, relation.step)
        case Fold():
            return [item.value for item in relation.initial]
        case Scan() | Values() | Union() | Reference():
            return ()
        case _:
            assert_never(relation)


def computed(relation: Relation) -> list[Value]:
    """The values that are more than a column handed on, or a constant."""
    return [value for value in values_of(relation) if type(value) not in _PLAIN]


_PLAIN = (ColumnRef, Literal)


def map_values(relation: Relation, change: Callable[[Value], Value]) -> Relation:
    """The relation with each of its own values changed; columns handed on and constants have nothing to change.

    A union of all tables has tens of thousands of those.
    """

    def item(old: Item) -> Item:
        value = old.value
        if type(value) in _PLAIN or (changed := change(value)) is value:
            return old
        return Item(old.name, changed)

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
        case Limit():
            return _with(relation, count=change(relation.count))
        case Range():
            return _with(relation, start=change(relation.start), stop=change(relation.stop), step=change(relation.step))
        case Scan() | Values() | Union() | Reference():
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
    new = cast("Elements", tuple([change(each) for each in old]))
    return old if _same(old, new) else new


def _same(old: Sequence[Any], new: Sequence[Any]) -> bool:
    return all(map(is_, old, new))


def _with(node: T, **fields: object) -> T:
    """The node with these fields; the same node if they are those that it has."""
    for name, new in fields.items():
        if getattr(node, name) is not new:
            return cast("T", replace(cast("Any", node), **fields))
    return node


def in_terms_of(columns: Mapping[str, Value], value: Value) -> Value:
    """The value with each column as what it is made of."""
    return columns[value.name] if isinstance(value, ColumnRef) else map_inner(value, lambda inner: in_terms_of(columns, inner))


def bottom_up(relation: Relation, change: Callable[[Relation], Relation]) -> Relation:
    """The relation with each relation in it changed, the innermost first; those of subqueries stay what they are."""
    below = relation.inputs
    return change(with_inputs(relation, tuple([bottom_up(each, change) for each in below])) if below else relation)


def top_down(relation: Relation, change: Callable[[Relation], Relation]) -> Relation:
    """The relation changed, then all those in the result: what stands above sees what was below."""
    changed = change(relation)
    return with_inputs(changed, tuple([top_down(each, change) for each in changed.inputs]))


def everywhere(relation: Relation, change: Callable[[Relation], Relation]) -> Relation:
    """The relation changed as a whole, and before it each relation of its subqueries."""

    def subquery(inner: Relation) -> Relation:
        return everywhere(inner, change)

    def inside(value: Value) -> Value:
        return map_inner(value, inside, subquery)

    def asked(each: Relation) -> Relation:
        return map_values(each, inside) if any(True for _ in subqueries(each)) else each

    return change(bottom_up(relation, asked))


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
            return with_inputs(relation, tuple(carrying(each, column, physical) for each in relation.inputs))


def subqueries(relation: Relation) -> Iterator[Relation]:
    """Relations inside the values of a relation."""
    return (inner.relation for inner in values_in(relation) if isinstance(inner, InRelation | ScalarQuery))


def relations(root: Relation) -> Iterator[Relation]:
    """The relation and all below it, subqueries included."""
    return (relation for relation, _ in contents(root))


def contents(root: Relation) -> Iterator[tuple[Relation, list[Value]]]:
    """The relation and all below it, subqueries included, each with the values inside it."""
    pending = [root]
    while pending:
        current = pending.pop()
        values = values_in(current)
        yield current, values
        pending += current.inputs
        pending += [value.relation for value in values if isinstance(value, InRelation | ScalarQuery)]


def values_in(relation: Relation) -> list[Value]:
    """The values that a relation computes, and everything in them."""
    return [inner for value in computed(relation) for inner in walk(value)]
