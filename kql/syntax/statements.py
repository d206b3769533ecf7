"""Statements before the query: let, functions, query parameters, set (pages: let statement, user-defined functions)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from kql.algebra import Bound, Literal, Reference, Relation, Scan, Value
from kql.errors import KqlLimitError, KqlSemanticError, KqlUnsupportedError, Span
from kql.overloads import convert
from kql.scope import RESERVED, Scope
from kql.syntax.base import Expression, Refused, Syntax, refuse, rule
from kql.syntax.declarations import Named, ParameterDeclaration, Parameters, TableType
from kql.syntax.literals import Constant
from kql.tokens import Token
from kql.types import ScalarType

MAX_EXPANSIONS = 2_000  # calls of user functions in one query: they are expanded in place


class Statement(Syntax):
    """What changes the scope of the statements after it."""

    def apply(self, scope: Scope) -> Scope:
        raise NotImplementedError

    def sketch(self, scope: Scope) -> Scope:
        """The scope as far as it tells tables from scalars, without binding anything."""
        return scope


@rule("query")
class Query(Syntax):
    body: Body


@rule("body")
class Body(Syntax):
    """Statements, then one expression."""

    statements: list[Any]

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Body:
        return cls([child for child in children if child is not None], span=span)

    @property
    def results(self) -> list[Expression]:
        """The expressions among the statements, each a query."""
        return [each for each in self.statements if not isinstance(each, Statement)]

    def enter(self, scope: Scope) -> tuple[Scope, Expression]:
        """The scope after all statements, and the expression that is the result.

        Raises:
            KqlSemanticError: there is no expression.
            KqlUnsupportedError: there are several.
        """
        results = self.results
        for each in results:
            if isinstance(each, Refused):
                each.bind(scope)  # raises
        if len(results) > 1:
            hint = "Run them one by one, or all with Hunt.queries()."
            raise KqlUnsupportedError("There are several queries in the text.", results[1].span, hint)
        if not results:
            raise KqlSemanticError("There is no query, only statements.", self.span, "End with a tabular expression.")
        for each in self.statements:
            if isinstance(each, Statement):
                scope = each.apply(scope)
        result: Expression = results[0]
        return scope, result


@rule("let")
class Let(Statement):
    name: Token
    expression: Expression

    def sketch(self, scope: Scope) -> Scope:
        return scope.with_name(str(self.name), _TABLE if self.expression.is_tabular(scope) else _SCALAR)

    def apply(self, scope: Scope) -> Scope:
        name = str(self.name)
        if not self.expression.is_tabular(scope):
            return scope.with_name(name, self.expression.bind(scope))
        relation = self.expression.bind_tabular(scope)
        shared = relation if isinstance(relation, Scan | Reference) else scope.context.share(name, relation)
        return scope.with_name(name, shared)


# ---------------------------------------------------------------- functions


class UserFunction(Struct, frozen=True):
    """A function of the query itself: parameters, a body, and the names that were known where it stands."""

    name: str
    parameters: tuple[ParameterDeclaration, ...]
    body: Body
    closure: Scope
    view: bool = False  # wildcards and search see it as a table

    def is_tabular(self, scope: Scope) -> bool:
        """Told from the body with the tabular parameters as tables and the scalar ones as nulls."""
        inner = self.closure
        for parameter in self.parameters:
            inner = inner.with_name(str(parameter.name), _TABLE if isinstance(parameter.type, TableType) else _SCALAR)
        for each in self.body.statements[:-1]:
            inner = each.sketch(inner)
        result = self.body.statements[-1]
        return isinstance(result, Expression) and result.is_tabular(inner)

    def scalar(self, items: Sequence[Any], scope: Scope, span: Span) -> Value:
        inner, result = self._enter(items, scope, span)
        return result.bind(inner)

    def tabular(self, items: Sequence[Any], scope: Scope, span: Span, source: Relation | None = None) -> Relation:
        """The relation of the body; `source` is the first argument of an `invoke`."""
        inner, result = self._enter(items, scope, span, source)
        return result.bind_tabular(inner)

    def _enter(self, items: Sequence[Any], scope: Scope, span: Span, source: Relation | None = None) -> tuple[Scope, Expression]:
        scope.context.expansions += 1
        if scope.context.expansions > MAX_EXPANSIONS:
            raise KqlLimitError("The query's functions expand to too much.", span, f"At most {MAX_EXPANSIONS} calls are allowed.")
        inner = self.closure.without_row()
        for name, meaning in self._arguments(items, scope, span, source).items():
            inner = inner.with_name(name, meaning)
        return self.body.enter(inner)

    def _arguments(self, items: Sequence[Any], scope: Scope, span: Span, source: Relation | None) -> dict[str, Any]:
        declared = {str(parameter.name): parameter for parameter in self.parameters}
        bound: dict[str, Any] = {}
        waiting = list(declared)
        if source is not None and waiting:
            first = waiting.pop(0)
            if not isinstance(declared[first].type, TableType):
                raise KqlSemanticError(f"Function '{self.name}' takes no table as its first argument.", span, self._usage())
            bound[first] = _table_argument(declared[first], source, scope, span)
        for item in items:
            name = str(item.name) if isinstance(item, Named) else waiting[0] if waiting else ""
            if name not in declared or name in bound:
                count = f"{len(declared)} argument{'' if len(declared) == 1 else 's'}"
                raise KqlSemanticError(f"Function '{self.name}' expects {count}.", item.span, self._usage())
            waiting.remove(name)
            bound[name] = _argument(declared[name], item.expression if isinstance(item, Named) else item, scope)
        for name in waiting:
            default = declared[name].default
            if default is None:
                raise KqlSemanticError(f"Function '{self.name}' lacks its argument '{name}'.", span, self._usage())
            bound[name] = _argument(declared[name], default, self.closure)
        return bound

    def _usage(self) -> str:
        return f"Usage: {self.name}({', '.join(str(parameter.name) for parameter in self.parameters)})."


def _argument(parameter: ParameterDeclaration, item: Expression, scope: Scope) -> Value | Relation:
    if isinstance(parameter.type, TableType):
        return _table_argument(parameter, item.bind_tabular(scope.without_row()), scope, item.span)
    value = item.bind(scope)
    if value.type is parameter.type.kind or (value.type.numeric and parameter.type.kind.numeric):
        return convert(value, parameter.type.kind)
    if (
        value.type is ScalarType.DYNAMIC
        or parameter.type.kind is ScalarType.DYNAMIC
        or (isinstance(value, Literal) and value.value is None)
    ):
        return convert(value, parameter.type.kind)
    message = f"The argument '{parameter.name}' is a {parameter.type.kind}, found {value.type}."
    raise KqlSemanticError(message, item.span, "Convert it.")


def _table_argument(parameter: ParameterDeclaration, relation: Relation, scope: Scope, span: Span) -> Relation:
    """The table, named since the body may use it often; it has the declared columns, and may have more."""
    assert isinstance(parameter.type, TableType)
    found = {column.name: column.type for column in relation.schema}
    for each in parameter.type.columns:
        column = each.column
        if found.get(column.name) is not column.type:
            message = f"The argument '{parameter.name}' needs a column '{column.name}' of type {column.type}."
            raise KqlSemanticError(message, span, f"It has the type {found[column.name]}." if column.name in found else "")
    return relation if isinstance(relation, Scan | Reference) else scope.context.share(str(parameter.name), relation)


# What stands for names while it is only asked whether a function's result is a table.
_TABLE = Reference((), "")
_SCALAR = Literal(None, ScalarType.DYNAMIC)


@rule("lambda_let")
class LambdaLet(Statement):
    """`let f = (x: long) { x * 2 };`, with `view` for a function that a wildcard sees."""

    name: Token
    view: Token | None
    parameters: Parameters | None
    body: Body

    def sketch(self, scope: Scope) -> Scope:
        return self.apply(scope)

    def apply(self, scope: Scope) -> Scope:
        parameters = tuple(self.parameters.items) if self.parameters else ()
        return scope.with_name(str(self.name), UserFunction(str(self.name), parameters, self.body, scope, self.view is not None))


# ---------------------------------------------------------------- parameters, options


@rule("declare")
class Declare(Statement):
    """Query parameters: bound as values, never spliced into the text (page: query parameters declaration statement)."""

    parameters: Parameters

    def apply(self, scope: Scope) -> Scope:
        for parameter in self.parameters.items:
            if isinstance(parameter.type, TableType):
                raise KqlUnsupportedError("A query parameter must be a scalar.", parameter.span)
            name, kind = str(parameter.name), parameter.type.kind
            if name in RESERVED:
                raise KqlSemanticError(f"The name '{name}' is reserved.", parameter.span, "Give the parameter another name.")
            if name in scope.context.parameters:
                value: Value = Bound(name, kind, nullable=kind is not ScalarType.STRING)
            elif parameter.default is not None:
                value = convert(parameter.default.bind(scope), kind)
            else:
                raise KqlSemanticError(
                    f"The query parameter '{name}' has no value.", parameter.span, "Pass it, or give it a default."
                )
            scope.context.declared[name] = kind
            scope = scope.with_name(name, value)
        return scope


@rule("set")
class Set(Statement):
    """`set name = value;`: kept; options that would change a result are not silently ignored."""

    name: Token
    value: Any

    def apply(self, scope: Scope) -> Scope:
        scope.context.options[str(self.name)] = self.value.literal if isinstance(self.value, Constant) else None
        return scope


refuse("alias", "alias database")
refuse("restrict", "restrict access")
