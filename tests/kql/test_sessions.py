"""row_window_session over rows that the sort leaves equal: whichever order they have, all of the session's parts see the same."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import groupby, permutations
from math import inf

import hunting

Row = tuple[int, int, bool]  # the sort key, the minute, whether a session begins anew
START = datetime(2026, 1, 1, tzinfo=UTC)
FROM_FIRST, BETWEEN = 40, 15
QUERY = f"""
| sort by k asc
| extend began = row_window_session(t, {FROM_FIRST}m, {BETWEEN}m, anew)
| project id, minute = (began - datetime(2026-01-01)) / 1m
"""


def follows(rows: list[Row], began: list[float]) -> bool:
    """Whether the sessions can have begun then, as the page of the function tells it, in any order that the sort allows."""
    states: set[tuple[float, int]] = {(-inf, 0)}  # after the rows so far: when the session began, the minute of the last row
    for _, equal in groupby(sorted(range(len(rows)), key=lambda at: rows[at][0]), key=lambda at: rows[at][0]):
        orders = list(permutations(equal))
        states = {after for state in states for order in orders if (after := _after(state, order, rows, began)) is not None}
    return bool(states)


def _after(state: tuple[float, int], order: Iterable[int], rows: list[Row], began: list[float]) -> tuple[float, int] | None:
    start, before = state
    for at in order:
        _, minute, anew = rows[at]
        if anew or minute - start >= FROM_FIRST or minute - before >= BETWEEN:
            start = minute
        if start != began[at]:
            return None
        before = minute
    return start, before


def test_equal_rows_have_one_order_in_all_windows() -> None:
    choose = random.Random(7)
    hunt = hunting.connect(":memory:")
    for _ in range(20):
        rows = [(choose.randrange(100), choose.randrange(90), choose.random() < 0.3) for _ in range(200)]
        cells = (f"{n}, {k}, {_text(minute)}, {str(anew).lower()}" for n, (k, minute, anew) in enumerate(rows))
        table = f"datatable(id: long, k: long, t: datetime, anew: bool)[{', '.join(cells)}]"
        began = [minute for _, minute in sorted(hunt.query(table + QUERY).rows())]
        assert follows(rows, began)
        assert not follows(rows, [minute + 1 for minute in began])


def _text(minute: int) -> str:
    return f"datetime({(START + timedelta(minutes=minute)).isoformat(sep=' ')[:19]})"
