"""A chart as a Vega-Lite spec: a plain dict with its data inside, which needs no network to be drawn.

Names and texts of the data never become field names or expressions: the fields are x, y, series, label, always.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from hunting.charts.chart import Chart, Point
from hunting.charts.plot import moment_form
from hunting.charts.rendered import chart_of
from hunting.charts.treemap import tiles
from hunting.result import Result
from kql.types import ScalarType

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
MIME = "application/vnd.vegalite.v6+json"
_HEIGHT, _WIDTH, _ROW, _LETTER, _LABEL = 320, 720, 22, 6, 320  # pixels
_MARKS: dict[str, dict[str, Any]] = {
    "linechart": {"type": "line", "point": {"size": 20}},
    "timechart": {"type": "line", "point": {"size": 20}},
    "anomalychart": {"type": "line"},
    "areachart": {"type": "area", "opacity": 0.6},
    "stackedareachart": {"type": "area"},
    "scatterchart": {"type": "point", "filled": True},
}
_LOOK = {"title": {"anchor": "start", "offset": 12}}
# Vega measures a text again for each letter that it cuts: 100 subjects took five seconds. The characters are cut first.
_CUT = {"labelLimit": _LABEL, "labelExpr": "truncate(datum.label, 48)"}
_ROW_HEADER = {"labelAngle": 0, "labelAlign": "left", **_CUT}
_STACK = {"stacked": "zero", "stacked100": "normalize"}
_TIME = {"type": "temporal", "scale": {"type": "utc"}}  # moments are UTC, wherever the chart is looked at


def vega_lite(result: Result) -> dict[str, Any]:
    """The spec of the chart that a result's `render` asks for.

    Raises:
        HuntingError: as `chart_of`.
    """
    return spec_of(chart_of(result))


def spec_of(chart: Chart) -> dict[str, Any]:
    """The Vega-Lite spec of a chart."""
    spec: dict[str, Any] = {"$schema": SCHEMA, "width": _WIDTH, "height": _HEIGHT, "padding": 12, "config": _LOOK}
    spec |= {"title": chart.title} if chart.title else {}
    spec |= {"data": {"values": [_datum(point) for point in chart.points]}}
    match chart.kind:
        case "card":
            return {**spec, **_card(chart)}
        case "piechart":
            return {**spec, "mark": {"type": "arc"}, "encoding": _pie(chart)}
        case "treemap":
            return {**spec, **_treemap(chart)}
        case "ladderchart" | "timepivot":
            return {**spec, **_rows(chart)}
        case "barchart" | "columnchart" | "pivotchart":
            return {**spec, "mark": {"type": "bar"}, "encoding": _bars(chart), **_panels(chart)}
        case "anomalychart":
            return {**spec, **_anomalies(chart)}
        case _:
            return {**spec, "mark": _MARKS[chart.kind], "encoding": _axes(chart), **_panels(chart)}


def _datum(point: Point) -> dict[str, Any]:
    datum: dict[str, Any] = {"x": _value(point.x), "y": point.y, "series": point.series, "label": point.label}
    datum |= {"anomaly": True} if point.anomaly else {}
    return datum | ({"until": _value(point.until)} if point.until else {})


def _value(value: datetime | float | str | None) -> float | str | None:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


# ---------------------------------------------------------------- encodings


def _axes(chart: Chart) -> dict[str, Any]:
    kinds: dict[ScalarType, dict[str, Any]] = {ScalarType.DATETIME: _TIME, ScalarType.REAL: {"type": "quantitative"}}
    x: dict[str, Any] = {"type": "ordinal", "sort": None, **kinds.get(chart.x_type, {})}
    if chart.x_type is ScalarType.REAL:
        x["scale"] = {**_scale(chart, "x"), "zero": False}
    x |= {"field": "x", "title": chart.x_title} | _moments(chart)
    # Without this, areas are stacked: those of an area chart lie one before the other.
    return {"x": x, "y": {**_measure(chart), "stack": _STACK.get(chart.stacking)}, **_color(chart), **_tooltip(chart)}


def _moments(chart: Chart) -> dict[str, Any]:
    """Labels of a time axis: the same form along the whole axis, with hours from 0 to 23."""
    times = [at.timestamp() for point in chart.points for at in (point.x, point.until) if isinstance(at, datetime)]
    return {"axis": {"format": moment_form(max(times) - min(times)), "labelOverlap": "greedy"}} if times else {}


def _bars(chart: Chart) -> dict[str, Any]:
    """Columns stand, bars lie; several series stand side by side unless they are to be stacked."""
    along, across = ("y", "x") if chart.kind == "barchart" else ("x", "y")
    room = sum(len(name) + 2 for name in {point.label for point in chart.points}) * _LETTER
    angle = 0 if along == "y" or room <= _WIDTH else -45
    encoding: dict[str, Any] = {
        along: {
            "field": "x",
            "type": "ordinal",
            "sort": None,
            "title": chart.x_title,
            "axis": {"labelAngle": angle, **_CUT},
        },
        across: {**_measure(chart), "stack": _STACK.get(chart.stacking)},
        **_color(chart),
        **_tooltip(chart),
    }
    if not chart.stacking and len(chart.series) > 1:
        encoding[f"{along}Offset"] = {"field": "series", "sort": None}
    return encoding


def _measure(chart: Chart) -> dict[str, Any]:
    return {"field": "y", "type": "quantitative", "title": chart.y_title, "scale": _scale(chart, "y")}


def _scale(chart: Chart, axis: str) -> dict[str, Any]:
    """A logarithmic axis must bear zeros and negative numbers: symlog."""
    bounds = chart.bounds or {}
    scale: dict[str, Any] = {"type": "symlog"} if (chart.log_x if axis == "x" else chart.log_y) else {}
    limits = ((f"{axis}min", "domainMin"), (f"{axis}max", "domainMax"))
    return scale | {key: bounds[name] for name, key in limits if name in bounds}


def _color(chart: Chart) -> dict[str, Any]:
    if chart.series in ([], [""]):
        return {}
    legend: dict[str, Any] | None = None
    if chart.legend and not chart.panels:  # a panel has its series' name beside it
        legend = {"title": chart.series_title, **_CUT}
    return {"color": {"field": "series", "type": "nominal", "sort": None, "legend": legend}}


def _tooltip(chart: Chart, **more: str) -> dict[str, Any]:
    names = {"label": chart.x_title, "y": chart.y_title or "Value", "series": chart.series_title or "Series", **more}
    if chart.series in ([], [""]):
        del names["series"]
    kinds = {"y": "quantitative"}
    return {"tooltip": [{"field": f, "type": kinds.get(f, "nominal"), "title": _heading(n)} for f, n in names.items()]}


def _heading(name: str) -> str:
    """The usual tooltip would load the value under the heading `image` as a picture."""
    return name.capitalize() if name in ("image", "title") else name


def _panels(chart: Chart) -> dict[str, Any]:
    """Facets, one under another, each with its own scale."""
    if not chart.panels or len(chart.series) < 2:
        return {}
    inner = {"height": max(_HEIGHT // len(chart.series), 80), "resolve": {"scale": {"y": "independent"}}}
    encoding = _bars(chart) if chart.kind not in _MARKS else _axes(chart)
    return {
        **inner,
        "encoding": {**encoding, "row": {"field": "series", "type": "nominal", "sort": None, "title": "", "header": _ROW_HEADER}},
    }


# ---------------------------------------------------------------- charts of another shape


def _pie(chart: Chart) -> dict[str, Any]:
    legend = {"title": chart.x_title, **_CUT} if chart.legend else None
    return {
        "theta": {"field": "y", "type": "quantitative", "stack": True},
        "color": {"field": "label", "type": "nominal", "sort": None, "legend": legend},
        "order": {"field": "y", "sort": "descending"},
        **_tooltip(chart),
    }


def _card(chart: Chart) -> dict[str, Any]:
    """Figures side by side, each as wide as its text, in letters that fit."""
    lengths = [max(len(value), len(name) // 2) + 2 for name, value in chart.card]
    size = max(12, min(40, int(_WIDTH / (sum(lengths) * 0.6))))
    middles = [(sum(lengths[:at]) + length / 2) / sum(lengths) for at, length in enumerate(lengths)]
    values = [{"x": x, "label": name, "value": value} for x, (name, value) in zip(middles, chart.card, strict=True)]
    place = {"x": {"field": "x", "type": "quantitative", "axis": None, "scale": {"domain": [0, 1], "nice": False}}}
    looks = (("value", {"fontSize": size, "dy": -12}), ("label", {"fontSize": min(size, 14), "dy": 24, "color": "#666"}))
    layers = [
        {"mark": {"type": "text", **look}, "encoding": {**place, "text": {"field": field, "type": "nominal"}}}
        for field, look in looks
    ]
    return {"height": 120, "data": {"values": values}, "layer": layers, "config": {**_LOOK, "view": {"stroke": None}}}


def _treemap(chart: Chart) -> dict[str, Any]:
    """Areas as large as the measure; Vega-Lite only draws the tiles."""
    sizes: dict[str, float] = defaultdict(float)
    for point in chart.points:
        name = ", ".join(part for part in (point.label, point.series) if part)
        sizes[name] += max(point.y or 0.0, 0.0)
    values = [
        {"label": name, "y": sizes[name], "x0": left, "x1": left + width, "y0": top, "y1": top + height}
        | {"text": _fitting(name, width, height), "size": f"{sizes[name]:,.6g}" if height > 2 * _ROW and width > 60 else ""}
        for name, (left, top, width, height) in tiles(sizes, _WIDTH, _HEIGHT).items()
    ]
    corner = {
        "x": {"field": "x0", "type": "quantitative", "axis": None, "scale": {"domain": [0, _WIDTH], "nice": False}},
        "y": {"field": "y0", "type": "quantitative", "axis": None, "scale": {"domain": [_HEIGHT, 0], "nice": False}},
    }
    edges = {**corner, "x2": {"field": "x1"}, "y2": {"field": "y1"}}
    color = {"field": "label", "type": "nominal", "sort": None, "legend": None}
    look = {"type": "text", "align": "left", "baseline": "top", "dx": 4}
    return {
        "data": {"values": values},
        "layer": [
            {"mark": {"type": "rect", "stroke": "white"}, "encoding": {**edges, "color": color, **_tooltip(chart)}},
            {"mark": {**look, "dy": 4}, "encoding": {**corner, "text": {"field": "text"}}},
            {"mark": {**look, "dy": 20, "opacity": 0.7}, "encoding": {**corner, "text": {"field": "size"}}},
        ],
    }


def _fitting(name: str, width: float, height: float) -> str:
    """As much of a name as a tile of so many pixels holds; nothing where it would be no name any more."""
    room = int((width - 8) / _LETTER)
    if room < 4 or height < _ROW * 0.8:
        return ""
    return name if len(name) <= room else name[: room - 1] + "…"


def _rows(chart: Chart) -> dict[str, Any]:
    """Events and steps on a time line, a row for each name."""
    ladder = chart.kind == "ladderchart"
    encoding: dict[str, Any] = {
        "x": {"field": "x", **_TIME, "title": chart.x_title, **_moments(chart)},
        "y": {"field": "series", "type": "nominal", "sort": None, "title": "", "axis": _CUT},
        "tooltip": [{"field": "series", "type": "nominal", "title": "Row"}, {"field": "x", "type": "nominal", "title": "At"}],
    }
    if ladder:
        encoding["x2"] = {"field": "until"}
    return {"height": {"step": _ROW}, "mark": {"type": "bar" if ladder else "tick"}, "encoding": encoding}


def _anomalies(chart: Chart) -> dict[str, Any]:
    encoding = _axes(chart)
    points = {key: encoding[key] for key in ("x", "y", "tooltip")}
    marked = {"type": "point", "filled": True, "size": 70, "color": "#d62728"}
    return {
        "layer": [
            {"mark": _MARKS["anomalychart"], "encoding": encoding},
            {"transform": [{"filter": "datum.anomaly"}], "mark": marked, "encoding": points},
        ]
    }
