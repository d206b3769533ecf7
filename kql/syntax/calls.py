"""Function calls: the registry's, the user's, and the few that are more than functions (kql.syntax.forms)."""

from __future__ import annotations

from typing import Any

from kql.algebra import Literal, Relation, Value
from kql.errors import KqlSemanticError, KqlUnresolvedError, KqlUnsupportedError, closest
from kql.functions import AGGREGATES, SCALARS, WINDOWS
from kql.functions.absent import absent
from kql.functions.registry import Naming
from kql.overloads import Argument, call
from kql.scope import Scope
from kql.syntax import product
from kql.syntax.base import Expression, Listed, rule
from kql.syntax.forms import FORMS
from kql.syntax.literals import Constant
from kql.syntax.patterns import Pattern
from kql.syntax.statements import UserFunction
from kql.syntax.windows import window_call
from kql.tokens import Token
from kql.types import ScalarType


@rule("args", "exprs")
class Args(Listed):
    """Arguments, each an expression, `name = expression`, a star, or one pipeline."""


@rule("star")
class Star(Expression):
    token: Token


@rule("call")
class FunctionCall(Expression):
    name: Token
    args: Args | None

    @property
    def items(self) -> list[Any]:
        return self.args.items if self.args is not None else []

    # ------------------------------------------------------------ scalar

    def bind(self, scope: Scope) -> Value:
        name = str(self.name)
        user = scope.names.get(name)
        if isinstance(user, UserFunction):
            return user.scalar(self.items, scope, self.span)
        if name in FORMS:
            return FORMS[name](self, scope)
        if scope.aggregating and name in AGGREGATES:
            inner = scope.with_row(scope.row or (), scope.operator)
            return call(name, self.bound(inner), self.span, AGGREGATES)
        if name in WINDOWS:
            return window_call(self, scope)
        if name in SCALARS:
            return call(name, self.bound(scope), self.span)
        if name in AGGREGATES:
            raise KqlSemanticError(
                f"'{scope.operator}' operator: The aggregate '{name}' can be used only in summarize.", self.span
            )
        if name in absent():
            raise KqlUnsupportedError(f"The function '{name}' is not supported: {absent()[name]}.", self.span)
        near = [
            *SCALARS,
            *AGGREGATES,
            *WINDOWS,
            *FORMS,
            *(n for n, meaning in scope.names.items() if isinstance(meaning, UserFunction)),
        ]
        raise KqlSemanticError(f"Unknown function: '{name}'.", self.span, closest(name, near))

    def bound(self, scope: Scope) -> list[Argument]:
        return [Argument(item.bind(scope), item.span) for item in self.items]

    # ------------------------------------------------------------ tabular

    def is_tabular(self, scope: Scope) -> bool:
        name = str(self.name)
        user = scope.names.get(name)
        if isinstance(user, UserFunction):
            return user.is_tabular(scope)
        if isinstance(user, Pattern):
            return True
        if name in ("materialize", "view") and self.items:
            return bool(self.items[0].is_tabular(scope))
        return name in ("table", "database", "cluster", "workspace", "external_table", "datatable") or product.is_table(name)

    def bind_tabular(self, scope: Scope) -> Relation:
        name = str(self.name)
        user = scope.names.get(name)
        if isinstance(user, UserFunction):
            return user.tabular(self.items, scope, self.span)
        if isinstance(user, Pattern):
            return user.tabular(self.items, None, scope, self.span)
        if name == "materialize" and len(self.items) == 1:
            relation: Relation = self.items[0].bind_tabular(scope)
            return scope.context.share("materialized", relation, materialized=True)
        if name == "table" and self.items:
            value = self.items[0].bind(scope.without_row())
            if not isinstance(value, Literal) or value.type is not ScalarType.STRING:
                raise KqlSemanticError("table() expects the table's name as a constant text.", self.span)
            return scope.stored(str(value.value), self.span)
        if product.is_table(name):
            return product.called(self, None, scope)
        if name in SCALARS or name in AGGREGATES:
            raise KqlSemanticError(
                f"'{name}' is a scalar function; a table is expected here.", self.span, "Begin with a table, or with 'print'."
            )
        near = [*scope.context.catalog.names(), *(n for n, meaning in scope.names.items() if isinstance(meaning, UserFunction))]
        raise KqlUnresolvedError(f"Unknown function: '{name}'.", self.span, closest(name, near))

    # ------------------------------------------------------------ names

    def auto_name(self, scope: Scope) -> str | None:
        registry = AGGREGATES if scope.aggregating and self.name in AGGREGATES else SCALARS
        if self.name not in registry:
            return self.items[0].auto_name(scope) if self.name == "bin_auto" and self.items else None
        lines, count = registry[str(self.name)], len(self.items)
        line = next((each for each in lines if each.least <= count <= (count if each.most is None else each.most)), lines[0])
        names = [item.auto_name(scope) for item in self.items]
        first = names[0] if names else None
        word = line.name if line.prefix is None else line.prefix
        match line.naming:
            case Naming.SAME:
                return first
            case Naming.FIXED:
                return word
            case Naming.FUNCTION_ONLY:
                return f"{word}_{first}" if first and len(names) == 1 else None
            case Naming.FUNCTION_FIRST:
                return f"{word}_{first or ''}"
            case Naming.FUNCTION_TWO:
                return "_".join([word, *(name or "" for name in names[:2])])
            case Naming.FUNCTION_LAST:
                return f"{word}_{first or ''}_{_shown(self.items[-1])}"
            case Naming.NONE:
                return None


def _shown(item: Any) -> str:
    return str(item.literal.value).replace(".", "_") if isinstance(item, Constant) else ""
