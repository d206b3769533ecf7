"""What a program says it reads: columns, and moments that let files be left out."""

from __future__ import annotations

from datetime import datetime

import pytest

from kql import StaticCatalog, compile

CATALOG = StaticCatalog({"T": {"Timestamp": "datetime", "x": "long", "s": "string"}})
NOW = datetime(2026, 11, 21)


def days(query: str) -> tuple[str | None, str | None]:
    (read,) = compile(query, CATALOG).reads
    values = {"now": NOW}
    bounds = [[moment.at(values) for moment in each] if each is not None else [None] for each in (read.since, read.until)]
    since, until = min(bounds[0], key=str), max(bounds[1], key=str)
    return since and since.isoformat(), until and until.isoformat()


@pytest.mark.parametrize(
    ("query", "since", "until"),
    [
        ("T", None, None),
        ("T | where Timestamp > ago(7d)", "2026-11-14T00:00:00", None),
        ("T | where ago(1h) <= Timestamp", "2026-11-20T23:00:00", None),
        ("T | where Timestamp between (datetime(2026-01-01) .. 1d)", "2026-01-01T00:00:00", "2026-01-02T00:00:00"),
        ("T | extend y = x + 1 | where Timestamp >= now(-2d) and y > 3", "2026-11-19T00:00:00", None),
        ("T | where Timestamp > ago(7d) or x == 1", None, None),
        ("T | where not(Timestamp > ago(7d))", None, None),
        ("T | take 10 | where Timestamp > ago(7d)", None, None),
        ("T | extend Timestamp = Timestamp - 30d | where Timestamp > ago(7d)", None, None),
        ("T | summarize x = max(x) by Timestamp | where Timestamp > ago(7d)", None, None),
        ("union (T | where Timestamp > ago(7d)), (T | where Timestamp > ago(3d))", "2026-11-14T00:00:00", None),
        ("union (T | where Timestamp > ago(7d)), T", None, None),
        ("T | where Timestamp > datetime(null)", None, None),
        ("T | sort by Timestamp asc | extend p = prev(x) | where Timestamp > ago(7d)", None, None),
        ("T | sort by Timestamp asc | where prev(x) != x and Timestamp > ago(7d)", None, None),
        ("T | sort by Timestamp asc | serialize n = row_number() | where n > 1 | where Timestamp > ago(7d)", None, None),
        ("T | partition by s (top 1 by x) | where Timestamp > ago(7d)", None, None),
        ("T | where Timestamp > ago(7d) | sort by Timestamp asc | extend p = prev(x)", "2026-11-14T00:00:00", None),
    ],
)
def test_moments_that_the_filters_imply(query: str, since: str | None, until: str | None) -> None:
    assert days(query) == (since, until)


def test_only_the_columns_that_are_used_are_read() -> None:
    (read,) = compile("T | where s has 'a' | count", CATALOG).reads
    assert read.columns == {"s"}
