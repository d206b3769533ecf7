"""The ledger in the lake: its tables, Defender's own rows, and where a message is now; exactly once, whatever happens."""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from air_tenant import NOON, URL_ALERT, KilledError, StoredTenant, Tenant

from hunting.air.lake_tables import EVENTS, GROWN, OUTBOX, STATES
from hunting.engine import Hunt
from hunting.errors import AirError
from hunting.lake import Lake
from kql.catalog import computed_view

LINK = "https://bad.example/login"
TABLES = (*STATES, *(grown.table for grown in GROWN))
HOUR = timedelta(hours=1)


def scene(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", "bob@x", file="f")
    tenant.mail("m2", "cy@x", url=LINK, threats="Phish")
    tenant.alert("a1", file="f")
    tenant.alert("a2", URL_ALERT, url=LINK)
    tenant.air.set(by="me", similar_files=True)


def parquet(lake: Lake, table: str) -> duckdb.DuckDBPyRelation:
    """The table as DuckDB alone reads it: files, without import and without our code."""
    return duckdb.connect().read_parquet(lake.files(table), hive_partitioning=False)


def test_the_tables_hold_what_the_journal_holds(stored: StoredTenant) -> None:
    scene(stored)
    stored.air.run()
    db = sqlite3.connect(f"file:{stored.root}/air/journal.db?mode=ro", uri=True)
    for hunt, select in (
        ("EmailClusters | project ClusterId, RemediationStatus, Mailbox", "id, remediation_status, mailbox FROM clusters"),
        ("AirInvestigations | project InvestigationId, Status, AlertId", "id, status, alert_id FROM investigations"),
        ("AirActions | project ActionId, Status, DecidedBy", "id, status, decided_by FROM actions"),
        ("AirAudit | project Sequence, Event, Hash", "seq, event, hash FROM audit"),
        (
            "AirClusterMembers | project ClusterId, NetworkMessageId, RecipientEmailAddress",
            "cluster_id, message, address FROM cluster_members",
        ),
    ):
        expected = sorted(db.execute(f"SELECT {select}").fetchall())
        assert sorted(stored.rows(hunt)) == expected and expected
    db.close()


def test_clusters_and_mail_are_parquet_that_anybody_reads(stored: StoredTenant) -> None:
    scene(stored)
    stored.air.run()
    found = parquet(stored.lake, "EmailClusters").project("ClusterName, ClusterByValue, EmailCount, Decision").fetchall()
    assert sorted(found) == [("Similar URLs", LINK, 1, "Pending action"), ("Similar files", "f", 2, "Automatic")]
    for table, rows in (("EmailEvents", 3), ("EmailAttachmentInfo", 2), ("EmailUrlInfo", 1), (EVENTS, 2)):
        assert len(parquet(stored.lake, table).project("NetworkMessageId").fetchall()) == rows, table


def test_a_state_is_there_once_however_often_it_changes(stored: StoredTenant) -> None:
    scene(stored)
    stored.air.run()
    waiting = stored.air.actions(status="pending")[0].id
    assert stored.rows("AirActions | summarize count() by Status | sort by Status asc") == [("Completed", 1), ("Pending", 1)]
    stored.air.approve(waiting, by="me")
    stored.clock.advance(HOUR)
    stored.air.undo(waiting, by="me")
    assert stored.rows('AirActions | where ActionKind == "remediation" | project Status, Moved') == [
        ("Completed", 2),
        ("Completed", 1),
    ]
    assert stored.rows("EmailClusters | summarize count() by RemediationStatus | sort by RemediationStatus asc") == [
        ("Remediated", 1),
        ("Unremediated", 1),
    ]


def test_repeating_a_run_writes_no_commit(tenant: Tenant) -> None:
    scene(tenant)
    tenant.air.run()
    before = {table: tenant.lake.version(table) for table in (*TABLES, *OUTBOX, EVENTS)}
    tenant.air.run()
    assert {table: tenant.lake.version(table) for table in before} == before


@pytest.mark.parametrize("table", [*TABLES, "CloudAppEvents", "AlertEvidence"])
def test_a_kill_at_the_commit_of_any_table_is_made_good(tenant: Tenant, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scene(tenant)
    append, killed = tenant.lake.append, []

    def dying(name: str, *arguments: Any, **options: Any) -> int:
        if name == table and not killed:
            killed.append(name)
            raise KilledError(name)
        return append(name, *arguments, **options)

    monkeypatch.setattr(tenant.lake, "append", dying)
    with pytest.raises(KilledError):
        tenant.air.run()
    tenant.air.close()
    tenant.air = tenant.new_air()
    tenant.air.run()
    assert tenant.air.verify().faults == () and killed == [table]


@pytest.mark.parametrize("table", [*TABLES, "CloudAppEvents"])
def test_verify_finds_a_table_that_is_not_the_journal(tenant: Tenant, table: str) -> None:
    scene(tenant)
    tenant.air.run()
    rows = tenant.lake.read(table)
    tenant.lake.append(table, rows.slice(0, 1))
    assert any(table in fault for fault in tenant.air.verify().faults)


def test_compaction_leaves_the_ledger_sound(tenant: Tenant) -> None:
    scene(tenant)
    tenant.air.run()
    tenant.air.approve(tenant.air.actions(status="pending")[0].id, by="me")
    for table in (*TABLES, EVENTS):
        tenant.lake.compact(table)
    tenant.air.run()
    assert tenant.air.verify().sound and tenant.lake.verify() == []


# Defender's own rows


def test_the_end_of_an_investigation_is_an_event(stored: StoredTenant) -> None:
    scene(stored)
    stored.air.run()
    hunt = """
        CloudAppEvents
        | where ActionType == "AirInvestigationData"
        | extend Data = parse_json(tostring(RawEventData.Data)), Action = RawEventData.Actions
        | mv-expand Action
        | mv-expand Entity = Action.Entities
        | project tostring(RawEventData.Status), tostring(Data.Status), tostring(Action.ActionType),
            tostring(Action.ActionStatus), tostring(Action.ApprovedBy), tostring(Entity.NetworkMessageIds[0]),
            toint(Entity.MailCount)
    """
    assert stored.rows(hunt) == [("Remediated", "Resolved", "Soft delete", "Completed", "", "m1", 2)]
    stored.air.approve(stored.air.actions(status="pending")[0].id, by="ann.admin", reason="seen")
    assert stored.rows(hunt + ' | where RawEventData_Status != ""')[1][4:] == ("ann.admin", "m2", 1)
    raw = stored.rows("CloudAppEvents | top 1 by Timestamp asc | project RawEventData")[0][0]
    assert raw["RecordType"] == 64 and raw["InvestigationType"] == "Zapped File" and raw["StartTimeUtc"].endswith("Z")
    assert raw["Actions"][0]["Entities"][0]["Query"].startswith("let Entities")


def test_clusters_become_evidence_of_their_alert(stored: StoredTenant) -> None:
    scene(stored)
    stored.air.run()
    rows = stored.rows('AlertEvidence | where EntityType == "MailCluster" | project AlertId, Title, AdditionalFields')
    assert [(row[0], row[1]) for row in rows] == [("a1", "Email messages containing malicious file removed after delivery")]
    fields = json.loads(rows[0][2])
    assert (fields["LastVerdict"], fields["MailCount"], fields["NetworkMessageIds"]) == ("Malicious", 2, ["m1"])
    assert fields["RemediationStatus"] == "Remediated"


def test_a_persons_investigation_raises_an_alert_that_starts_no_other(stored: StoredTenant) -> None:
    stored.mail("m1", "ann@x", "bob@x", "cy@x", file="f")
    found = stored.air.investigate(email="m1", by="me")
    assert stored.rows("AlertInfo | project AlertId, Title, ServiceSource") == [
        (found.alert_id, "Admin triggered manual investigation of email", "Microsoft Defender for Office 365")
    ]
    stored.clock.advance(HOUR)
    assert stored.air.run().investigations == 0
    assert len(stored.air.investigations()) == 1


# Where a message is now


def test_a_later_event_overrides_what_the_store_was_filled_with(stored: StoredTenant) -> None:
    latest = {"LatestDeliveryLocation": "Inbox/folder", "LatestDeliveryAction": "Delivered"}
    for name in ("later", "earlier", "failed", "none"):
        stored.mail(name, "Ann@X", LastEventExecutionTime=NOON, **latest)
    stored.event("later", "ANN@x", "Moved to quarantine", "Quarantine", at=NOON + HOUR)
    stored.event("later", "ann@x", "Moved to inbox", "Inbox", at=NOON + 2 * HOUR)
    stored.event("earlier", "ann@x", "Moved to quarantine", "Quarantine", at=NOON - HOUR)
    stored.event("failed", "ann@x", "Moved to quarantine", "Inbox", result="Error", at=NOON + HOUR)
    hunt = "EmailEvents | project NetworkMessageId, LatestDeliveryLocation, LatestDeliveryAction, LastEventExecutionTime"
    assert {row[0]: row[1:] for row in stored.rows(hunt)} == {
        "later": ("Inbox/folder", "Moved to inbox", NOON + 2 * HOUR),
        "earlier": ("Inbox/folder", "Delivered", NOON),
        "failed": ("Inbox/folder", "Delivered", NOON),
        "none": ("Inbox/folder", "Delivered", NOON),
    }


def test_the_overlay_costs_nothing_when_it_is_not_asked_for(stored: StoredTenant) -> None:
    stored.mail("m1", "ann@x")
    stored.event("m1", "ann@x", "Moved to quarantine", "Quarantine", at=NOON)
    stored.rows("EmailEvents | where DeliveryLocation == 'Quarantine' | count")
    assert list(views(stored.hunt)) == ["EmailEvents"]
    assert stored.rows("EmailEvents | where LatestDeliveryLocation == 'Quarantine' | count") == [(1,)]
    assert "EmailPostDeliveryEvents" in views(stored.hunt)[computed_view("EmailEvents")]
    assert stored.rows("EmailEvents | count") == [(1,)]
    assert "EmailPostDeliveryEvents" not in views(stored.hunt)["EmailEvents"]
    assert computed_view("EmailEvents") not in stored.hunt.query("EmailEvents | count").sql


def views(hunt: Hunt) -> dict[str, str]:
    """The SQL behind the views over the store."""
    return dict(hunt._connection.execute("SELECT view_name, sql FROM duckdb_views() WHERE NOT internal").fetchall())


@pytest.mark.parametrize("remediated", [True, False])
def test_an_old_copy_of_the_journal_is_refused_before_it_writes(tenant: Tenant, tmp_path: Path, remediated: bool) -> None:
    scene(tenant)
    tenant.air.set(by="me", similar_files=remediated)  # without, no event tells that the copy is old
    journal = tenant.root / "air" / "journal.db"
    tenant.air.close()
    old = tmp_path / "old.db"
    source, target = sqlite3.connect(journal), sqlite3.connect(old)
    source.backup(target)
    source.close()
    target.close()
    tenant.air.run()
    tenant.air.close()
    for leftover in journal.parent.glob("journal.db*"):
        leftover.unlink()
    journal.write_bytes(old.read_bytes())
    with pytest.raises(AirError, match="it is an old copy"):
        tenant.air.run()
