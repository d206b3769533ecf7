"""Operators that match rows of two tables (pages: join, lookup)."""

from __future__ import annotations

from typing import get_args

from kql.algebra import ColumnRef, Join, JoinColumn, JoinKind, Relation, Value
from kql.errors import KqlSemanticError, Span, closest
from kql.overloads import convert
from kql.scope import Scope, unique_name
from kql.syntax.base import Expression, Operator, refuse, rule
from kql.syntax.calls import Args, FunctionCall
from kql.syntax.comparisons import Compare, reconcile
from kql.syntax.expressions import Chain, Group, Member, NameRef
from kql.syntax.parameters import Parameters
from kql.types import Column, ScalarType

_LEFT_ONLY = ("leftsemi", "leftanti")
_RIGHT_ONLY = ("rightsemi", "rightanti")
_PADS_LEFT = ("rightouter", "fullouter")
_PADS_RIGHT = ("leftouter", "fullouter")
_KINDS: dict[str, JoinKind] = {kind: kind for kind in get_args(JoinKind)}
_KINDS |= {"anti": "leftanti", "leftantisemi": "leftanti", "rightantisemi": "rightanti"}


@rule("join")
class JoinOperator(Operator):
    """Without a kind the left side is deduplicated on the key first (innerunique)."""

    params: Parameters
    table: Expression
    on: Args | None

    def apply(self, source: Relation, scope: Scope) -> Relation:
        word = self.params.get("kind", "innerunique")
        kind = _KINDS.get(word)
        if kind is None:
            raise KqlSemanticError(f"'join' operator: unknown kind '{word}'.", self.span, closest(word, get_args(JoinKind)))
        right = self.table.bind_tabular(scope.without_row())
        if self.on is None:
            raise KqlSemanticError("'join' operator: 'on' is missing.", self.span, "Write: join (T) on Column.")
        keys = tuple(pair for each in self.on.items for pair in key_pairs(each, source, right, scope, "join"))
        left_columns = [] if kind in _RIGHT_ONLY else _side("left", source, kind in _PADS_LEFT)
        right_columns = [] if kind in _LEFT_ONLY else _side("right", right, kind in _PADS_RIGHT)
        return _join(source, right, kind, keys, left_columns + right_columns, self.span)


@rule("lookup")
class Lookup(Operator):
    """Adds the columns of a dimension table; the keys are not repeated."""

    params: Parameters
    table: Expression
    on: Args

    def apply(self, source: Relation, scope: Scope) -> Relation:
        word = self.params.get("kind", "leftouter")
        if word not in ("leftouter", "inner"):
            raise KqlSemanticError(f"'lookup' operator: the kind is leftouter or inner, found '{word}'.", self.span)
        kind = _KINDS[word]
        right = self.table.bind_tabular(scope.without_row())
        keys = tuple(pair for each in self.on.items for pair in key_pairs(each, source, right, scope, "lookup"))
        used = {key.name for _, key in keys if isinstance(key, ColumnRef)}
        added = [column for column in _side("right", right, kind == "leftouter") if column.source not in used]
        return _join(source, right, kind, keys, _side("left", source, False) + added, self.span)


def _side(side: str, relation: Relation, padded: bool) -> list[JoinColumn]:
    return [
        JoinColumn(
            "left" if side == "left" else "right",
            c.name,
            Column(c.name, c.type, c.nullable or (padded and c.type is not ScalarType.STRING)),
            padded,
        )
        for c in relation.schema
    ]


def _join(
    left: Relation, right: Relation, kind: JoinKind, keys: tuple[tuple[Value, Value], ...], columns: list[JoinColumn], span: Span
) -> Join:
    """Columns of the right side that clash get a number: Timestamp1."""
    taken: set[str] = set()
    named: list[JoinColumn] = []
    for each in columns:
        name = unique_name(each.column.name, taken)
        taken.add(name)
        named.append(JoinColumn(each.side, each.source, each.column.named(name), each.padded))
    return Join(left, right, kind, keys, tuple(named), span=span)


def key_pairs(node: Expression, left: Relation, right: Relation, scope: Scope, operator: str) -> list[tuple[Value, Value]]:
    """The key expressions of one `on` condition: a common column, or equalities of $left and $right."""
    if isinstance(node, Group):
        return key_pairs(node.inner, left, right, scope, operator)
    if isinstance(node, Chain) and node.op == "and":
        return [pair for each in node.operands for pair in key_pairs(each, left, right, scope, operator)]
    if isinstance(node, NameRef):
        one = _key_column(node, left, scope, operator, "left")
        two = _key_column(node, right, scope, operator, "right")
        return [_matched(one, two, node.span, operator)]
    if isinstance(node, Compare) and node.op == "==":
        inner = scope.with_row((), operator, sides=(left.schema, right.schema))
        one_side, one = _bind_side(node.left, inner)
        two_side, two = _bind_side(node.right, inner)
        if {one_side, two_side} == {0, 1}:
            return [_matched(*((one, two) if one_side == 0 else (two, one)), node.span, operator)]
    message = f"'{operator}' operator: a condition is a common column, or an equality of $left and $right."
    raise KqlSemanticError(message, node.span, "Write: on Column, or: on $left.A == $right.B.")


def _key_column(node: NameRef, relation: Relation, scope: Scope, operator: str, side: str) -> Value:
    found = scope.with_row(relation.schema, operator).column(str(node.name))
    if found is None:
        hint = closest(node.name, [column.name for column in relation.schema])
        raise KqlSemanticError(f"'{operator}' operator: the {side} side has no column named '{node.name}'.", node.span, hint)
    return found


def _bind_side(node: Expression, scope: Scope) -> tuple[int, Value]:
    """An expression over one side, and which side that is: 0 left, 1 right, -1 neither or both."""
    used = set(_sides(node))
    side = {frozenset({"$left"}): 0, frozenset({"$right"}): 1}.get(frozenset(used), -1)
    return side, node.bind(scope)


def _sides(node: object) -> list[str]:
    """The names before the members inside an expression: $left, $right."""
    if isinstance(node, Member) and isinstance(node.base, NameRef):
        return [str(node.base.name)]
    if isinstance(node, FunctionCall):
        return [found for item in node.items for found in _sides(item)]
    inner = [getattr(node, slot) for slot in ("inner", "base", "left", "right", "operand") if hasattr(node, slot)]
    return [found for each in inner for found in _sides(each)]


def _matched(left: Value, right: Value, span: Span, operator: str) -> tuple[Value, Value]:
    """Both keys in one type."""
    one, two = reconcile(left, right)
    if one.type is ScalarType.DYNAMIC:
        one, two = convert(one, ScalarType.STRING), convert(two, ScalarType.STRING)
    if one.type is not two.type and not (one.type.numeric and two.type.numeric):
        message = f"'{operator}' operator: cannot match keys of types {left.type} and {right.type}."
        raise KqlSemanticError(message, span, "Convert one of them before.")
    return one, two


refuse("join_where", "join with 'where'")
