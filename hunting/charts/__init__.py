"""Charts: what `render` asks for, as one Vega-Lite spec for notebooks, pages and pictures, and as text for terminals."""

from __future__ import annotations

from hunting.charts.chart import Chart, Point
from hunting.charts.pictures import picture
from hunting.charts.rendered import asks_for_chart, chart_of
from hunting.charts.terminal import draw
from hunting.charts.vega import vega_lite

__all__ = ["Chart", "Point", "asks_for_chart", "chart_of", "draw", "picture", "vega_lite"]
