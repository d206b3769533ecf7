"""Operators that take texts apart (pages: parse, parse-where, parse-kv).

A parse pattern becomes one regular expression, compiled once; each new column reads its own group of it, and DuckDB evaluates
the common expression once for a row.

Simple and relaxed patterns fit the whole text: a text before the first constant needs a leading `*`, one behind the last a
trailing `*`. A regex pattern is searched for, as its page spells it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lark import Token

from kql.algebra import Call, Filter, Item, Literal, Logical, Path, Project, Relation, Value
from kql.errors import KqlSemanticError, Span
from kql.functions.logic import CASE
from kql.functions.registry import Function, Kind
from kql.functions.terms import regex_escaped
from kql.overloads import convert, invoke, read_as
from kql.scope import Scope, empty
from kql.syntax.base import Expression, Operator, Syntax, rule
from kql.syntax.columns import replaced
from kql.syntax.declarations import TableType, scalar_type
from kql.syntax.literals import string_value
from kql.syntax.parameters import Parameters
from kql.types import Column, ScalarType

# ---------------------------------------------------------------- parse


@rule("parse_text")
@dataclass(slots=True)
class ParseText(Syntax):
    """A constant between the columns; a regular expression in kind=regex."""

    text: Token


@rule("skip")
@dataclass(slots=True)
class Skip(Syntax):
    """`*`: any text, of which nothing is kept."""

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Skip:
        return cls(span=span)


@rule("capture")
@dataclass(slots=True)
class Capture(Syntax):
    """A new column and its type, string if none is given."""

    name: Token
    type: Token | None

    @property
    def kind(self) -> ScalarType:
        return scalar_type(self.type) if self.type is not None else ScalarType.STRING


# What the text of a type looks like: decides where a column ends when no constant follows it.
_INTEGER = r"\s*[-+]?(?:0[xX][0-9a-fA-F]+|\d+)"
_NUMBER = r"\s*[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_SHAPES: dict[ScalarType, str] = {
    ScalarType.BOOL: r"\s*(?i:true|false|0|1)",
    ScalarType.INT: _INTEGER,
    ScalarType.LONG: _INTEGER,
    ScalarType.REAL: _NUMBER,
    ScalarType.DECIMAL: _NUMBER,
    ScalarType.DATETIME: r"\s*\d[\dTZ/:.+-]*(?: \d[\d:.]*)?(?: ?[AaPp][Mm])?Z?",
    ScalarType.TIMESPAN: r"\s*-?\d[\d.:]*[a-z]*",
    ScalarType.GUID: r"\s*\{?[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\}?",
}
_NUMBERS = (ScalarType.INT, ScalarType.LONG, ScalarType.REAL, ScalarType.DECIMAL, ScalarType.BOOL)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parse pattern as one regular expression; `captures` are the columns, each with the number of its group."""

    expression: str
    groups: int
    captures: tuple[tuple[Capture, int], ...]


def simple_pattern(parts: Sequence[Syntax], relaxed: bool) -> Pattern:
    """The expression of a simple or relaxed pattern, over the whole text."""
    pieces: list[str] = []
    captures: list[tuple[Capture, int]] = []
    for at, part in enumerate(parts):
        following = parts[at + 1] if at + 1 < len(parts) else None
        if isinstance(part, ParseText):
            pieces.append(regex_escaped(string_value(part.text)))
        elif isinstance(part, Skip):
            pieces.append(".*?")
        elif isinstance(part, Capture):
            captures.append((part, len(captures) + 1))
            pieces.append(f"({_captured(part.kind, following, relaxed)})")
    return Pattern(f"(?s)^{''.join(pieces)}$", len(captures), tuple(captures))


def _captured(kind: ScalarType, following: Syntax | None, relaxed: bool) -> str:
    shape = _SHAPES.get(kind)
    if shape is None:
        return ".*?"
    if relaxed:  # a misfit nulls this column alone, so any text may stand there
        return f"{shape}|.*?"
    return shape if kind in _NUMBERS or not isinstance(following, ParseText | None) else ".*?"


def regex_pattern(parts: Sequence[Syntax], flags: str) -> Pattern:
    """The expression of a regex pattern: constants are expressions of their own, which may hold groups."""
    pieces: list[str] = []
    captures: list[tuple[Capture, int]] = []
    groups = 0
    for part in parts:
        if isinstance(part, ParseText):
            text = string_value(part.text)
            groups += group_count(text)
            pieces.append(text)
        elif isinstance(part, Skip):
            pieces.append(".*?")
        elif isinstance(part, Capture):
            groups += 1
            captures.append((part, groups))
            pieces.append(f"({_SHAPES[part.kind] if part.kind in _NUMBERS else '.*'})")
    return Pattern((f"(?{flags})" if flags else "") + "".join(pieces), groups, tuple(captures))


_GROUPS = re.compile(r"\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|(?P<group>\((?!\?)|\(\?P?<)", re.DOTALL)


def group_count(expression: str) -> int:
    """How many capturing groups an RE2 expression has; escapes and character classes hold none."""
    return sum(found["group"] is not None for found in _GROUPS.finditer(expression))


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
@dataclass(slots=True)
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
@dataclass(slots=True)
class ParseWhere(Parse):
    """parse without the rows that do not match."""

    def apply(self, source: Relation, scope: Scope) -> Relation:
        items, conditions = self._items(source, scope, "parse-where")
        matching = Filter(source, Logical("and", tuple(conditions)) if len(conditions) > 1 else conditions[0], span=self.span)
        return Project(matching, replaced(source.schema, items), span=self.span)


# ---------------------------------------------------------------- parse-kv


@rule("parse_kv")
@dataclass(slots=True)
class ParseKv(Operator):
    """Key and value pairs, of which the declared keys become columns; the first appearance of a key counts."""

    expression: Expression
    schema: TableType
    props: Parameters | None

    def apply(self, source: Relation, scope: Scope) -> Relation:
        text = convert(self.expression.bind(scope.with_row(source.schema, "parse-kv")), ScalarType.STRING)
        columns = [each.column for each in self.schema.columns]
        if len({column.name for column in columns}) < len(columns):
            raise KqlSemanticError("'parse-kv' operator: two columns have one name.", self.schema.span)
        rules = self._rules()
        items = [Item(c.name, read_as(_value_of(c.name, text, rules, columns), c.type)) for c in columns]
        return Project(source, replaced(source.schema, items), span=self.span)

    def _rules(self) -> dict[str, list[str]]:
        """How the text is read, by property; several quotes and escapes are allowed."""
        given = {
            name: [str(each) for each in (value if isinstance(value, list) else [value])]
            for name, value in (self.props.values if self.props else {}).items()
        }
        unknown = set(given) - {"pair_delimiter", "kv_delimiter", "quote", "escape", "greedy", "regex"}
        if unknown:
            raise KqlSemanticError(f"'parse-kv' operator: unknown property '{min(unknown)}'.", self.span)
        if any(not each for value in given.values() for each in value):
            raise KqlSemanticError("'parse-kv' operator: a property is empty.", self.span)
        if ("pair_delimiter" in given) != ("kv_delimiter" in given):
            raise KqlSemanticError("'parse-kv' operator: pair_delimiter and kv_delimiter go together.", self.span)
        if "regex" in given and (len(given) > 1 or group_count(given["regex"][0]) != 2):
            raise KqlSemanticError("'parse-kv' operator: regex stands alone and has two groups, key and value.", self.span)
        return given


def _value_of(name: str, text: Value, rules: dict[str, list[str]], columns: Sequence[Column]) -> Value:
    """The text of one key: by the engine's own regular expressions, or by a scan that knows quotes."""
    if "regex" in rules:
        constants = (Literal(each, ScalarType.STRING) for each in (rules["regex"][0], name))
        return Call(PAIR_BY_REGEX, (text, *constants), ScalarType.STRING, False)
    told = Literal(json.dumps({"keys": [column.name for column in columns], **rules}), ScalarType.STRING)
    pairs = Call(PAIRS, (text, told), ScalarType.DYNAMIC, True)
    return convert(Path(pairs, (name,)), ScalarType.STRING)


PAIRS = Function(
    Kind.SCALAR,
    "pairs(text: string, rules: string) -> dynamic",
    "CAST(parse_kv($text, $rules) AS JSON)",
    "",
    "",
    nulls="some",
    vectorised="parse_kv",
)
PAIR_BY_REGEX = Function(
    Kind.SCALAR,
    "pair(text: string, expression: string, key: string) -> string",
    "coalesce(trim(list_extract(regexp_extract_all($text, $expression, 2), list_position("
    "list_transform(regexp_extract_all($text, $expression, 1), lambda __k1: trim(__k1)), $key))), '')",
    "",
    "",
    nulls="total",
)

__all__ = ["GROUP", "group_count", "regex_pattern", "simple_pattern"]
