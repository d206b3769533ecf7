"""Arithmetic and comparisons (pages: numerical operators, datetime and timespan arithmetic, between, string operators)."""

from __future__ import annotations

from kql.algebra import Literal, Logical, Not, Value, passing
from kql.constants import parse_constant
from kql.errors import KqlSemanticError, KqlUnsupportedError, Span
from kql.functions import OPERATORS
from kql.overloads import Argument, call, convert, invoke
from kql.scope import Scope, empty
from kql.syntax.base import Expression, rule
from kql.tokens import Token
from kql.types import ScalarType


@rule("arithmetic")
class Arithmetic(Expression):
    """`+ - * / %`."""

    left: Expression
    op: Token
    right: Expression

    def bind(self, scope: Scope) -> Value:
        left, right = self.left.bind(scope), self.right.bind(scope)
        if left.type is ScalarType.DYNAMIC:
            left = convert(left, _measure(right))
        if right.type is ScalarType.DYNAMIC:
            right = convert(right, _measure(left))
        return call(str(self.op), [Argument(left, self.left.span), Argument(right, self.right.span)], self.span, OPERATORS)


def _measure(other: Value) -> ScalarType:
    """What a dynamic becomes beside another operand."""
    if other.type in (ScalarType.DYNAMIC, ScalarType.STRING, ScalarType.INT):
        return ScalarType.REAL if other.type is ScalarType.DYNAMIC else ScalarType.LONG
    return other.type


@rule("sign")
class Sign(Expression):
    op: Token
    operand: Expression

    def bind(self, scope: Scope) -> Value:
        value = self.operand.bind(scope)
        if self.op == "+":
            return value
        if isinstance(value, Literal) and isinstance(value.value, int | float) and value.type is not ScalarType.BOOL:
            return Literal(-value.value, ScalarType.LONG if value.type is ScalarType.INT else value.type)
        return call("-", [Argument(value, self.operand.span)], self.span, OPERATORS)


@rule("compare")
class Compare(Expression):
    """`== != < > <= >=`."""

    left: Expression
    op: Token
    right: Expression

    def bind(self, scope: Scope) -> Value:
        op = "!=" if self.op == "<>" else str(self.op)
        return comparison(
            op, Argument(self.left.bind(scope), self.left.span), Argument(self.right.bind(scope), self.right.span), self.span
        )


_ORDERS = ("<", ">", "<=", ">=")


def comparison(op: str, left: Argument, right: Argument, span: Span) -> Value:
    """The call of a comparison after the operands took a common type; where the product is lenient with types, so are we."""
    whole = ScalarType.DECIMAL if op in ("==", "!=") else ScalarType.REAL
    one, two = reconcile(left.value, right.value, whole)
    if op in _ORDERS and one.type is two.type is ScalarType.DYNAMIC:
        one, two = convert(one, ScalarType.REAL), convert(two, ScalarType.REAL)
    unordered = op in _ORDERS and one.type in (ScalarType.STRING, ScalarType.GUID)
    if unordered or (one.type is not two.type and not (one.type.numeric and two.type.numeric)):
        message = f"'{op}' operator: cannot compare values of types {left.value.type} and {right.value.type}."
        raise KqlSemanticError(message, span, "Try adding an explicit conversion, such as tostring() or tolong().")
    return call(op, [Argument(one, left.span), Argument(two, right.span)], span, OPERATORS)


def reconcile(left: Value, right: Value, whole: ScalarType = ScalarType.DECIMAL) -> tuple[Value, Value]:
    """Both operands of a comparison with their types made equal, as far as they can be.

    `whole` is what a dynamic becomes beside an int or a long: as a long, 1.5 would lose its fraction; a decimal tells long
    numbers apart, a real has no upper end.
    """
    if left.type is right.type or (left.type.numeric and right.type.numeric):
        return left, right
    if isinstance(right, Literal):
        return _beside(left, right, whole)
    if isinstance(left, Literal):
        right, left = _beside(right, left, whole)
        return left, right
    if ScalarType.DYNAMIC in (left.type, right.type):
        if left.type is ScalarType.DYNAMIC:
            return convert(left, _compared_as(right.type, whole)), right
        return left, convert(right, _compared_as(left.type, whole))
    if {left.type, right.type} == {ScalarType.GUID, ScalarType.STRING}:
        return convert(left, ScalarType.STRING), convert(right, ScalarType.STRING)
    if ScalarType.BOOL in (left.type, right.type) and (left.type.numeric or right.type.numeric):
        return convert(left, ScalarType.LONG), convert(right, ScalarType.LONG)
    return left, right


def _compared_as(kind: ScalarType, whole: ScalarType) -> ScalarType:
    return whole if kind in (ScalarType.INT, ScalarType.LONG) else kind


def _beside(value: Value, literal: Literal, whole: ScalarType) -> tuple[Value, Value]:
    """A constant takes the type of what it is compared with: `EmailClusterId == "123"`, `IsClickedThrough != "0"`."""
    if literal.value is None:
        return value, empty(value.type)
    if value.type is ScalarType.DYNAMIC:
        return convert(value, _compared_as(literal.type, whole)), literal
    if value.type is ScalarType.STRING and literal.type is ScalarType.GUID:
        return value, Literal(literal.value, ScalarType.STRING)
    if literal.type is ScalarType.STRING or (value.type is ScalarType.BOOL and literal.type.numeric):
        return value, Literal(parse_constant(str(literal.value), value.type), value.type)
    return value, literal


@rule("between")
class Between(Expression):
    """Inclusive on both ends; an end that is a timespan beside datetimes counts from the start (page: between)."""

    operand: Expression
    op: Token
    low: Expression
    high: Expression

    def bind(self, scope: Scope) -> Value:
        value, low, high = (Argument(each.bind(scope), each.span) for each in (self.operand, self.low, self.high))
        if low.value.type is ScalarType.DATETIME and high.value.type is ScalarType.TIMESPAN:
            high = Argument(call("+", [low, high], self.high.span, OPERATORS), high.span)
        inside = Logical("and", (comparison(">=", value, low, self.span), comparison("<=", value, high, self.span)))
        return Not(inside) if self.op.startswith("!") else inside


# ---------------------------------------------------------------- strings


@rule("match")
class Match(Expression):
    """`has contains startswith endswith =~ matches regex ...`, their negations and case-sensitive forms."""

    left: Expression
    op: Token
    right: Expression

    def bind(self, scope: Scope) -> Value:
        left = Argument(as_text(self.left.bind(scope), self.left, self.op), self.left.span)
        right = Argument(as_text(self.right.bind(scope), self.right, self.op), self.right.span)
        return match_call(str(self.op), left, right, self.span)


_SPELLINGS = {"!~": "!=~", ":": "has", "containscs": "contains_cs", "notcontains": "!contains", "notcontainscs": "!contains_cs"}


def match_call(op: str, left: Argument, right: Argument, span: Span) -> Value:
    word = " ".join(op.split())
    word = _SPELLINGS.get(word, word)
    if word not in OPERATORS and not word.startswith("!"):
        raise KqlUnsupportedError(f"The operator '{op}' is not supported.", span)
    found = call(word.removeprefix("!"), [left, right], span, OPERATORS)
    return Not(found) if word.startswith("!") else found


def as_text(value: Value, node: Expression, op: str) -> Value:
    if value.type is ScalarType.STRING:
        return value
    if value.type in (ScalarType.DYNAMIC, ScalarType.GUID) or value.type.numeric or value.type is ScalarType.BOOL:
        return convert(value, ScalarType.STRING)
    raise KqlSemanticError(f"'{op}' expects a string, found {value.type}.", node.span, "Use tostring().")


@rule("match_any_column")
class MatchAnyColumn(Expression):
    """`* has "x"`: any string column of the row."""

    star: Token
    op: Token
    right: Expression

    def bind(self, scope: Scope) -> Value:
        right = Argument(self.right.bind(scope), self.right.span)
        columns = [item.value for item in passing(scope.row or ())]
        if right.value.type is ScalarType.STRING:
            texts = [
                Argument(convert(v, ScalarType.STRING), self.span)
                for v in columns
                if v.type in (ScalarType.STRING, ScalarType.DYNAMIC)
            ]
            found = tuple(
                comparison("==", text, right, self.span) if self.op == "==" else match_call(str(self.op), text, right, self.span)
                for text in texts
            )
            known = isinstance(right.value, Literal) and _BETWEEN not in str(right.value.value)
            if known and len(texts) > 1 and self.op in _TERMS:
                return self._one_pass(texts, right)
        else:
            found = tuple(
                comparison("==", Argument(v, self.span), right, self.span) for v in columns if v.type is right.value.type
            )
        return Logical("or", found) if len(found) > 1 else found[0] if found else Literal(False, ScalarType.BOOL)

    def _one_pass(self, texts: list[Argument], right: Argument) -> Value:
        """A term in any of many columns: where one contains it, boundaries are looked for once, in all of them together."""
        contains = "contains_cs" if self.op.endswith("_cs") else "contains"
        near = Logical("or", tuple(match_call(contains, text, right, self.span) for text in texts))
        together = invoke("strcat_delim", Literal(_BETWEEN, ScalarType.STRING), *(text.value for text in texts))
        return Logical("and", (near, match_call(str(self.op), Argument(together, self.span), right, self.span)))


_TERMS = ("has", "has_cs", "hasprefix", "hasprefix_cs", "hassuffix", "hassuffix_cs")
_BETWEEN = "\x1f"  # a boundary of terms, and in no term
