"""A tabular function applied to a pipeline (page: invoke operator)."""

from __future__ import annotations

from typing import Any

from kql.algebra import Relation
from kql.errors import KqlSemanticError, closest
from kql.scope import Scope
from kql.syntax import product
from kql.syntax.base import Operator, rule
from kql.syntax.expressions import MemberCall, is_place
from kql.syntax.statements import UserFunction


@rule("invoke")
class Invoke(Operator):
    """The rows so far are the function's first argument."""

    call: Any

    def apply(self, source: Relation, scope: Scope) -> Relation:
        node = self.call.call if isinstance(self.call, MemberCall) and is_place(self.call.base) else self.call
        name = str(node.name)
        function = scope.names.get(name)
        if isinstance(function, UserFunction):
            return function.tabular(node.items, scope, self.span, source)
        if product.is_table(name):
            return product.called(node, source, scope)
        known = [
            *product.FORMS,
            *product.LIBRARY,
            *(n for n, meaning in scope.names.items() if isinstance(meaning, UserFunction)),
        ]
        raise KqlSemanticError(f"Unknown function: '{name}'.", node.span, closest(name, known))
