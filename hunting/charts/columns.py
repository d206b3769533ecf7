"""Which columns a chart puts where (page: render operator)."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

from hunting.charts.chart import AXES, OVER_TIME
from hunting.charts.frame import NUMBERS, label
from hunting.errors import HuntingError
from kql.errors import closest
from kql.types import Column, ScalarType

_NAMES = (ScalarType.STRING, ScalarType.GUID, ScalarType.BOOL)


def x_axis(kind: str, asked: dict[str, Any], columns: Sequence[Column]) -> Column:
    """The column that is named; else the first datetime of a chart over time, the first ordered one of a line; else the first."""
    if chosen := named(asked.get("xcolumn"), columns):
        found: Column | None = chosen[0]
    elif kind in OVER_TIME:
        found = next((column for column in columns if column.type is ScalarType.DATETIME), None)
    elif kind in AXES:
        ordered = (column for column in columns if column.type in (*NUMBERS, ScalarType.DATETIME))
        found = next(ordered, columns[0])
    else:
        found = columns[0]
    if found is None or (kind in OVER_TIME and found.type is not ScalarType.DATETIME):
        raise HuntingError(f"A {kind} needs a datetime column.", hint="Summarize by bin(Timestamp, 1h).")
    return found


def split_columns(asked: dict[str, Any], columns: Sequence[Column], taken: Container[str]) -> list[Column]:
    """The columns that tell the series: those that are named, else all with names that are not taken."""
    return named(asked.get("series"), columns) or [c for c in columns if c.type in _NAMES and c.name not in taken]


def named(names: Any, columns: Sequence[Column]) -> list[Column]:
    """The columns of these names, or of this one.

    Raises:
        HuntingError: there is none of a name.
    """
    listed = [str(name) for name in names] if isinstance(names, list | tuple) else [str(names)] if names else []
    by_name = {column.name: column for column in columns}
    for name in listed:
        if name not in by_name:
            hint = closest(name, by_name) or f"It has: {label(', '.join(by_name))}."
            raise HuntingError(f"render names the column '{label(name)}', which the result does not have.", hint=hint)
    return [by_name[name] for name in listed]
