"""sqlglot's nodes in the shapes that lowering makes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TypeVar

from msgspec import Struct
from sqlglot import exp

Node = TypeVar("Node", bound=exp.Expression)


class Order(Struct):
    """One sort key in SQL."""

    expression: exp.Expression
    descending: bool
    nulls_first: bool

    @property
    def constant(self) -> bool:
        """It orders nothing, and SQL would take a number for a column's place."""
        tree = self.expression
        while isinstance(tree, exp.Neg | exp.Cast | exp.Paren):
            tree = tree.this
        return isinstance(tree, exp.Literal | exp.Boolean | exp.Null)

    def tree(self) -> exp.Expression:
        return exp.Ordered(this=fresh(self.expression), desc=self.descending, nulls_first=self.nulls_first)


def name(text: str) -> exp.Identifier:
    return exp.Identifier(this=text, quoted=True)


def column(text: str, table: str | None = None) -> exp.Column:
    return exp.Column(this=name(text), table=exp.Identifier(this=table, quoted=False) if table else None)


def alias(tree: exp.Expression, text: str) -> exp.Expression:
    return exp.Alias(this=tree, alias=name(text))


def fresh(tree: exp.Expression) -> exp.Expression:
    """The tree if it stands nowhere yet, else a copy: a tree has one parent. Most are columns; their names may be shared."""
    if tree.parent is None:
        return tree
    return exp.Column(**tree.args) if type(tree) is exp.Column else tree.copy()


def outside_subqueries(tree: exp.Expression, kind: type[Node]) -> list[Node]:
    """The nodes of a kind, without those in subqueries, which are over other rows."""
    return [each for each in tree.walk(prune=lambda each: isinstance(each, exp.Query)) if isinstance(each, kind)]


def null(kind: str) -> exp.Expression:
    return cast_(exp.Null(), kind)


def cast_(tree: exp.Expression, kind: str) -> exp.Expression:
    return exp.Cast(this=tree, to=exp.Var(this=_type_name(kind)))


@cache
def _type_name(kind: str) -> str:
    """The type as sqlglot prints it; its own node of a type takes ten times as long to print as its name."""
    return exp.DataType.build(kind, dialect="duckdb").sql(dialect="duckdb")


def function(name: str, *args: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this=name, expressions=list(args))


def conjunction(parts: Sequence[exp.Expression], kind: type[exp.Expression] = exp.And) -> exp.Expression:
    """A balanced tree: a chain of thousands must not be thousands deep."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return kind(this=conjunction(parts[:middle], kind), expression=conjunction(parts[middle:], kind))


def integer(value: int) -> exp.Expression:
    """A negative number is a Neg node, so that operators bracket it."""
    return exp.Neg(this=exp.Literal.number(-value)) if value < 0 else exp.Literal.number(value)


def real(value: float) -> exp.Expression:
    """With an exponent, or SQL takes it for a DECIMAL."""
    if value != value or value in (float("inf"), float("-inf")):
        return cast_(exp.Literal.string(repr(value)), "DOUBLE")
    text = repr(abs(value))
    tree: exp.Expression = exp.Literal.number(text if "e" in text else text + "e0")
    return exp.Neg(this=tree) if value < 0 or repr(value).startswith("-") else tree
