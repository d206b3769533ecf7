"""Charts of moments: steps and events on a time line (pages: ladderchart, timepivot)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hunting.charts.chart import Chart, Point
from hunting.charts.columns import split_columns, x_axis
from hunting.charts.frame import Frame, label
from hunting.errors import HuntingError
from kql.types import Column, ScalarType


def ladder(chart: Chart, frame: Frame) -> Chart:
    """Steps from one moment to the next: the last two datetime columns; all others name the step."""
    moments = [column for column in frame.columns if column.type is ScalarType.DATETIME][-2:]
    if len(moments) < 2:
        raise HuntingError("A ladderchart needs two datetime columns.", hint="Give the start and the end of each step.")
    names = _row_names(frame, [column for column in frame.columns if column not in moments])
    spans = zip(frame.values(moments[0]), frame.values(moments[1]), names, strict=True)
    points = tuple(Point(start, name, None, name, until=end) for start, end, name in spans if start and end)
    return replace(chart, points=points, x_type=ScalarType.DATETIME, x_title=chart.x_title or label(moments[0].name))


def pivot(chart: Chart, frame: Frame, asked: dict[str, Any]) -> Chart:
    """Events on a time line, a row for each combination of names."""
    x = x_axis(chart.kind, asked, frame.columns)
    split = split_columns(asked, frame.columns, {x.name})
    names = _row_names(frame, split)
    points = tuple(Point(at, name, None, name) for at, name in zip(frame.values(x), names, strict=True) if at)
    return replace(chart, points=points, x_type=ScalarType.DATETIME, x_title=chart.x_title or label(x.name))


def _row_names(frame: Frame, columns: Sequence[Column]) -> list[str]:
    if not columns:
        return [""] * len(frame.rows)
    return [", ".join(parts) for parts in zip(*(frame.texts(column) for column in columns), strict=True)]
