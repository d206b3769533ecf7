"""Functions of several results: `(a, b) = series_fit_line(x)`, or each under its automatic name (pages: extend, project)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kql.algebra import Call, Path, Value
from kql.errors import KqlSemanticError, Span
from kql.functions import SCALARS
from kql.overloads import convert
from kql.scope import Scope
from kql.syntax.base import Expression, rule
from kql.syntax.calls import FunctionCall
from kql.syntax.declarations import Named
from kql.syntax.expressions import Group
from kql.types import ScalarType


@rule("names")
class Names(Expression):
    names: list[Any]

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Names:
        return cls(children, span=span)


@rule("named_many", "named_group")
class NamedMany(Expression):
    """`(a, b) = f(x)`: the names of the first results."""

    names: Expression
    expression: Expression

    @property
    def given(self) -> list[str]:
        """The names.

        Raises:
            KqlSemanticError: what stands in the brackets is no name.
        """
        if isinstance(self.names, Names):
            return [str(name) for name in self.names.names]
        only = self.names.inner if isinstance(self.names, Group) else self.names
        name = getattr(only, "name", None)
        if name is None:
            raise KqlSemanticError("Names are expected before the '='.", self.names.span)
        return [str(name)]

    def bind(self, scope: Scope) -> Value:
        raise KqlSemanticError("The expression does not have several results.", self.span, "Give it one name.")


def named(item: Expression) -> tuple[list[str], Expression]:
    """The names that an item gives, and the expression that they stand for."""
    if isinstance(item, NamedMany):
        return item.given, item.expression
    return ([str(item.name)], item.expression) if isinstance(item, Named) else ([], item)


def produced(item: Expression, scope: Scope, automatic: bool = True) -> Iterator[tuple[str | None, Value, bool]]:
    """The output columns of an item: name (None if it is to be counted), value, and whether the name was given."""
    given, inner = named(item)
    several = _several(inner, scope) if isinstance(inner, FunctionCall) else None
    if several is None:
        value = item.bind(scope)
        yield (item.auto_name(scope) if automatic or isinstance(item, Named) else None), value, isinstance(item, Named)
    else:
        yield from with_names(several, given, item)


def with_names(
    found: Sequence[tuple[str | None, Value]], given: Sequence[str], item: Expression
) -> Iterator[tuple[str | None, Value, bool]]:
    """The columns with the given names on the first of them.

    Raises:
        KqlSemanticError: there are more names than columns.
    """
    if len(given) > len(found):
        raise KqlSemanticError(f"{len(given)} names for {len(found)} results.", item.span, "Leave the last names out.")
    for at, (name, value) in enumerate(found):
        yield (given[at], value, True) if at < len(given) else (name, value, False)


def _several(node: FunctionCall, scope: Scope) -> list[tuple[str | None, Value]] | None:
    """The results of a function that has several, with their automatic names; None for all others."""
    name = str(node.name)
    if name in scope.names or name not in SCALARS or not SCALARS[name][0].columns:
        return None
    value = node.bind(scope)
    assert isinstance(value, Call)
    names = [item.auto_name(scope) for item in node.items]
    columns = [tuple(part.strip() for part in column.split(":")) for column in value.function.columns.split(",")]
    if not columns[0][0].startswith("*"):
        return [(f"{name}_{names[0] or ''}_{column}", _part(value, at, kind)) for at, (column, kind) in enumerate(columns)]
    arrays = [name for name, arg in zip(names, value.args, strict=True) if arg.type is ScalarType.DYNAMIC]
    suffix = columns[0][0].removeprefix("*")
    titles = [f"{name or f'array{at}'}{suffix}" for at, name in enumerate(arrays)]
    return [(titles[0], value)] if len(titles) == 1 else [(title, _part(value, at, "dynamic")) for at, title in enumerate(titles)]


def _part(value: Call, at: int, kind: str) -> Value:
    """One of the packed results, in its type."""
    return convert(Path(value, (at,)), ScalarType(kind))
