"""Values of a result as text: for people, for Markdown, CSV and JSON; hostile text is shown or disarmed, never obeyed.

Texts in a result come from mails: whoever sends one chooses them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa

from hunting.result import Result, listed, of_type
from kql.constants import timespan_text
from kql.types import ScalarType

BATCH = 10_000
"""Rows that are made text at a time."""
_LONGEST = 500  # characters of a text for readers: pages and PDF take very long over a cell of thousands
_QUOTED = (ScalarType.STRING, ScalarType.DYNAMIC, ScalarType.GUID)

# ---------------------------------------------------------------- values as text


def text_of(value: Any, kind: ScalarType) -> str:
    """A value as people read it: 2026-11-21 10:00:00, 1.02:03:04, true; a null is empty.

    Args:
        value: as `values_of` yields it.
    """
    if value is None:
        return ""
    match kind:
        case ScalarType.BOOL:
            return "true" if value else "false"
        case ScalarType.DATETIME:
            return _datetime(value, " ")
        case ScalarType.TIMESPAN:
            return timespan_text(value)
        case ScalarType.REAL:
            return _real(value).removesuffix(".0")
        case ScalarType.DECIMAL:
            return _decimal(value)
        case _:
            return str(value)


def figure_text(value: Any, kind: ScalarType) -> str:
    """A value in a report: as `text_of`, but thousands are separated, fractions cut to two digits (below 0.01: three that
    count), and moments cut to seconds; midnight is a day; a long text is cut to 500 characters, with a mark."""
    match kind:
        case ScalarType.INT | ScalarType.LONG if value is not None:
            return f"{value:,}"
        case ScalarType.REAL | ScalarType.DECIMAL if value is not None and math.isfinite(value):
            if value and abs(value) < 0.01:
                return f"{float(value):.3g}"
            return f"{value:,.2f}".rstrip("0").rstrip(".")
        case ScalarType.DATETIME if value is not None:
            return f"{value:%Y-%m-%d}" if value.time() == time.min else f"{value:%Y-%m-%d %H:%M:%S}"
        case _:
            text = text_of(value, kind)
            return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def figures_of(result: Result) -> Iterator[list[str]]:
    """The rows as `figure_text`; a column of moments that are not all midnights shows the time of each."""
    whole = [
        column.type is not ScalarType.DATETIME or all(value is None or value.time() == time.min for value in listed(values))
        for column, values in zip(result.schema, result.table.columns, strict=True)
    ]
    for batch in values_of(result):
        for row in batch:
            yield [
                figure_text(value, column.type) if days or value is None else f"{value:%Y-%m-%d %H:%M:%S}"
                for value, column, days in zip(row, result.schema, whole, strict=True)
            ]


def _datetime(value: datetime, between: str) -> str:
    whole, _, fraction = value.replace(tzinfo=None).isoformat(between).partition(".")
    return f"{whole}.{fraction.rstrip('0')}" if fraction else whole


def _real(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "-Infinity" if value < 0 else "Infinity"


def _decimal(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def values_of(result: Result) -> Iterator[list[tuple[Any, ...]]]:
    """The rows, batch by batch: Python values, but timespans as ticks, guids and dynamics as text."""
    columns = [
        of_type(result.stored.column(at), pa.int64()) if column.type is ScalarType.TIMESPAN else result.column(at)
        for at, column in enumerate(result.schema)
    ]
    for start in range(0, len(result), BATCH):
        parts = [listed(column.slice(start, BATCH)) for column in columns]
        yield list(zip(*parts, strict=True))


def texts_of(result: Result) -> Iterator[list[str]]:
    """The rows as `text_of`."""
    kinds = [column.type for column in result.schema]
    for batch in values_of(result):
        for row in batch:
            yield [text_of(value, kind) for value, kind in zip(row, kinds, strict=True)]


# ---------------------------------------------------------------- hostile text


def visible(text: str, keep: str = "") -> str:
    """Text with every character that is not printable (control, bidirectional, invisible) shown instead: ␛, ⟨U+202E⟩."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else _shown(c) for c in text)


def _shown(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"


# A spreadsheet runs a cell that begins so, in full width too. On import some skip blanks and what nobody sees.
_UNSEEN = (
    r"\x00-\x08\x0b\x0c\x0e-\x20\x7f-\xa0\xad\u034f\u061c\u1680\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000"
    r"\ufe00-\ufe0f\ufeff\ufff0-\ufffb\U000e0000-\U000e0fff"
)
_FORMULA = re.compile(rf"'*[\t\r\n{_UNSEEN}]*[=+\-@\t\r\n＝＋－＠]")
# One that splits at semicolons or tabs sees cells inside this one, and our quotes in them. No formula begins like a smiley.
_INNER = re.compile(rf"(?<=[;\t\r\n])(?=['\"{_UNSEEN}]*[=+\-@＝＋－＠](?!\)))")


def disarmed(cell: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe in front of what begins with =, +, -, @, tab or line end.

    So too inside it, behind a semicolon, tab or line end (but not `;-)`), where the spreadsheets of some countries begin a cell.
    Nothing is lost: where apostrophes and then such a character begin a cell, one apostrophe is ours.
    """
    inner = _INNER.sub("'", cell)
    return f"'{inner}" if _FORMULA.match(cell) else inner


_ACTIVE = re.compile(r"[\\`*_\[\]<>|&~!$#]|(?<=\b[wW]{3})\.|:(?=//)")


def markdown_text(text: str) -> str:
    """Text that stays text in Markdown: no markup, no HTML, no picture fetched, no link to click."""
    return _ACTIVE.sub(lambda found: "\\" + found[0], visible(text))


_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


def json_safe(line: str) -> str:
    """JSON with every character escaped that is not printable: the same value, harmless on a terminal."""
    return line if line.isprintable() else _UNPRINTABLE.sub(lambda found: _escaped(found[0]), line)


def _escaped(char: str) -> str:
    return char if char.isprintable() else json.dumps(char)[1:-1] if char != "\x7f" else "\\u007f"


# ---------------------------------------------------------------- values as data


def csv_text(value: Any, kind: ScalarType) -> str:
    if kind is ScalarType.DATETIME and value is not None:
        return _iso(value)
    text = text_of(value, kind)
    return disarmed(text) if kind in _QUOTED else text


def json_text(value: Any, kind: ScalarType) -> str:
    """A value in JSON: decimals and what is not finite as text, so that nothing is rounded; dynamics as they are."""
    match kind:
        case _ if value is None:
            return "null"
        case ScalarType.BOOL:
            return "true" if value else "false"
        case ScalarType.INT | ScalarType.LONG:
            return str(value)
        case ScalarType.REAL if math.isfinite(value):
            return repr(value)
        case ScalarType.DYNAMIC:
            return str(value)
        case ScalarType.DATETIME:
            return f'"{_iso(value)}"'
        case _:
            return json.dumps(_real(value) if kind is ScalarType.REAL else text_of(value, kind), ensure_ascii=False)


def _iso(value: datetime) -> str:
    return _datetime(value, "T") + "Z"
