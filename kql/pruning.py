"""The pass `prune_columns`: every relation computes only the columns that are read above it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from kql.algebra import (
    Aggregate,
    Binding,
    Filter,
    Fold,
    Join,
    Limit,
    Project,
    Range,
    Reference,
    Relation,
    Scan,
    Sort,
    Union,
    Unnest,
    Value,
    Values,
    passing,
)
from kql.traversal import columns_of, inputs, map_inner, map_values, values_of, with_inputs
from kql.types import Schema

Program = tuple[Relation, tuple[Binding, ...]]


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
            return replace(relation, columns=kept.get(relation.name, relation.columns))
        return map_values(with_inputs(relation, tuple(refreshed(each) for each in inputs(relation))), inside)

    if not bindings:
        return new_root, ()
    return _exactly(refreshed(new_root), root), tuple(replace(b, relation=refreshed(b.relation)) for b in reversed(done))


def narrowed(relation: Relation) -> Relation:
    """A relation over stored tables that reads only the columns it needs: for what a pass after `prune_columns` adds."""
    return prune_columns((relation, ()))[0]


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
        case Fold():
            shared.setdefault(relation.name, set())
            whole = tuple(_exactly(_pruned(each, {c.name for c in each.schema}, shared), each) for each in inputs(relation))
            return map_values(with_inputs(relation, whole), inside)
        case _:
            assert_never(relation)


def _only(relation: Relation, columns: Schema) -> Relation:
    """A union's arm with just these columns in this order."""
    names = [c.name for c in columns]
    if [c.name for c in relation.schema] == names:
        return relation
    items = {item.name: item for item in passing(relation.schema)}
    return Project(relation, tuple(items[name] for name in names))
