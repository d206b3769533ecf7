"""Operators that run a pipeline for each part of the rows (pages: partition, fork, facet)."""

from __future__ import annotations

from typing import Any

from kql.algebra import Aggregate, Item, Join, JoinColumn, Project, Relation, Sort, passing, ref
from kql.errors import KqlSemanticError, Span, closest
from kql.partitioning import Parts, Pipeline, inlined, stand_in
from kql.scope import Scope
from kql.syntax.base import Expression, Operator, refuse, rule
from kql.syntax.parameters import Parameters
from kql.syntax.rows import serialized
from kql.tokens import Token


@rule("subpipeline")
class Subpipeline(Operator):
    """Operators without a source of their own."""

    operators: list[Operator]

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Subpipeline:
        return cls(children, span=span)

    def apply(self, source: Relation, scope: Scope) -> Relation:
        for operator in self.operators:
            source = operator.apply(source, scope)
            scope = operator.scope_after(source, scope)
        return source


@rule("partition")
class Partition(Operator):
    """`partition by x (operators)` over the rows of each x; `partition by x {pipeline}` for each x, which it may name."""

    params: Parameters
    name: Token
    pipeline: Subpipeline | Expression

    def apply(self, source: Relation, scope: Scope) -> Relation:
        by = scope.with_row(source.schema, "partition").column(str(self.name))
        if by is None:
            hint = closest(self.name, [column.name for column in source.schema])
            raise KqlSemanticError(f"'partition' operator: Failed to resolve column named '{self.name}'", self.span, hint)
        key = Item(f"$part_{self.span.start}", by)
        if isinstance(self.pipeline, Subpipeline):
            return self._of_rows(self.pipeline, source, key, scope)
        return self._of_key(self.pipeline, source, key, scope)

    def _of_rows(self, pipeline: Pipeline, source: Relation, key: Item, scope: Scope) -> Relation:
        hole = stand_in(source.schema, self.span)
        inner = inlined(pipeline, Sort(hole, ()) if serialized(source) else hole, hole, scope)
        rows = Project(source, (*passing(source.schema), key), span=self.span)
        parts = Parts.of(rows, (key.column,), hole, inner, scope.context, "partition")
        return Project(parts.apply(inner), passing(inner.schema), span=self.span)

    def _of_key(self, pipeline: Expression, source: Relation, key: Item, scope: Scope) -> Relation:
        """Every leaf of the inner pipeline is paired with every key; a filter on the key makes that an ordinary join."""
        inner = pipeline.bind_tabular(scope.without_row().with_name(str(self.name), ref(key.column)))
        keys = scope.context.share("keys", Aggregate(source, (key,), ()), materialized=True)

        def paired(leaf: Relation) -> Relation:
            columns = [JoinColumn("left", c.name, c) for c in leaf.schema]
            return Join(leaf, keys, "inner", (), (*columns, JoinColumn("right", key.name, key.column)), span=self.span)

        parts = Parts(key.column, (), keys, paired, None, self.span, "partition")
        return Project(parts.apply(inner), passing(inner.schema), span=self.span)


refuse("fork", "fork")
refuse("fork_arm", "fork")
refuse("facet", "facet")
