"""Where rows come from: pipelines, print, range, datatable."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

from kql.algebra import Literal, Project, Range, Relation, Value, Values
from kql.constants import parse_constant
from kql.errors import KqlSemanticError, Span
from kql.overloads import convert
from kql.scope import Scope
from kql.syntax.base import Expression, Listed, Operator, refuse, rule
from kql.syntax.columns import outputs
from kql.syntax.declarations import TableType
from kql.tokens import Token
from kql.types import Column, ScalarType


@rule("pipe")
class Pipe(Expression):
    """A source and the operators behind it, flat."""

    source: Expression
    operators: list[Operator]

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Pipe:
        source, operator = children
        if isinstance(source, Pipe):
            source.operators.append(operator)
            source.span = span
            return source
        return cls(source, [operator], span=span)

    def is_tabular(self, scope: Scope) -> bool:
        return True

    def bind(self, scope: Scope) -> Value:
        raise KqlSemanticError("A table stands where a scalar is expected.", self.span, "Use toscalar() to take one value of it.")

    def bind_tabular(self, scope: Scope) -> Relation:
        relation = self.source.bind_tabular(scope)
        for operator in self.operators:
            relation = operator.apply(relation, scope)
            scope = operator.scope_after(relation, scope)
        return relation


class Tabular(Expression):
    """An expression that always is a table."""

    def is_tabular(self, scope: Scope) -> bool:
        return True

    def bind(self, scope: Scope) -> Value:
        raise KqlSemanticError("A table stands where a scalar is expected.", self.span, "Use toscalar() to take one value of it.")


@rule("print")
class Print(Tabular):
    """One row of computed columns (page: print operator)."""

    items: Any

    def bind_tabular(self, scope: Scope) -> Relation:
        one_row = Values((), ((),), span=self.span)
        found = outputs(self.items.items, scope.with_row((), "print"), lambda at: f"print_{at}", automatic=False)
        return Project(one_row, tuple(found), span=self.span)


@rule("range")
class RangeSource(Tabular):
    """A column of equally spaced values, both ends included (page: range operator)."""

    name: Token
    start: Expression
    stop: Expression
    step: Expression

    def bind_tabular(self, scope: Scope) -> Relation:
        values = [each.bind(scope.with_row((), "range")) for each in (self.start, self.stop, self.step)]
        kinds = [value.type for value in values]
        if ScalarType.DATETIME in kinds or ScalarType.TIMESPAN in kinds:
            kind = ScalarType.DATETIME if ScalarType.DATETIME in kinds else ScalarType.TIMESPAN
            fits = kinds in ([kind, kind, ScalarType.TIMESPAN],)
        else:
            kind = ScalarType.REAL if ScalarType.REAL in kinds else ScalarType.LONG
            fits = all(each.numeric for each in kinds)
        if not fits:
            raise KqlSemanticError(f"'range' operator: from, to and step do not fit: {', '.join(kinds)}.", self.span)
        return Range(Column(str(self.name), kind, nullable=False), *values, span=self.span)


@rule("values")
class ValueList(Listed):
    """The cells of a datatable, row by row."""


@rule("datatable")
class Datatable(Tabular):
    """Rows written in the query (page: datatable operator)."""

    schema: TableType
    values: ValueList | None

    def bind_tabular(self, scope: Scope) -> Relation:
        declared = tuple(each.column for each in self.schema.columns)
        cells = self.values.items if self.values else []
        if len(cells) % len(declared):
            message = f"'datatable' operator: {len(cells)} values do not fill rows of {len(declared)} columns."
            raise KqlSemanticError(message, self.span)
        literals = [self._cell(cell, declared[at % len(declared)], scope) for at, cell in enumerate(cells)]
        rows = tuple(tuple(literals[at : at + len(declared)]) for at in range(0, len(literals), len(declared)))
        columns = tuple(Column(c.name, c.type, any(row[at].nullable for row in rows)) for at, c in enumerate(declared))
        return Values(columns, rows, span=self.span)

    def _cell(self, cell: Expression, column: Column, scope: Scope) -> Literal:
        value = cell.bind(scope.with_row((), "datatable"))
        fits = value.type is column.type or (value.type.numeric and column.type.numeric)
        if isinstance(value, Literal) and (fits or value.value is None):
            converted = convert(value, column.type)
            if isinstance(converted, Literal):
                return converted
        if isinstance(value, Literal) and column.type is ScalarType.DYNAMIC:
            return Literal(json.dumps(value.value, ensure_ascii=False), ScalarType.DYNAMIC)
        if isinstance(value, Literal) and value.type is ScalarType.STRING:
            return Literal(parse_constant(str(value.value), column.type), column.type)
        message = f"'datatable' operator: the column '{column.name}' is a {column.type}, found {value.type}."
        raise KqlSemanticError(message, cell.span, "Only constants may stand here.")


# ---------------------------------------------------------------- patterns and parameters


@rule("wildcard_member")
class WildcardMember(Expression):
    """`database("*").Email*`: the databases are not told apart, there is one."""

    base: Expression
    pattern: Token

    def matches(self, name: str) -> bool:
        return fnmatchcase(name, str(self.pattern))


for _rule, _construct in {
    "evaluate_source": "evaluate as a source",
    "macro_expand": "macro-expand",
    "entity_group": "entity_group",
    "inline_external_table": "inline_external_table",
    "command": "A management command",
}.items():
    refuse(_rule, _construct)
