"""The patterns of parse and parse-where as regular expressions (page: parse).

Simple and relaxed patterns fit the whole text: a text before the first constant needs a leading `*`, one behind the last a
trailing `*`. A regex pattern is searched for, as its page spells it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from kql.errors import Span
from kql.functions.terms import regex_escaped
from kql.syntax.base import Syntax, rule
from kql.syntax.declarations import scalar_type
from kql.syntax.literals import string_value
from kql.tokens import Token
from kql.types import ScalarType


@rule("parse_text")
class ParseText(Syntax):
    """A constant between the columns; a regular expression in kind=regex."""

    text: Token


@rule("skip")
class Skip(Syntax):
    """`*`: any text, of which nothing is kept."""

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Skip:
        return cls(span=span)


@rule("capture")
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


class Pattern(Struct, frozen=True):
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
