"""Which columns a chart puts where (pages: render operator, and those of its visualizations)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hunting.charts.frame import NUMBERS, Frame, frame_of, label, number
from hunting.errors import HuntingError
from hunting.result import Result
from kql.errors import closest
from kql.types import Column, ScalarType

DRAWN = (
    "anomalychart", "areachart", "barchart", "card", "columnchart", "ladderchart", "linechart", "piechart", "pivotchart",
    "scatterchart", "stackedareachart", "timechart", "timepivot", "treemap",
)  # fmt: skip
OVER_TIME = ("timechart", "anomalychart", "timepivot")
AXES = ("linechart", "areachart", "stackedareachart", "scatterchart", "timechart", "anomalychart")
MAX_POINTS = 50_000
_EMPTY = "(empty)"
_NAMES = (ScalarType.STRING, ScalarType.GUID, ScalarType.BOOL)


@dataclass(frozen=True, slots=True)
class Point:
    """One measure of one row.

    Attributes:
        x: a datetime, a number (timespans in seconds), or a text, as the chart's axis has it; None where there is none.
        label: x as text.
        y: None for a null and for what is not finite.
        series: the name of the line, the colour, the group; "" if there is one only.
        anomaly: an anomaly chart marks it.
        until: the end, of a ladder's step.
    """

    x: datetime | float | str | None
    label: str
    y: float | None
    series: str
    anomaly: bool = False
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """A result with its axes chosen.

    Attributes:
        kind: one of DRAWN.
        stacking: "", "stacked" or "stacked100".
        x_type: DATETIME, REAL or STRING: how the axis counts.
        title, x_title, y_title: labels; "" for none.
        series_title: what the series are.
        log_x, log_y: logarithmic axes.
        bounds: xmin, xmax, ymin, ymax as far as they are given.
        legend: whether one is shown.
        panels: each series has a plot of its own (ysplit).
        card: names and values, of a card.
    """

    kind: str
    points: tuple[Point, ...]
    x_type: ScalarType = ScalarType.STRING
    stacking: str = ""
    title: str = ""
    x_title: str = ""
    y_title: str = ""
    series_title: str = ""
    log_x: bool = False
    log_y: bool = False
    bounds: dict[str, float] | None = None
    legend: bool = True
    panels: bool = False
    card: tuple[tuple[str, str], ...] = ()

    @property
    def series(self) -> list[str]:
        """Names of the series, in the order of their coming."""
        return list(dict.fromkeys(point.series for point in self.points))


def asks_for_chart(result: Result) -> bool:
    """Whether the query ends with a `render` other than `render table`."""
    return bool(result.visualization) and _kind(result) != "table"


def _kind(result: Result) -> str:
    return str((result.visualization or {}).get("visualization", "")).lower()


def chart_of(result: Result) -> Chart:
    """The chart that a result's `render` asks for.

    Raises:
        HuntingError: there is no `render`, of a kind that is not drawn; it names missing columns; no columns fit.
    """
    kind = _kind(result)
    if kind in ("", "table"):
        raise HuntingError("The query asks for no chart.", hint="End it, for example, with | render timechart.")
    if kind not in DRAWN:
        raise HuntingError(f"A visualization of the kind '{kind}' is not drawn.", hint=f"Drawn: {', '.join(DRAWN)}.")
    asked = {key: value for key, value in (result.visualization or {}).items() if key != "visualization"}
    if len(result) > MAX_POINTS:
        raise _too_many(len(result))
    if not len(result):
        raise HuntingError("There are no rows to draw.")
    frame = frame_of(result)
    chart = _labelled(Chart(kind, ()), asked)
    match kind:
        case "card":
            return replace(chart, card=tuple((label(c.name), _card_text(frame, c)) for c in frame.columns))
        case "ladderchart":
            return _ladder(chart, frame)
        case "timepivot":
            return _pivot(chart, frame, asked)
        case _:
            return _measured(chart, frame, asked)


def _card_text(frame: Frame, column: Column) -> str:
    """A card's figure; whole numbers in groups of three digits."""
    value = frame.values(column)[0]
    return (
        f"{value:,}"
        if isinstance(value, int) and not isinstance(value, bool) and column.type is not ScalarType.TIMESPAN
        else frame.texts(column)[0]
    )


def _too_many(count: int) -> HuntingError:
    return HuntingError(f"{count:,} points are too many for a chart.", hint="Summarize, for example by bin(Timestamp, 1h).")


def _labelled(chart: Chart, asked: dict[str, Any]) -> Chart:
    """What the properties say without looking at the columns."""

    def word(name: str) -> str:
        return str(asked.get(name, "")).lower()

    return replace(
        chart,
        stacking=word("kind") if word("kind") in ("stacked", "stacked100") else "stacked" * (chart.kind == "stackedareachart"),
        title=label(str(asked.get("title", ""))),
        x_title=label(str(asked.get("xtitle", ""))),
        y_title=label(str(asked.get("ytitle", ""))),
        log_x=word("xaxis") == "log",
        log_y=word("yaxis") == "log",
        bounds={name: bound for name in ("xmin", "xmax", "ymin", "ymax") if (bound := _bound(asked, name)) is not None},
        legend=word("legend") != "hidden",
        panels=word("ysplit") in ("panels", "axes"),
    )


def _bound(asked: dict[str, Any], name: str) -> float | None:
    if name not in asked:
        return None
    try:
        found = float(asked[name])
    except (TypeError, ValueError):
        raise HuntingError(f"render: {name} must be a number, found '{asked[name]}'.") from None
    return found if math.isfinite(found) else None


# ---------------------------------------------------------------- charts of measures


def _measured(chart: Chart, frame: Frame, asked: dict[str, Any]) -> Chart:
    x = _x_axis(chart.kind, asked, frame.columns)
    flags = _named(asked.get("anomalycolumns"), frame.columns)
    taken = {x.name, *(flag.name for flag in flags)}
    y = _named(asked.get("ycolumns"), frame.columns) or [c for c in frame.columns if c.type in NUMBERS and c.name not in taken]
    if not y:
        raise HuntingError("There is no number to draw.", hint="Add a measure, for example with summarize count().")
    for column in y:
        if column.type not in NUMBERS:
            raise HuntingError(f"'{label(column.name)}' cannot be drawn: it is {column.type}, not a number.")
    taken |= {column.name for column in y}
    split = _named(asked.get("series"), frame.columns) or [c for c in frame.columns if c.type in _NAMES and c.name not in taken]
    if len(frame.rows) * len(y) > MAX_POINTS:
        raise _too_many(len(frame.rows) * len(y))
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


def _x_axis(kind: str, asked: dict[str, Any], columns: Sequence[Column]) -> Column:
    """The column that is named; else the first datetime of a chart over time, the first ordered one of a line; else the first."""
    if named := _named(asked.get("xcolumn"), columns):
        found: Column | None = named[0]
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


# ---------------------------------------------------------------- charts of moments


def _ladder(chart: Chart, frame: Frame) -> Chart:
    """Steps from one moment to the next: the last two datetime columns; all others name the step."""
    moments = [column for column in frame.columns if column.type is ScalarType.DATETIME][-2:]
    if len(moments) < 2:
        raise HuntingError("A ladderchart needs two datetime columns.", hint="Give the start and the end of each step.")
    names = _row_names(frame, [column for column in frame.columns if column not in moments])
    spans = zip(frame.values(moments[0]), frame.values(moments[1]), names, strict=True)
    points = tuple(Point(start, name, None, name, until=end) for start, end, name in spans if start and end)
    return replace(chart, points=points, x_type=ScalarType.DATETIME, x_title=chart.x_title or label(moments[0].name))


def _pivot(chart: Chart, frame: Frame, asked: dict[str, Any]) -> Chart:
    """Events on a time line, a row for each combination of names."""
    x = _x_axis(chart.kind, asked, frame.columns)
    split = _named(asked.get("series"), frame.columns) or [c for c in frame.columns if c.type in _NAMES and c.name != x.name]
    names = _row_names(frame, split)
    points = tuple(Point(at, name, None, name) for at, name in zip(frame.values(x), names, strict=True) if at)
    return replace(chart, points=points, x_type=ScalarType.DATETIME, x_title=chart.x_title or label(x.name))


def _row_names(frame: Frame, columns: Sequence[Column]) -> list[str]:
    if not columns:
        return [""] * len(frame.rows)
    return [", ".join(parts) for parts in zip(*(frame.texts(column) for column in columns), strict=True)]


def _named(names: Any, columns: Sequence[Column]) -> list[Column]:
    listed = [str(name) for name in names] if isinstance(names, list | tuple) else [str(names)] if names else []
    by_name = {column.name: column for column in columns}
    for name in listed:
        if name not in by_name:
            hint = closest(name, by_name) or f"It has: {label(', '.join(by_name))}."
            raise HuntingError(f"render names the column '{label(name)}', which the result does not have.", hint=hint)
    return [by_name[name] for name in listed]
