"""Approve, reject, expire, undo; and nothing lost or doubled when it is killed."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from air_tenant import URL_ALERT, KilledError, Tenant

from hunting.air import ActionRecord
from hunting.air.places import Place
from hunting.errors import AirError

LINK = "https://bad.example/login"


@pytest.fixture
def removed(tenant: Tenant) -> ActionRecord:
    """Two copies, removed by automation."""
    tenant.mail("m1", "ann@x", file="f")
    tenant.mail("m2", "bob@x", file="f", location="Junk folder")
    tenant.alert("a1", file="f")
    tenant.air.set(by="me", similar_files=True)
    tenant.air.run()
    return tenant.air.actions()[0]


@pytest.fixture
def pending(tenant: Tenant) -> ActionRecord:
    """Two copies that wait for approval."""
    tenant.mail("m1", "ann@x", "bob@x", file="f")
    tenant.alert("a1", file="f")
    tenant.air.run()
    return tenant.air.actions()[0]


def test_the_row_that_automation_writes(tenant: Tenant, removed: ActionRecord) -> None:
    row = next(r for r in tenant.published() if r["NetworkMessageId"] == "m2")
    number = row.pop("ReportId").removeprefix("m2-")
    assert number.isdigit() and int(number) < 2**64
    assert row == {
        "Timestamp": tenant.clock().replace(tzinfo=None),
        "NetworkMessageId": "m2",
        "InternetMessageId": "<m2@mail>",
        "Action": "Soft delete",
        "ActionType": "Automated Remediation",
        "ActionTrigger": "Automation",
        "ActionResult": "Success",
        "RecipientEmailAddress": "bob@x",
        "DeliveryLocation": "Deleted items folder",
        "ThreatTypes": "Malware",
        "DetectionMethods": '{"Malware":["File detonation"]}',
        "SenderFromAddress": "evil@bad.example",
        "EmailDirection": "Inbound",
        "SourceLocation": "Junk folder",
    }
    assert (removed.decided_by, removed.source, removed.moved) == ("Automation", "Automated email action", 2)


def test_repeating_a_run_changes_nothing(tenant: Tenant, removed: ActionRecord) -> None:
    assert removed.moved == 2
    before = (tenant.published(), tenant.air.actions(), tenant.air.verify().audit_entries)
    summary = tenant.air.run()
    assert (summary.investigations, summary.moved, summary.published) == (0, 0, 0)
    assert (tenant.published(), tenant.air.actions(), tenant.air.verify().audit_entries) == before


@pytest.mark.parametrize("action_type", ["Automated Remediation", "Manual Remediation"])
def test_approve(tenant: Tenant, pending: ActionRecord, action_type: str) -> None:
    tenant.air.set(by="me", approved_action_type=action_type)
    done = tenant.air.approve(pending.id, by="ann.admin", reason="seen it")
    assert (done.status, done.decision, done.decided_by, done.reason, done.moved) == (
        "Completed",
        "Approved",
        "ann.admin",
        "seen it",
        2,
    )
    assert {(r["ActionType"], r["ActionTrigger"]) for r in tenant.published()} == {(action_type, "AdminAction")}
    assert tenant.air.investigations()[0].status == "Remediated"
    with pytest.raises(AirError, match="is completed, not pending"):
        tenant.air.approve(pending.id, by="me")


def test_approving_touches_only_frozen_members_where_they_are_now(tenant: Tenant, pending: ActionRecord) -> None:
    tenant.mail("m9", "new@x", file="f")
    tenant.clock.advance(timedelta(hours=1))
    tenant.event("m1", "ann@x", "Moved to quarantine", "Quarantine", at=tenant.clock())
    done = tenant.air.approve(pending.id, by="me")
    assert (done.moved, done.left) == (1, 1)
    assert [(r["NetworkMessageId"], r["RecipientEmailAddress"]) for r in tenant.published()] == [("m1", "bob@x")]


def test_reject(tenant: Tenant, pending: ActionRecord) -> None:
    closed = tenant.air.reject(pending.id, by="me", reason="harmless")
    assert (closed.status, closed.decision, closed.decided_by, closed.reason) == ("Rejected", "Rejected", "me", "harmless")
    assert tenant.published() == []
    assert tenant.air.investigations()[0].status == "Remediated"
    for decide in (tenant.air.approve, tenant.air.reject):
        with pytest.raises(AirError, match="is rejected, not pending"):
            decide(pending.id, by="me")


@pytest.mark.parametrize(("verb", "event"), [("approve", "action approved"), ("reject", "action rejected")])
def test_a_decision_is_in_the_audit_with_its_person_and_reason(
    tenant: Tenant, pending: ActionRecord, verb: str, event: str
) -> None:
    getattr(tenant.air, verb)(pending.id, by="ann.admin", reason="seen it")
    (row,) = [row for row in tenant.lake.read("AirAudit").to_pylist() if row["Event"] == event]
    assert (row["Actor"], row["Subject"], json.loads(row["Detail"])) == ("ann.admin", pending.id, {"reason": "seen it"})


def test_a_week_without_decision(tenant: Tenant, pending: ActionRecord) -> None:
    tenant.clock.advance(timedelta(days=7) - timedelta(seconds=1))
    assert tenant.air.run().expired == 0
    tenant.clock.advance(timedelta(seconds=1))
    assert tenant.air.run().expired == 1
    assert tenant.air.action(pending.id).status == "Expired"
    assert tenant.air.investigations()[0].status == "Terminated By System"


def test_a_type_switched_off_before_execution_waits(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", file="f")
    tenant.alert("a1", file="f")
    tenant.air.set(by="me", similar_files=True)
    tenant.fail_at = "after analyse"
    with pytest.raises(KilledError):
        tenant.air.run()
    tenant.air.close()
    tenant.air.set(by="me", similar_files=False)
    tenant.air.run()
    action = tenant.air.actions()[0]
    assert (action.status, action.decided_by) == ("Pending", "")
    assert "switched off" in action.reason
    assert tenant.published() == []


def test_a_cluster_that_grew_before_execution_waits(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", "bob@x", file="f")
    tenant.alert("a1", file="f")
    tenant.air.set(by="me", similar_files=True, automatic_limit=2)
    tenant.fail_at = "after analyse"
    with pytest.raises(KilledError):
        tenant.air.run()
    tenant.mail("m2", "cy@x", file="f")
    tenant.air.run()
    assert tenant.air.actions()[0].status == "Pending"
    assert "3 copies now" in tenant.air.actions()[0].reason


# Undo


@pytest.mark.parametrize(
    ("to", "location", "action"), [("inbox", "Inbox", "Moved to inbox"), ("Junk", "Junk folder", "Moved to junk folder")]
)
def test_undo(tenant: Tenant, removed: ActionRecord, to: str, location: str, action: str) -> None:
    undo = tenant.air.undo(removed.id[:6], to, by="me", reason="false positive")
    assert (undo.kind, undo.name, undo.decided_by, undo.source, undo.moved) == ("undo", action, "me", "Manual email action", 2)
    assert tenant.air.action(removed.id).undone_by == undo.id
    rows = tenant.published()[-2:]
    assert {(r["ActionType"], r["ActionTrigger"], r["Action"], r["DeliveryLocation"], r["SourceLocation"]) for r in rows} == {
        ("Manual Remediation", "AdminAction", action, location, "Deleted items folder")
    }
    assert tenant.automatic() == {("m1", "ann@x"), ("m2", "bob@x")}, "history is added to, not changed"
    assert tenant.air.verify().sound


def test_the_undo_is_later_than_what_it_undoes_even_if_the_clock_stands_still(tenant: Tenant, removed: ActionRecord) -> None:
    tenant.air.undo(removed.id, by="me")
    by_copy: dict[str, list[str]] = {}
    for row in sorted(tenant.published(), key=lambda r: r["Timestamp"]):
        by_copy.setdefault(row["NetworkMessageId"], []).append(row["Action"])
    assert set(map(tuple, by_copy.values())) == {("Soft delete", "Moved to inbox")}
    times = [row["Timestamp"] for row in tenant.published() if row["NetworkMessageId"] == "m1"]
    assert len(set(times)) == 2


def test_undo_twice_is_refused(tenant: Tenant, removed: ActionRecord) -> None:
    undo = tenant.air.undo(removed.id, by="me")
    before = tenant.published()
    for to in ("inbox", "junk"):
        with pytest.raises(AirError, match=f"was undone before, by me \\(action {undo.id[:6]}"):
            tenant.air.undo(removed.id, to, by="you")
    with pytest.raises(AirError, match="is itself an undo"):
        tenant.air.undo(undo.id, by="me")
    assert tenant.published() == before


def test_undo_of_what_was_not_done(tenant: Tenant, pending: ActionRecord) -> None:
    with pytest.raises(AirError, match="is pending: there is nothing to undo"):
        tenant.air.undo(pending.id, by="me")
    with pytest.raises(AirError, match="'attic' is not a place") as caught:
        tenant.air.undo(pending.id, "attic", by="me")
    assert "inbox or junk" in caught.value.hint


@pytest.mark.parametrize(("after", "refused"), [(-1, False), (0, True), (1, True)])
@pytest.mark.parametrize("days", [7, 14, 30])
def test_undo_within_the_mailboxes_retention_only(tenant: Tenant, days: int, after: int, refused: bool) -> None:
    tenant.mailbox("ANN@x", days=days)
    tenant.mail("m1", "ann@x", file="f")
    tenant.alert("a1", file="f")
    tenant.air.set(by="me", similar_files=True)
    tenant.air.run()
    tenant.clock.advance(timedelta(days=days, seconds=after))
    action = tenant.air.actions()[0]
    if refused:
        with pytest.raises(AirError, match="retention of their mailboxes has passed"):
            tenant.air.undo(action.id, by="me")
        assert len(tenant.air.actions()) == 1 and len(tenant.published()) == 1
    else:
        assert tenant.air.undo(action.id, by="me").moved == 1


def test_a_hold_keeps_what_the_retention_would_not_and_the_rest_is_said(tenant: Tenant) -> None:
    tenant.mailbox("ann@x", days=0, hold=True)
    tenant.mailbox("bob@x", days=0)
    tenant.mail("m1", "ann@x", "bob@x", file="f")
    tenant.alert("a1", file="f")
    tenant.air.set(by="me", similar_files=True)
    tenant.air.run()
    tenant.clock.advance(timedelta(days=400))
    undo = tenant.air.undo(tenant.air.actions()[0].id, by="me")
    assert (undo.moved, undo.left) == (1, 1)


def test_a_copy_that_somebody_moved_since_is_left_there(tenant: Tenant, removed: ActionRecord) -> None:
    tenant.clock.advance(timedelta(hours=1))
    tenant.event("m1", "ann@x", "Hard delete", "Deleted items folder", at=tenant.clock())
    tenant.clock.advance(timedelta(hours=1))
    undo = tenant.air.undo(removed.id, by="me")
    assert (undo.moved, undo.left) == (1, 1)
    tenant.event("m2", "bob@x", "Moved to quarantine", "Quarantine", at=tenant.clock())


def test_after_an_undo_the_same_mail_is_not_removed_without_a_new_decision(tenant: Tenant, removed: ActionRecord) -> None:
    tenant.air.undo(removed.id, by="me")
    tenant.air.run()
    tenant.alert("a2", file="f")
    summary = tenant.air.run()
    assert (summary.automatic, summary.pending) == (0, 1)
    again = tenant.air.actions(status="pending")[0]
    assert "put back by a person" in again.reason
    assert tenant.air.approve(again.id, by="me").moved == 2
    assert tenant.air.undo(again.id, by="me").moved == 2
    assert tenant.air.verify().sound


# Kills

STEPS = [
    f"{when} {step}"
    for step in ("open", "analyse", "intent", "move", "done", "cancelled", "publish")
    for when in ("before", "after")
]


def scene(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", "bob@x", file="f", url=LINK)
    tenant.mail("m2", "cy@x", url=LINK, location="Junk folder")
    tenant.mail("m3", "dan@x", file="f", location="Quarantine")
    tenant.alert("a1", file="f", url=LINK)
    tenant.alert("a2", URL_ALERT, url=LINK)
    tenant.air.set(by="me", similar_urls=True)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[object, ...]:
    """How it ends without a kill."""
    tenant = Tenant(tmp_path_factory.mktemp("undisturbed") / "store")
    scene(tenant)
    tenant.air.run()
    tenant.air.undo(tenant.air.actions(status="completed")[0].id, by="me")
    return ending(tenant)


def ending(tenant: Tenant) -> tuple[object, ...]:
    found = [tenant.air.investigation(i.id) for i in tenant.air.investigations()]
    states = [(i.id, i.status, [(c.id, c.remediation_status) for c in i.clusters]) for i in found]
    actions = [(a.id, a.status, a.decided_by, a.moved, a.already, a.left) for a in tenant.air.actions()]
    return states, actions, sorted(tenant.published(), key=str), tenant.air.verify().faults


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_of_a_run_and_a_repetition_end_as_if_undisturbed(
    tmp_path: Path, step: str, undisturbed: tuple[object, ...]
) -> None:
    tenant = Tenant(tmp_path / "store")
    scene(tenant)
    tenant.fail_at = step
    with pytest.raises(KilledError):
        tenant.air.run()
    tenant.air.close()
    tenant.air = tenant.new_air()
    tenant.air.run()
    tenant.air.undo(tenant.air.actions(status="completed")[0].id, by="me")
    assert ending(tenant) == undisturbed


@pytest.mark.parametrize(
    "step", ["before intent", "after intent", "before move", "after move", "before done", "after done", "before publish"]
)
def test_a_kill_at_any_step_of_an_undo(tmp_path: Path, step: str, undisturbed: tuple[object, ...]) -> None:
    tenant = Tenant(tmp_path / "store")
    scene(tenant)
    tenant.air.run()
    action = tenant.air.actions(status="completed")[0].id
    tenant.fail_at = step
    with pytest.raises(KilledError):
        tenant.air.undo(action, by="me")
    tenant.air.close()
    tenant.air = tenant.new_air()
    tenant.air.run()
    if step == "before intent":
        tenant.air.undo(action, by="me")
    assert ending(tenant) == undisturbed


@pytest.mark.parametrize("place", ["Quarantine", "Recoverable items"])
def test_what_moved_between_intent_and_move_is_a_conflict_not_a_second_move(tenant: Tenant, place: str) -> None:
    tenant.mail("m1", "ann@x", "bob@x", file="f")
    tenant.alert("a1", file="f")
    tenant.air.set(by="me", similar_files=True)
    tenant.fail_at = "after intent"
    with pytest.raises(KilledError):
        tenant.air.run()
    tenant.air._journal.rows("UPDATE locations SET place = ? WHERE recipient = 'ann@x'", (place,))
    summary = tenant.air.run()
    assert summary.recovered == 1
    action = tenant.air.actions()[0]
    assert (action.status, action.moved, action.left) == ("Completed", 1, 1)
    assert tenant.automatic() == {("m1", "bob@x")}
    (error,) = [row for row in tenant.published() if row["ActionResult"] == "Error"]
    assert (error["RecipientEmailAddress"], error["Action"]) == ("ann@x", "Soft delete")
    assert error["SourceLocation"] == error["DeliveryLocation"] == Place(place).location
    cluster = tenant.air.investigation(action.investigation_id).clusters[0]
    assert cluster.remediation_status == "Partially remediated"


# Verify


@pytest.mark.parametrize(
    ("tamper", "fault"),
    [
        ("UPDATE events SET source = 'Inbox'", "The events of action"),
        ("DELETE FROM events WHERE seq = 1", "The events of action"),
        ("UPDATE cluster_members SET place = 'Quarantine'", "The members of cluster"),
        ("UPDATE settings SET value = 'off'", "The settings were changed"),
        ("DELETE FROM audit WHERE event = 'action completed'", "The audit log"),
    ],
)
def test_verify_finds_what_was_changed(tenant: Tenant, removed: ActionRecord, tamper: str, fault: str) -> None:
    assert tenant.air.verify().sound and removed.moved == 2
    tenant.air._journal.rows(tamper)
    assert any(text.startswith(fault) for text in tenant.air.verify().faults)


def test_verify_finds_what_the_lake_lost_or_doubled(tenant: Tenant, removed: ActionRecord) -> None:
    assert removed.moved == 2
    rows = tenant.lake.read("EmailPostDeliveryEvents")
    tenant.lake.append("EmailPostDeliveryEvents", rows.slice(0, 1))
    assert [f for f in tenant.air.verify().faults if f.endswith("2 times.")]


def test_an_old_copy_of_the_journal_is_refused(tenant: Tenant, removed: ActionRecord) -> None:
    assert removed.moved == 2
    tenant.air._journal.rows("DELETE FROM events WHERE seq = 2")
    with pytest.raises(AirError, match="it is an old copy"):
        tenant.air.run()
