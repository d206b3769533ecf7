"""A result as columns of drawable values: series of `make-series` become rows, dynamics get the type of what they hold."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hunting.cells import text_of, values_of, visible
from hunting.result import Result
from kql.types import Column, ScalarType

NUMBERS = (ScalarType.INT, ScalarType.LONG, ScalarType.REAL, ScalarType.DECIMAL, ScalarType.TIMESPAN)
_LONGEST = 120  # characters of a label


@dataclass(frozen=True, slots=True)
class Frame:
    """Columns and rows; timespans are ticks, guids text, what is still dynamic is JSON text."""

    columns: tuple[Column, ...]
    rows: list[tuple[Any, ...]]

    def values(self, column: Column) -> list[Any]:
        at = self.columns.index(column)
        return [row[at] for row in self.rows]

    def texts(self, column: Column) -> list[str]:
        """The values as labels: short, printable, moments as short as they all can be."""
        values = self.values(column)
        if column.type is ScalarType.DATETIME:
            whole = all(value is None or value.time() == datetime.min.time() for value in values)
            return ["" if value is None else f"{value:%Y-%m-%d}" if whole else f"{value:%Y-%m-%d %H:%M:%S}" for value in values]
        return [label(text_of(value, column.type)) for value in values]


def label(text: str) -> str:
    """A text of the data as it may stand in a picture: every character seen, none obeyed, of bounded length."""
    shown = visible(text[: _LONGEST + 1])
    return shown if len(text) <= _LONGEST else shown[:_LONGEST] + "…"


def number(value: Any, kind: ScalarType) -> float | None:
    """A measure: timespans in seconds; None for what is not finite."""
    if value is None:
        return None
    found = value / 10_000_000 if kind is ScalarType.TIMESPAN else float(value)
    return found if found == found and abs(found) != float("inf") else None


def frame_of(result: Result) -> Frame:
    """The result with its arrays unrolled, side by side, and its dynamics typed."""
    dynamic = [at for at, column in enumerate(result.schema) if column.type is ScalarType.DYNAMIC]
    rows = [row for batch in values_of(result) for row in batch]
    if not dynamic:
        return Frame(tuple(result.schema), rows)
    loaded = [_loaded(row, dynamic) for row in rows]
    arrays = [at for at in dynamic if any(isinstance(row[at], list) for row in loaded)]
    if arrays:
        loaded = [part for row in loaded for part in _unrolled(row, arrays)]
    columns = list(result.schema)
    for at in dynamic:
        kind, values = _typed([row[at] for row in loaded])
        columns[at] = Column(columns[at].name, kind)
        for row, value in zip(loaded, values, strict=True):
            row[at] = value
    return Frame(tuple(columns), [tuple(row) for row in loaded])


def _loaded(row: tuple[Any, ...], dynamic: Sequence[int]) -> list[Any]:
    values = list(row)
    for at in dynamic:
        values[at] = None if values[at] is None else json.loads(values[at])
    return values


def _unrolled(row: list[Any], arrays: Sequence[int]) -> list[list[Any]]:
    """One row for each place of the arrays; a shorter one has nulls."""
    length = max((len(row[at]) for at in arrays if isinstance(row[at], list)), default=0)
    return [[_at(value, place) if at in arrays else value for at, value in enumerate(row)] for place in range(length)]


def _at(value: Any, place: int) -> Any:
    if not isinstance(value, list):
        return value
    return value[place] if place < len(value) else None


def _typed(values: list[Any]) -> tuple[ScalarType, list[Any]]:
    """The type that all values have: numbers, moments, else text."""
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in present):
        return ScalarType.REAL, [None if value is None else float(value) for value in values]
    moments = [_moment(value) for value in values]
    if present and sum(moment is not None for moment in moments) == len(present):
        return ScalarType.DATETIME, moments
    return ScalarType.STRING, [
        value if isinstance(value, str | None) else json.dumps(value, ensure_ascii=False) for value in values
    ]


def _moment(value: Any) -> datetime | None:
    """A datetime inside a dynamic is text: 2026-11-21T10:00:00.0000000Z."""
    if not isinstance(value, str) or len(value) < 10 or value[4:5] != "-":
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
