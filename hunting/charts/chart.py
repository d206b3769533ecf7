"""A chart: points and what stands at its axes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hunting.errors import HuntingError
from kql.types import ScalarType

DRAWN = (
    "anomalychart", "areachart", "barchart", "card", "columnchart", "ladderchart", "linechart", "piechart", "pivotchart",
    "scatterchart", "stackedareachart", "timechart", "timepivot", "treemap",
)  # fmt: skip
OVER_TIME = ("timechart", "anomalychart", "timepivot")
AXES = ("linechart", "areachart", "stackedareachart", "scatterchart", "timechart", "anomalychart")
MAX_POINTS = 50_000


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


def check_count(count: int) -> None:
    """Refuses more points than a chart can show."""
    if count > MAX_POINTS:
        message = f"{count:,} points are too many for a chart."
        raise HuntingError(message, hint="Summarize, for example by bin(Timestamp, 1h).")
