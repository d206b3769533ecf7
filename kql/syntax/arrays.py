"""Operators over arrays and bags (pages: mv-expand, mv-apply)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from kql.algebra import Call, ColumnRef, Item, Literal, Project, Relation, Sort, SortKey, Unnest, Value, Window, passing, ref
from kql.errors import KqlSemanticError, Span
from kql.functions import WINDOWS
from kql.functions.elements import NUMBER
from kql.overloads import convert, invoke
from kql.partitioning import Parts, follows_order, inlined, stand_in
from kql.scope import Scope, unique_name
from kql.syntax.base import Expression, Operator, rule
from kql.syntax.declarations import Named, scalar_type
from kql.syntax.parameters import Parameters
from kql.syntax.partitions import Subpipeline
from kql.syntax.rows import row_count
from kql.tokens import Token
from kql.types import Column, ScalarType


@rule("mv_item")
class MvItem(Expression):
    """`x`, `a = x`, `x to typeof(string)`."""

    item: Expression
    type: Token | None

    def output(self, scope: Scope, taken: Sequence[str]) -> Item:
        """The dynamic and the column for its elements, which replaces one of that name."""
        value = self.item.bind(scope)
        if value.type is not ScalarType.DYNAMIC:
            message = f"'{scope.operator}' operator: expects a dynamic, found {value.type}."
            raise KqlSemanticError(message, self.span, "Use parse_json() or todynamic().")
        own = value.name if isinstance(value, ColumnRef) and not isinstance(self.item, Named) else None
        return Item(own or self.item.auto_name(scope) or unique_name("Column1", taken), value)


class Expansion(Struct):
    """What mv-expand and mv-apply share: arrays unfolded into rows, in step."""

    params: Parameters
    items: list[MvItem]
    limit: Expression | None
    span: Span

    def unnest(self, source: Relation, scope: Scope, operator: str, index: str = "") -> Unnest:
        """The rows before any type is asked for. `index` names the column of positions if the query names none."""
        inner = scope.with_row(source.schema, operator)
        existing = [column.name for column in source.schema]
        items: list[Item] = []
        for each in self.items:
            item = each.output(inner, [*existing, *(other.name for other in items)])
            if item.name in {other.name for other in items}:
                message = f"'{operator}' operator: two columns are named '{item.name}'."
                raise KqlSemanticError(message, each.span, "Give one of them a name: y = ....")
            items.append(item)
        made = {item.name: _opened(item.name, each.type) for item, each in zip(items, self.items, strict=True)}
        columns = [made.pop(column.name, column) for column in source.schema] + list(made.values())
        asked = self.params.get("with_itemindex")
        name = unique_name(asked, [column.name for column in columns]) if asked else index
        if name:
            columns.append(Column(name, ScalarType.LONG, nullable=False))
        arrays = "array" in (self.params.get("bagexpansion"), self.params.get("kind"))
        return Unnest(source, tuple(items), tuple(columns), name or None, arrays, self._limit(scope, operator), span=self.span)

    def _limit(self, scope: Scope, operator: str) -> int | None:
        if self.limit is None:
            return None
        value = row_count(self.limit, scope, operator)
        if not isinstance(value, Literal) or not isinstance(value.value, int):
            raise KqlSemanticError(f"'{operator}' operator: the limit must be a constant number.", self.limit.span)
        return value.value

    def typed(self, relation: Unnest) -> Relation:
        """The elements in the types that the query asks for. Nothing is parsed: a number in quotes is no number."""
        pairs = zip(relation.items, self.items, strict=True)
        kinds = {item.name: scalar_type(each.type) for item, each in pairs if each.type not in (None, "string")}
        if not kinds:
            return relation
        columns = passing(relation.schema)
        items = tuple(Item(each.name, element(each.value, kinds[each.name])) if each.name in kinds else each for each in columns)
        return Project(relation, items, span=self.span)


def _opened(name: str, kind: Token | None) -> Column:
    """The column of elements: dynamic, or text where that is asked for."""
    return Column(name, ScalarType.STRING, nullable=False) if kind == "string" else Column(name, ScalarType.DYNAMIC)


def element(value: Value, kind: ScalarType) -> Value:
    """An element of an array as a scalar; null if it is not of that kind."""
    if kind.numeric:
        value = Call(NUMBER, (value,), ScalarType.DYNAMIC, nullable=True)
    return convert(value, kind)


@rule("mv_expand")
class MvExpand(Operator):
    expansion: Expansion

    @classmethod
    def of(cls, children: list[Any], span: Span) -> MvExpand:
        return cls(Expansion(children[0], children[1:-1], children[-1], span), span=span)

    def apply(self, source: Relation, scope: Scope) -> Relation:
        return self.expansion.typed(self.expansion.unnest(source, scope, "mv-expand"))


_OLD_LIMIT = 128  # page: mv-expand operator


@rule("mvexpand")
class OldMvExpand(MvExpand):
    """`mvexpand`, the old spelling: without a limit it makes 128 rows of a row at most."""

    def apply(self, source: Relation, scope: Scope) -> Relation:
        rows = self.expansion.unnest(source, scope, "mvexpand")
        return self.expansion.typed(replace(rows, limit=_OLD_LIMIT) if rows.limit is None else rows)


@rule("mv_apply")
class MvApply(Operator):
    """Unfolds arrays and runs a pipeline on the elements of each row.

    The row's number is the key of its part; the row's own columns are carried, and come back beside what the pipeline gives.
    A row without elements has no part.
    """

    expansion: Expansion
    pipeline: Subpipeline

    @classmethod
    def of(cls, children: list[Any], span: Span) -> MvApply:
        return cls(Expansion(children[0], children[1:-2], children[-2], span), children[-1], span=span)

    def apply(self, source: Relation, scope: Scope) -> Relation:
        mark = f"_{self.span.start}"
        index = f"$index{mark}"
        number = Item(f"$part{mark}", Window(invoke("row_number", registry=WINDOWS)))
        carried = tuple(Item(f"$row{mark}_{column.name}", ref(column)) for column in source.schema)
        numbered = Project(source, (*passing(source.schema), number, *carried), span=self.span)
        opened = self.expansion.unnest(source, scope, "mv-apply", index)
        hidden = (number.column, *(item.column for item in carried))
        rows = self.expansion.typed(replace(opened, input=numbered, columns=(*opened.columns, *hidden)))
        visible = tuple(column for column in rows.schema if column not in hidden and column.name != index)
        hole = stand_in(visible, self.span)
        inner = inlined(self.pipeline, Sort(hole, ()), hole, scope)
        if follows_order(inner):
            rows = Sort(rows, (SortKey(ref(number.column), False), SortKey(ref(_named(opened, opened.index or "")), False)))
        parts = Parts.of(rows, hidden, hole, inner, scope.context, "mv-apply")
        return Project(parts.apply(inner), self._outputs(source, opened, inner, mark), span=self.span)

    def _outputs(self, source: Relation, opened: Unnest, inner: Relation, mark: str) -> tuple[Item, ...]:
        """The row's columns that are not unfolded, or what the pipeline made of them, then the pipeline's other columns."""
        unfolded = {item.name for item in opened.items}
        new = {item.name: item for item in passing(inner.schema)}
        kept = [
            new.pop(column.name, Item(column.name, ColumnRef(f"$row{mark}_{column.name}", column.type, column.nullable)))
            for column in source.schema
            if column.name not in unfolded
        ]
        return (*kept, *new.values())


def _named(relation: Relation, name: str) -> Column:
    return next(column for column in relation.schema if column.name == name)
