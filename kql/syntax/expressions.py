"""Scalar expressions: names, operators, members, brackets (pages: scalar operators, string operators, dynamic)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from lark import Token

from kql.algebra import (
    Aggregate,
    Filter,
    InList,
    InRelation,
    Item,
    Literal,
    Logical,
    Not,
    Path,
    Project,
    Relation,
    ScalarQuery,
    Value,
    passing,
    ref,
)
from kql.errors import KqlSemanticError, KqlUnsupportedError, Span
from kql.functions import AGGREGATES, OPERATORS
from kql.overloads import Argument, call, convert, invoke
from kql.scope import Scope, empty
from kql.syntax.base import Expression, rule
from kql.syntax.literals import Constant, parse_constant
from kql.types import ScalarType

# ---------------------------------------------------------------- names and members


@rule("name_ref")
@dataclass(slots=True)
class NameRef(Expression):
    """A column, a `let`, a parameter or a table: the scope decides."""

    name: Token

    def bind(self, scope: Scope) -> Value:
        return scope.value(str(self.name), self.span)

    def bind_tabular(self, scope: Scope) -> Relation:
        return scope.table(str(self.name), self.span)

    def is_tabular(self, scope: Scope) -> bool:
        return (scope.row is None or scope.column(self.name) is None) and scope.is_table(str(self.name))

    def auto_name(self, scope: Scope) -> str | None:
        return str(self.name)


@rule("group")
@dataclass(slots=True)
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
@dataclass(slots=True)
class Member(Expression):
    """`a.b`: a property of a dynamic, a column of a join's side, a table of a database."""

    base: Expression
    name: Token

    def bind(self, scope: Scope) -> Value:
        side = _side(self.base)
        if side is not None:
            return _of_side(scope, side, self.name, self.span)
        return _path(self.base.bind(scope), str(self.name), self.base.span)

    def bind_tabular(self, scope: Scope) -> Relation:
        """The database is not looked at: there is one."""
        return scope.table(str(self.name), self.span)

    def is_tabular(self, scope: Scope) -> bool:
        return self.base.is_tabular(scope)

    def auto_name(self, scope: Scope) -> str | None:
        base = self.base.auto_name(scope)
        return str(self.name) if _side(self.base) else f"{base}_{self.name}" if base else None


@rule("index", "index_dotted")
@dataclass(slots=True)
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


@dataclass(slots=True)
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
    __slots__ = ()

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Chain:
        return _chain("or", children, span)


@rule("and_")
class And(Chain):
    __slots__ = ()

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


# ---------------------------------------------------------------- arithmetic and comparison


@rule("arithmetic")
@dataclass(slots=True)
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
@dataclass(slots=True)
class Sign(Expression):
    op: Token
    operand: Expression

    def bind(self, scope: Scope) -> Value:
        value = self.operand.bind(scope)
        if self.op == "+":
            return value
        if isinstance(value, Literal) and isinstance(value.value, int | float) and value.type is not ScalarType.BOOL:
            return Literal(-value.value, value.type)
        return call("-", [Argument(value, self.operand.span)], self.span, OPERATORS)


@rule("compare")
@dataclass(slots=True)
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


def comparison(op: str, left: Argument, right: Argument, span: Span) -> Value:
    """The call of a comparison after the operands took a common type; where the product is lenient with types, so are we."""
    one, two = reconcile(left.value, right.value)
    if one.type is not two.type and not (one.type.numeric and two.type.numeric):
        message = f"'{op}' operator: cannot compare values of types {left.value.type} and {right.value.type}."
        raise KqlSemanticError(message, span, "Try adding an explicit conversion, such as tostring() or tolong().")
    return call(op, [Argument(one, left.span), Argument(two, right.span)], span, OPERATORS)


def reconcile(left: Value, right: Value) -> tuple[Value, Value]:
    """Both operands of a comparison with their types made equal, as far as they can be."""
    if left.type is right.type or (left.type.numeric and right.type.numeric):
        return left, right
    if isinstance(right, Literal):
        return _beside(left, right)
    if isinstance(left, Literal):
        right, left = _beside(right, left)
        return left, right
    if ScalarType.DYNAMIC in (left.type, right.type):
        return (convert(left, right.type), right) if left.type is ScalarType.DYNAMIC else (left, convert(right, left.type))
    if {left.type, right.type} == {ScalarType.GUID, ScalarType.STRING}:
        return convert(left, ScalarType.STRING), convert(right, ScalarType.STRING)
    if ScalarType.BOOL in (left.type, right.type) and (left.type.numeric or right.type.numeric):
        return convert(left, ScalarType.LONG), convert(right, ScalarType.LONG)
    return left, right


def _beside(value: Value, literal: Literal) -> tuple[Value, Value]:
    """A constant takes the type of what it is compared with: `EmailClusterId == "123"`, `IsClickedThrough != "0"`."""
    if literal.value is None:
        return value, empty(value.type)
    if value.type is ScalarType.DYNAMIC:
        return convert(value, literal.type), literal
    if value.type is ScalarType.STRING and literal.type is ScalarType.GUID:
        return value, Literal(literal.value, ScalarType.STRING)
    if literal.type is ScalarType.STRING or (value.type is ScalarType.BOOL and literal.type.numeric):
        return value, Literal(parse_constant(str(literal.value), value.type), value.type)
    return value, literal


@rule("between")
@dataclass(slots=True)
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
@dataclass(slots=True)
class Match(Expression):
    """`has contains startswith endswith =~ matches regex ...`, their negations and case-sensitive forms."""

    left: Expression
    op: Token
    right: Expression

    def bind(self, scope: Scope) -> Value:
        left = Argument(_text(self.left.bind(scope), self.left, self.op), self.left.span)
        right = Argument(_text(self.right.bind(scope), self.right, self.op), self.right.span)
        return match_call(str(self.op), left, right, self.span)


_SPELLINGS = {"!~": "!=~", ":": "has", "containscs": "contains_cs", "notcontains": "!contains", "notcontainscs": "!contains_cs"}


def match_call(op: str, left: Argument, right: Argument, span: Span) -> Value:
    word = " ".join(op.split())
    word = _SPELLINGS.get(word, word)
    if word not in OPERATORS and not word.startswith("!"):
        raise KqlUnsupportedError(f"The operator '{op}' is not supported.", span)
    found = call(word.removeprefix("!"), [left, right], span, OPERATORS)
    return Not(found) if word.startswith("!") else found


def _text(value: Value, node: Expression, op: str) -> Value:
    if value.type is ScalarType.STRING:
        return value
    if value.type in (ScalarType.DYNAMIC, ScalarType.GUID) or value.type.numeric or value.type is ScalarType.BOOL:
        return convert(value, ScalarType.STRING)
    raise KqlSemanticError(f"'{op}' expects a string, found {value.type}.", node.span, "Use tostring().")


@rule("match_any_column")
@dataclass(slots=True)
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
        else:
            found = tuple(
                comparison("==", Argument(v, self.span), right, self.span) for v in columns if v.type is right.value.type
            )
        return Logical("or", found) if len(found) > 1 else found[0] if found else Literal(False, ScalarType.BOOL)


@rule("in_")
@dataclass(slots=True)
class In(Expression):
    """`in`, `in~`, `has_any`, `has_all` and their negations, over a list, an array or a table's first column."""

    left: Expression
    op: Token
    args: Any

    def bind(self, scope: Scope) -> Value:
        word = str(self.op).removeprefix("!")
        found = self._words(word, scope) if word.startswith("has") else self._in(word.endswith("~"), scope)
        return Not(found) if self.op.startswith("!") else found

    def _in(self, folded: bool, scope: Scope) -> Value:
        left = self.left.bind(scope)
        tabular = self._tabular(scope)
        if tabular is not None:
            return _in_relation(left, tabular, folded)
        values = [(each.bind(scope), each.span) for each in self.args.items]
        constants, arrays = [], []
        for value, span in values:
            if value.type is ScalarType.DYNAMIC and isinstance(value, Literal):
                constants += _elements(value)
            elif isinstance(value, Literal):
                constants.append(value)
            else:
                arrays.append(Argument(value, span))
        found = [_in_constants(left, constants, folded)] if constants or not arrays else []
        found += [self._in_value(Argument(left, self.left.span), arg, folded) for arg in arrays]
        return found[0] if len(found) == 1 else Logical("or", tuple(found))

    def _in_value(self, left: Argument, arg: Argument, folded: bool) -> Value:
        """Membership in a computed array, or equality with a computed scalar."""
        if arg.value.type is ScalarType.DYNAMIC and left.value.type is not ScalarType.DYNAMIC:
            return call("in~" if folded else "in", [left, arg], self.span, OPERATORS)
        return match_call("=~", left, arg, self.span) if folded else comparison("==", left, arg, self.span)

    def _words(self, word: str, scope: Scope) -> Value:
        """has_any / has_all: a chain of `has` over constants; a table or a computed array is searched row by row."""
        left = Argument(_text(self.left.bind(scope), self.left, word), self.left.span)
        tabular = self._tabular(scope)
        if tabular is not None:
            return call(word, [left, Argument(_listed(tabular), self.args.span)], self.span, OPERATORS)
        values = [each.bind(scope) for each in self.args.items]
        constants: list[Value] = []
        found: list[Value] = []
        for value, node in zip(values, self.args.items, strict=True):
            if value.type is ScalarType.DYNAMIC and isinstance(value, Literal):
                constants += [Literal(str(each.value), ScalarType.STRING) for each in _elements(value)]
            elif value.type is ScalarType.DYNAMIC:
                found.append(call(word, [left, Argument(value, node.span)], self.span, OPERATORS))
            else:
                constants.append(_text(value, node, word))
        if word == "has_any" and len(constants) > 1 and all(isinstance(each, Literal) for each in constants):
            words = json.dumps([each.value for each in constants if isinstance(each, Literal)], ensure_ascii=False)
            array = Argument(Literal(words, ScalarType.DYNAMIC), self.args.span)
            found.append(call(word, [left, array], self.span, OPERATORS))
        else:
            found = [match_call("has", left, Argument(each, self.args.span), self.span) for each in constants] + found
        if not found:
            return Literal(word == "has_all", ScalarType.BOOL)
        return found[0] if len(found) == 1 else Logical("or" if word == "has_any" else "and", tuple(found))

    def _tabular(self, scope: Scope) -> Relation | None:
        """The table behind `in (T | ...)`; its columns do not see the row's."""
        only = self.args.items[0] if len(self.args.items) == 1 else None
        if only is not None and only.is_tabular(scope):
            relation: Relation = only.bind_tabular(scope.without_row())
            return relation
        return None


def _listed(relation: Relation) -> Value:
    """The first column of a table as one array."""
    words = invoke("make_set", ref(relation.schema[0]), registry=AGGREGATES)
    return ScalarQuery(Aggregate(relation, (), (Item("words", words),)))


def _elements(literal: Literal) -> list[Literal]:
    """The elements of a constant array; a constant that is no array is its only element."""
    value = json.loads(str(literal.value)) if literal.value is not None else []
    kinds = {str: ScalarType.STRING, bool: ScalarType.BOOL, int: ScalarType.LONG, float: ScalarType.REAL}
    parts = value if isinstance(value, list) else [value]
    return [Literal(part, kinds[type(part)]) for part in parts if type(part) in kinds]


def _in_constants(left: Value, constants: list[Literal], folded: bool) -> Value:
    if left.type is ScalarType.DYNAMIC:
        kinds = {each.type for each in constants}
        left = convert(left, ScalarType.STRING if len(kinds) != 1 else kinds.pop())
    fitted = [_fitted(left, each) for each in constants]
    items = [each for each in fitted if each is not None and each.value is not None]
    if folded and left.type is ScalarType.STRING:
        items = [Literal(str(each.value).lower(), ScalarType.STRING) for each in items]
    return InList(left, tuple(dict.fromkeys(items)), folded and left.type is ScalarType.STRING)


def _fitted(left: Value, literal: Literal) -> Literal | None:
    """A list's constant in the type of the value; one that does not fit can never be equal."""
    if literal.type is left.type or (literal.type.numeric and left.type.numeric):
        return literal
    if left.type is ScalarType.STRING:
        return None if literal.type is ScalarType.DYNAMIC else Literal(str(literal.value), ScalarType.STRING)
    value = parse_constant(str(literal.value), left.type)
    return None if value is None else Literal(value, left.type)


def _in_relation(left: Value, relation: Relation, folded: bool) -> Value:
    column = relation.schema[0]
    first = passing(relation.schema[:1])[0]
    if left.type is ScalarType.DYNAMIC:
        left = convert(left, column.type)
    key = first.value
    if key.type is ScalarType.DYNAMIC and left.type is not ScalarType.DYNAMIC:
        key = convert(key, left.type)
    if key.type is not left.type and not (key.type.numeric and left.type.numeric):
        left, key = convert(left, ScalarType.STRING), convert(key, ScalarType.STRING)
    if folded and left.type is ScalarType.STRING:
        key = invoke("tolower", key)
    only: Relation = Project(relation, (Item(first.name, key),))
    if key.nullable:
        only = Filter(only, invoke("isnotnull", passing(only.schema)[0].value))
    return InRelation(left, only, folded and left.type is ScalarType.STRING)
