"""Charts of measures: numbers over an axis, in series (pages: the visualizations of render)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from hunting.charts.chart import AXES, Chart, Point, check_count
from hunting.charts.columns import named, split_columns, x_axis
from hunting.charts.frame import NUMBERS, Frame, label, number
from hunting.errors import HuntingError
from kql.types import Column, ScalarType

_EMPTY = "(empty)"


def measured(chart: Chart, frame: Frame, asked: dict[str, Any]) -> Chart:
    """The chart with its points: each number of each row, or of the columns that are asked for."""
    x = x_axis(chart.kind, asked, frame.columns)
    flags = named(asked.get("anomalycolumns"), frame.columns)
    taken = {x.name, *(flag.name for flag in flags)}
    y = named(asked.get("ycolumns"), frame.columns) or [c for c in frame.columns if c.type in NUMBERS and c.name not in taken]
    if not y:
        raise HuntingError("There is no number to draw.", hint="Add a measure, for example with summarize count().")
    for column in y:
        if column.type not in NUMBERS:
            raise HuntingError(f"'{label(column.name)}' cannot be drawn: it is {column.type}, not a number.")
    taken |= {column.name for column in y}
    split = split_columns(asked, frame.columns, taken)
    check_count(len(frame.rows) * len(y))
    x_type = _axis_type(chart.kind, x)
    points = _points(frame, x, x_type, y, split, flags)
    if str(asked.get("accumulate", "")).lower() == "true":
        points = _accumulated(points)
    if chart.stacking and chart.kind in AXES:
        points = _filled(points)
    if chart.kind not in AXES:
        points = _arranged(chart.kind, points, _label_places(frame, x))
    seconds = " (seconds)" if y[0].type is ScalarType.TIMESPAN else ""
    return replace(
        chart,
        points=tuple(points),
        x_type=x_type,
        x_title=chart.x_title or label(x.name),
        y_title=chart.y_title or (label(y[0].name) + seconds if len(y) == 1 else ""),
        series_title=label(", ".join(column.name for column in split)),
    )


def _axis_type(kind: str, x: Column) -> ScalarType:
    if kind not in AXES:
        return ScalarType.STRING
    return ScalarType.DATETIME if x.type is ScalarType.DATETIME else ScalarType.REAL if x.type in NUMBERS else ScalarType.STRING


def _points(
    frame: Frame, x: Column, x_type: ScalarType, y: Sequence[Column], split: Sequence[Column], flags: Sequence[Column]
) -> list[Point]:
    labels = frame.texts(x)
    places = _places(frame, x, x_type, labels)
    names = [", ".join(parts) for parts in zip(*(frame.texts(column) for column in split), strict=True)]
    found = []
    for order, measure in enumerate(y):
        name = label(measure.name) if len(y) > 1 else ""
        flag = frame.values(flags[min(order, len(flags) - 1)]) if flags else [None] * len(labels)
        for at, value in enumerate(frame.values(measure)):
            series = ": ".join(part for part in (names[at] if names else "", name) if part)
            found.append(Point(places[at], labels[at] or _EMPTY, number(value, measure.type), series, bool(flag[at])))
    return [point for point in found if point.x is not None]


def _places(frame: Frame, x: Column, x_type: ScalarType, labels: list[str]) -> list[Any]:
    match x_type:
        case ScalarType.DATETIME:
            return frame.values(x)
        case ScalarType.REAL:
            return [number(value, x.type) for value in frame.values(x)]
        case _:
            return [text or _EMPTY for text in labels]


def _accumulated(points: Iterable[Point]) -> list[Point]:
    """Running sums, each series of its own, in the order of x."""
    sums: dict[str, float] = {}
    found = []
    for point in sorted(points, key=lambda point: _by_size(point.x)):
        sums[point.series] = sums.get(point.series, 0.0) + (point.y or 0.0)
        found.append(replace(point, y=sums[point.series]))
    return found


def _filled(points: Sequence[Point]) -> list[Point]:
    """Zeros where a series has no point and another has one: stacks stand on each other everywhere."""
    labels = {point.x: point.label for point in points}
    there = {(point.series, point.x) for point in points}
    names = dict.fromkeys(point.series for point in points)
    added = [Point(x, labels[x], 0.0, name) for name in names for x in labels if (name, x) not in there]
    return sorted([*points, *added], key=lambda point: _by_size(point.x))


def _by_size(x: datetime | float | str | None) -> tuple[bool, Any]:
    """Moments and numbers by size; texts stay as they come."""
    return (False, 0) if x is None or isinstance(x, str) else (True, x)


def _label_places(frame: Frame, x: Column) -> dict[str, int]:
    """Where on the axis each label stands: in order of time or number, else as they come."""
    pairs = [*zip(frame.values(x), frame.texts(x), strict=True)]
    if x.type in (*NUMBERS, ScalarType.DATETIME):
        pairs.sort(key=lambda pair: (pair[0] is not None, pair[0]))
    return {text or _EMPTY: place for place, text in enumerate(dict.fromkeys(text for _, text in pairs))}


def _arranged(kind: str, points: Sequence[Point], places: dict[str, int]) -> list[Point]:
    """Shares from the largest on; bars by their place on the axis, each group together."""
    if kind in ("piechart", "treemap"):
        return sorted(points, key=lambda point: -(point.y or 0.0))
    return sorted(points, key=lambda point: places[point.label])
