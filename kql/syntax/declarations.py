"""Names, types, columns and parameters as a query gives them (pages: user-defined functions, datatable operator)."""

from __future__ import annotations

from typing import Any

from kql.algebra import Value
from kql.errors import KqlSemanticError, Span, closest
from kql.scope import Scope
from kql.syntax.base import Expression, Listed, Syntax, rule
from kql.tokens import Token
from kql.types import TYPE_NAMES, Column, ScalarType


@rule("named")
class Named(Expression):
    """`name = expression`: an output column, or an argument by name."""

    name: Token
    expression: Expression

    def bind(self, scope: Scope) -> Value:
        return self.expression.bind(scope)

    def auto_name(self, scope: Scope) -> str | None:
        return str(self.name)


@rule("scalar_type")
class ScalarTypeName(Syntax):
    name: Token

    @property
    def kind(self) -> ScalarType:
        return scalar_type(self.name)


@rule("column_decl")
class ColumnDeclaration(Syntax):
    name: Token
    type: Token

    @property
    def column(self) -> Column:
        kind = scalar_type(self.type)
        return Column(str(self.name), kind, kind is not ScalarType.STRING)


def scalar_type(token: Token) -> ScalarType:
    """The type of that name.

    Raises:
        KqlSemanticError: there is none.
    """
    if str(token) not in TYPE_NAMES:
        raise KqlSemanticError(
            f"Unknown type: '{token}'.", Span(token.start_pos or 0, token.end_pos or 0), closest(token, TYPE_NAMES)
        )
    return TYPE_NAMES[str(token)]


@rule("table_type", "schema", "table_columns")
class TableType(Syntax):
    """`(x: long, *)`: columns, and whether there may be more."""

    columns: list[ColumnDeclaration]
    more: bool = False

    @classmethod
    def of(cls, children: list[Any], span: Span) -> TableType:
        columns = [child for child in children if isinstance(child, ColumnDeclaration)]
        return cls(columns, len(columns) < len(children), span=span)


@rule("parameter")
class ParameterDeclaration(Syntax):
    name: Token
    type: ScalarTypeName | TableType
    default: Expression | None


@rule("parameters")
class Parameters(Listed):
    """What an operator is told as `name=value`."""
