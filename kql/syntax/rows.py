"""Operators that choose or order rows (pages: where, take, top, sort, serialize, as, render)."""

from __future__ import annotations

from kql.algebra import Filter, Limit, Literal, Project, Range, Relation, Sort, SortKey, Unnest, Value, Values
from kql.errors import KqlSemanticError, Span, closest
from kql.overloads import convert, no_dynamic
from kql.scope import Scope
from kql.syntax.base import Expression, Listed, Operator, rule
from kql.syntax.expressions import boolean
from kql.syntax.parameters import Parameters
from kql.tokens import Token
from kql.types import ScalarType


@rule("where")
class Where(Operator):
    params: Parameters
    predicate: Expression

    def apply(self, source: Relation, scope: Scope) -> Relation:
        inner = scope.with_row(source.schema, "where", serialized=serialized(source))
        return Filter(source, boolean(self.predicate, inner, "where"), span=self.span)


@rule("take")
class Take(Operator):
    params: Parameters
    count: Expression

    def apply(self, source: Relation, scope: Scope) -> Relation:
        return Limit(source, row_count(self.count, scope, "take"), span=self.span)


def row_count(node: Expression, scope: Scope, operator: str) -> Value:
    """A number of rows: constant, whole, not negative."""
    value = node.bind(scope.without_row())
    if not value.type.numeric:
        raise KqlSemanticError(f"'{operator}' operator: expects a number of rows, found {value.type}.", node.span)
    if isinstance(value, Literal) and (value.value is None or int(str(value.value).partition(".")[0]) < 0):
        raise KqlSemanticError(f"'{operator}' operator: the number of rows must not be negative.", node.span)
    return convert(value, ScalarType.LONG)


# ---------------------------------------------------------------- order


@rule("sort_key")
class SortItem(Expression):
    """`x asc nulls last`; without words descending, nulls last."""

    item: Expression
    direction: Token | None
    nulls: Token | None

    def key(self, scope: Scope) -> SortKey:
        value = self.item.bind(scope)
        if value.type is ScalarType.DYNAMIC:
            raise no_dynamic("A sort", self.item.span)
        descending = self.direction is None or not self.direction.endswith("asc")
        return SortKey(value, descending, nulls_first=self.nulls == "first" if self.nulls else not descending)


@rule("sort_keys")
class SortItems(Listed):
    """The keys of `sort` and `top`, the first first."""


@rule("sort")
class SortOperator(Operator):
    params: Parameters
    keys: SortItems

    def apply(self, source: Relation, scope: Scope) -> Relation:
        inner = scope.with_row(source.schema, "sort", serialized=serialized(source))
        return Sort(source, tuple(each.key(inner) for each in self.keys.items), span=self.span)


@rule("top")
class Top(Operator):
    params: Parameters
    count: Expression
    by: SortItem

    def apply(self, source: Relation, scope: Scope) -> Relation:
        key = self.by.key(scope.with_row(source.schema, "top"))
        return Limit(Sort(source, (key,), span=self.span), row_count(self.count, scope, "top"), span=self.span)


def serialized(relation: Relation) -> bool:
    """Whether the rows have an order that window functions may rely on."""
    while True:
        match relation:
            case Sort() | Range() | Values():
                return True
            case Filter(input=inner) | Project(input=inner) | Limit(input=inner) | Unnest(input=inner):
                relation = inner
            case _:
                return False


# ---------------------------------------------------------------- names for results


@rule("as_")
class As(Operator):
    """Gives the rows so far a name for the operators that follow."""

    params: Parameters
    name: Token

    def apply(self, source: Relation, scope: Scope) -> Relation:
        return scope.context.share(str(self.name), source)

    def scope_after(self, result: Relation, scope: Scope) -> Scope:
        return scope.with_name(str(self.name), result)


VISUALIZATIONS = (
    "anomalychart", "areachart", "barchart", "card", "columnchart", "graph", "ladderchart", "linechart", "piechart", "pivotchart",
    "plotly", "scatterchart", "stackedareachart", "table", "timechart", "timepivot", "treemap",
)  # fmt: skip


@rule("render")
class Render(Operator):
    """Says how the result is to be drawn; kept on the result, the rows stay as they are.

    The chart stands under `visualization`: `kind` is a property of its own (kind=stacked).
    """

    kind: Token
    props: Parameters | None

    def apply(self, source: Relation, scope: Scope) -> Relation:
        if self.kind.lower() not in VISUALIZATIONS:
            message = f"'render' operator: there is no visualization '{self.kind}'."
            place = Span(self.kind.start_pos or 0, self.kind.end_pos or 0)
            raise KqlSemanticError(message, place, closest(self.kind, VISUALIZATIONS))
        scope.context.render = {**(self.props.values if self.props else {}), "visualization": self.kind.lower()}
        return source


@rule("consume")
class Consume(Operator):
    """Reads everything and returns nothing but the fact: no rows."""

    params: Parameters

    def apply(self, source: Relation, scope: Scope) -> Relation:
        return Limit(source, Literal(0, ScalarType.LONG), span=self.span)
