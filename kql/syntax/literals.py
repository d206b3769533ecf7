"""Constants (pages: scalar data types)."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from kql.algebra import Bound, Literal, Value
from kql.constants import clock_ticks, parse_constant, short_timespan, timespan_text
from kql.errors import KqlSyntaxError, Span
from kql.functions import OPERATORS
from kql.overloads import invoke
from kql.scope import Scope, empty
from kql.syntax.base import Expression, Syntax, rule
from kql.tokens import Token
from kql.types import TYPE_NAMES, ScalarType


class Constant(Expression):
    """A literal of any type, already evaluated."""

    literal: Literal

    def bind(self, scope: Scope) -> Value:
        return self.literal


def _constant(value: object, kind: ScalarType, span: Span) -> Constant:
    return Constant(Literal(value, kind), span=span)


# ---------------------------------------------------------------- strings

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|.)", re.DOTALL)


def string_value(token: str) -> str:
    """The text that a string token stands for: "..", '..', @"..", h"..", ```..``` (page: the string data type)."""
    text = token[1:] if token[:1] in "hH" else token
    if text.startswith(("```", "~~~")):
        return text[3:-3]
    if text.startswith("@"):
        return text[2:-1].replace(text[1] * 2, text[1])
    return _ESCAPE.sub(_unescape, text[1:-1])


def _unescape(found: re.Match[str]) -> str:
    code = found[1]
    if len(code) > 1:
        return chr(int(code[1:], 16))
    return _ESCAPES.get(code, code)


@rule("string")
class String(Constant):
    """Adjacent literals are one."""

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Constant:
        text = "".join(string_value(token) for token in children)
        try:
            text.encode()
        except UnicodeEncodeError:
            raise KqlSyntaxError(
                "The string holds half of a surrogate pair.", span, "Write both halves, or \\U0001F600."
            ) from None
        return _constant(text, ScalarType.STRING, span)


# ---------------------------------------------------------------- numbers, time


@rule("long")
class Long(Constant):
    @classmethod
    def of(cls, children: list[Any], span: Span) -> Constant:
        return _constant(_long(str(children[0]), span), ScalarType.LONG, span)


def _long(text: str, span: Span) -> int:
    if len(text) > 40:  # Python refuses to read thousands of digits
        raise KqlSyntaxError(f"The number {text[:20]}... does not fit into a long.", span)
    value = int(text, 0) if text.lower().lstrip("-+").startswith("0x") else int(text)
    if value >= 1 << 63 and text.lower().startswith("0x"):
        value -= 1 << 64
    if not -(1 << 63) <= value < 1 << 63:
        raise KqlSyntaxError(f"The number {text[:40]} does not fit into a long.", span, "Use real() or decimal().")
    return value


@rule("real")
class Real(Constant):
    @classmethod
    def of(cls, children: list[Any], span: Span) -> Constant:
        return _constant(float(children[0]), ScalarType.REAL, span)


@rule("bool")
class Bool(Constant):
    @classmethod
    def of(cls, children: list[Any], span: Span) -> Constant:
        return _constant(str(children[0]).lower() == "true", ScalarType.BOOL, span)


@rule("timespan")
class Timespan(Constant):
    @classmethod
    def of(cls, children: list[Any], span: Span) -> Constant:
        ticks = short_timespan(str(children[0]))
        if ticks is not None and not -(1 << 63) <= ticks < 1 << 63:
            raise KqlSyntaxError(f"The timespan {str(children[0])[:40]} is too long.", span, "At most about 10,675,199 days.")
        return _constant(ticks, ScalarType.TIMESPAN, span)


# ---------------------------------------------------------------- type(value)

_TYPED = re.compile(r"(\w+)\s*\((.*)\)$", re.DOTALL)


@rule("typed")
class Typed(Constant):
    """`int(5)`, `datetime(2024-01-01)`, `guid(..)`, `real(+inf)`, `timespan(null)`."""

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Expression:
        found = _TYPED.match(str(children[0]))
        if found is None:
            raise KqlSyntaxError("A recognition error occurred.", span)
        kind, text = TYPE_NAMES[found[1]], found[2].strip()
        if text == "null":
            return Constant(empty(kind), span=span)
        value = parse_constant(text.strip("\"'"), kind)
        clock = clock_ticks(text.strip("\"'")) if value is None and kind is ScalarType.DATETIME else None
        if clock is not None:
            return TimeOfDay(clock, span=span)
        if value is None:
            raise KqlSyntaxError(f"'{text[:40]}' is not a {kind}.", span, _WRITTEN.get(kind, ""))
        return _constant(value, kind, span)


class TimeOfDay(Expression):
    """`datetime(8:00:00 AM)`: a time of the day on which the query runs."""

    ticks: int

    def bind(self, scope: Scope) -> Value:
        midnight = invoke("startofday", Bound("now", ScalarType.DATETIME))
        return invoke("+", midnight, Literal(self.ticks, ScalarType.TIMESPAN), registry=OPERATORS)


_WRITTEN = {
    ScalarType.DATETIME: "Write datetime(2026-01-31 23:59:59).",
    ScalarType.TIMESPAN: "Write time(1.23:59:59) or 1d.",
    ScalarType.GUID: "Write guid(00000000-0000-0000-0000-000000000000).",
}


# ---------------------------------------------------------------- dynamic


class Json(Expression):
    """A part of a dynamic literal: any Python value that JSON can hold."""

    value: Any


@rule("dynamic")
class Dynamic(Constant):
    """`dynamic({"a": [1, null]})`; the literal holds canonical JSON text."""

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Constant:
        value = json_value(children[-1])
        return _constant(
            None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":")), ScalarType.DYNAMIC, span
        )


def json_value(part: Any) -> Any:
    """What a part of a dynamic literal holds; datetimes and timespans become their text."""
    if isinstance(part, Json):
        return part.value
    if isinstance(part, Constant):
        literal = part.literal
        if literal.type is ScalarType.DATETIME and isinstance(literal.value, int):
            return datetime.fromtimestamp(literal.value / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
        if literal.type is ScalarType.TIMESPAN and isinstance(literal.value, int):
            return timespan_text(literal.value)
        if literal.type is ScalarType.DYNAMIC and isinstance(literal.value, str):
            return json.loads(literal.value)
        if isinstance(literal.value, float) and not math.isfinite(literal.value):
            return str(literal.value)
        return float(literal.value) if isinstance(literal.value, Decimal) else literal.value
    if isinstance(part, TimeOfDay):
        raise KqlSyntaxError("A time without a day cannot stand in a dynamic literal.", part.span, "Write the date, too.")
    return None


@rule("null")
class Null(Json):
    @classmethod
    def of(cls, children: list[Any], span: Span) -> Json:
        return Json(None, span=span)


@rule("negative")
class Negative(Json):
    @classmethod
    def of(cls, children: list[Any], span: Span) -> Json:
        sign, number = str(children[0]), str(children[1])
        value = float(number) if re.search(r"[.eE]", number) and not number.lower().startswith("0x") else _long(number, span)
        return Json(-value if sign == "-" else value, span=span)


@rule("array")
class Array(Json):
    @classmethod
    def of(cls, children: list[Any], span: Span) -> Json:
        return Json([json_value(child) for child in children if child is not None], span=span)


@rule("bag")
class Bag(Json):
    @classmethod
    def of(cls, children: list[Any], span: Span) -> Json:
        return Json(dict(child.value for child in children if child is not None), span=span)


@rule("pair")
class Pair(Json):
    @classmethod
    def of(cls, children: list[Any], span: Span) -> Json:
        return Json((string_value(children[0]), json_value(children[1])), span=span)


@rule("quoted_name")
class QuotedName(Syntax):
    """`['a name']`: a NAME like any other."""

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Token:
        return Token("NAME", string_value(children[0]), start_pos=span.start, end_pos=span.end)
