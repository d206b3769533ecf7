"""A simulated store in which AIR worked and people decided, and its Parquet files as plain DuckDB tables for what is expected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from hunting.clock import ManualClock
from hunting.engine import connect
from hunting.lake import Lake
from hunting.reports import Window
from hunting.simulate import scenario_folder, simulate

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
"""Monday morning: the week and the month before are complete."""
END = datetime(2026, 2, 28, 22, tzinfo=UTC)
EXPECTED = Path(__file__).parent / "expected"
STORIES = ("invoice-macro", "parcel-login", "mailbox-cleanup", "false-alarm", "redirect-chain", "known-attachment", "qr-payroll")


def make_store(folder: Path) -> Path:
    """AIR runs twice; a person approves one action, undoes one, and rejects one."""
    lake = Lake.create(folder)
    simulate(lake, messages=3500, days=12, end=END, scenarios=[scenario_folder() / f"{name}.yaml" for name in STORIES])
    clock = ManualClock(datetime(2026, 2, 26, 20, tzinfo=UTC))
    with connect(folder, clock=clock) as hunt:
        air = hunt.air
        air.set(by="ann", similar_files=True)
        air.run()
        clock.advance(datetime(2026, 2, 28, 18, tzinfo=UTC) - clock())
        air.run()
        waiting = [action for action in air.actions() if action.status == "Pending"]
        done = [action for action in air.actions() if action.status == "Completed"]
        clock.advance(timedelta(minutes=5))  # what is told of an investigation is told anew with each decision
        air.approve(waiting[0].id, by="ben", reason="checked")
        clock.advance(timedelta(minutes=5))
        air.reject(waiting[1].id, by="ben", reason="a newsletter")
        clock.advance(datetime(2026, 2, 28, 20, 30, tzinfo=UTC) - clock())
        air.undo(done[0].id, "inbox", by="ann", reason="wanted by sales")
        air.close()
    return folder


def plain(store: Path, window: Window) -> duckdb.DuckDBPyConnection:
    """The store's Parquet files as tables, the window as macros, and a few views; nothing of it goes through KQL."""
    connection, lake = duckdb.connect(), Lake.open(store)
    connection.execute("SET TimeZone = 'UTC'")
    for table in lake.tables():
        files = ", ".join("'" + file.replace("'", "''") + "'" for file in lake.files(table))
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet([{files}], hive_partitioning = false)")
    start, end = (f"TIMESTAMP '{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}'" for moment in (window.start, window.end))
    connection.execute(f"CREATE MACRO within(t) AS t >= {start} AND t < {end}")
    connection.execute(f"CREATE MACRO moment() AS TIMESTAMP '{NOW:%Y-%m-%d %H:%M:%S}'")
    connection.execute("CREATE MACRO mailbox(place) AS place IN ('Inbox/folder', 'Junk folder')")
    connection.execute("CREATE MACRO threat(kinds) AS contains(kinds, 'Phish') OR contains(kinds, 'Malware')")
    connection.execute(
        f"CREATE VIEW days AS SELECT unnest(generate_series({start}, {end} - INTERVAL 1 DAY, INTERVAL 1 DAY)) AS day"
    )
    for statement in _VIEWS.split(";"):
        connection.execute(statement)
    return connection


_VIEWS = """
CREATE VIEW mail AS SELECT m.*, coalesce((
    SELECT CASE e.DeliveryLocation WHEN 'Inbox' THEN 'Inbox/folder' ELSE e.DeliveryLocation END FROM EmailPostDeliveryEvents e
    WHERE e.NetworkMessageId = m.NetworkMessageId AND e.RecipientEmailAddress = m.RecipientEmailAddress
      AND e.ActionResult = 'Success' AND e.Timestamp > coalesce(m.LastEventExecutionTime, m.Timestamp)
    ORDER BY e.Timestamp DESC LIMIT 1), m.LatestDeliveryLocation) AS place
FROM EmailEvents m;
CREATE VIEW exposed AS SELECT c.Timestamp AS clicked, lower(c.AccountUpn) AS account, c.Url, m.NetworkMessageId, m.Subject,
    m.Timestamp AS delivered, (
        SELECT min(e.Timestamp) FROM EmailPostDeliveryEvents e
        WHERE e.NetworkMessageId = m.NetworkMessageId AND lower(e.RecipientEmailAddress) = lower(c.AccountUpn)
          AND e.ActionResult = 'Success' AND e.Action IN ('Soft delete', 'Hard delete', 'Moved to quarantine')) AS removed
FROM UrlClickEvents c JOIN EmailEvents m
    ON m.NetworkMessageId = c.NetworkMessageId AND lower(m.RecipientEmailAddress) = lower(c.AccountUpn)
WHERE within(c.Timestamp) AND threat(m.ThreatTypes) AND (c.ActionType = 'ClickAllowed' OR c.IsClickedThrough);
CREATE VIEW removals AS SELECT e.ActionType, e.Timestamp AS acted, e.NetworkMessageId, e.RecipientEmailAddress, (
        SELECT min(m.Timestamp) FROM EmailEvents m
        WHERE m.NetworkMessageId = e.NetworkMessageId AND m.RecipientEmailAddress = e.RecipientEmailAddress) AS delivered
FROM EmailPostDeliveryEvents e
WHERE within(e.Timestamp) AND e.ActionResult = 'Success'
  AND e.Action IN ('Soft delete', 'Hard delete', 'Moved to quarantine', 'Moved to junk folder')
"""


def expected(report: str) -> Mapping[str, str]:
    """The SQL that was written beside each block of a report."""
    text = (EXPECTED / f"{report}.sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- (\w+)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))
