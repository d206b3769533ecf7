"""Lines and points between two axes, drawn with braille dots: each character holds two by four."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from hunting.charts.chart import Chart
from kql.types import ScalarType

_Placed = tuple[tuple[int, int] | None, bool]  # the dot, None outside the axes; whether it is marked
Places = Sequence[tuple[float, float, bool]]  # x, y, whether it is marked

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # by row and column (Unicode: Braille Patterns)
COLOURS = (36, 33, 35, 32, 34, 31)  # of the terminal's own palette
_MARKED = 31
_DAY = 86_400
_STEPS = (
    *(1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200),
    *(_DAY * days for days in (1, 2, 5, 7, 14, 30, 90, 365)),
)
_APART = 16  # dots between a line's letters


class Canvas:
    """Characters on which dots are set; the last series to reach a character gives its colour."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.dots = [[0] * width for _ in range(height)]
        self.signs = [[""] * width for _ in range(height)]
        self.colours = [[0] * width for _ in range(height)]

    def dot(self, x: int, y: int, colour: int) -> None:
        """x from the left, y from the bottom, in dots."""
        column, row = x // 2, self.height - 1 - y // 4
        self.dots[row][column] |= _DOTS[3 - y % 4][x % 2]
        self.colours[row][column] = colour

    def sign(self, x: int, y: int, sign: str, colour: int) -> None:
        """A character of its own in the place of the dots."""
        column, row = x // 2, self.height - 1 - y // 4
        self.signs[row][column] = sign
        self.colours[row][column] = colour

    def line(self, start: tuple[int, int], end: tuple[int, int], colour: int) -> None:
        steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
        for step in range(steps + 1):
            at = [round(a + (b - a) * step / steps) for a, b in zip(start, end, strict=True)]
            self.dot(at[0], at[1], colour)

    def text(self, row: int, colour: bool) -> str:
        cells = zip(self.dots[row], self.signs[row], self.colours[row], strict=True)
        return "".join(_cell(dots, sign, paint if colour else 0) for dots, sign, paint in cells).rstrip()


def _cell(dots: int, sign: str, colour: int) -> str:
    shown = sign or (chr(0x2800 + dots) if dots else " ")
    return f"\x1b[{colour}m{shown}\x1b[0m" if colour and shown != " " else shown


def plot(chart: Chart, series: Sequence[Places], width: int, height: int, colour: bool) -> list[str]:
    """The lines of text of a plot with its axes."""
    if not any(series):
        return ["(nothing to draw)"]
    bounds = chart.bounds or {}
    xs = [_scaled(x, chart.log_x) for places in series for x, _, _ in places]
    ys = [_scaled(y, chart.log_y) for places in series for _, y, _ in places]
    left, right = _range(xs, bounds.get("xmin"), bounds.get("xmax"), chart.log_x)
    zero = [] if chart.kind == "scatterchart" else [0.0]
    low, high = _range([*ys, *zero], bounds.get("ymin"), bounds.get("ymax"), chart.log_y)
    if not chart.log_y and not {"ymin", "ymax"} & set(bounds):
        low, high, values = _round_numbers(low, high, height)
    else:
        values = [low + (high - low) * part / 3 for part in range(4)]
    figures = {round((high - y) / (high - low) * (height - 1)): figure(_unscaled(y, chart.log_y)) for y in values}
    margin = max(map(len, figures.values()))
    canvas = Canvas(width - margin - 2, height)

    def place(x: float, y: float) -> tuple[int, int] | None:
        across, up = (_scaled(x, chart.log_x) - left) / (right - left), (_scaled(y, chart.log_y) - low) / (high - low)
        if not (0 <= across <= 1 and 0 <= up <= 1):
            return None
        return round(across * (canvas.width * 2 - 1)), round(up * (height * 4 - 1))

    for number, places in enumerate(series):
        joined, lettered = chart.kind != "scatterchart", not colour and len(series) > 1
        _series(canvas, [(place(x, y), marked) for x, y, marked in places], number, joined, lettered)
    lines = [f"{figures.get(at, ''):>{margin}} {'┤' if at in figures else '│'}{canvas.text(at, colour)}" for at in range(height)]
    over_time = chart.x_type is ScalarType.DATETIME
    ticks = moment_ticks(left, right, canvas.width) if over_time else _number_ticks(left, right, canvas.width, chart.log_x)
    named = [chart.x_title.center(canvas.width).rstrip()] if chart.x_title and not over_time else []
    head = [chart.y_title] if chart.y_title else []
    return [*head, *lines, f"{'':>{margin}} └{ticks[0]}", *(f"{'':>{margin}}  {line}" for line in [*ticks[1:], *named])]


def _series(canvas: Canvas, places: Sequence[_Placed], number: int, joined: bool, lettered: bool) -> None:
    paint = COLOURS[number % len(COLOURS)]
    before: tuple[int, int] | None = None
    lettered_at = -_APART
    for at, _ in places:
        if at is not None:
            canvas.line(before if joined and before else at, at, paint)
        if at is not None and lettered and (not joined or at[0] >= lettered_at + _APART):
            canvas.sign(*at, letter(number), paint)
            lettered_at = at[0]
        before = at
    for at, marked in places:
        if at is not None and marked:
            canvas.sign(*at, "●", _MARKED)


def letter(number: int) -> str:
    """What tells a series where no colour does."""
    return chr(ord("a") + number)


def _range(values: Sequence[float], least: float | None, most: float | None, log: bool) -> tuple[float, float]:
    low = _scaled(least, log) if least is not None else min(values)
    high = _scaled(most, log) if most is not None else max(values)
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _scaled(value: float, log: bool) -> float:
    """On a logarithmic axis, one that bears zeros and negative numbers."""
    return math.copysign(math.log10(1 + abs(value)), value) if log else value


def _unscaled(value: float, log: bool) -> float:
    return math.copysign(10 ** abs(value) - 1, value) if log else value


def _round_numbers(low: float, high: float, height: int) -> tuple[float, float, list[float]]:
    """Bounds and labels of an axis, at round numbers."""
    step = _round_step((high - low) / max(2, height // 4))
    first, last = math.floor(low / step), math.ceil(high / step)
    return first * step, last * step, [at * step for at in range(first, last + 1)]


def _round_step(rough: float) -> float:
    """1, 2 or 5 times a power of ten, hardly less than `rough`."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.9)


def figure(value: float) -> str:
    """A number of few characters: 12,345; 0.125; 1.2e+09."""
    if value == int(value) and abs(value) < 1e12:
        return f"{value:,.0f}"
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}" if abs(value) < 1e9 else f"{value:.3g}"


def moment_form(span: float) -> str:
    """How moments of an axis of so many seconds are written; days alone where the hours do not matter."""
    return "%Y-%m-%d" if span >= 5 * _DAY else "%m-%d %H:%M" if span > 300 else "%H:%M:%S"


def moment_ticks(first: float, last: float, width: int) -> list[str]:
    """The time axis and its labels, in UTC, at whole steps of the clock."""
    form = moment_form(last - first)
    rough = (last - first) / _count(width, len(datetime.fromtimestamp(first, UTC).strftime(form)))
    step = next((each for each in _STEPS if each >= rough * 0.9), math.ceil(rough / _DAY) * _DAY)
    return _ticks(first, last, width, step, lambda at: datetime.fromtimestamp(at, UTC).strftime(form))


def _number_ticks(first: float, last: float, width: int, log: bool) -> list[str]:
    rough = (last - first) / _count(width, max(len(figure(_unscaled(at, log))) for at in (first, last)))
    return _ticks(first, last, width, _round_step(rough), lambda at: figure(_unscaled(at, log)))


def _count(width: int, label: int) -> int:
    return max(2, min(8, width // (label + 4)))


def _ticks(first: float, last: float, width: int, step: float, text: Callable[[float], str]) -> list[str]:
    """The axis and the labels under it: at the multiples of a step, or at both ends where hardly one lies between them.

    A label that would touch the one before is left out.
    """
    axis, labels = ["─"] * width, ""
    multiples = range(math.ceil(round(first / step, 6)), math.floor(round(last / step, 6)) + 1)
    for place in [number * step for number in multiples] if len(multiples) > 1 else [first, last]:
        at, shown = round((place - first) / (last - first or 1.0) * (width - 1)), text(place)
        axis[at] = "┬"
        start = min(max(at - len(shown) // 2, 0), max(width - len(shown), 0))
        labels = labels.ljust(start) + shown if start > len(labels) + 1 or not labels else labels
    return ["".join(axis), labels]
