"""Rules of the product around a decision: the hour, errors, retention, proposals, throttling, statuses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from air_tenant import FILE_ALERT, REPORTED, URL_ALERT, KilledError, Tenant

from hunting.air import ActionRecord, Investigation
from hunting.errors import AirError, StoreError

LINK = "https://bad.example/login"
MINUTE = timedelta(minutes=1)


def only(tenant: Tenant) -> Investigation:
    (found,) = tenant.air.investigations()
    return tenant.air.investigation(found.id)


def statuses(found: Investigation) -> list[str]:
    """The statuses that the log went through."""
    return list(dict.fromkeys(entry.status for entry in found.log))


def redelivered(tenant: Tenant) -> ActionRecord:
    """A cluster that was approved and removed, is back in the mailbox by itself, and waits a second time."""
    tenant.mail("m1", "ann@x", file="f")
    tenant.alert("a1", file="f")
    tenant.air.run()
    tenant.air.approve(tenant.air.actions()[0].id, by="me")
    tenant.clock.advance(MINUTE)
    tenant.event("m1", "ann@x", "Reprocessed", "Inbox", at=tenant.clock())
    tenant.alert("a2", file="f", at=tenant.clock())
    tenant.air.run()
    return tenant.air.actions(status="pending")[0]


# The same cluster within an hour


def test_a_cluster_is_not_processed_twice_within_an_hour(tenant: Tenant) -> None:
    again = redelivered(tenant)
    tenant.clock.advance(58 * MINUTE)  # 59 minutes after it was processed
    before = tenant.published()
    with pytest.raises(AirError, match="was processed by action"):
        tenant.air.approve(again.id, by="me")
    assert tenant.published() == before and tenant.air.action(again.id).status == "Pending"
    assert "approval refused" in tenant.lake.read("AirAudit")["Event"].to_pylist()
    assert tenant.air.verify().sound


def test_at_sixty_one_minutes_it_is_processed(tenant: Tenant) -> None:
    again = redelivered(tenant)
    tenant.clock.advance(60 * MINUTE)  # 61 minutes after it was processed
    assert tenant.air.approve(again.id, by="me").moved == 1


def test_a_cluster_that_has_grown_is_another_one(tenant: Tenant) -> None:
    tenant.air.set(by="me", similar_files=True)
    tenant.mail("m1", "ann@x", file="f")
    tenant.alert("a1", file="f")
    tenant.air.run()
    tenant.mail("m2", "bob@x", file="f")
    tenant.alert("a2", file="f")
    tenant.air.run()
    assert tenant.automatic() == {("m1", "ann@x"), ("m2", "bob@x")}


def test_automation_waits_until_the_hour_is_over(tenant: Tenant) -> None:
    tenant.air.set(by="me", similar_files=True)
    tenant.mail("m1", "ann@x", file="f")
    tenant.alert("a1", file="f")
    tenant.air.run()
    tenant.clock.advance(MINUTE)
    tenant.event("m1", "ann@x", "Reprocessed", "Inbox", at=tenant.clock())
    tenant.alert("a2", file="f", at=tenant.clock())
    tenant.air.run()
    tenant.air.run()
    waiting = tenant.air.actions(status="approved")
    assert len(waiting) == 1 and len(tenant.published()) == 1
    log = [entry.description for entry in tenant.air.investigation(waiting[0].investigation_id).log]
    assert sum("waits: " in line for line in log) == 1, "said once"
    tenant.clock.advance(60 * MINUTE)
    tenant.air.run()
    assert tenant.air.action(waiting[0].id).moved == 1


# Moves that fail


def failed(tenant: Tenant) -> ActionRecord:
    """Two copies; one was quarantined by somebody else between the intent and the move."""
    tenant.air.set(by="me", similar_files=True)
    tenant.mail("m1", "ann@x", "bob@x", file="f")
    tenant.alert("a1", file="f")
    tenant.fail_at = "after intent"
    with pytest.raises(KilledError):
        tenant.air.run()
    tenant.clock.advance(MINUTE)
    tenant.event("m1", "ann@x", "Moved to quarantine", "Quarantine", at=tenant.clock())
    tenant.clock.advance(MINUTE)
    tenant.air.run()
    return tenant.air.actions()[0]


def test_a_failed_move_is_an_event_with_the_result_error(tenant: Tenant) -> None:
    action = failed(tenant)
    assert (action.status, action.moved, action.failed) == ("Completed", 1, 1)
    rows = {(r["RecipientEmailAddress"], r["ActionResult"]): r for r in tenant.published()}
    assert rows.keys() == {("bob@x", "Success"), ("ann@x", "Error")}
    assert rows["ann@x", "Error"]["DeliveryLocation"] == "Quarantine"
    assert only(tenant).status == "Remediated", "an error does not change it"
    assert tenant.air.verify().sound


def test_a_failed_move_can_be_repeated(tenant: Tenant) -> None:
    action = failed(tenant)
    tenant.clock.advance(MINUTE)
    tenant.event("m1", "ann@x", "Quarantine release", "Inbox", at=tenant.clock())
    tenant.clock.advance(MINUTE)
    again = tenant.air.retry(action.id, by="me")
    assert (again.status, again.moved, again.already, again.decided_by) == ("Completed", 1, 1, "me")
    assert [r["ActionResult"] for r in tenant.published() if r["RecipientEmailAddress"] == "ann@x"] == ["Error", "Success"]
    with pytest.raises(AirError, match="there is nothing to repeat"):
        tenant.air.retry(again.id, by="me")
    assert tenant.air.verify().sound


# Opting in


def test_who_opts_in_is_told_what_could_not_be_restored(tenant: Tenant) -> None:
    tenant.mailbox("none@x", days=0)
    tenant.mailbox("held@x", days=0, hold=True)
    tenant.mailbox("week@x", days=7)
    tenant.mailbox("usual@x")
    note = tenant.air.set(by="me", similar_files=True).note
    assert note is not None
    assert (note.mailboxes, note.unrestorable, note.shorter) == (4, ("none@x",), ("week@x",))
    assert "1 of 4 mailboxes keep nothing, 1 keep it shorter" in note.text and "14 days" in note.text
    assert "Nothing can be restored to none@x. For a shorter time only, to week@x." in note.text


def test_nothing_is_told_when_nothing_is_switched_on(tenant: Tenant) -> None:
    assert tenant.air.set(by="me", automatic_limit=5, similar_files=False).note is None


# What is only ever proposed


def proposals(tenant: Tenant) -> dict[str, ActionRecord]:
    tenant.mail("m1", "ann@x", url=LINK, threats="Phish")
    tenant.mail("m2", "bob@x", url=LINK, threats="Phish")
    tenant.alert("a1", URL_ALERT, url=LINK)
    tenant.air.set(by="me", similar_urls=True, block_url=True, block_sender=True, quarantine=True)
    tenant.air.run()
    return {action.name: action for action in tenant.air.actions() if action.kind == "remediation"}


def test_block_and_quarantine_are_pending_though_the_type_is_opted_in(tenant: Tenant) -> None:
    found = proposals(tenant)
    assert {name: action.status for name, action in found.items()} == {
        "Soft delete": "Completed",
        "Block URL": "Pending",
        "Block sender": "Pending",
        "Moved to quarantine": "Cancelled",  # nothing was left in a mailbox
    }
    assert only(tenant).status == "Partially Remediated"


def test_an_approved_block_is_on_the_list_until_it_is_undone_and_moves_nothing(tenant: Tenant) -> None:
    found, rows = proposals(tenant), len(tenant.published())
    for name in ("Block URL", "Block sender"):
        tenant.air.approve(found[name].id, by="me", reason="seen")
    assert [(row[0], row[1]) for row in tenant.air.blocks().rows()] == [("Sender", "evil@bad.example"), ("URL", LINK)]
    assert only(tenant).status == "Remediated"
    undo = tenant.air.undo(found["Block URL"].id, by="me")
    assert (undo.name, undo.status) == ("Unblock URL", "Completed")
    assert [row[0] for row in tenant.air.blocks().rows()] == ["Sender"]
    assert len(tenant.published()) == rows and tenant.air.verify().sound


def test_a_blocked_url_is_malicious_in_the_next_investigation(tenant: Tenant) -> None:
    tenant.air.approve(proposals(tenant)["Block URL"].id, by="me")
    tenant.mail("m9", "cy@x", url=LINK, threats="")
    tenant.alert("a9", REPORTED, "", mail="m9")
    found = tenant.air.investigate("a9")
    assert [c.verdict for c in found.clusters] == ["Malicious"]
    assert ("m9", "cy@x") in tenant.automatic()


def test_an_approved_quarantine_moves_and_its_undo_releases(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", file="f")
    tenant.alert("a1", file="f")
    tenant.air.set(by="me", quarantine=True)
    tenant.air.run()
    action = next(a for a in tenant.air.actions() if a.name == "Moved to quarantine")
    assert tenant.air.approve(action.id, by="me").moved == 1
    assert {a.name: a.status for a in tenant.air.actions()} == {"Soft delete": "Cancelled", "Moved to quarantine": "Completed"}
    undo = tenant.air.undo(action.id, by="me")
    assert (undo.name, undo.moved) == ("Quarantine release", 1)
    assert [row["DeliveryLocation"] for row in tenant.published()] == ["Quarantine", "Inbox"]


# Throttling


def three_alerts(tenant: Tenant) -> None:
    for number in range(3):
        tenant.mail(f"m{number}", "ann@x", file=f"f{number}")
        tenant.alert(f"a{number}", file=f"f{number}")
    tenant.air.set(by="me", pending_limit=2)


def test_too_much_pending_queues_what_comes_after(tenant: Tenant) -> None:
    three_alerts(tenant)
    assert tenant.air.run().queued == 1
    assert [i.status for i in tenant.air.investigations()] == ["Pending Action", "Pending Action", "Queued By Throttling"]
    assert tenant.air.run().queued == 1, "it stays queued"
    tenant.air.reject(tenant.air.actions(status="pending")[0].id, by="me")
    assert tenant.air.run().queued == 0
    found = tenant.air.investigation(tenant.air.investigations()[2].id)
    assert statuses(found) == ["Starting", "Queued By Throttling", "Running", "Pending Action"]


def test_queued_too_long_is_terminated(tenant: Tenant) -> None:
    three_alerts(tenant)
    tenant.air.run()
    tenant.clock.advance(timedelta(days=7) - timedelta(seconds=1))
    tenant.air.run()
    queued = tenant.air.investigations()[2]
    assert queued.status == "Queued By Throttling"
    tenant.clock.advance(timedelta(seconds=1))
    tenant.air.run()
    ended = tenant.air.investigation(queued.id)
    assert ended.status == "Terminated By Throttling" and ended.ended_at == tenant.clock()


def test_a_persons_investigation_that_was_queued_goes_on_by_itself(tenant: Tenant) -> None:
    three_alerts(tenant)
    tenant.air.run()
    tenant.mail("m9", "ann@x", "bob@x", "cy@x", file="f9")
    assert tenant.air.investigate(email="m9", by="me").status == "Queued By Throttling"
    tenant.air.set(by="me", pending_limit=100)
    tenant.air.run()
    assert {i.status for i in tenant.air.investigations()} == {"Pending Action"}


# Every status


def test_terminated_by_user(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", file="f")
    tenant.alert("a1", file="f")
    tenant.air.run()
    ended = tenant.air.terminate(tenant.air.investigations()[0].id, by="me", reason="known test")
    assert ended.status == "Terminated By User" and ended.ended_at == tenant.clock()
    assert [(a.status, a.decided_by, a.reason) for a in ended.actions] == [("Cancelled", "me", "known test")]
    tenant.air.run()
    assert only(tenant).status == "Terminated By User"
    with pytest.raises(AirError, match="there is nothing to stop"):
        tenant.air.terminate(ended.id, by="me")
    assert tenant.published() == []


def test_what_cannot_be_read_fails_alone_and_can_be_analysed_again(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(2):
        tenant.mail(f"m{number}", "ann@x", file=f"f{number}")
        tenant.alert(f"a{number}", file=f"f{number}")
    query = tenant.query

    def broken(text: str, parameters: dict[str, Any] | None = None) -> object:
        if "a1" in (parameters or {}).get("Alerts", ()):
            raise StoreError("A file is damaged.")
        return query(text, parameters)

    monkeypatch.setattr(tenant, "query", broken)
    assert tenant.air.run().failed == 1
    assert [i.status for i in tenant.air.investigations()] == ["Pending Action", "Failed"]
    monkeypatch.setattr(tenant, "query", query)
    assert tenant.air.run().investigations == 0, "not by itself"
    found = tenant.air.investigate("a1")
    assert statuses(found) == ["Starting", "Failed", "Running", "Pending Action"]
    assert any("A file is damaged." in entry.description for entry in found.log)


@pytest.mark.parametrize(
    ("title", "evidence", "type"),
    [
        (FILE_ALERT, {"file": "f"}, "Zapped File"),
        (URL_ALERT, {"url": LINK}, "Zapped URL"),
        (REPORTED, {"mail": "m1", "file": "f"}, "User-reported messages"),
        ("A potentially malicious URL click was detected", {"url": LINK}, "URL verdict change"),
    ],
)
def test_alerts_on_a_file_a_url_a_report_and_a_click_start_an_investigation(
    tenant: Tenant, title: str, evidence: dict[str, str], type: str
) -> None:
    tenant.mail("m1", "ann@x", file="f", url=LINK)
    tenant.alert("a1", title, **evidence)
    tenant.air.run()
    found = only(tenant)
    assert (found.type, found.status, found.alert_id) == (type, "Pending Action", "a1")
    assert statuses(found) == ["Starting", "Running", "Pending Action"]
