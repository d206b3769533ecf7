"""Operators that group rows (pages: summarize, count, distinct)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kql.algebra import Aggregate, Call, ColumnRef, Item, Literal, Relation, Value, passing, ref
from kql.errors import KqlSemanticError, Span
from kql.functions import AGGREGATES
from kql.functions.aggregates import ANY_ROW
from kql.functions.registry import Kind
from kql.overloads import call, invoke, no_dynamic
from kql.scope import Scope, unique_name
from kql.syntax.base import Expression, Operator, rule
from kql.syntax.calls import FunctionCall, Star
from kql.syntax.columns import Items, outputs
from kql.syntax.parameters import Parameters
from kql.syntax.several import named, with_names
from kql.tokens import Token
from kql.types import ScalarType

# Aggregates that return columns of one row, and which value chooses it ("" any row).
_ROW_AGGREGATES = {"arg_max": "max", "arg_min": "min", "argmax": "max", "argmin": "min", "take_any": "", "any": ""}
_PREFIXED = ("argmax", "argmin", "any")  # the deprecated ones, whose columns are named max_x_y and any_y
# Aggregates of several results, and how many arguments stand before the percentiles.
_PERCENTILES = {"percentiles": 1, "percentilesw": 2}


@rule("summarize")
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
            for name, value, given in _aggregated(item, inner, keys):
                unnamed += name is None
                taken = [each.name for each in (*keys, *items)]
                if given and name in taken:
                    raise KqlSemanticError(
                        f"'summarize' operator: two columns are named '{name}'.", item.span, "Rename one of them."
                    )
                items.append(Item(unique_name(name or f"Column{unnamed}", taken), value))
        for each in items:
            refuse_bare_columns(each.value, self.span, "summarize")
        return Aggregate(source, tuple(keys), tuple(items), span=self.span)


def _aggregated(item: Expression, scope: Scope, keys: Sequence[Item]) -> Iterator[tuple[str | None, Value, bool]]:
    """The output columns of one item of summarize: name, value, whether the name was given. Most have one, arg_max(x, *),
    take_any(*) and percentiles several."""
    given, inner = named(item)
    if isinstance(inner, FunctionCall) and inner.name in _ROW_AGGREGATES and inner.items:
        yield from with_names(_row_columns(inner, scope, keys), given, item)
    elif isinstance(inner, FunctionCall) and inner.name in _PERCENTILES:
        yield from with_names(_percentiles(inner, scope), given, item)
    else:
        yield item.auto_name(scope), item.bind(scope), bool(given)


def _row_columns(node: FunctionCall, scope: Scope, keys: Sequence[Item]) -> list[tuple[str, Value]]:
    """The column that chooses the row, and those of the row; a star stands for all that are not grouped by."""
    outer = scope.with_row(scope.row or (), "summarize")
    extreme, prefixed = _ROW_AGGREGATES[str(node.name)], node.name in _PREFIXED
    names = [None if isinstance(each, Star) else each.auto_name(outer) for each in node.items]
    stem = f"{extreme}_{names[0] or ''}" if extreme else "any"
    used = {each.value.name for each in keys if isinstance(each.value, ColumnRef)}
    result: list[tuple[str, Value]] = []
    by = node.items[0].bind(outer) if extreme else None
    if by is not None and by.type is ScalarType.DYNAMIC:
        raise no_dynamic(f"Function '{node.name}'", node.items[0].span)
    if by is not None:
        result.append((stem if prefixed or not names[0] else names[0], invoke(extreme, by, registry=AGGREGATES)))
        used |= {by.name} if isinstance(by, ColumnRef) else set()
    for at, each in enumerate(node.items):
        if isinstance(each, Star):
            result += [
                (f"{stem}_{c.name}" if prefixed else c.name, _of_row(extreme, by, ref(c)))
                for c in scope.row or ()
                if c.name not in used
            ]
        elif at or by is None:
            value = _of_row(extreme, by, each.bind(outer), alone=len(node.items) == 1)
            name = names[at]
            result.append((name if name and not prefixed else f"{stem}_{name or f'arg{at}'}", value))
    return result


def _of_row(extreme: str, by: Value | None, value: Value, alone: bool = False) -> Value:
    """A value in the row: of any row, a single one preferably not null, several of one row."""
    if by is not None:
        return invoke(f"arg_{extreme}", by, value, registry=AGGREGATES)
    if alone:
        return invoke("take_any", value, registry=AGGREGATES)
    return Call(ANY_ROW, (value,), value.type, value.type is not ScalarType.STRING)


def _percentiles(node: FunctionCall, scope: Scope) -> list[tuple[str, Value]]:
    """One column for each percentile."""
    before = _PERCENTILES[str(node.name)]
    arguments = node.bound(scope.with_row(scope.row or (), "summarize"))
    first = node.items[0].auto_name(scope) if node.items else ""
    if len(arguments) <= before:
        raise KqlSemanticError(
            f"Function '{node.name}' expects at least {before + 1} arguments, found {len(arguments)}.", node.span
        )
    result: list[tuple[str, Value]] = []
    for each in arguments[before:]:
        shown = str(each.value.value).replace(".", "_") if isinstance(each.value, Literal) else ""
        given = [*arguments[:before], each]
        result.append((f"percentile_{first or ''}_{shown}", call(str(node.name), given, node.span, AGGREGATES)))
    return result


def refuse_bare_columns(value: Value, span: Span, operator: str) -> None:
    """Outside its aggregates an item may not read columns."""
    if isinstance(value, ColumnRef):
        raise KqlSemanticError(
            f"'{operator}' operator: '{value.name}' stands outside an aggregate.",
            span,
            "Aggregate it, for example with take_any(), or group by it.",
        )
    if not (isinstance(value, Call) and value.function.kind is Kind.AGGREGATE):
        for inner in value.inner:
            refuse_bare_columns(inner, span, operator)


@rule("count")
class Count(Operator):
    name: Token | None

    def apply(self, source: Relation, scope: Scope) -> Relation:
        counted = invoke("count", registry=AGGREGATES)
        return Aggregate(source, (), (Item(str(self.name or "Count"), counted),), span=self.span)


@rule("distinct")
class Distinct(Operator):
    params: Parameters
    items: Any

    def apply(self, source: Relation, scope: Scope) -> Relation:
        if isinstance(self.items, Token):
            return Aggregate(source, passing(source.schema), (), span=self.span)
        found = outputs(self.items.items, scope.with_row(source.schema, "distinct"))
        return Aggregate(source, tuple(found), (), span=self.span)
