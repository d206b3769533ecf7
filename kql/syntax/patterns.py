"""Patterns: constant texts that stand for tabular expressions (page: pattern statement)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from kql.algebra import Literal, Relation
from kql.errors import KqlSemanticError, Span
from kql.scope import Scope
from kql.syntax.base import Expression, Syntax, rule
from kql.syntax.declarations import Parameters
from kql.syntax.statements import Body, Statement
from kql.tokens import Token
from kql.types import ScalarType


@rule("pattern_arm")
class PatternArm(Syntax):
    """`("a").["b"] = { T };`"""

    values: Any
    path: Any
    body: Body

    def key(self, scope: Scope) -> tuple[str, ...]:
        path = self.path.items if self.path is not None else []
        return tuple(constant_text(each, scope) for each in (*self.values.items, *path))


@rule("pattern_arms")
class PatternArms(Syntax):
    arms: list[PatternArm]

    @classmethod
    def of(cls, children: list[Any], span: Span) -> PatternArms:
        return cls(children, span=span)


class Pattern(Struct, frozen=True):
    """What the name of a pattern means: the body of each tuple of texts, in the scope of its declaration."""

    name: str
    bodies: dict[tuple[str, ...], Body]
    closure: Scope

    def tabular(self, items: Sequence[Expression], path: str | None, scope: Scope, span: Span) -> Relation:
        """The relation of the tuple that is asked for.

        Raises:
            KqlSemanticError: there is none, or an argument is no constant text.
        """
        values = tuple(constant_text(each, scope) for each in items)
        body = self.bodies.get(values if path is None else (*values, path))
        if body is None:
            asked = ", ".join(f"'{value}'" for value in values)
            reference = f"{self.name}({asked})" + (f".['{path}']" if path is not None else "")
            message = f'One or more pattern references were not declared. Detected pattern references: ["{reference}"].'
            raise KqlSemanticError(message, span, "Add it to the declaration of the pattern.")
        inner, result = body.enter(self.closure)
        return result.bind_tabular(inner)


def constant_text(node: Expression, scope: Scope) -> str:
    """The text that an expression is.

    Raises:
        KqlSemanticError: it is none, or not constant.
    """
    value = node.bind(scope.without_row())
    if not isinstance(value, Literal) or value.type is not ScalarType.STRING:
        raise KqlSemanticError("A pattern takes constant texts.", node.span, "Write them in quotes.")
    return str(value.value)


def reference(base: Expression, scope: Scope) -> tuple[Pattern, list[Expression]] | None:
    """The pattern that a call `p("a")` means, and its arguments; None for anything else."""
    pattern = scope.names.get(str(getattr(base, "name", "")))
    return (pattern, base.items) if isinstance(pattern, Pattern) and hasattr(base, "items") else None


@rule("pattern_decl")
class PatternDeclaration(Statement):
    """`declare pattern p = (a: string)[b: string] { ("x").["y"] = { T }; };`; without a definition it has no tuples."""

    name: Token
    parameters: Parameters | None
    path: Parameters | None
    arms: PatternArms | None

    def apply(self, scope: Scope) -> Scope:
        bodies = {arm.key(scope): arm.body for arm in (self.arms.arms if self.arms is not None else [])}
        return scope.with_name(str(self.name), Pattern(str(self.name), bodies, scope))

    def sketch(self, scope: Scope) -> Scope:
        return self.apply(scope)
