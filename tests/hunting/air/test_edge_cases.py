"""Edge cases of automated remediation and of hunting over it, one test each; the numbers are those of `CASES`.

Where the product's documents leave a choice, the test's name says what was chosen.
"""

from __future__ import annotations

import inspect
import sys
from datetime import timedelta

import pyarrow as pa
import pytest
from air_tenant import NOON, URL_ALERT, KilledError, StoredTenant, Tenant

from hunting.air import Air, journal
from hunting.engine import Hunt
from hunting.errors import AirError, BusyError
from hunting.lake import Lake

LINK = "https://bad.example/x"
SEED = 'EmailPostDeliveryEvents | where ActionType == "Automated Remediation" and ActionTrigger == "Automation"'


def opted_in(tenant: Tenant, **more: object) -> Air:
    tenant.air.set(by="me", **({"similar_files": True} | more))
    return tenant.air


@pytest.mark.parametrize(
    ("copies", "outcome", "status"), [(10_000, "Automatic", "Completed"), (10_001, "Pending action", "Pending")]
)
def test_01_ten_thousand_copies_wherever_they_are_are_automatic_one_more_is_not(
    tenant: Tenant, copies: int, outcome: str, status: str
) -> None:
    tenant.mail("m1", "in@x", file="f")
    tenant.mail("m2", *(f"u{n}@x" for n in range(copies - 1)), file="f", location="Quarantine")
    tenant.alert("a1", file="f")
    opted_in(tenant).run()
    (action,) = tenant.air.actions()
    (cluster,) = tenant.air.investigation(action.investigation_id).clusters
    assert (cluster.outcome, action.email_count, action.status) == (outcome, copies, status)


@pytest.mark.parametrize(("grown", "status"), [(9_999, "Completed"), (10_050, "Pending")])
def test_02_a_cluster_that_has_grown_above_the_limit_before_execution_waits(tenant: Tenant, grown: int, status: str) -> None:
    tenant.mail("m1", "in@x", file="f")
    tenant.alert("a1", file="f")
    opted_in(tenant)
    tenant.fail_at = "after analyse"
    with pytest.raises(KilledError):
        tenant.air.run()
    tenant.mail("m2", *(f"u{n}@x" for n in range(grown - 1)), file="f", location="Quarantine")
    tenant.air.run()
    assert (tenant.air.actions()[0].status, tenant.air.actions()[0].email_count) == (status, 1), "members stay frozen"


def test_03_all_in_quarantine_no_action_and_prevented(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", file="f", location="Quarantine")
    tenant.alert("a1", file="f")
    opted_in(tenant).run()
    (cluster,) = tenant.air.investigation(tenant.air.investigations()[0].id).clusters
    assert (tenant.air.actions(), cluster.verdict, cluster.remediation_status) == ([], "Malicious", "Prevented")


def test_04_of_a_mixed_cluster_only_what_is_in_mailboxes_and_then_it_is_remediated(tenant: Tenant) -> None:
    tenant.mail("in", "a@x", "b@x", "c@x", file="f")
    tenant.mail("quarantined", "a@x", "b@x", file="f", location="Quarantine")
    tenant.mail("outside", "a@x", file="f", location="On-premises/external")
    tenant.alert("a1", file="f")
    opted_in(tenant).run()
    (action,) = tenant.air.actions()
    (cluster,) = tenant.air.investigation(action.investigation_id).clusters
    assert (action.moved, action.left, cluster.remediation_status) == (3, 3, "Remediated")


def test_05_a_message_in_a_file_and_a_url_cluster_is_removed_once(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", file="f", url=LINK)
    tenant.mail("m2", "bob@x", url=LINK)
    tenant.alert("a1", file="f", url=LINK)
    opted_in(tenant, similar_urls=True).run()
    assert sorted((a.cluster_type, a.moved, a.already) for a in tenant.air.actions()) == [
        ("similar-files", 1, 0),
        ("similar-urls", 1, 1),
    ]
    assert len(tenant.published()) == 2


def test_06_removed_by_its_url_the_pending_action_of_its_file_is_cancelled(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", file="f", url=LINK)
    tenant.alert("a1", file="f", url=LINK)
    opted_in(tenant, similar_files=False, similar_urls=True).run()
    assert {a.cluster_type: a.status for a in tenant.air.actions()} == {"similar-files": "Cancelled", "similar-urls": "Completed"}


def test_07_the_junk_folder_is_a_mailbox(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", file="f", location="Junk folder")
    tenant.alert("a1", file="f")
    opted_in(tenant).run()
    assert tenant.automatic() == {("m1", "ann@x")}


def test_08_what_its_reader_moved_to_deleted_items_is_left_to_a_person(tenant: Tenant) -> None:
    latest = {"LatestDeliveryLocation": "Deleted items folder", "LatestDeliveryAction": "Moved to deleted items"}
    tenant.mail("m1", "ann@x", file="f", **latest)
    tenant.alert("a1", file="f")
    opted_in(tenant).run()
    assert tenant.published() == []
    assert tenant.air.remediate(["m1"], "soft-delete", by="me").moved == 1


def test_09_what_is_soft_deleted_already_is_not_acted_on_again(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", file="f", LatestDeliveryLocation="Deleted items folder", LatestDeliveryAction="Soft delete")
    tenant.alert("a1", file="f")
    opted_in(tenant).run()
    done = tenant.air.remediate(["m1"], "soft-delete", by="me")
    assert (done.moved, done.already, tenant.published()) == (0, 1, [])


def test_10_an_error_leaves_the_investigation_remediated_and_can_be_repeated(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", file="f")
    tenant.alert("a1", file="f")
    opted_in(tenant)
    tenant.fail_at = "after intent"
    with pytest.raises(KilledError):
        tenant.air.run()
    tenant.clock.advance(timedelta(minutes=1))
    tenant.event("m1", "ann@x", "Moved to junk folder", "Junk folder", at=tenant.clock())
    tenant.clock.advance(timedelta(minutes=1))
    tenant.air.run()
    assert [row["ActionResult"] for row in tenant.published()] == ["Error"]
    assert tenant.air.investigations()[0].status == "Remediated"
    assert tenant.air.retry(tenant.air.actions()[0].id, by="me").moved == 1


def test_11_no_undo_after_the_retention_of_a_hard_delete_or_twice(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", "bob@x", "cy@x")
    late, hard, once = (
        tenant.air.remediate([("m1", person)], action, by="me").id
        for person, action in (("ann@x", "soft-delete"), ("bob@x", "hard-delete"), ("cy@x", "soft-delete"))
    )
    tenant.air.undo(once, by="me")
    tenant.clock.advance(timedelta(days=14))
    before = tenant.published()
    for action, reason in ((late, "retention of their mailboxes"), (hard, "cannot be undone"), (once, "undone before")):
        with pytest.raises(AirError, match=reason):
            tenant.air.undo(action, by="me")
    assert tenant.published() == before


def test_12_after_an_undo_the_same_alert_removes_nothing_without_a_new_decision(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", file="f")
    tenant.alert("a1", file="f")
    opted_in(tenant).run()
    tenant.air.undo(tenant.air.actions()[0].id, by="me")
    rows = len(tenant.published())
    tenant.clock.advance(timedelta(hours=2))
    tenant.air.run()
    tenant.air.investigate("a1")
    tenant.alert("a2", file="f", at=tenant.clock())
    tenant.air.run()
    assert len(tenant.published()) == rows and len(tenant.air.actions(status="pending")) == 1


def test_13_a_type_switched_off_between_analysis_and_execution_waits(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", file="f")
    tenant.alert("a1", file="f")
    opted_in(tenant)
    tenant.fail_at = "after analyse"
    with pytest.raises(KilledError):
        tenant.air.run()
    tenant.air.set(by="me", similar_files=False)
    tenant.air.run()
    assert (tenant.air.actions()[0].status, tenant.published()) == ("Pending", [])


@pytest.mark.parametrize(("minutes", "processed"), [(59, False), (61, True)])
def test_14_the_same_cluster_is_processed_again_only_after_an_hour(tenant: Tenant, minutes: int, processed: bool) -> None:
    tenant.mail("m1", "ann@x", file="f")
    for number in (1, 2):
        tenant.alert(f"a{number}", file="f")
    tenant.air.run()
    first, second = tenant.air.actions()
    tenant.fail_at = "after done"  # before the second is looked at again, the copy is delivered anew
    with pytest.raises(KilledError):
        tenant.air.approve(first.id, by="me")
    tenant.clock.advance(timedelta(seconds=1))
    tenant.event("m1", "ann@x", "Reprocessed", "Inbox", at=tenant.clock())
    tenant.clock.advance(timedelta(minutes=minutes))
    if processed:
        assert tenant.air.approve(second.id, by="me").moved == 1
    else:
        with pytest.raises(AirError, match="was processed by action"):
            tenant.air.approve(second.id, by="me")


@pytest.mark.parametrize(("seconds", "status"), [(-1, "Pending"), (0, "Expired")])
def test_15_seven_days_to_the_second(tenant: Tenant, seconds: int, status: str) -> None:
    tenant.mail("m1", "ann@x", file="f")
    tenant.alert("a1", file="f")
    tenant.air.run()
    tenant.clock.advance(timedelta(days=7, seconds=seconds))
    tenant.air.run()
    assert tenant.air.actions()[0].status == status


@pytest.mark.parametrize("decide", ["approve", "reject"])
def test_15_after_seven_days_nothing_can_be_decided_even_if_nobody_has_looked(tenant: Tenant, decide: str) -> None:
    tenant.mail("m1", "ann@x", file="f")
    tenant.alert("a1", file="f")
    tenant.air.run()
    tenant.clock.advance(timedelta(days=7))
    action = tenant.air.actions()[0].id
    with pytest.raises(AirError, match="is expired, not pending"):
        getattr(tenant.air, decide)(action, by="me")
    assert tenant.published() == [] and tenant.air.investigations()[0].status == "Terminated By System"


def test_16_secops_mailboxes_and_phishing_simulations_are_untouched(tenant: Tenant) -> None:
    tenant.mailbox("soc@x", secops=True)
    tenant.mail("m1", "soc@x", file="f")
    tenant.mail("m2", "ann@x", url=LINK, threats="Phish", OrgLevelPolicy="Phishing simulation")
    tenant.alert("a1", file="f")
    tenant.alert("a2", URL_ALERT, url=LINK)
    opted_in(tenant, similar_urls=True).run()
    assert tenant.published() == []
    assert [c for i in tenant.air.investigations() for c in tenant.air.investigation(i.id).clusters] == []


def test_17_no_threat_is_the_empty_string(stored: StoredTenant) -> None:
    stored.lake.append(
        "EmailPostDeliveryEvents",
        pa.table({"Timestamp": [NOON.replace(tzinfo=None)], "ThreatTypes": pa.array([None], pa.string())}),
    )
    for condition in ("isempty(ThreatTypes)", 'ThreatTypes == ""', 'ThreatTypes != "Phish"', "not(isnull(ThreatTypes))"):
        assert stored.rows(f"EmailPostDeliveryEvents | where {condition} | count") == [(1,)], condition


def test_18_manual_remediation_is_compared_by_case_unless_told_otherwise(stored: StoredTenant) -> None:
    stored.mail("m1", "ann@x")
    stored.air.remediate(["m1"], "soft-delete", by="me")
    for condition, found in (('== "Manual remediation"', 0), ('=~ "Manual remediation"', 1), ('has "manual"', 1)):
        assert stored.rows(f"EmailPostDeliveryEvents | where ActionType {condition} | count") == [(found,)], condition
    assert stored.rows("EmailPostDeliveryEvents | where Action has 'Soft Delete' | count") == [(1,)]


def test_19_the_latest_event_hides_what_was_undone(stored: StoredTenant) -> None:
    stored.mail("m1", "ann@x", "bob@x", file="f")
    stored.alert("a1", file="f")
    opted_in(stored).run()
    stored.air.remediate([("m1", "bob@x")], "inbox", by="me")
    latest = "EmailPostDeliveryEvents | extend Key = strcat(NetworkMessageId, '-', RecipientEmailAddress)"
    latest += " | summarize arg_max(Timestamp, *) by Key"
    automatic = '| where ActionType == "Automated Remediation" | count'
    assert stored.rows(f"{latest} {automatic}") == [(1,)] and stored.rows(f"EmailPostDeliveryEvents {automatic}") == [(2,)]


def test_20_recipients_are_one_whatever_their_case(stored: StoredTenant) -> None:
    stored.mailbox("ANN@X", days=0, hold=True)
    stored.mail("m1", "Ann@X", file="f")
    stored.alert("a1", file="f")
    opted_in(stored).run()
    assert stored.published()[0]["RecipientEmailAddress"] == "Ann@X", "as delivered: it joins EmailEvents"
    assert stored.rows("EmailEvents | join EmailPostDeliveryEvents on NetworkMessageId, RecipientEmailAddress | count") == [(1,)]
    stored.clock.advance(timedelta(days=300))
    assert stored.air.remediate([("m1", "aNN@x")], "inbox", by="me").moved == 1


def test_21_one_writer_at_a_time_and_a_repetition_gives_no_doubles(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "LOCK_WAIT", 0.05)
    tenant.mail("m1", "ann@x", file="f")
    tenant.alert("a1", file="f")
    opted_in(tenant)
    other = tenant.new_air()
    refused = []

    def meanwhile(step: str) -> None:
        if step == "after intent":
            with pytest.raises(BusyError, match="Another process is working"):
                other.run()
            refused.append(step)

    Air(tenant, meanwhile).run()
    other.run()
    assert refused and len(tenant.published()) == 1 and other.verify().sound


def test_22_hunts_see_all_that_is_stored_unless_a_timespan_is_given(stored: StoredTenant) -> None:
    stored.mail("old", "ann@x", ago=timedelta(days=400))
    stored.mail("new", "ann@x", ago=timedelta(days=1))
    stored.rows("EmailEvents | count")
    assert stored.hunt.query("EmailEvents | count").rows() == [(2,)]
    assert stored.hunt.query("EmailEvents | count", timespan=timedelta(days=30)).rows() == [(1,)]


def test_the_seed_hunt_is_the_same_in_another_process(stored: StoredTenant) -> None:
    stored.mail("m1", "ann@x", file="f")
    stored.alert("a1", file="f")
    opted_in(stored).run()
    other = Hunt(Lake.open(stored.root), clock=stored.clock)
    assert other.query(f"{SEED} | project NetworkMessageId, RecipientEmailAddress").rows() == [("m1", "ann@x")]


def test_every_edge_case_up_to_hunting_has_its_test() -> None:
    # 23 to 25 are about custom detections: tests/hunting/detections.
    names = [name for name, _ in inspect.getmembers(sys.modules[__name__], inspect.isfunction) if name.startswith("test_")]
    assert [number for number in range(1, 23) if not any(name.startswith(f"test_{number:02}_") for name in names)] == []
