"""The chart that a query asks for with render (pages: render operator, and those of its visualizations)."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from hunting.charts.chart import DRAWN, Chart, check_count
from hunting.charts.frame import Frame, frame_of, label
from hunting.charts.measures import measured
from hunting.charts.moments import ladder, pivot
from hunting.errors import HuntingError
from hunting.result import Result
from kql.types import Column, ScalarType


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
    check_count(len(result))
    if not len(result):
        raise HuntingError("There are no rows to draw.")
    frame = frame_of(result)
    chart = _labelled(Chart(kind, ()), asked)
    match kind:
        case "card":
            return replace(chart, card=tuple((label(c.name), _card_text(frame, c)) for c in frame.columns))
        case "ladderchart":
            return ladder(chart, frame)
        case "timepivot":
            return pivot(chart, frame, asked)
        case _:
            return measured(chart, frame, asked)


def _card_text(frame: Frame, column: Column) -> str:
    """A card's figure; whole numbers in groups of three digits."""
    value = frame.values(column)[0]
    return (
        f"{value:,}"
        if isinstance(value, int) and not isinstance(value, bool) and column.type is not ScalarType.TIMESPAN
        else frame.texts(column)[0]
    )


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
