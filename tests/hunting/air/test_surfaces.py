"""Where the results show: every surface against the journal by plain SQL, over one tenant with every kind of ending."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from air_tenant import NOON, URL_ALERT, StoredTenant

from hunting.air.explorer import ADDITIONAL_ACTIONS
from hunting.air.tabs import TABS
from hunting.errors import AirError, HuntingError
from hunting.result import Result

LINK = "https://bad.example/login"
HOUR = timedelta(hours=1)
FORMULA = '=HYPERLINK("https://bad.example";"open")'


def cells(table: Result) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.table.to_pylist()
    return rows


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> StoredTenant:
    """Actions that were automatic, approved, rejected, expired, undone, and one that is pending; ZAP and a release besides."""
    stored = StoredTenant(tmp_path_factory.mktemp("story") / "store")
    for name in ("rejected", "expired"):
        stored.mail(name, "ann@x", file=name)
        stored.alert(f"alert-{name}", file=name)
    stored.air.run()
    stored.air.reject(action(stored, "rejected"), by="ann.admin", reason="a test")
    stored.clock.advance(timedelta(days=7))
    stored.air.run()
    for name, copies in (("automatic", ("ann@x", "bob@x")), ("undone", ("cy@x",)), ("mixed", ("ann@x",))):
        stored.mail(name, *copies, file=name, Subject=FORMULA, ago=timedelta(days=-6))
        stored.alert(f"alert-{name}", file=name, at=stored.clock())
    stored.mail("mixed2", "dan@x", file="mixed", location="Quarantine", ago=timedelta(days=-6))
    stored.air.set(by="ann.admin", similar_files=True)
    stored.air.run()
    stored.clock.advance(HOUR)
    stored.air.undo(action(stored, "undone"), by="ann.admin", reason="false positive")
    for name in ("approved", "waiting"):
        stored.mail(name, "ann@x", url=f"{LINK}/{name}", threats="Phish", ago=timedelta(days=-6))
        stored.alert(f"alert-{name}", URL_ALERT, url=f"{LINK}/{name}", at=stored.clock())
    stored.air.run()
    stored.clock.advance(HOUR)
    stored.air.approve(action(stored, f"{LINK}/approved"), by="bob.admin", reason="seen")
    stored.mail("zapped", "eve@x", location="Inbox/folder", threats="Phish", ago=timedelta(days=-6))
    stored.mail("plain", "eve@x", threats="", ago=timedelta(days=-6))
    stored.event("zapped", "eve@x", "Moved to quarantine", "Quarantine", at=stored.clock())
    stored.clock.advance(HOUR)
    stored.air.remediate([("zapped", "eve@x")], "release", by="ann.admin", source="Explorer action")
    return stored


def action(stored: StoredTenant, entity: str) -> str:
    return next(a.id for a in stored.air.actions() if a.entity == entity and a.kind == "remediation")


@pytest.fixture
def journal(story: StoredTenant) -> Iterator[sqlite3.Connection]:
    """The journal, without AIR's code."""
    db = sqlite3.connect(f"file:{story.root}/air/journal.db?mode=ro", uri=True)
    yield db
    db.close()


# Action center


def test_pending_and_history_divide_all_actions(story: StoredTenant, journal: sqlite3.Connection) -> None:
    pending, history = (cells(story.air.action_center(tab)) for tab in ("pending", "history"))
    expected = set(journal.execute("SELECT id, status, decided_by, source, name FROM actions"))
    columns = ("Approval ID", "Status", "Decided by", "Action source", "Action type")
    assert {tuple(row[column] for column in columns) for row in pending + history} == expected
    assert {row["Status"] for row in pending} == {"Pending"} and len(pending) == 1
    assert {row["Decision"] for row in history} == {"Approved", "Rejected", "Expired", "Undone"}
    times = [row["Action update time"] for row in history]
    assert times == sorted(times, reverse=True)


def test_history_by_automation_and_its_source(story: StoredTenant, journal: sqlite3.Connection) -> None:
    shown = story.air.action_center("history", decided_by="automation", source="automated email action", status="completed")
    expected = journal.execute(
        "SELECT id FROM actions WHERE decided_by = 'Automation' AND status = 'Completed' AND action_trigger = 'Automation'"
    ).fetchall()
    assert {(row["Approval ID"],) for row in cells(shown)} == set(expected) and len(expected) == 3
    assert {(row["Decided by"], row["Action source"]) for row in cells(shown)} == {("Automation", "Automated email action")}


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"decided_by": "bob.admin"}, 1),
        ({"source": "Explorer action"}, 1),
        ({"status": "rejected"}, 1),
        ({"status": "expired", "decided_by": "Automation"}, 1),
        ({"decision": "undone"}, 1),
        ({"action_type": "Moved to inbox"}, 1),
        ({"entity_type": "email"}, 1),
        ({"details": "/WAITING"}, 1),
        ({"since": NOON + timedelta(days=7, hours=2)}, 2),
        ({"until": NOON + timedelta(seconds=1)}, 1),
        ({"decided_by": "nobody"}, 0),
    ],
)
def test_filters_of_the_action_center(story: StoredTenant, filters: dict[str, Any], count: int) -> None:
    assert len(story.air.action_center(**filters)) == count


def test_a_filter_that_there_is_not(story: StoredTenant) -> None:
    with pytest.raises(AirError, match="no filter 'colour'"):
        story.air.action_center(colour="red")
    with pytest.raises(AirError, match="no tab 'future'"):
        story.air.action_center("future")


def test_an_investigation_and_an_action_by_their_ids(story: StoredTenant, journal: sqlite3.Connection) -> None:
    for key, status in journal.execute("SELECT id, status FROM investigations").fetchall():
        found = story.air.investigation(key[:8])
        assert (found.id, found.status) == (key, status)
    for key, status, name in journal.execute("SELECT id, status, name FROM actions").fetchall():
        done = story.air.action(key[:8])
        assert (done.id, done.status, done.name) == (key, status, name)


# Investigations


def test_the_list_of_investigations(story: StoredTenant, journal: sqlite3.Connection) -> None:
    rows = cells(story.air.investigation_list())
    assert {(r["ID"], r["Status"]) for r in rows} == set(journal.execute("SELECT id, status FROM investigations"))
    assert {r["Detection source"] for r in rows} == {"Office365"}
    assert [r["Investigation"] for r in cells(story.air.investigation_list(type="manual investigation"))] == [
        "Quarantine release: 1 selected copies"
    ]
    assert len(story.air.investigation_list(status="pending action", since=NOON + timedelta(days=7))) == 1


def of(story: StoredTenant, alert: str) -> str:
    return next(i.id for i in story.air.investigations() if i.trigger == alert)


def test_history_of_an_investigation_says_who_handled_it(story: StoredTenant) -> None:
    for alert, handled, status in (
        ("alert-automatic", "Automation", "Completed"),
        ("alert-approved", "bob.admin", "Completed"),
        ("alert-rejected", "ann.admin", "Rejected"),
        ("alert-expired", "Automation", "Expired"),
    ):
        (row,) = cells(story.air.tab(of(story, alert), "history"))
        assert (row["Handled by"], row["Status"]) == (handled, status)
    (row,) = cells(story.air.tab(of(story, "alert-approved"), "history"))
    assert row["Wait time"] == HOUR
    assert [row["Decision"] for row in cells(story.air.tab(of(story, "alert-undone"), "history"))] == ["Undone", "Approved"]


def test_pending_of_an_investigation(story: StoredTenant) -> None:
    (row,) = cells(story.air.tab(of(story, "alert-waiting"), "pending"))
    assert (row["Action type"], row["Email count"], row["Mailbox"], row["Threat type"]) == (
        *("Soft delete", 1, 1),
        "HighConfPhish, Phish",
    )
    assert cells(story.air.tab(of(story, "alert-automatic"), "pending")) == []


def test_evidence_and_clusters(story: StoredTenant) -> None:
    (file,) = cells(story.air.tab(of(story, "alert-mixed"), "evidence"))
    assert (file["Entity"], file["Verdict"], file["Remediation status"]) == ("mixed", "Malicious", "Remediated")
    assert (file["Impacted assets"], file["Detection origin"], file["Threats"]) == (2, "Alert", "Malware")
    (cluster,) = cells(story.air.tab(of(story, "alert-mixed"), "clusters"))
    counts = ("Email count", "Malware", "Delivered", "Mailbox", "Not in mailbox", "On-prem/External")
    assert [cluster[name] for name in counts] == [2, 2, 2, 1, 1, 0]
    kinds = {row["Entity type"] for row in cells(story.air.tab(of(story, "alert-mixed"), "entities"))}
    assert kinds == {"Files", "Email clusters", "Emails", "Senders", "Mailboxes"}


def test_the_log_has_every_step(story: StoredTenant, journal: sqlite3.Connection) -> None:
    found = of(story, "alert-approved")
    rows = [(row["ID"], row["Status"], row["Description"]) for row in cells(story.air.tab(found, "log"))]
    expected = "SELECT number, status, description FROM investigation_log WHERE investigation_id = ? ORDER BY number"
    assert rows == journal.execute(expected, (found,)).fetchall()
    assert list(dict.fromkeys(status for _, status, _ in rows)) == ["Starting", "Running", "Pending Action", "Remediated"]


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_of_every_investigation(story: StoredTenant, tab: str) -> None:
    for found in story.air.investigations():
        assert story.air.tab(found.short_id, tab).columns


def test_a_tab_that_there_is_not(story: StoredTenant) -> None:
    with pytest.raises(AirError, match="no tab 'graph'"):
        story.air.tab(of(story, "alert-mixed"), "graph")


# Explorer and the e-mail page


@pytest.mark.parametrize(
    ("additional", "expected"),
    [
        (
            "Automated remediation:automated",
            {("automatic", "ann@x"), ("automatic", "bob@x"), ("undone", "cy@x"), ("mixed", "ann@x")},
        ),
        ("automated remediation", {("approved", "ann@x")}),
        ("Manual remediation", {("undone", "cy@x")}),
        ("ZAP", {("zapped", "eve@x")}),
        ("Quarantine release", {("zapped", "eve@x")}),
        ("Reprocessed", set()),
        ("None", {("plain", "eve@x"), ("waiting", "ann@x"), ("mixed2", "dan@x"), ("rejected", "ann@x"), ("expired", "ann@x")}),
    ],
)
def test_explorer_by_additional_action(story: StoredTenant, additional: str, expected: set[tuple[str, str]]) -> None:
    rows = cells(story.air.explorer(additional_action=additional))
    assert {(row["Network Message ID"], row["Recipient"]) for row in rows} == expected and len(rows) == len(expected)


def test_explorer_shows_all_additional_actions_and_both_locations(story: StoredTenant) -> None:
    (row,) = cells(story.air.explorer(message="undone"))
    assert row["Additional action"] == "Automated remediation:automated, Manual remediation"
    assert (row["Original delivery location"], row["Latest delivery location"]) == ("Inbox/folder", "Inbox/folder")
    (row,) = cells(story.air.explorer(message="automatic", recipient="BOB@x"))
    assert (row["Original delivery location"], row["Latest delivery location"]) == ("Inbox/folder", "Deleted items folder")


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({}, 11),
        ({"recipient": "ANN@x"}, 6),
        ({"sender": "evil@bad.example", "threat": "phish"}, 3),
        ({"subject": "hyperlink"}, 4),
        ({"location": "deleted items folder"}, 4),
        ({"limit": 3}, 3),
        ({"until": NOON}, 2),
    ],
)
def test_filters_of_explorer(story: StoredTenant, filters: dict[str, Any], count: int) -> None:
    assert len(story.air.explorer(**filters)) == count


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"additional_action": "Burnt"}, "'Burnt' is not an additional action"),
        ({"recipent": "x"}, "no filter 'recipent'"),
        ({"limit": 0}, "cannot show 0 rows"),
    ],
)
def test_explorer_refuses_what_it_does_not_know(story: StoredTenant, filters: dict[str, Any], message: str) -> None:
    with pytest.raises(AirError, match=message):
        story.air.explorer(**filters)


def test_the_e_mail_page_tells_what_happened(story: StoredTenant) -> None:
    page = story.air.email("undone")
    steps = [(row["Source"], row["Event type"], row["Result"]) for row in cells(page.timeline)]
    assert steps == [
        ("System", "Original delivery", "Delivered"),
        ("System", "Automated Remediation", "Soft delete"),
        ("Admin", "Manual Remediation", "Moved to inbox"),
    ]
    (copy,) = cells(page.copies)
    assert (copy["Original delivery location"], copy["Latest delivery location"]) == ("Inbox/folder", "Inbox/folder")
    assert copy["Latest delivery action"] == "Moved to inbox"
    with pytest.raises(AirError, match="no message with NetworkMessageId 'none'"):
        story.air.email("none")
    with pytest.raises(AirError, match="for zoe@x"):
        story.air.email("undone", "zoe@x")


def test_what_is_not_published_yet_shows_too(stored: StoredTenant) -> None:
    stored.mail("m1", "ann@x", file="f")
    stored.alert("a1", file="f")
    stored.air.set(by="me", similar_files=True)
    stored.fail_at = "before publish"
    with pytest.raises(BaseException, match="before publish"):
        stored.air.run()
    assert stored.rows("EmailPostDeliveryEvents") == []
    (row,) = cells(stored.air.explorer(additional_action="Automated remediation:automated"))
    assert row["Latest delivery location"] == "Deleted items folder"
    assert [step["Result"] for step in cells(stored.air.email("m1").timeline)] == ["Delivered", "Soft delete"]
    assert cells(stored.air.email("m1").copies)[0]["Latest delivery action"] == "Soft delete"


# Export, report, feed


def test_a_cluster_as_csv_is_whole_and_harmless(story: StoredTenant, tmp_path: Path, journal: sqlite3.Connection) -> None:
    ((cluster,),) = journal.execute("SELECT id FROM clusters WHERE entity = 'automatic'").fetchall()
    path = tmp_path / "cluster.csv"
    assert story.air.export_cluster(cluster[:8], path) == 2
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    members = journal.execute("SELECT message, address FROM cluster_members WHERE cluster_id = ?", (cluster,)).fetchall()
    assert {(row["Network Message ID"], row["Recipient"]) for row in rows} == set(members)
    assert {row["Subject"] for row in rows} == {"'" + FORMULA}, "a spreadsheet would run it"
    assert {(row["Email count"], row["Location at analysis"], row["Location now"]) for row in rows} == {
        ("2", "Inbox", "Recoverable items")
    }


def test_a_failed_export_leaves_the_old_file(story: StoredTenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cluster.csv"
    path.write_text("old")
    cluster = story.air.investigation(of(story, "alert-mixed")).clusters[0].id

    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", broken)
    with pytest.raises(HuntingError, match="No space left"):
        story.air.export_cluster(cluster, path)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_counts_are_frozen_and_can_be_asked_for_anew(story: StoredTenant) -> None:
    (cluster,) = story.air.investigation(of(story, "alert-automatic")).clusters
    now = story.air.recount(cluster.id)
    assert (cluster.mailbox, cluster.not_in_mailbox) == (2, 0)
    assert (now["email_count"], now["mailbox"], now["not_in_mailbox"]) == (2, 0, 2)


def test_false_positives_are_counted_by_cluster_type(story: StoredTenant) -> None:
    (row,) = cells(story.air.report()["False positives"])
    assert (row["Cluster type"], row["Automatic actions"], row["Undone"]) == ("Similar files", 3, 1)
    assert (row["Copies removed"], row["Copies restored"], row["Undone share"]) == (4, 1, pytest.approx(1 / 3))


def test_impact_counts_users_and_mailboxes_of_each_investigation(story: StoredTenant) -> None:
    impact = {row["Investigation ID"]: row for row in cells(story.air.report()["Impact"])}
    mixed, waiting = impact[of(story, "alert-mixed")], impact[of(story, "alert-waiting")]
    assert (mixed["Users"], mixed["Messages"], mixed["Mailboxes touched"], mixed["Copies moved"]) == (2, 2, 1, 1)
    assert (waiting["Users"], waiting["Mailboxes touched"], waiting["Copies moved"]) == (1, 0, 0)


def test_the_audit_report_is_the_audit(story: StoredTenant, journal: sqlite3.Connection) -> None:
    rows = cells(story.air.report()["Audit"])
    assert [(row["Sequence"], row["Actor"], row["Event"], row["Hash"]) for row in rows] == journal.execute(
        "SELECT seq, actor, event, hash FROM audit ORDER BY seq"
    ).fetchall()
    later = story.air.report(since=NOON + timedelta(days=7, hours=3))
    assert 0 < len(later["Audit"]) < len(rows) and len(later["Impact"]) == 1


def test_the_feed_holds_every_row_once_and_goes_on_where_it_stopped(story: StoredTenant, journal: sqlite3.Connection) -> None:
    lines = list(story.air.feed())
    events, notices = (journal.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("events", "outbox"))
    assert len(lines) == events + notices
    for cut in range(len(lines)):
        assert [line.text for line in story.air.feed(lines[cut].position)] == [line.text for line in lines[cut + 1 :]]
    with pytest.raises(AirError, match="is not a position"):
        story.air.feed("yesterday")


def test_a_line_of_the_feed_is_the_streaming_envelope_around_the_lakes_row(story: StoredTenant) -> None:
    held = {row["ReportId"]: row for row in story.lake.read("EmailPostDeliveryEvents").to_pylist()}
    seen = 0
    for line in story.air.feed():
        envelope = json.loads(line.text)
        assert envelope.keys() == {"time", "tenantId", "operationName", "category", "properties"} and "\n" not in line.text
        if envelope["category"] == "AdvancedHunting-EmailPostDeliveryEvents":
            row = envelope["properties"]
            ours = held[row["ReportId"]]
            assert row.pop("Timestamp") == ours["Timestamp"].isoformat(timespec="microseconds") + "Z" == envelope["time"]
            assert row == {name: value for name, value in ours.items() if name != "Timestamp"}
            seen += 1
        if envelope["category"] == "AdvancedHunting-CloudAppEvents":
            assert isinstance(envelope["properties"]["RawEventData"]["Actions"], list)
    assert seen == len(story.published())


def test_additional_actions_are_a_closed_list(story: StoredTenant) -> None:
    shown = {kind for row in cells(story.air.explorer()) for kind in row["Additional action"].split(", ")}
    assert shown <= set(ADDITIONAL_ACTIONS)
