"""Operators over arrays and bags (page: mv-expand)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lark import Token

from kql.algebra import ColumnRef, Item, Literal, Project, Relation, Unnest, passing
from kql.errors import KqlSemanticError, Span
from kql.overloads import convert
from kql.scope import Scope, unique_name
from kql.syntax.base import Expression, Operator, refuse, rule
from kql.syntax.calls import Named
from kql.syntax.sources import Parameters
from kql.syntax.statements import scalar_type
from kql.types import Column, ScalarType


@rule("mv_item")
@dataclass(slots=True)
class MvItem(Expression):
    """`x`, `a = x`, `x to typeof(string)`."""

    item: Expression
    type: Token | None


@rule("mv_expand")
@dataclass(slots=True)
class MvExpand(Operator):
    params: Parameters
    items: list[MvItem]
    limit: Expression | None

    @classmethod
    def of(cls, children: list[Any], span: Span) -> MvExpand:
        return cls(children[0], children[1:-1], children[-1], span=span)

    def apply(self, source: Relation, scope: Scope) -> Relation:
        inner = scope.with_row(source.schema, "mv-expand")
        existing = [column.name for column in source.schema]
        items: list[Item] = []
        for each in self.items:
            value = each.item.bind(inner)
            if value.type is not ScalarType.DYNAMIC:
                raise KqlSemanticError(
                    f"'mv-expand' operator: expects a dynamic, found {value.type}.", each.span, "Use parse_json() or todynamic()."
                )
            column = value.name if isinstance(value, ColumnRef) and not isinstance(each.item, Named) else None
            name = column or each.item.auto_name(inner) or f"Column{len(items) + 1}"
            replaces = column is not None or isinstance(each.item, Named)
            items.append(Item(name if replaces else unique_name(name, existing), value))
        index = self.params.get("with_itemindex") or None
        new = {item.name: Column(item.name, ScalarType.DYNAMIC) for item in items}
        columns = [new.pop(c.name, c) for c in source.schema]
        indexed = [Column(index, ScalarType.LONG, nullable=False)] if index else []
        schema = (*columns, *new.values(), *indexed)
        arrays = "array" in (self.params.get("bagexpansion"), self.params.get("kind"))
        relation = Unnest(source, tuple(items), schema, index, arrays, self._limit(scope), span=self.span)
        return self._typed(relation, [item.name for item in items])

    def _limit(self, scope: Scope) -> int | None:
        if self.limit is None:
            return None
        value = self.limit.bind(scope.without_row())
        if not isinstance(value, Literal) or not isinstance(value.value, int):
            raise KqlSemanticError("'mv-expand' operator: the limit must be a constant number.", self.limit.span)
        return value.value

    def _typed(self, relation: Unnest, names: list[str]) -> Relation:
        kinds = {name: scalar_type(each.type) for name, each in zip(names, self.items, strict=True) if each.type is not None}
        if not kinds:
            return relation
        items = tuple(
            Item(item.name, convert(item.value, kinds[item.name]) if item.name in kinds else item.value)
            for item in passing(relation.schema)
        )
        return Project(relation, items, span=self.span)


refuse("mv_apply", "mv-apply")
