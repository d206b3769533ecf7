"""Take action: remediation by hand on the rows of a hunt, and by ids."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from air_tenant import NOON, KilledError, StoredTenant, Tenant

from hunting.air import manual
from hunting.air.places import Place
from hunting.errors import AirError

PLACES = {
    "Inbox/folder": Place.INBOX,
    "Junk folder": Place.JUNK,
    "Deleted items folder": Place.DELETED_ITEMS,
    "Quarantine": Place.QUARANTINE,
    "On-premises/external": Place.EXTERNAL,
    "Failed": Place.FAILED,
    "Dropped": Place.DROPPED,
}
REACHED = ("Inbox/folder", "Junk folder", "Deleted items folder", "Quarantine")


def everywhere(tenant: Tenant) -> list[tuple[str, str]]:
    """One copy in every place; returns message and recipient of each."""
    for number, location in enumerate(PLACES):
        tenant.mail(f"m{number}", "Ann@X", location=location)
    return [(f"m{number}", "ann@x") for number in range(len(PLACES))]


@pytest.mark.parametrize(
    ("action", "name", "place", "reached"),
    [
        ("soft-delete", "Soft delete", "Deleted items folder", REACHED),
        ("hard-delete", "Hard delete", "Deleted items folder", REACHED),
        ("deleted-items", "Moved to deleted items", "Deleted items folder", REACHED),
        ("junk", "Moved to junk folder", "Junk folder", REACHED),
        ("inbox", "Moved to inbox", "Inbox", REACHED),
        ("quarantine", "Moved to quarantine", "Quarantine", REACHED[:3]),
        ("release", "Quarantine release", "Inbox", ("Quarantine",)),
    ],
)
def test_each_action_reaches_only_the_places_it_can(
    tenant: Tenant, action: str, name: str, place: str, reached: tuple[str, ...]
) -> None:
    done = tenant.air.remediate(everywhere(tenant), action, by="me")
    locations = [location for location in PLACES if location in reached and Place(PLACES[location]).location != place]
    if action in ("soft-delete", "hard-delete"):  # Deleted Items and what is deleted from there are written alike
        locations = list(reached)
    rows = tenant.published()
    assert {row["NetworkMessageId"] for row in rows} == {f"m{list(PLACES).index(location)}" for location in locations}
    assert {(r["Action"], r["ActionType"], r["ActionTrigger"], r["ActionResult"], r["DeliveryLocation"]) for r in rows} == {
        (name, "Manual Remediation", "AdminAction", "Success", place)
    }
    assert (done.moved, done.moved + done.already + done.left) == (len(locations), len(PLACES))
    assert (done.status, done.decided_by, done.source) == ("Completed", "me", "Manual email action")
    assert tenant.air.verify().sound


def test_all_recipients_of_a_message_or_the_selected_one(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", "bob@x", "cy@x")
    assert tenant.air.remediate([{"NetworkMessageId": "m1", "RecipientEmailAddress": "BOB@x"}], "junk", by="me").moved == 1
    assert tenant.air.remediate("m1", "junk", by="me", source="Explorer action").moved == 2
    assert sorted(row["RecipientEmailAddress"] for row in tenant.published()) == ["ann@x", "bob@x", "cy@x"]


def test_the_same_selection_again_moves_nothing(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x")
    tenant.air.remediate(["m1"], "soft-delete", by="me")
    again = tenant.air.remediate(["m1"], "soft-delete", by="me")
    assert (again.moved, again.already, len(tenant.published())) == (0, 1, 1)


def test_it_has_an_investigation_an_alert_and_a_place_in_the_action_center(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x")
    done = tenant.air.remediate(["m1", "m1", "unknown"], "soft-delete", by="ann.admin", reason="asked by legal")
    found = tenant.air.investigation(done.investigation_id)
    assert (found.type, found.status) == ("Manual investigation", "Remediated")
    assert any("1 copies selected; 1 of the selection not found" in entry.description for entry in found.log)
    (alert,) = [row for row in tenant.lake.read("AlertInfo").to_pylist() if row["AlertId"] == found.alert_id]
    assert alert["Title"] == "Administrative action submitted by an Administrator"
    center = tenant.air.action_center("history", source="manual email action").table.to_pylist()
    assert [(row["Decided by"], row["Reason"], row["Approval ID"]) for row in center] == [
        ("ann.admin", "asked by legal", done.id)
    ]


@pytest.mark.parametrize(
    ("action", "to", "back"),
    [("soft-delete", "inbox", "Inbox"), ("junk", "inbox", "Inbox"), ("deleted-items", "junk", "Junk folder")],
)
def test_what_was_done_by_hand_can_be_undone(tenant: Tenant, action: str, to: str, back: str) -> None:
    tenant.mail("m1", "ann@x")
    done = tenant.air.remediate(["m1"], action, by="me")
    assert tenant.air.undo(done.id, to, by="me").moved == 1
    assert tenant.published()[-1]["DeliveryLocation"] == back
    with pytest.raises(AirError, match="undone before"):
        tenant.air.undo(done.id, to, by="me")


@pytest.mark.parametrize("action", ["hard-delete", "release"])
def test_what_nothing_takes_back(tenant: Tenant, action: str) -> None:
    tenant.mail("m1", "ann@x", location="Quarantine")
    done = tenant.air.remediate(["m1"], action, by="me")
    assert done.moved == 1
    with pytest.raises(AirError, match="it cannot be undone"):
        tenant.air.undo(done.id, by="me")


@pytest.mark.parametrize(("seconds", "moved"), [(-1, 1), (0, 0), (1, 0)])
def test_from_recoverable_items_only_within_the_retention(tenant: Tenant, seconds: int, moved: int) -> None:
    tenant.mailbox("ann@x", days=7)
    tenant.mail("m1", "ann@x")
    tenant.air.remediate(["m1"], "soft-delete", by="me")
    tenant.clock.advance(timedelta(days=7, seconds=seconds))
    done = tenant.air.remediate(["m1"], "inbox", by="me")
    assert (done.moved, done.left) == (moved, 1 - moved)
    assert done.left_because == ("" if moved else "retention passed: 1")


def test_quarantine_keeps_thirty_days(tenant: Tenant) -> None:
    tenant.mail("old", "ann@x", location="Quarantine", ago=timedelta(days=30))
    tenant.mail("new", "ann@x", location="Quarantine", ago=timedelta(days=30) - timedelta(seconds=1))
    assert tenant.air.remediate(["old", "new"], "release", by="me").moved == 1
    assert [row["NetworkMessageId"] for row in tenant.published()] == ["new"]


def test_a_proposal_waits_for_another_person(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x")
    proposed = tenant.air.remediate(["m1"], "soft-delete", by="ann.admin", propose=True)
    assert proposed.status == "Pending" and tenant.published() == []
    tenant.air.run()
    assert tenant.air.action(proposed.id).status == "Pending", "it is no cluster that automation looks at again"
    with pytest.raises(AirError, match="another person has to approve"):
        tenant.air.approve(proposed.id, by="Ann.Admin")
    done = tenant.air.approve(proposed.id, by="bob.admin")
    assert (done.moved, done.decided_by) == (1, "bob.admin")
    assert tenant.published()[0]["ActionType"] == "Manual Remediation"


def test_nothing_is_spared_from_a_person(tenant: Tenant) -> None:
    tenant.mailbox("soc@x", secops=True)
    tenant.mail("m1", "soc@x", OrgLevelPolicy="SecOps Mailbox")
    assert tenant.air.remediate(["m1"], "soft-delete", by="me").moved == 1


@pytest.mark.parametrize(
    ("rows", "action", "message"),
    [
        ([], "junk", "No message is selected"),
        (["unknown"], "junk", "None of the selected messages"),
        ([("m1",)], "junk", "is not a message and a recipient"),
        ([("", "ann@x")], "junk", "is not a message and a recipient"),
        (["m1"], "burn", "'burn' is not a remediation action"),
        (["m1"], "block-url", "does not act on copies"),
    ],
)
def test_what_cannot_be_done_leaves_nothing(tenant: Tenant, rows: list[Any], action: str, message: str) -> None:
    tenant.mail("m1", "ann@x")
    with pytest.raises(AirError, match=message):
        tenant.air.remediate(rows, action, by="me")
    assert tenant.air.investigations() == [] and tenant.air.actions() == []


def test_bounds(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant.mail("m1", "ann@x", "bob@x")
    monkeypatch.setattr(manual, "SELECTION_LIMIT", 1)
    with pytest.raises(AirError, match="2 copies are selected; 1 are possible"):
        tenant.air.remediate([("m1", "ann@x"), ("m1", "bob@x")], "junk", by="me")
    monkeypatch.setattr(manual, "ACTIVE_LIMIT", 1)
    tenant.air.remediate(["m1"], "junk", by="me", propose=True)
    with pytest.raises(AirError, match="1 remediations by hand with 2 copies are open"):
        tenant.air.remediate(["m1"], "inbox", by="me")


@pytest.mark.parametrize("step", ["after select", "after intent", "after move", "before done", "before publish", "before tables"])
def test_a_kill_loses_and_doubles_nothing(tenant: Tenant, step: str) -> None:
    tenant.mail("m1", "ann@x", "bob@x")
    tenant.fail_at = step
    with pytest.raises(KilledError):
        tenant.air.remediate(["m1"], "soft-delete", by="me")
    tenant.air.close()
    tenant.air = tenant.new_air()
    tenant.air.run()
    assert sorted(row["RecipientEmailAddress"] for row in tenant.published()) == ["ann@x", "bob@x"]
    assert [(a.status, a.moved) for a in tenant.air.actions()] == [("Completed", 2)] and tenant.air.verify().sound


def test_take_action_on_the_rows_of_a_hunt_undoes_what_automation_did(stored: StoredTenant) -> None:
    stored.mail("m1", "ann@x", "bob@x", file="f")
    stored.alert("a1", file="f")
    stored.air.set(by="me", similar_files=True)
    stored.air.run()
    hunt = 'EmailPostDeliveryEvents | where ActionType == "Automated Remediation" and RecipientEmailAddress == "bob@x"'
    rows = stored.query(hunt + " | project NetworkMessageId, RecipientEmailAddress")
    stored.clock.advance(timedelta(minutes=5))
    done = stored.air.remediate(rows, "inbox", by="me", source="Advanced hunting action")
    assert (done.moved, done.source) == (1, "Advanced hunting action")
    assert stored.automatic() == {("m1", "ann@x"), ("m1", "bob@x")}, "what was done stays"
    latest = stored.rows("EmailEvents | project RecipientEmailAddress, LatestDeliveryLocation, LatestDeliveryAction")
    assert sorted(latest) == [("ann@x", "Deleted items folder", "Soft delete"), ("bob@x", "Inbox/folder", "Moved to inbox")]
    stored.alert("a2", file="f", at=NOON + timedelta(minutes=5))
    stored.air.run()
    pending = stored.air.actions(status="pending")
    assert len(pending) == 1 and "put back by a person" in pending[0].reason
    assert len(stored.published()) == 3, "not removed again without a new decision"


def test_rows_without_the_two_columns_are_refused(stored: StoredTenant) -> None:
    stored.mail("m1", "ann@x")
    with pytest.raises(AirError, match="no column RecipientEmailAddress") as caught:
        stored.air.remediate(stored.query("EmailEvents | project NetworkMessageId"), "junk", by="me")
    assert "project NetworkMessageId, RecipientEmailAddress" in caught.value.hint
