"""The first rows of wide tables: those that are found in two steps are those that a sort of everything gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from hunting.engine import Hunt, connect


@pytest.fixture(scope="module")
def hunt(investigated: Path) -> Hunt:
    return connect(investigated)


@pytest.mark.parametrize(
    "order", ["Timestamp", "Timestamp asc", "Timestamp desc, NetworkMessageId asc, RecipientEmailAddress asc"]
)
@pytest.mark.parametrize("count", [0, 1, 25, 5000])
def test_the_first_are_those_of_the_sorted_table(hunt: Hunt, order: str, count: int) -> None:
    first = hunt.query(f"EmailEvents | where UrlCount > 0 | sort by {order} | take {count}")
    everything = hunt.query(f"EmailEvents | where UrlCount > 0 | sort by {order}")
    at = everything.columns.index("Timestamp")
    assert [row[at] for row in first.rows()] == [row[at] for row in everything.rows()[:count]]
    if "," in order:
        assert first.rows() == everything.rows()[:count]


@pytest.mark.parametrize(
    ("query", "steps"),
    [
        ("EmailEvents | top 5 by Timestamp", 2),
        ("EmailEvents | where Subject has 'a' | extend Day = bin(Timestamp, 1d) | sort by Timestamp asc | take 5", 2),
        ("EmailEvents | top 5 by Timestamp | project Subject, Timestamp", 1),  # narrow
        ("EmailEvents | top 5 by EmailSize", 1),  # null in some rows
        ("EmailEvents | where rand() < 0.5 | top 5 by Timestamp", 1),  # other rows the second time
        ("EmailEvents | extend Timestamp = Timestamp + 1h | top 5 by Timestamp", 1),
    ],
)
def test_two_steps_where_they_pay(hunt: Hunt, query: str, steps: int) -> None:
    assert hunt.query(query).sql.count("LIMIT") == steps
