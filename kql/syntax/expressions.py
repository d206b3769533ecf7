"""Scalar expressions: names, operators, members, brackets (pages: scalar operators, string operators, dynamic)."""

from __future__ import annotations

from typing import Any

from kql.algebra import (
    Literal,
    Logical,
    Path,
    Relation,
    Value,
)
from kql.errors import KqlSemanticError, Span
from kql.overloads import convert, invoke
from kql.scope import Record, Scope
from kql.syntax.base import Expression, rule
from kql.syntax.literals import Constant
from kql.syntax.patterns import reference
from kql.syntax.statements import UserFunction
from kql.tokens import Token
from kql.types import ScalarType

# ---------------------------------------------------------------- names and members


@rule("name_ref")
class NameRef(Expression):
    """A column, a `let`, a parameter or a table: the scope decides."""

    name: Token

    def bind(self, scope: Scope) -> Value:
        function = self._function(scope)
        return function.scalar([], scope, self.span) if function is not None else scope.value(str(self.name), self.span)

    def bind_tabular(self, scope: Scope) -> Relation:
        function = self._function(scope)
        return function.tabular([], scope, self.span) if function is not None else scope.table(str(self.name), self.span)

    def is_tabular(self, scope: Scope) -> bool:
        function = self._function(scope)
        if function is not None:
            return function.is_tabular(scope)
        found = scope.column(self.name)
        named = found is not None and (found.name == self.name or self.name not in scope.names)
        return not named and scope.is_table(str(self.name))

    def _function(self, scope: Scope) -> UserFunction | None:
        """A function without parameters may be named without brackets; columns come first."""
        meaning = scope.names.get(str(self.name))
        if not isinstance(meaning, UserFunction) or meaning.parameters:
            return None
        found = scope.column(str(self.name))
        return None if found is not None and found.name == self.name else meaning

    def auto_name(self, scope: Scope) -> str | None:
        return str(self.name)


@rule("group")
class Group(Expression):
    """An expression or a pipeline in brackets."""

    inner: Expression

    def bind(self, scope: Scope) -> Value:
        return self.inner.bind(scope)

    def bind_tabular(self, scope: Scope) -> Relation:
        return self.inner.bind_tabular(scope)

    def is_tabular(self, scope: Scope) -> bool:
        return self.inner.is_tabular(scope)

    def auto_name(self, scope: Scope) -> str | None:
        return self.inner.auto_name(scope)


@rule("member")
class Member(Expression):
    """`a.b`: a property of a dynamic, a column of a join's side, a table of a database."""

    base: Expression
    name: Token

    def bind(self, scope: Scope) -> Value:
        side = _side(self.base)
        if side is not None:
            return _of_side(scope, side, self.name, self.span)
        record = scope.names.get(str(self.base.name)) if isinstance(self.base, NameRef) else None
        if isinstance(record, Record):
            return record.value(str(self.name), self.span)
        return _path(self.base.bind(scope), str(self.name), self.base.span)

    def bind_tabular(self, scope: Scope) -> Relation:
        """Which database it is is not looked at: there is one."""
        found = reference(self.base, scope)
        if found is not None:
            return found[0].tabular(found[1], str(self.name), scope, self.span)
        if not is_place(self.base):
            raise KqlSemanticError("A tabular expression is expected here.", self.span, "Name a table, or start a pipeline.")
        return scope.stored(str(self.name), self.span)

    def is_tabular(self, scope: Scope) -> bool:
        return is_place(self.base) or reference(self.base, scope) is not None

    def auto_name(self, scope: Scope) -> str | None:
        base = self.base.auto_name(scope)
        return str(self.name) if _side(self.base) else f"{base}_{self.name}" if base else None


_PLACES = ("database", "cluster", "workspace", "app", "resource", "adx", "arg")


def is_place(node: Any) -> bool:
    """Whether it says where tables are: database("x"), cluster("c").database("x"), workspace("w"). The local store is meant."""
    if isinstance(node, MemberCall):
        return node.call.name in _PLACES and is_place(node.base)
    return hasattr(node, "args") and getattr(node, "name", None) in _PLACES


@rule("member_call")
class MemberCall(Expression):
    """A function of a place: `database("x").table("T")`, `cluster("c").database("x")`."""

    base: Expression
    call: Any

    def bind(self, scope: Scope) -> Value:
        raise KqlSemanticError(f"'{self.call.name}' is not a member.", self.call.span, f"Write: {self.call.name}(...).")

    def bind_tabular(self, scope: Scope) -> Relation:
        if not is_place(self.base):
            raise KqlSemanticError("A tabular expression is expected here.", self.span, "Name a table, or start a pipeline.")
        relation: Relation = self.call.bind_tabular(scope)
        return relation

    def is_tabular(self, scope: Scope) -> bool:
        return is_place(self.base)


@rule("index", "index_dotted")
class Index(Expression):
    """`a[0]`, `a["key"]`, `a[i]`."""

    base: Expression
    key: Any

    def bind(self, scope: Scope) -> Value:
        if isinstance(self.key, Token):
            return _path(self.base.bind(scope), int(self.key), self.base.span)
        key = self.key.bind(scope)
        if isinstance(key, Literal) and isinstance(key.value, str | int):
            return _path(self.base.bind(scope), key.value, self.base.span)
        if key.type not in (ScalarType.STRING, ScalarType.INT, ScalarType.LONG, ScalarType.DYNAMIC):
            raise KqlSemanticError(f"An index is a string or an integer, found {key.type}.", self.key.span)
        step = convert(key, ScalarType.STRING) if key.type is ScalarType.DYNAMIC else key
        return _path(self.base.bind(scope), step, self.base.span)

    def auto_name(self, scope: Scope) -> str | None:
        base = self.base.auto_name(scope)
        literal = self.key.literal.value if isinstance(self.key, Constant) else self.key if isinstance(self.key, Token) else None
        return f"{base}_{literal}" if base and literal is not None else None


def _path(base: Value, step: str | int | Value, span: Span) -> Value:
    if base.type is not ScalarType.DYNAMIC:
        hint = "Use parse_json() to read JSON text." if base.type is ScalarType.STRING else ""
        raise KqlSemanticError(f"A value of type {base.type} has no members.", span, hint)
    return Path(base.base, (*base.steps, step)) if isinstance(base, Path) else Path(base, (step,))


def _side(base: Expression) -> int | None:
    """0 for $left, 1 for $right."""
    return {"$left": 0, "$right": 1}.get(str(base.name)) if isinstance(base, NameRef) else None


def _of_side(scope: Scope, side: int, name: Token, span: Span) -> Value:
    if scope.sides is None:
        raise KqlSemanticError("$left and $right stand only in the 'on' of a join or lookup.", span)
    return scope.with_row(scope.sides[side], "join").value(str(name), span)


# ---------------------------------------------------------------- logic


class Chain(Expression):
    """Operands of one `and` or `or`, flat: a chain of thousands is one node."""

    op: str
    operands: list[Expression]

    def bind(self, scope: Scope) -> Value:
        return Logical("and" if self.op == "and" else "or", tuple(boolean(each, scope, self.op) for each in self.operands))


def _chain(op: str, children: list[Any], span: Span) -> Chain:
    first, second = children
    if isinstance(first, Chain) and first.op == op:
        first.operands.append(second)
        first.span = span
        return first
    return Chain(op, [first, second], span=span)


@rule("or_")
class Or(Chain):
    @classmethod
    def of(cls, children: list[Any], span: Span) -> Chain:
        return _chain("or", children, span)


@rule("and_")
class And(Chain):
    @classmethod
    def of(cls, children: list[Any], span: Span) -> Chain:
        return _chain("and", children, span)


def boolean(node: Expression, scope: Scope, construct: str) -> Value:
    """The bound value, which must be a bool (a dynamic is converted)."""
    value = node.bind(scope)
    if value.type is ScalarType.DYNAMIC or (isinstance(value, Literal) and value.value is None):
        return convert(value, ScalarType.BOOL)
    if value.type.numeric:  # the product takes 1 and 0 for true and false
        return invoke("tobool", value)
    if value.type is not ScalarType.BOOL:
        raise KqlSemanticError(f"'{construct}' expects a bool, found {value.type}.", node.span)
    return value
