"""Rectangles whose areas are to each other as values are, near to squares (Bruls, Huizing, van Wijk: Squarified Treemaps)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Tile = tuple[float, float, float, float]  # left, top, width, height


def tiles(sizes: Mapping[str, float], width: float, height: float) -> dict[str, Tile]:
    """A tile for each positive size, the largest first, in the upper left corner."""
    ordered = sorted(((size, name) for name, size in sizes.items() if size > 0), key=lambda pair: -pair[0])
    total = sum(size for size, _ in ordered)
    areas = [(size / total * width * height, name) for size, name in ordered]
    found: dict[str, Tile] = {}
    left = top = 0.0
    while areas:
        count = _best(areas, min(width, height))
        row, areas = areas[:count], areas[count:]
        depth = sum(area for area, _ in row) / min(width, height)
        across = 0.0
        for area, name in row:
            length = area / depth
            tall = width >= height  # the row stands at the left, else it lies at the top
            found[name] = (left, top + across, depth, length) if tall else (left + across, top, length, depth)
            across += length
        if width >= height:
            left, width = left + depth, width - depth
        else:
            top, height = top + depth, height - depth
    return found


def _best(areas: Sequence[tuple[float, str]], side: float) -> int:
    """How many tiles make the row whose worst proportion is best."""
    count = 1
    while count < len(areas) and _worst(areas[: count + 1], side) <= _worst(areas[:count], side):
        count += 1
    return count


def _worst(row: Sequence[tuple[float, str]], side: float) -> float:
    total = sum(area for area, _ in row)
    return max(max(side * side * area / total**2, total**2 / (side * side * area)) for area, _ in row)
