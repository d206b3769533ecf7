"""A chart as text for the terminal: bars of block characters, lines and points of braille dots. Needs no package."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from rich.cells import cell_len, set_cell_size

from hunting.charts.chart import AXES, Chart
from hunting.charts.plot import COLOURS, Places, figure, letter, moment_ticks, plot
from hunting.charts.rendered import chart_of
from hunting.result import Result
from kql.types import ScalarType

_MAX_BARS = 40
_MAX_SERIES = 12


def draw(result: Result, width: int = 100, height: int = 20, colour: bool = False) -> str:
    """The chart that a result's `render` asks for.

    Args:
        width, height: characters and lines; bars take a line each, whatever the height.
        colour: series differ in colour; without it, where there are several, in their letter.

    Raises:
        HuntingError: as `chart_of`.
    """
    chart = chart_of(result)
    width, height = max(width, 40), max(height, 6)
    if chart.kind == "card":
        lines = _card(chart, colour)
    elif chart.kind in ("timepivot", "ladderchart"):
        lines = _rows(chart, width)
    elif chart.kind in AXES and chart.x_type is not ScalarType.STRING:
        lines = _panels(chart, width, height, colour) if chart.panels else _lines(chart, width, height, colour)
    elif chart.stacking and len(chart.series) > 1:
        lines = _stacked_bars(chart, width, colour)
    else:
        lines = _bars(chart, width, colour)
    heading = [_emphasised(set_cell_size(chart.title, min(cell_len(chart.title), width)), colour)] if chart.title else []
    return "\n".join([*heading, *lines]) + "\n"


def _emphasised(text: str, colour: bool) -> str:
    return f"\x1b[1m{text}\x1b[0m" if colour else text


def painted(text: str, number: int, colour: bool) -> str:
    return f"\x1b[{COLOURS[number % len(COLOURS)]}m{text}\x1b[0m" if colour else text


def _card(chart: Chart, colour: bool) -> list[str]:
    widths = [max(cell_len(name), cell_len(value)) for name, value in chart.card]
    values = "   ".join(_emphasised(_padded(value, size), colour) for (_, value), size in zip(chart.card, widths, strict=True))
    return [values.rstrip(), "   ".join(_padded(name, size) for (name, _), size in zip(chart.card, widths, strict=True)).rstrip()]


# ---------------------------------------------------------------- bars


def _bars(chart: Chart, width: int, colour: bool) -> list[str]:
    """A line for each bar, the longest as wide as there is room; shares too, where only the whole makes sense."""
    points = [point for point in chart.points if point.y is not None]
    if not points:
        return ["(nothing to draw)"]
    order = {name: number for number, name in enumerate(chart.series)}
    shown = points[:_MAX_BARS]
    values = [point.y or 0.0 for point in shown]
    total = sum(max(point.y or 0.0, 0.0) for point in points)
    shares = chart.kind in ("piechart", "treemap") and total > 0
    figures = [figure(value) + (f" {value / total:6.1%}" if shares else "") for value in values]
    labels = _bar_labels([(point.label, point.series) for point in shown])
    margin = min(max(map(cell_len, labels)), width // 2)
    space = max(width - margin - max(map(cell_len, figures)) - 2, 5)
    lengths = [math.log10(1 + abs(value)) if chart.log_y else abs(value) for value in values]
    longest = max(lengths) or 1.0
    lines = [
        f"{_padded(text, margin)} {painted(_bar(length / longest * space), order[point.series], colour)} {shown_value}"
        for text, length, shown_value, point in zip(labels, lengths, figures, shown, strict=True)
    ]
    return [*lines, *([f"… {len(points) - len(shown):,} more"] if len(points) > len(shown) else [])]


def _stacked_bars(chart: Chart, width: int, colour: bool) -> list[str]:
    """A line for each label, its series one behind another: in colours, or in letters."""
    stacks: dict[str, dict[str, float]] = {}
    for point in chart.points:
        stack = stacks.setdefault(point.label, {})
        stack[point.series] = stack.get(point.series, 0.0) + max(point.y or 0.0, 0.0)
    shown = dict(list(stacks.items())[:_MAX_BARS])
    totals = {name: sum(stack.values()) for name, stack in shown.items()}
    margin = min(max(map(cell_len, shown)), width // 2)
    space = max(width - margin - max(len(figure(total)) for total in totals.values()) - 2, 5)
    longest = max(totals.values()) or 1.0
    lines = []
    for name, stack in shown.items():
        scale = space / ((totals[name] or 1.0) if chart.stacking == "stacked100" else longest)
        lines.append(f"{_padded(name, margin)} {_segments(stack, chart.series, scale, colour)} {figure(totals[name])}")
    more = [f"… {len(stacks) - len(shown):,} more"] if len(stacks) > len(shown) else []
    return [*lines, *more, *_legend(chart.series[:_MAX_SERIES], len(chart.series), width, colour)]


def _segments(stack: Mapping[str, float], series: Sequence[str], scale: float, colour: bool) -> str:
    """Ends are rounded on the whole bar, so that its length is right."""
    parts, end, drawn = [], 0.0, 0
    for number, name in enumerate(series):
        end += stack.get(name, 0.0) * scale
        size = round(end) - drawn
        drawn += size
        parts.append(painted("█" * size, number, colour) if colour else letter(number) * size)
    return "".join(parts) or (_bar(end) and "▏")


def _bar_labels(names: Sequence[tuple[str, str]]) -> list[str]:
    """Each bar's name; in a group, what it shares with the bar before is not said again."""
    size = max((cell_len(name) for name, _ in names), default=0)
    found = []
    for at, (name, series) in enumerate(names):
        repeated = bool(series) and at > 0 and names[at - 1][0] == name
        found.append(f"{_padded('' if repeated else name, size)}  {series}" if series else name)
    return found


def _bar(length: float) -> str:
    """A bar in eighths of a character; what is not nothing is seen."""
    eighths = round(length * 8)
    bar = "█" * (eighths // 8) + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths % 8]
    return bar or ("▏" if length > 0 else "")


def _padded(text: str, size: int) -> str:
    return set_cell_size(text, size) if cell_len(text) <= size else set_cell_size(text, size - 1) + "…"


# ---------------------------------------------------------------- axes


def _lines(chart: Chart, width: int, height: int, colour: bool) -> list[str]:
    names = chart.series[:_MAX_SERIES]
    series: Sequence[Places] = [_ordered(chart, name) for name in names]
    series = _stacked(series, chart.stacking == "stacked100") if chart.stacking and chart.kind != "scatterchart" else series
    lines = plot(chart, series, width, height, colour)
    if names in ([], [""]) or not chart.legend:
        return lines
    return [*lines, *_legend(names, len(chart.series), width, colour)]


def _panels(chart: Chart, width: int, height: int, colour: bool) -> list[str]:
    """A plot for each series, one under another."""
    names = chart.series[:_MAX_SERIES]
    lines: list[str] = []
    for name in names:
        own = replace(chart, points=tuple(point for point in chart.points if point.series == name), y_title=name, legend=False)
        lines += plot(own, [_ordered(own, name)], width, max(height // len(names), 6), colour)
    return [*lines, *([f"… {len(chart.series) - len(names)} more series"] if len(chart.series) > len(names) else [])]


def _stacked(series: Sequence[Places], shares: bool) -> list[Places]:
    """Each series on top of those before it; every one has a point wherever any has."""
    totals = [sum(max(each[at][1], 0.0) for each in series) or 1.0 for at in range(len(series[0]))] if series else []
    heights = [0.0] * len(totals)
    found: list[Places] = []
    for places in series:
        heights = [height + max(y, 0.0) for height, (_, y, _) in zip(heights, places, strict=True)]
        tops = [height / total * 100 if shares else height for height, total in zip(heights, totals, strict=True)]
        found.append([(x, top, marked) for (x, _, marked), top in zip(places, tops, strict=True)])
    return found


def _ordered(chart: Chart, name: str) -> list[tuple[float, float, bool]]:
    found = [(_place(point.x), point.y, point.anomaly) for point in chart.points if point.series == name and point.y is not None]
    return sorted(found) if chart.kind != "scatterchart" else found


def _place(x: Any) -> float:
    return x.timestamp() if isinstance(x, datetime) else float(x)


def _legend(names: Sequence[str], count: int, width: int, colour: bool) -> list[str]:
    entries = [
        f"{painted('━━', at, colour) if colour else letter(at)} {_padded(name, min(cell_len(name), 40))}"
        for at, name in enumerate(names)
    ]
    entries += [f"… {count - len(names)} more series"] if count > len(names) else []
    lines, used = [""], 0
    for name, entry in zip([*names, ""], entries, strict=False):
        size = min(cell_len(name), 40) + 6
        if used and used + size > width:
            lines.append("")
            used = 0
        lines[-1] += entry + "   "
        used += size
    return [line.rstrip() for line in lines]


def _rows(chart: Chart, width: int) -> list[str]:
    """A row for each name, its moments or steps on one time line."""
    spans = [(_place(point.x), _place(point.until or point.x), point.series) for point in chart.points]
    if not spans:
        return ["(nothing to draw)"]
    first, last = min(start for start, _, _ in spans), max(end for _, end, _ in spans)
    names = chart.series[:_MAX_BARS]
    margin = min(max(map(cell_len, names)), width // 3)
    space = width - margin - 1
    lines = [
        f"{_padded(name, margin)} {_marks(((s, e) for s, e, n in spans if n == name), first, last, space)}" for name in names
    ]
    lines += [f"… {len(chart.series) - len(names):,} more"] if len(chart.series) > len(names) else []
    return [*lines, *(" " * margin + " " + line for line in moment_ticks(first, last, space))]


def _marks(spans: Iterable[tuple[float, float]], first: float, last: float, space: int) -> str:
    cells = [" "] * space
    scale = (space - 1) / ((last - first) or 1.0)
    for start, end in spans:
        left, right = round((start - first) * scale), round((end - first) * scale)
        for at in range(min(left, right), max(left, right) + 1):
            cells[at] = "█" if end != start else "│"
    return "".join(cells).rstrip()
