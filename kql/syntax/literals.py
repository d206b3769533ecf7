"""Constants (pages: scalar data types)."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID

from lark import Token

from kql.algebra import Bound, Literal, Value
from kql.errors import KqlSyntaxError, Span
from kql.functions import OPERATORS
from kql.functions.conversion import MOMENT_FORMATS
from kql.overloads import invoke
from kql.scope import Scope, empty
from kql.syntax.base import Expression, Syntax, rule
from kql.types import TYPE_NAMES, ScalarType

TICKS_PER_SECOND = 10_000_000
_UNITS: dict[str, int | Decimal] = {
    "d": 86_400 * TICKS_PER_SECOND,
    "h": 3_600 * TICKS_PER_SECOND,
    "m": 60 * TICKS_PER_SECOND,
    "s": TICKS_PER_SECOND,
    "ms": 10_000,
    "micro": 10,
    "nano": Decimal("0.01"),
    "tick": 1,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
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

    __slots__ = ()

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
    __slots__ = ()

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
    __slots__ = ()

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Constant:
        return _constant(float(children[0]), ScalarType.REAL, span)


@rule("bool")
class Bool(Constant):
    __slots__ = ()

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Constant:
        return _constant(str(children[0]).lower() == "true", ScalarType.BOOL, span)


@rule("timespan")
class Timespan(Constant):
    __slots__ = ()

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Constant:
        ticks = _short_timespan(str(children[0]))
        if ticks is not None and not -(1 << 63) <= ticks < 1 << 63:
            raise KqlSyntaxError(f"The timespan {str(children[0])[:40]} is too long.", span, "At most about 10,675,199 days.")
        return _constant(ticks, ScalarType.TIMESPAN, span)


_SHORT = re.compile(r"([-+]?\d+(?:\.\d+)?)\s*([a-zA-Z]+)$")
_FULL = re.compile(r"(-)?(?:(\d+)(?:\.|$))?(?:(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?)?$")


def _unit(word: str) -> int | Decimal | None:
    """Ticks of a unit: d day days h hr hrs hour ... ticks."""
    word = word.lower()
    for prefix in ("ms", "milli", "micro", "nano", "tick"):
        if word.startswith(prefix):
            return _UNITS["ms" if prefix == "milli" else prefix]
    return _UNITS.get(word[:1])


def _short_timespan(text: str) -> int | None:
    found = _SHORT.match(text)
    unit = _unit(found[2]) if found else None
    return int(Decimal(found[1]) * unit) if found and unit is not None else None


def timespan_ticks(text: str) -> int | None:
    """Ticks of `1d`, `2.10:00:00`, `10:00`, `-1.5h` or a number of days; None if it is no timespan, or too long for one."""
    text = text.strip()
    short = _short_timespan(text)
    if short is not None:
        return short if -(1 << 63) <= short < 1 << 63 else None
    found = _FULL.match(text)
    if found is None or not text.strip("-"):
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.group(2, 3, 4, 5))
    fraction = int((found[6] or "0").ljust(7, "0"))
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    ticks = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * TICKS_PER_SECOND + fraction
    return None if ticks >> 63 else -ticks if found[1] else ticks


def datetime_micros(text: str) -> int | None:
    """Microseconds since 1970, UTC, of an ISO 8601 or RFC 822 moment; None if it is none."""
    text = text.strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment_or_none = _other_moment(text)
        if moment_or_none is None:
            return None
        moment = moment_or_none
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


_CLOCKS = ("%I:%M:%S %p", "%I:%M %p", "%H:%M:%S", "%H:%M")
_DATES = ("%Y-%m-%d", "%m/%d/%Y")
_TWELVE_HOURS = tuple(f"{date} {clock}" for date in _DATES for clock in _CLOCKS[:2])
_FORMATS = (*MOMENT_FORMATS, "%Y", "%Y/%m/%d", "%Y, %m, %d", *_TWELVE_HOURS)
_LOOSE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(\.\d+)?)?)?(Z?)$")

_SPACED = re.compile(r"(?<=\d) +- +(?=\d)")  # an unquoted 2017 - 08 - 01


def _other_moment(text: str) -> datetime | None:
    loose = _LOOSE.match(_SPACED.sub("-", text))
    if loose:
        year, month, day, hour, minute, second = (int(part or 0) for part in loose.group(1, 2, 3, 4, 5, 6))
        try:
            return datetime(year, month, day, hour, minute, second, int(float(loose[7] or 0) * 1_000_000))
        except ValueError:
            return None
    for pattern in _FORMATS:
        try:
            return datetime.strptime(text, pattern)
        except ValueError:
            continue
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None


def clock_ticks(text: str) -> int | None:
    """Ticks since midnight of `8:00:00 AM` or `20:15`; None if it is no time of day."""
    for pattern in _CLOCKS:
        try:
            time = datetime.strptime(text.strip(), pattern)
        except ValueError:
            continue
        return (time.hour * 3600 + time.minute * 60 + time.second) * TICKS_PER_SECOND
    return None


# ---------------------------------------------------------------- type(value)

_TYPED = re.compile(r"(\w+)\s*\((.*)\)$", re.DOTALL)


@rule("typed")
class Typed(Constant):
    """`int(5)`, `datetime(2024-01-01)`, `guid(..)`, `real(+inf)`, `timespan(null)`."""

    __slots__ = ()

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


@dataclass(slots=True)
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


def parse_constant(text: str, kind: ScalarType) -> object | None:
    """The value of a text as a type, None if it is none of that type."""
    try:
        match kind:
            case ScalarType.BOOL:
                return {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
            case ScalarType.INT | ScalarType.LONG:
                value = int(text, 0) if "x" in text.lower() else int(text)
                bits = 31 if kind is ScalarType.INT else 63
                return value if -(1 << bits) <= value < 1 << bits else None
            case ScalarType.REAL:
                return float(text)
            case ScalarType.DECIMAL:
                number = Decimal(text)
                return number if number.is_finite() else None
            case ScalarType.STRING:
                return text
            case ScalarType.DATETIME:
                return datetime_micros(text)
            case ScalarType.TIMESPAN:
                return timespan_ticks(text)
            case ScalarType.GUID:
                return str(UUID(text))
            case ScalarType.DYNAMIC:
                return text
    except (ValueError, InvalidOperation, OverflowError):
        return None


# ---------------------------------------------------------------- dynamic


@dataclass(slots=True)
class Json(Expression):
    """A part of a dynamic literal: any Python value that JSON can hold."""

    value: Any


@rule("dynamic")
class Dynamic(Constant):
    """`dynamic({"a": [1, null]})`; the literal holds canonical JSON text."""

    __slots__ = ()

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


def timespan_text(ticks: int) -> str:
    """Ticks as KQL prints them: [-][d.]hh:mm:ss[.fffffff]."""
    sign, ticks = ("-" if ticks < 0 else ""), abs(ticks)
    seconds, fraction = divmod(ticks, TICKS_PER_SECOND)
    days, seconds = divmod(seconds, 86_400)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return sign + (f"{days}." if days else "") + clock + (f".{fraction:07}" if fraction else "")


@rule("null")
class Null(Json):
    __slots__ = ()

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Json:
        return Json(None, span=span)


@rule("negative")
class Negative(Json):
    __slots__ = ()

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Json:
        sign, number = str(children[0]), str(children[1])
        value = float(number) if re.search(r"[.eE]", number) and not number.lower().startswith("0x") else _long(number, span)
        return Json(-value if sign == "-" else value, span=span)


@rule("array")
class Array(Json):
    __slots__ = ()

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Json:
        return Json([json_value(child) for child in children if child is not None], span=span)


@rule("bag")
class Bag(Json):
    __slots__ = ()

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Json:
        return Json(dict(child.value for child in children if child is not None), span=span)


@rule("pair")
class Pair(Json):
    __slots__ = ()

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Json:
        return Json((string_value(children[0]), json_value(children[1])), span=span)


@rule("quoted_name")
class QuotedName(Syntax):
    """`['a name']`: a NAME like any other."""

    __slots__ = ()

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Token:
        return Token("NAME", string_value(children[0]), start_pos=span.start, end_pos=span.end)
