"""The pass `prune_columns`: every relation computes only the columns that are read above it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

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
from kql.traversal import bottom_up, columns_of, everywhere, map_inner, map_values, subqueries, values_of, with_inputs
from kql.types import Schema

Program = tuple[Relation, tuple[Binding, ...]]


def prune_columns(program: Program) -> Program:
    """Every relation computes only the columns that are read above it; the root keeps all."""
    root, bindings = program
    needed: dict[str, set[str]] = {binding.name: set() for binding in bindings}
    pruning = _Pruning(needed)
    new_root = pruning.pruned(root, {column.name for column in root.schema})
    done: list[Binding] = []
    for binding in reversed(bindings):
        columns = needed[binding.name] or {binding.relation.schema[0].name}
        done.append(replace(binding, relation=pruning.pruned(binding.relation, columns)))
    kept = {binding.name: binding.relation.schema for binding in done}

    def refreshed(each: Relation) -> Relation:
        return replace(each, columns=kept.get(each.name, each.columns)) if isinstance(each, Reference) else each

    if not bindings:
        return new_root, ()

    def whole(relation: Relation) -> Relation:
        return everywhere(relation, lambda each: bottom_up(each, refreshed))

    remade = tuple(replace(binding, relation=whole(binding.relation)) for binding in reversed(done))
    return _exactly(whole(new_root), root), remade


def narrowed(relation: Relation) -> Relation:
    """A relation over stored tables that reads only the columns it needs: for what a pass after `prune_columns` adds."""
    return prune_columns((relation, ()))[0]


class _Pruning(Struct, frozen=True):
    """`shared` collects what is read of named relations; some of them are not pruned here."""

    shared: dict[str, set[str]]

    def pruned(self, relation: Relation, needed: set[str]) -> Relation:
        """The relation without what none of the columns `needed` above it takes."""
        match relation:
            case Values():
                return relation
            case Range():
                return self._inside(relation)
            case Reference():
                self.shared.setdefault(relation.name, set()).update(needed)
                return relation
            case Scan():
                return _scan(relation, needed)
            case Union():
                return self._union(relation, needed)
            case Filter() | Sort() | Limit():
                below = self.pruned(relation.input, needed | _read(values_of(relation)))
                return self._inside(with_inputs(relation, (below,)))
            case Project():
                items = tuple(item for item in relation.items if item.name in needed) or relation.items[:1]
                below = self.pruned(relation.input, _read(item.value for item in items))
                return self._inside(replace(relation, input=below, items=items))
            case Aggregate():
                return self._inside(self._aggregate(relation, needed))
            case Join():
                return self._inside(self._join(relation, needed))
            case Unnest():
                return self._inside(self._unnest(relation, needed))
            case Fold():
                return self._inside(with_inputs(relation, tuple(self.whole(each) for each in relation.inputs)))
            case _:
                assert_never(relation)

    def whole(self, relation: Relation) -> Relation:
        """The relation with all its columns, pruned below."""
        return _exactly(self.pruned(relation, {column.name for column in relation.schema}), relation)

    def _inside(self, relation: Relation) -> Relation:
        """The same in the subqueries of its values."""

        def value(each: Value) -> Value:
            return map_inner(each, value, self.whole)

        return map_values(relation, value) if any(True for _ in subqueries(relation)) else relation

    def _aggregate(self, relation: Aggregate, needed: set[str]) -> Relation:
        items = tuple(item for item in relation.items if item.name in needed)
        if not relation.keys:
            items = items or relation.items[:1]
        below = self.pruned(relation.input, _read(item.value for item in (*relation.keys, *items)))
        return replace(relation, input=below, items=items)

    def _join(self, relation: Join, needed: set[str]) -> Relation:
        columns = tuple(c for c in relation.columns if c.column.name in needed) or relation.columns[:1]
        left, right = (
            self.pruned(side, {c.source for c in columns if c.side == which} | _read(pair[at] for pair in relation.on))
            for at, (which, side) in enumerate((("left", relation.left), ("right", relation.right)))
        )
        return replace(relation, left=left, right=right, columns=columns)

    def _union(self, relation: Union, needed: set[str]) -> Relation:
        columns = tuple(c for c in relation.columns if c.name in needed) or relation.columns[:1]
        names = {column.name for column in columns}
        return replace(
            relation, inputs=tuple(_only(self.pruned(arm, names), columns) for arm in relation.inputs), columns=columns
        )

    def _unnest(self, relation: Unnest, needed: set[str]) -> Relation:
        made = {item.name for item in relation.items} | ({relation.index} if relation.index else set())
        below = self.pruned(relation.input, (needed - made) | _read(values_of(relation)))
        return replace(relation, input=below, columns=tuple(c for c in relation.columns if c.name in needed | made))


def _scan(relation: Scan, needed: set[str]) -> Relation:
    keep = [at for at, c in enumerate(relation.columns) if c.name in needed] or [0]
    return replace(relation, columns=tuple(relation.columns[i] for i in keep), physical=tuple(relation.physical[i] for i in keep))


def _read(values: Iterable[Value]) -> set[str]:
    """The columns that values read."""
    return {name for value in values for name in columns_of(value)}


def _exactly(relation: Relation, wanted: Relation) -> Relation:
    """The relation with just the wanted columns in their order."""
    if [c.name for c in relation.schema] == [c.name for c in wanted.schema]:
        return relation
    return Project(relation, passing(wanted.schema))


def _only(relation: Relation, columns: Schema) -> Relation:
    """A union's arm with just these columns in this order."""
    names = [c.name for c in columns]
    if [c.name for c in relation.schema] == names:
        return relation
    items = {item.name: item for item in passing(relation.schema)}
    return Project(relation, tuple(items[name] for name in names))
