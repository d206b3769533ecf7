"""Operators that group rows (pages: summarize, count, distinct)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lark import Token

from kql.algebra import Aggregate, Call, ColumnRef, Item, Relation, Value, passing, ref
from kql.errors import KqlSemanticError, Span
from kql.functions import AGGREGATES
from kql.functions.registry import Kind
from kql.overloads import invoke
from kql.scope import Scope, unique_name
from kql.syntax.base import Expression, Operator, rule
from kql.syntax.calls import FunctionCall, Named, Star
from kql.syntax.columns import Items, outputs
from kql.syntax.sources import Parameters
from kql.traversal import children

# Aggregates that return columns of one row: the first argument chooses it (take_any takes any).
_ROW_AGGREGATES = {"arg_max": "max", "arg_min": "min", "argmax": "max", "argmin": "min", "take_any": "", "any": ""}


@rule("summarize")
@dataclass(slots=True)
class Summarize(Operator):
    params: Parameters
    items: Items | None
    by: Items | None

    def apply(self, source: Relation, scope: Scope) -> Relation:
        keys = outputs(self.by.items, scope.with_row(source.schema, "summarize")) if self.by else []
        inner = scope.with_row(source.schema, "summarize")
        inner = Scope(inner.context, inner.names, inner.row, inner.operator, aggregating=True)
        items: list[Item] = []
        unnamed = sum(key.name.startswith("Column") for key in keys)
        for item in self.items.items if self.items else []:
            for name, value in _aggregated(item, inner, keys):
                unnamed += name is None
                taken = [each.name for each in (*keys, *items)]
                items.append(Item(unique_name(name or f"Column{unnamed}", taken), value))
        for each in items:
            refuse_bare_columns(each.value, self.span, "summarize")
        return Aggregate(source, tuple(keys), tuple(items), span=self.span)


def _aggregated(item: Expression, scope: Scope, keys: Sequence[Item]) -> list[tuple[str | None, Value]]:
    """The output columns of one item of summarize: one, or several of arg_max(x, *) and take_any(*)."""
    inner = item.expression if isinstance(item, Named) else item
    if isinstance(inner, FunctionCall) and inner.name in _ROW_AGGREGATES and inner.items:
        found = _row_columns(inner, scope, keys)
        if isinstance(item, Named):
            found[0] = (str(item.name), found[0][1])
        return found
    return [(item.auto_name(scope), item.bind(scope))]


def _row_columns(node: FunctionCall, scope: Scope, keys: Sequence[Item]) -> list[tuple[str | None, Value]]:
    outer = scope.with_row(scope.row or (), "summarize")
    extreme = _ROW_AGGREGATES[str(node.name)]
    first, rest = (node.items[0], node.items[1:]) if extreme else (None, node.items)
    result: list[tuple[str | None, Value]] = []
    by: Value | None = None
    if first is not None:
        by = first.bind(outer)
        name = first.auto_name(outer) or f"{extreme}_"
        result.append((name, invoke(extreme, by, registry=AGGREGATES)))
    for each in rest:
        if isinstance(each, Star):
            used = (
                {key.value.name for key in keys if isinstance(key.value, ColumnRef)}
                | {key.name for key in keys}
                | {name for name, _ in result}
            )
            result += [(c.name, _of_row(extreme, by, ref(c))) for c in scope.row or () if c.name not in used]
        else:
            result.append((each.auto_name(outer), _of_row(extreme, by, each.bind(outer))))
    return result


def _of_row(extreme: str, by: Value | None, value: Value) -> Value:
    if by is None:
        return invoke("take_any", value, registry=AGGREGATES)
    return invoke(f"arg_{extreme}", by, value, registry=AGGREGATES)


def refuse_bare_columns(value: Value, span: Span, operator: str) -> None:
    """Outside its aggregates an item may not read columns."""
    if isinstance(value, ColumnRef):
        raise KqlSemanticError(
            f"'{operator}' operator: '{value.name}' stands outside an aggregate.",
            span,
            "Aggregate it, for example with take_any(), or group by it.",
        )
    if not (isinstance(value, Call) and value.function.kind is Kind.AGGREGATE):
        for inner in children(value):
            refuse_bare_columns(inner, span, operator)


@rule("count")
@dataclass(slots=True)
class Count(Operator):
    name: Token | None

    def apply(self, source: Relation, scope: Scope) -> Relation:
        counted = invoke("count", registry=AGGREGATES)
        return Aggregate(source, (), (Item(str(self.name or "Count"), counted),), span=self.span)


@rule("distinct")
@dataclass(slots=True)
class Distinct(Operator):
    params: Parameters
    items: Any

    def apply(self, source: Relation, scope: Scope) -> Relation:
        if isinstance(self.items, Token):
            return Aggregate(source, passing(source.schema), (), span=self.span)
        found = outputs(self.items.items, scope.with_row(source.schema, "distinct"))
        return Aggregate(source, tuple(found), (), span=self.span)
