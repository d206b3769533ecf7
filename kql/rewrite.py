"""Passes over a bound program: each a verb, a function from relation to relation; PASSES is their order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import assert_never

from kql.algebra import (
    Aggregate,
    Binding,
    Bound,
    Call,
    ColumnRef,
    Filter,
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
    columns_of,
    passing,
    walk,
)

Program = tuple[Relation, tuple[Binding, ...]]


# ---------------------------------------------------------------- how a relation is taken apart


def inputs(relation: Relation) -> tuple[Relation, ...]:
    """The relations directly below, subqueries in values not counted."""
    match relation:
        case Filter() | Project() | Aggregate() | Sort() | Limit() | Unnest():
            return (relation.input,)
        case Join():
            return (relation.left, relation.right)
        case Union():
            return relation.inputs
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
        case Scan() | Values() | Union() | Reference():
            return
        case _:
            assert_never(relation)


def computed(relation: Relation) -> Iterator[Value]:
    """The values that are more than a column handed on."""
    return (value for value in values_of(relation) if not isinstance(value, ColumnRef))


def map_values(relation: Relation, change: Callable[[Value], Value]) -> Relation:
    """The relation with each of its own values changed."""

    def items(old: Iterable[Item]) -> tuple[Item, ...]:
        return tuple(item if isinstance(item.value, ColumnRef) else Item(item.name, change(item.value)) for item in old)

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
            return Window(call, tuple(change(part) for part in value.partition), order, value.frame)
        case Literal() | ColumnRef() | Bound():
            return value
        case _:
            assert_never(value)


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


# ---------------------------------------------------------------- passes


def inline_single_uses(program: Program) -> Program:
    """A named relation that is used once stands where it is used; one that is never used is gone."""
    root, bindings = program
    uses: Counter[str] = Counter()
    alive: dict[str, Binding] = {}
    uses.update(_references(root))
    for binding in reversed(bindings):
        if uses[binding.name]:
            alive[binding.name] = binding
            uses.update(_references(binding.relation))
    single = {name: binding.relation for name, binding in alive.items() if uses[name] == 1}
    kept = [replace(b, relation=_inlined(b.relation, single)) for b in bindings if b.name in alive and b.name not in single]
    return _inlined(root, single), tuple(kept)


def _references(root: Relation) -> list[str]:
    return [each.name for each in relations(root) if isinstance(each, Reference)]


def _inlined(relation: Relation, single: dict[str, Relation]) -> Relation:
    if not single:
        return relation

    def inside(value: Value) -> Value:
        return map_inner(value, inside, lambda inner: _inlined(inner, single))

    if isinstance(relation, Reference):
        return _inlined(single[relation.name], single) if relation.name in single else relation
    below = tuple(_inlined(each, single) for each in inputs(relation))
    return map_values(with_inputs(relation, below), inside)


def fuse_projects(relation: Relation) -> Relation:
    """A projection over a projection is one, where it reads only columns that the lower one hands on."""
    below = tuple(fuse_projects(each) for each in inputs(relation))
    lower = below[0] if below else None
    if not (isinstance(relation, Project) and isinstance(lower, Project)):
        return with_inputs(relation, below)
    made = {item.name: item.value for item in lower.items}
    plain = {name for name, value in made.items() if isinstance(value, ColumnRef)}
    passed = Counter(item.value.name for item in relation.items if isinstance(item.value, ColumnRef))
    read = {name for value in computed(relation) for name in columns_of(value)}
    if not read <= plain or any(times > 1 and name not in plain for name, times in passed.items()):
        return with_inputs(relation, below)
    if any(isinstance(inner, Window) for value in (*computed(relation), *computed(lower)) for inner in walk(value)):
        return with_inputs(relation, below)

    def inside(value: Value) -> Value:
        return made[value.name] if isinstance(value, ColumnRef) else map_inner(value, inside, lambda inner: inner)

    items = tuple(Item(item.name, inside(item.value)) for item in relation.items)
    return replace(relation, input=lower.input, items=items)


def each_relation(change: Callable[[Relation], Relation]) -> Callable[[Program], Program]:
    """A pass that treats the root and every binding alike."""

    def apply(program: Program) -> Program:
        root, bindings = program
        return change(root), tuple(replace(binding, relation=change(binding.relation)) for binding in bindings)

    apply.__name__ = change.__name__
    apply.__doc__ = change.__doc__
    return apply


def truth_context(relation: Relation) -> Relation:
    """Marks comparisons whose null may be taken for false: those that a filter asks for positively."""
    below = with_inputs(relation, tuple(truth_context(each) for each in inputs(relation)))

    def inside(value: Value) -> Value:
        return map_inner(value, inside, truth_context)

    changed = map_values(below, inside)
    return replace(changed, predicate=_positive(changed.predicate)) if isinstance(changed, Filter) else changed


def _positive(value: Value) -> Value:
    match value:
        case Logical():
            return Logical(value.op, tuple(_positive(arg) for arg in value.args))
        case Call() if value.function.one_null:
            return replace(value, positive=True)
        case _:
            return value


def drop_sort(relation: Relation) -> Relation:
    """Removes orders that nobody sees: below a group without order, a join, a union, or another sort."""
    below = tuple(drop_sort(each) for each in inputs(relation))
    match relation:
        case Aggregate() if not any(
            isinstance(v, Call) and v.function.ordered for item in relation.items for v in walk(item.value)
        ):
            below = tuple(_unsorted(each) for each in below)
        case Join() | Sort(keys=(_, *_)):
            below = tuple(_unsorted(each) for each in below)
        case _:
            pass
    return with_inputs(relation, below)


def _unsorted(relation: Relation) -> Relation:
    match relation:
        case Sort():
            return _unsorted(relation.input)
        case Filter() | Project() if not any(isinstance(v, Window) for value in values_of(relation) for v in walk(value)):
            return with_inputs(relation, (_unsorted(relation.input),))
        case _:
            return relation


def prune_columns(program: Program) -> Program:
    """Every relation computes only the columns that are read above it; the root keeps all."""
    root, bindings = program
    needed: dict[str, set[str]] = {binding.name: set() for binding in bindings}
    new_root = _pruned(root, {column.name for column in root.schema}, needed)
    done: list[Binding] = []
    for binding in reversed(bindings):
        columns = needed[binding.name] or {binding.relation.schema[0].name}
        done.append(replace(binding, relation=_pruned(binding.relation, columns, needed)))
    kept = {binding.name: binding.relation.schema for binding in done}

    def refreshed(relation: Relation) -> Relation:
        def inside(value: Value) -> Value:
            return map_inner(value, inside, refreshed)

        if isinstance(relation, Reference):
            return replace(relation, columns=kept[relation.name])
        return map_values(with_inputs(relation, tuple(refreshed(each) for each in inputs(relation))), inside)

    if not bindings:
        return new_root, ()
    return _exactly(refreshed(new_root), root), tuple(replace(b, relation=refreshed(b.relation)) for b in reversed(done))


def _exactly(relation: Relation, wanted: Relation) -> Relation:
    """The relation with just the wanted columns in their order."""
    if [c.name for c in relation.schema] == [c.name for c in wanted.schema]:
        return relation
    return Project(relation, passing(wanted.schema))


def _pruned(relation: Relation, needed: set[str], shared: dict[str, set[str]]) -> Relation:
    """`needed`: the columns read above; `shared` collects what is read of named relations."""

    def inside(value: Value) -> Value:
        return map_inner(value, inside, lambda inner: _exactly(_pruned(inner, {c.name for c in inner.schema}, shared), inner))

    def read(values: Iterable[Value]) -> set[str]:
        return {name for value in values for name in columns_of(value)}

    match relation:
        case Scan():
            keep = [at for at, c in enumerate(relation.columns) if c.name in needed] or [0]
            return replace(
                relation, columns=tuple(relation.columns[i] for i in keep), physical=tuple(relation.physical[i] for i in keep)
            )
        case Values() | Range():
            return relation
        case Reference():
            shared[relation.name] |= needed
            return relation
        case Filter() | Sort() | Limit():
            below = _pruned(relation.input, needed | read(values_of(relation)), shared)
            return map_values(with_inputs(relation, (below,)), inside)
        case Project():
            items = tuple(item for item in relation.items if item.name in needed) or relation.items[:1]
            below = _pruned(relation.input, read(item.value for item in items), shared)
            return map_values(replace(relation, input=below, items=items), inside)
        case Aggregate():
            items = tuple(item for item in relation.items if item.name in needed)
            if relation.items and not items and not relation.keys:
                items = relation.items[:1]
            keys = relation.keys
            if relation.items and not items:  # only the keys are read: the groups themselves
                items = ()
            below = _pruned(relation.input, read(item.value for item in (*keys, *items)), shared)
            return map_values(replace(relation, input=below, items=items), inside)
        case Join():
            columns = tuple(c for c in relation.columns if c.column.name in needed) or relation.columns[:1]
            sides = []
            for at, side in enumerate((relation.left, relation.right)):
                which = ("left", "right")[at]
                wanted = {c.source for c in columns if c.side == which} | read(pair[at] for pair in relation.on)
                sides.append(_pruned(side, wanted, shared))
            return map_values(replace(relation, left=sides[0], right=sides[1], columns=columns), inside)
        case Union():
            names = [c.name for c in relation.columns if c.name in needed] or [relation.columns[0].name]
            columns_kept = tuple(c for c in relation.columns if c.name in names)
            arms = tuple(_only(_pruned(arm, set(names), shared), columns_kept) for arm in relation.inputs)
            return replace(relation, inputs=arms, columns=columns_kept)
        case Unnest():
            made = {item.name for item in relation.items} | ({relation.index} if relation.index else set())
            below = _pruned(relation.input, (needed - made) | read(values_of(relation)), shared)
            kept = tuple(c for c in relation.columns if c.name in needed or c.name in made)
            return map_values(replace(relation, input=below, columns=kept), inside)
        case _:
            assert_never(relation)


def _only(relation: Relation, columns: tuple[object, ...]) -> Relation:
    """A union's arm with just these columns in this order."""
    names = [c.name for c in columns]  # type: ignore[attr-defined]
    if [c.name for c in relation.schema] == names:
        return relation
    items = {item.name: item for item in passing(relation.schema)}
    return Project(relation, tuple(items[name] for name in names))


PASSES: tuple[Callable[[Program], Program], ...] = (
    inline_single_uses,
    each_relation(fuse_projects),
    each_relation(drop_sort),
    prune_columns,
    each_relation(truth_context),
)
