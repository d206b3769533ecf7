"""The open half: one small class for each grammar rule, which knows how to bind itself; and how trees become such nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from msgspec import Struct

from kql.algebra import Relation, Value
from kql.errors import KqlLimitError, KqlSemanticError, KqlUnsupportedError, Span
from kql.parser import parse
from kql.scope import Scope

if TYPE_CHECKING:
    from kql.syntax.statements import Query

MAX_DEPTH = 150  # of expressions inside one another; binding and printing recurse

RULES: dict[str, type[Syntax]] = {}


class Syntax(Struct, kw_only=True, eq=False):
    """A piece of the query: its children in the grammar's order, and its place."""

    span: Span = Span(0, 0)
    depth: int = 0

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Any:
        """The node of a rule's children; a class with a variable number of children overrides this."""
        return cls(*children, span=span)


class Expression(Syntax):
    """A scalar, or a name or call that turns out to be a table."""

    def bind(self, scope: Scope) -> Value:
        """The value of the expression in a scope.

        Raises:
            KqlSemanticError: a name or type does not fit.
        """
        raise NotImplementedError

    def bind_tabular(self, scope: Scope) -> Relation:
        """The relation that the expression stands for; refused unless the class says otherwise."""
        raise KqlSemanticError("A tabular expression is expected here.", self.span, "Name a table, or start a pipeline.")

    def is_tabular(self, scope: Scope) -> bool:
        return False

    def auto_name(self, scope: Scope) -> str | None:
        """The column name that the expression gives itself, None if it is to be counted (Column1)."""
        return None


class Listed(Expression):
    """A list of like children: arguments, items, names, keys."""

    items: list[Any]

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Any:
        return cls(children, span=span)


class Operator(Syntax):
    """What stands behind a `|`."""

    def apply(self, source: Relation, scope: Scope) -> Relation:
        raise NotImplementedError

    def scope_after(self, result: Relation, scope: Scope) -> Scope:
        """The scope of the operators behind this one; only `as` changes it."""
        return scope


class Refused(Operator, Expression):
    """A construct that is parsed and not run."""

    construct: ClassVar[str] = ""

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Any:
        return cls(span=span)

    def _refuse(self) -> KqlUnsupportedError:
        return KqlUnsupportedError(f"{self.construct} is not supported.", self.span, "See SUPPORT.md for what is.")

    def bind(self, scope: Scope) -> Value:
        raise self._refuse()

    def apply(self, source: Relation, scope: Scope) -> Relation:
        raise self._refuse()

    def bind_tabular(self, scope: Scope) -> Relation:
        raise self._refuse()

    def is_tabular(self, scope: Scope) -> bool:
        return True


Node = TypeVar("Node", bound=type[Syntax])


def rule(*names: str) -> Callable[[Node], Node]:
    """Makes a class the node of the grammar rules of these names."""

    def register(cls: Node) -> Node:
        for name in names:
            if name in RULES:
                raise ValueError(f"two classes for the rule {name}")
            RULES[name] = cls
        return cls

    return register


def refuse(name: str, construct: str) -> None:
    """Declares that a rule is parsed and refused with its place."""
    if name in RULES:
        raise ValueError(f"the rule {name} has a class and is refused")
    RULES[name] = type(f"Refused_{name}", (Refused,), {"construct": construct})


def tree(text: str) -> Query:
    """The syntax tree of a query.

    Raises:
        KqlSyntaxError: the text is not KQL.
        KqlLimitError: the text is too long or nested too deeply.
    """
    query: Query = parse(text, node)
    return query


def node(rule: str, children: list[Any], start: int, end: int) -> Any:
    """The node of a rule, see `kql.parsing.automaton.Automaton.run`.

    Raises:
        KqlLimitError: expressions stand too deep inside one another.
    """
    span = Span(start, end) if start < end else Span(0, 0)
    made = RULES[rule].of(children, span)
    if not isinstance(made, Syntax) or made.span is not span:
        return made
    deepest, own = 0, 1
    for child in children:
        if isinstance(child, Syntax):
            deepest = max(deepest, child.depth)
            own = 0 if child is made else own  # a chain takes its next link
    made.depth = deepest + own
    if made.depth > MAX_DEPTH:
        raise KqlLimitError("The query is nested too deeply.", span, f"At most {MAX_DEPTH} levels are allowed.")
    return made
