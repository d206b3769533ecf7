"""`in`, `has_any`, `has_all`: over a list, an array or a table (pages: in operator, has_any, has_all)."""

from __future__ import annotations

import json
from typing import Any

from kql.algebra import (
    Aggregate,
    Filter,
    InList,
    InRelation,
    Item,
    Literal,
    Logical,
    Not,
    Project,
    Relation,
    ScalarQuery,
    Value,
    passing,
    ref,
)
from kql.constants import parse_constant
from kql.functions import AGGREGATES, OPERATORS
from kql.overloads import Argument, call, convert, invoke
from kql.scope import Scope
from kql.syntax.base import Expression, rule
from kql.syntax.comparisons import as_text, comparison, match_call
from kql.tokens import Token
from kql.types import ScalarType


@rule("in_")
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
        left = Argument(as_text(self.left.bind(scope), self.left, word), self.left.span)
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
                constants.append(as_text(value, node, word))
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
        whole = (ScalarType.INT, ScalarType.LONG)  # as a long, 1.5 would be 1
        kinds = {ScalarType.DECIMAL if each.type in whole else each.type for each in constants}
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
