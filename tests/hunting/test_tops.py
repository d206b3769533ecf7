"""Rows of wide tables that are found by a few columns and then read: they are those that reading everything gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hunting.engine import Hunt, connect
from hunting.lake import Lake
from kql import rewrite
from kql.passes.selection import select_groups_first


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


@pytest.mark.parametrize(
    ("rows", "step"),
    [
        (
            "where NetworkMessageId in ((Bad | project NetworkMessageId)) | sort by Timestamp, NetworkMessageId | take 5",
            ">= (SELECT",
        ),
        ("sort by Timestamp, NetworkMessageId | take toscalar(Bad | where Length > 9 | count) / 100", ">= (SELECT"),
        (
            "where NetworkMessageId in ((Bad | project NetworkMessageId)) | summarize arg_max(Timestamp, *) by SenderFromDomain",
            "$row",
        ),
    ],
)
def test_a_let_that_is_used_elsewhere_too_may_stand_below(hunt: Hunt, rows: str, step: str) -> None:
    bad, more = (
        "EmailEvents | where ThreatTypes != '' | extend Length = strlen(Subject)",
        "extend Longest = toscalar(Bad | summarize max(Length))",
    )
    named = hunt.query(f"let Bad = {bad}; EmailEvents | {rows} | {more}")
    assert step in named.sql and 'WITH "Bad" AS' in named.sql
    times = [row[named.columns.index("Timestamp")] for row in named.rows()]
    written = hunt.query(f"EmailEvents | {rows} | {more}".replace("(Bad |", f"({bad} |"))
    assert times and sorted(times) == sorted(row[written.columns.index("Timestamp")] for row in written.rows())


def newest(rows: list[tuple[Any, ...]], key: int, time: int) -> dict[object, object]:
    return {row[key]: max(each[time] for each in rows if each[key] == row[key]) for row in rows}


@pytest.mark.parametrize("filters", ["", "| where UrlCount > 0 | extend Length = strlen(Subject) | where Length > 20"])
@pytest.mark.parametrize("by", ["SenderFromDomain", "EmailDirection"])
def test_the_newest_row_of_each_group_is_one_row_of_the_table(hunt: Hunt, by: str, filters: str) -> None:
    everything = hunt.query(f"EmailEvents {filters}")
    key, time = everything.columns.index(by), everything.columns.index("Timestamp")
    found = hunt.query(f"EmailEvents {filters} | summarize arg_max(Timestamp, *), Copies = count() by {by}")
    assert "$row" in found.sql and 'ON l."$time" = ' in found.sql
    rows = hunt.query(f"EmailEvents {filters} | project-reorder {by}, Timestamp").rows()
    assert {row[0]: row[1] for row in found.rows()} == newest(everything.rows(), key, time)
    assert all(row[:-1] in rows for row in found.rows())
    assert sum(row[-1] for row in found.rows()) == len(rows)


def test_other_groups_take_one_step(hunt: Hunt) -> None:
    for query in (
        "EmailEvents | summarize arg_max(Timestamp, *)",  # of no rows, one
        "EmailEvents | summarize arg_max(Timestamp, Subject) by SenderFromDomain",
        "EmailEvents | where rand() < 0.5 | summarize arg_max(Timestamp, *) by SenderFromDomain",
        "EmailEvents | take 100 | summarize arg_max(Timestamp, *) by SenderFromDomain",
    ):
        assert "$row" not in hunt.query(query).sql


@pytest.mark.parametrize(
    ("query", "plain", "computed"),
    [
        ("EmailEvents | count", 1, 0),
        ("EmailEvents | where LatestDeliveryAction == 'Soft delete' | count", 0, 1),
        ("EmailEvents | top 5 by Timestamp", 1, 1),  # the times alone, then the rows with where they are now
        ("EmailEvents | project Subject | union (EmailEvents | project LatestDeliveryLocation)", 1, 1),
    ],
)
def test_where_mail_is_now_is_computed_for_the_scans_that_want_it(hunt: Hunt, query: str, plain: int, computed: int) -> None:
    sql = hunt.query(query).sql
    assert (sql.count('"EmailEvents"'), sql.count('"EmailEvents$computed"')) == (plain, computed)


GROUPS = "summarize First = min(Timestamp), Last = max(Timestamp), Copies = count(), Messages = dcount(NetworkMessageId)"


@pytest.mark.parametrize(
    "condition",
    [
        "First > datetime({middle})",
        "datetime({middle}) <= First and Messages > 1",
        "Last < datetime({middle}) | project SenderFromAddress, Messages",
        "Last <= datetime({middle}) and First > datetime({middle}) - 3d | sort by Copies, SenderFromAddress | take 5",
    ],
)
def test_groups_of_a_time_are_those_of_all_rows(hunt: Hunt, monkeypatch: pytest.MonkeyPatch, condition: str) -> None:
    times = [row[0] for row in hunt.query("EmailEvents | project Timestamp | sort by Timestamp asc").rows()]
    condition = condition.format(middle=times[len(times) // 2].isoformat())
    query = f"EmailEvents | {GROUPS} by SenderFromAddress | where {condition}"
    found = hunt.query(query)
    monkeypatch.setattr(rewrite, "PASSES", tuple(p for p in rewrite.PASSES if p.__name__ != select_groups_first.__name__))
    whole = hunt.query(f"{query}\n// in one step")
    assert "SEMI JOIN" in found.sql and "SEMI JOIN" not in whole.sql
    assert len(found) > 0 and sorted(found.rows()) == sorted(whole.rows())


def test_a_time_that_says_nothing_of_the_rows_takes_one_step(hunt: Hunt) -> None:
    for condition in (
        "Last > datetime(2026-01-01)",
        "First < datetime(2027-01-01)",
        "First > datetime(2026-01-01) or Copies > 1",
        "First > Last - 1d",
        "Messages > 1",
    ):
        assert "SEMI JOIN" not in hunt.query(f"EmailEvents | {GROUPS} by SenderFromAddress | where {condition}").sql


class Repeating(Hunt):
    """A store that says of one column that it repeats."""

    def variety(self, table: str, columns: frozenset[str]) -> float:
        return 0.0 if table == "EmailEvents" and columns == {"EmailDirection"} else 1.0


@pytest.mark.parametrize(
    ("keys", "joined"),
    [
        ("SenderFromAddress", True),
        ("Way = tolower(EmailDirection)", False),
        ("Way = 'every'", False),
        ("EmailDirection, bin(Timestamp, 1d)", True),
    ],
)
def test_few_groups_are_not_worth_two_steps(investigated: Path, keys: str, joined: bool) -> None:
    with Repeating(Lake.open(investigated)) as hunt:
        found = hunt.query(f"EmailEvents | {GROUPS} by {keys} | sort by Copies, First | take 3")
        assert ("SEMI JOIN" in found.sql) == joined and len(found) > 0


@pytest.mark.parametrize(
    ("query", "placed"),
    [
        ("arg_min(Timestamp, Subject, SenderIPv4, RecipientEmailAddress)", True),
        ("arg_max(Timestamp, Subject, SenderIPv4)", False),
        ("arg_max(Timestamp, EmailSize, UrlCount, AttachmentCount)", False),
    ],
)
def test_texts_of_the_newest_row_of_few_groups_are_read_at_its_place(investigated: Path, query: str, placed: bool) -> None:
    with Repeating(Lake.open(investigated)) as few, connect(investigated) as many:
        query = f"EmailEvents | where UrlCount > 0 | summarize {query} by EmailDirection | sort by EmailDirection asc"
        found, whole = few.query(query), many.query(query)
        assert ("$row" in found.sql, "$row" in whole.sql) == (placed, False)
        names = ", ".join(found.columns)
        assert [row[:2] for row in found.rows()] == [row[:2] for row in whole.rows()]
        assert {*found.rows()} <= {*many.query(f"EmailEvents | where UrlCount > 0 | project {names}").rows()}
        assert "$row" not in few.query(query.replace("UrlCount > 0", "Subject has 'a'")).sql
