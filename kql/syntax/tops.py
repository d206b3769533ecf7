"""Operators that pick rows, or groups by their size (pages: sample, sample-distinct, top-hitters, top-nested)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kql.algebra import (
    Aggregate,
    Filter,
    Item,
    Join,
    JoinColumn,
    Limit,
    Literal,
    Project,
    Relation,
    Sort,
    SortKey,
    Union,
    Value,
    Window,
    passing,
    ref,
)
from kql.errors import KqlUnsupportedError, Span
from kql.functions import AGGREGATES, OPERATORS, WINDOWS
from kql.overloads import convert, invoke
from kql.scope import Scope, unique_name
from kql.syntax.base import Expression, Operator, rule
from kql.syntax.columns import outputs
from kql.syntax.declarations import Named
from kql.syntax.groups import refuse_bare_columns
from kql.syntax.rows import row_count
from kql.syntax.unions import align, outer_columns, union_schema
from kql.tokens import Token
from kql.types import Column, ScalarType


@rule("sample")
class Sample(Operator):
    """Any so many rows: as its page says, speed goes before an even distribution."""

    count: Expression

    def apply(self, source: Relation, scope: Scope) -> Relation:
        return Limit(source, row_count(self.count, scope, "sample"), span=self.span)


@rule("sample_distinct")
class SampleDistinct(Operator):
    """Any so many distinct values."""

    count: Expression
    of_what: Expression

    def apply(self, source: Relation, scope: Scope) -> Relation:
        keys = outputs([self.of_what], scope.with_row(source.schema, "sample-distinct"))
        return Limit(Aggregate(source, tuple(keys), ()), row_count(self.count, scope, "sample-distinct"), span=self.span)


@rule("top_hitters")
class TopHitters(Operator):
    """The most frequent values, or those of the largest sum; counted exactly."""

    count: Expression
    of_what: Expression
    by: Expression | None

    def apply(self, source: Relation, scope: Scope) -> Relation:
        inner = scope.with_row(source.schema, "top-hitters")
        key = outputs([self.of_what], inner)[0]
        if self.by is None:
            item = Item(f"approximate_count_{key.name}", invoke("count", registry=AGGREGATES))
        else:
            item = Item(
                f"approximate_sum_{self.by.auto_name(inner) or ''}", invoke("sum", self.by.bind(inner), registry=AGGREGATES)
            )
        grouped = Aggregate(source, (key,), (item,), span=self.span)
        ordered = Sort(grouped, (SortKey(ref(item.column)),), span=self.span)
        return Limit(ordered, row_count(self.count, scope, "top-hitters"), span=self.span)


# ---------------------------------------------------------------- top-nested


@rule("nested")
class Nested(Expression):
    """One level: how many of which values, by which aggregate, and what stands for the others."""

    count: Expression | None
    of_what: Expression
    others: Expression | None
    by: Expression
    direction: Token | None


@rule("top_nested")
class TopNested(Operator):
    """Each level picks values within those that the level before has picked; two columns a level, value and aggregate."""

    levels: list[Nested]

    @classmethod
    def of(cls, children: list[Any], span: Span) -> TopNested:
        return cls(children, span=span)

    def apply(self, source: Relation, scope: Scope) -> Relation:
        outer = next((level for level in self.levels if level.others is not None), None)
        if outer is not None and len(self.levels) > 1:
            message = "'top-nested' operator: 'with others' in several levels is not supported."
            raise KqlUnsupportedError(message, outer.span, "Use it with one level, or union the rest yourself.")
        names = self._names(source, scope)
        inner = scope.with_row(source.schema, "top-nested")
        values = tuple(Item(name, level.of_what.bind(inner)) for level, (name, _) in zip(self.levels, names, strict=True))
        hidden = [Item(unique_name(f"__{item.name}", [c.name for c in source.schema]), item.value) for item in values]
        rows: Relation = Project(source, (*passing(source.schema), *hidden), span=self.span)
        picked: list[Relation] = []
        for at, level in enumerate(self.levels):
            keys = tuple(Item(name, ref(item.column)) for (name, _), item in zip(names[: at + 1], hidden, strict=False))
            rows = scope.context.share("nested", rows)
            found = scope.context.share("level", self._level(level, rows, keys, names[at][1], scope))
            picked.append(found)
            if at + 1 < len(self.levels):
                rows = _semi(rows, found, [item.column for item in hidden[: at + 1]], [key.name for key in keys])
        if outer is not None:
            return self._with_others(outer, picked[0], rows, hidden[0], names[0], scope)
        return self._joined(picked, names)

    def _names(self, source: Relation, scope: Scope) -> list[tuple[str, str]]:
        """The two columns of each level, unlike all others."""
        inner = scope.with_row(source.schema, "top-nested")
        taken: list[str] = []
        found: list[tuple[str, str]] = []
        for at, level in enumerate(self.levels, 1):
            value = unique_name(level.of_what.auto_name(inner) or f"Column{at}", taken)
            by = str(level.by.name) if isinstance(level.by, Named) else f"aggregated_{value}"
            found.append((value, unique_name(by, [*taken, value])))
            taken += found[-1]
        return found

    def _level(self, level: Nested, rows: Relation, keys: Sequence[Item], name: str, scope: Scope) -> Relation:
        """The values of one level within each value of the levels before, with their aggregate."""
        grouped = Aggregate(rows, tuple(keys), (Item(name, _aggregate(level, rows, scope)),), span=level.span)
        if level.count is None:
            return grouped
        descending = level.direction is None or level.direction.endswith("desc")
        order = SortKey(ref(grouped.schema[-1]), descending, nulls_first=not descending)
        number = Window(invoke("row_number", registry=WINDOWS), tuple(ref(c) for c in grouped.schema[:-2]), (order,))
        place = unique_name("__place", [column.name for column in grouped.schema])
        ranked = Project(grouped, (*passing(grouped.schema), Item(place, number)))
        within = invoke("<=", ref(ranked.schema[-1]), row_count(level.count, scope, "top-nested"), registry=OPERATORS)
        return Project(Filter(ranked, within), passing(grouped.schema), span=level.span)

    def _joined(self, picked: Sequence[Relation], names: Sequence[tuple[str, str]]) -> Relation:
        """The levels side by side."""
        result = picked[0]
        for at, level in enumerate(picked[1:], 1):
            keys = [name for name, _ in names[:at]]
            left = [JoinColumn("left", c.name, c) for c in result.schema]
            right = [JoinColumn("right", c.name, c) for c in level.schema if c.name not in keys]
            on = tuple((ref(_column(result, key)), ref(_column(level, key))) for key in keys)
            result = Join(result, level, "inner", on, tuple(left + right), span=self.span)
        return result

    def _with_others(
        self, level: Nested, picked: Relation, rows: Relation, hidden: Item, names: tuple[str, str], scope: Scope
    ) -> Relation:
        """The picked values, and one row that stands for all others."""
        rest = _semi(rows, picked, [hidden.column], [names[0]], kind="leftanti")
        counted = unique_name("__rows", [names[1]])
        total = Aggregate(
            rest, (), (Item(names[1], _aggregate(level, rest, scope)), Item(counted, invoke("count", registry=AGGREGATES)))
        )
        some = Filter(total, invoke(">", ref(total.schema[1]), Literal(0, ScalarType.LONG), registry=OPERATORS))
        assert level.others is not None
        told = convert(level.others.bind(scope.without_row()), picked.schema[0].type)
        row = Project(some, (Item(names[0], told), Item(names[1], ref(total.schema[0]))))
        columns = outer_columns([picked.schema])
        arms = (align(picked, columns, "", ""), align(row, columns, "", ""))
        return Union(arms, union_schema(arms), span=self.span)


def _aggregate(level: Nested, rows: Relation, scope: Scope) -> Value:
    inner = Scope(scope.context, scope.names, rows.schema, "top-nested", aggregating=True)
    value = level.by.bind(inner)
    refuse_bare_columns(value, level.by.span, "top-nested")
    return value


def _column(relation: Relation, name: str) -> Column:
    return next(column for column in relation.schema if column.name == name)


def _semi(rows: Relation, picked: Relation, hidden: Sequence[Column], keys: Sequence[str], kind: Any = "leftsemi") -> Relation:
    """The rows whose keys were picked, or were not."""
    on = tuple((ref(column), ref(_column(picked, key))) for column, key in zip(hidden, keys, strict=True))
    return Join(rows, picked, kind, on, tuple(JoinColumn("left", c.name, c) for c in rows.schema))
