"""Operators that take texts apart by patterns (pages: parse, parse-where).

A parse pattern becomes one regular expression, compiled once; each new column reads its own group of it, and DuckDB evaluates
the common expression once for a row.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from kql.algebra import Call, Filter, Item, Literal, Logical, Project, Relation, Value
from kql.errors import KqlSemanticError, Span
from kql.functions.logic import CASE
from kql.functions.registry import Function, Kind
from kql.overloads import convert, invoke, read_as
from kql.scope import Scope, empty
from kql.syntax.base import Expression, Operator, rule
from kql.syntax.columns import replaced
from kql.syntax.parameters import Parameters
from kql.syntax.text_patterns import Capture, Pattern, Skip, regex_pattern, simple_pattern
from kql.types import ScalarType


def _group_template(constants: list[object]) -> str:
    names = ", ".join(f"'g{at}'" for at in range(1, int(str(constants[2])) + 1))
    return f"struct_extract(regexp_extract($_0, $_1, [{names}]), 'g{constants[3]}')"


# No function of the language: how a column reads its group.
GROUP = Function(
    Kind.SCALAR,
    "group(text: string, expression: string, groups: long, at: long) -> string",
    _group_template,
    "",
    "",
    nulls="total",
)
TIDY = Function(Kind.SCALAR, "tidy(text: string) -> string", r"rtrim($text, ', ;')", "", "", nulls="total")
MATCHES = Function(
    Kind.SCALAR, "matches(text: string, expression: string) -> bool", "regexp_matches($text, $expression)", "", "", nulls="total"
)


def _flags(params: Parameters, span: Span) -> str:
    flags = params.get("flags")
    if re.fullmatch(r"[Uims]*", flags) is None:
        raise KqlSemanticError(f"'parse' operator: unknown flags '{flags}'.", span, "The flags are U, i, m and s.")
    return "".join(dict.fromkeys(flags))


@rule("parse")
class Parse(Operator):
    """A text that does not match, or a column that does not fit its type, empties all new columns; relaxed only the one."""

    params: Parameters
    expression: Expression
    parts: list[Any]

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Parse:
        return cls(children[0], children[1], children[2:], span=span)

    def apply(self, source: Relation, scope: Scope) -> Relation:
        items, _ = self._items(source, scope, "parse")
        return Project(source, replaced(source.schema, items), span=self.span)

    def _items(self, source: Relation, scope: Scope, operator: str) -> tuple[list[Item], list[Value]]:
        """The new columns, and the conditions of a successful match."""
        kind = self.params.get("kind", "simple")
        if kind not in ("simple", "regex", "relaxed"):
            raise KqlSemanticError(
                f"'{operator}' operator: unknown kind '{kind}'.", self.span, "The kinds are simple, regex and relaxed."
            )
        self._check(operator)
        text = convert(self.expression.bind(scope.with_row(source.schema, operator)), ScalarType.STRING)
        regex = kind == "regex"
        pattern = (
            regex_pattern(self.parts, _flags(self.params, self.span)) if regex else simple_pattern(self.parts, kind == "relaxed")
        )
        values = [(capture, _value(text, pattern, at, capture.kind, regex)) for capture, at in pattern.captures]
        conditions: list[Value] = [Call(MATCHES, (text, Literal(pattern.expression, ScalarType.STRING)), ScalarType.BOOL, False)]
        if kind != "relaxed":
            conditions += [
                invoke("isnotnull", value) for _, value in values if value.nullable and value.type is not ScalarType.DYNAMIC
            ]
        fits = conditions[1:]
        items = [Item(str(capture.name), _if_all(fits, value)) for capture, value in values]
        return items, conditions

    def _check(self, operator: str) -> None:
        captures = [part for part in self.parts if isinstance(part, Capture)]
        names = [str(part.name) for part in captures]
        for part in captures:
            if names.count(str(part.name)) > 1:
                raise KqlSemanticError(
                    f"'{operator}' operator: two columns are named '{part.name}'.", part.span, "Rename one of them."
                )
        for one, two in zip(self.parts, self.parts[1:], strict=False):
            if isinstance(one, Capture) and one.kind is ScalarType.STRING and isinstance(two, Skip | Capture):
                message = f"'{operator}' operator: where the text column '{one.name}' ends is not told."
                raise KqlSemanticError(message, two.span, "Put a constant text behind it.")


def _value(text: Value, pattern: Pattern, at: int, kind: ScalarType, tidy: bool) -> Value:
    """A column's value; `tidy` drops the separators that a greedy group took behind a time."""
    constants = (
        Literal(pattern.expression, ScalarType.STRING),
        Literal(pattern.groups, ScalarType.LONG),
        Literal(at, ScalarType.LONG),
    )
    value: Value = Call(GROUP, (text, *constants), ScalarType.STRING, False)
    if tidy and kind in (ScalarType.DATETIME, ScalarType.TIMESPAN):
        value = Call(TIDY, (value,), ScalarType.STRING, False)
    return read_as(value, kind)


def _if_all(conditions: Sequence[Value], value: Value) -> Value:
    """The value where all conditions hold, else the type's empty value."""
    others = [each for each in conditions if not (isinstance(each, Call) and each.args == (value,))]
    if not others:
        return value
    test = others[0] if len(others) == 1 else Logical("and", tuple(others))
    return Call(CASE, (test, value, empty(value.type)), value.type, value.type is not ScalarType.STRING)


@rule("parse_where")
class ParseWhere(Parse):
    """parse without the rows that do not match."""

    def apply(self, source: Relation, scope: Scope) -> Relation:
        items, conditions = self._items(source, scope, "parse-where")
        matching = Filter(source, Logical("and", tuple(conditions)) if len(conditions) > 1 else conditions[0], span=self.span)
        return Project(matching, replaced(source.schema, items), span=self.span)
