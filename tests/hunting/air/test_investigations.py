"""From alerts to decisions: what is found, what is decided, what is left alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from air_tenant import NOON, REPORTED, URL_ALERT, Tenant

from hunting.air.settings import Settings
from hunting.air.triggers import policy_type
from hunting.errors import AirError

LINK = "https://bad.example/login?x=1"


def outcomes(tenant: Tenant) -> list[tuple[str, str, str]]:
    """(cluster type, outcome, remediation status) of all clusters, in order."""
    found = [tenant.air.investigation(i.id) for i in tenant.air.investigations()]
    return [(c.type, c.outcome, c.remediation_status) for i in found for c in i.clusters]


def test_nothing_opted_in_everything_waits(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", "bob@x", file="f", url=LINK)
    tenant.alert("a1", file="f", url=LINK)
    summary = tenant.air.run()
    assert (summary.investigations, summary.pending, summary.moved) == (1, 2, 0)
    assert tenant.air.investigations()[0].status == "Pending Action"
    assert outcomes(tenant) == [
        ("similar-files", "Pending action", "Unremediated"),
        ("similar-urls", "Pending action", "Unremediated"),
    ]
    assert tenant.published() == []


def test_types_are_opted_in_one_by_one(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", file="f")
    tenant.mail("m2", "bob@x", url=LINK, threats="Phish")
    tenant.alert("a1", file="f")
    tenant.alert("a2", URL_ALERT, url=LINK)
    tenant.air.set(by="me", similar_urls=True)
    tenant.air.run()
    assert tenant.automatic() == {("m2", "bob@x")}
    assert [i.status for i in tenant.air.investigations()] == ["Pending Action", "Remediated"]
    assert outcomes(tenant) == [
        ("similar-files", "Pending action", "Unremediated"),
        ("similar-urls", "Automatic", "Remediated"),
    ]
    assert [(a.decided_by, a.source) for a in tenant.air.actions(status="Completed")] == [
        ("Automation", "Automated email action")
    ]


def test_all_copies_with_the_entity_are_members_and_only_those_in_mailboxes_are_removed(tenant: Tenant) -> None:
    tenant.mail("m1", "Ann@X", "bob@x", file="AB")
    tenant.mail("m2", "cy@x", file="ab", location="Junk folder")
    for number, place in enumerate(("Quarantine", "On-premises/external", "Failed", "Dropped", "Deleted items folder")):
        tenant.mail(f"n{number}", "dan@x", file="ab", location=place)
    tenant.mail("other", "ann@x", file="cd")
    tenant.alert("a1", file="aB")
    tenant.air.set(by="me", similar_files=True)
    tenant.air.run()
    cluster = tenant.air.investigation(tenant.air.investigations()[0].id).clusters[0]
    assert (cluster.email_count, cluster.mailbox, cluster.not_in_mailbox, cluster.on_prem_external) == (8, 3, 4, 1)
    assert tenant.automatic() == {("m1", "Ann@X"), ("m1", "bob@x"), ("m2", "cy@x")}


@pytest.mark.parametrize(
    ("action", "location", "result", "removed"),
    [
        ("Moved to quarantine", "Quarantine", "Success", False),
        ("Moved to quarantine", "Inbox", "Error", True),
        ("Moved to quarantine", "Inbox", "AdminPolicy", True),
        ("Moved to junk folder", "Junk folder", "Success", True),
        ("Soft delete", "Deleted items folder", "Success", False),
        ("Moved to deleted items", "Deleted items folder", "Success", False),
    ],
)
def test_events_say_where_a_copy_is(tenant: Tenant, action: str, location: str, result: str, removed: bool) -> None:
    tenant.mail("m1", "ann@x", file="f")
    tenant.event("m1", "ANN@x", action, location, result)
    tenant.alert("a1", file="f")
    tenant.air.set(by="me", similar_files=True)
    tenant.air.run()
    assert tenant.automatic() == ({("m1", "ann@x")} if removed else set())


def test_nothing_left_in_a_mailbox_is_prevented(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", file="f", location="Quarantine")
    tenant.alert("a1", file="f")
    tenant.air.set(by="me", similar_files=True)
    tenant.air.run()
    assert outcomes(tenant) == [("similar-files", "Prevented", "Prevented")]
    assert tenant.air.actions() == []
    assert tenant.air.investigations()[0].status == "Partially Investigated"


def test_a_clean_report_ends_without_a_threat(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", "bob@x", "cy@x", url=LINK, threats="")
    tenant.alert("a1", REPORTED, "NoThreatsFound", mail="m1", url=LINK)
    tenant.air.set(by="me", similar_files=True, similar_urls=True)
    tenant.air.run()
    assert [(i.status, i.type) for i in tenant.air.investigations()] == [("No Threats Found", "User-reported messages")]
    assert outcomes(tenant) == [] and tenant.automatic() == set()


def test_a_reported_mail_leads_to_what_it_carries(tenant: Tenant) -> None:
    for number in range(4):
        tenant.mail(f"m{number}", "ann@x", "bob@x", url=LINK, threats="Phish")
    tenant.alert("a1", REPORTED, "", mail="m2")
    tenant.air.set(by="me", similar_urls=True)
    tenant.air.run()
    assert len(tenant.automatic()) == 8


def test_a_footer_url_in_some_bad_mail_is_not_malicious(tenant: Tenant) -> None:
    for number in range(8):
        tenant.mail(f"m{number}", "ann@x", url="https://company.example", threats="Phish" if number < 4 else "")
    tenant.alert("a1", REPORTED, "", mail="m1")
    tenant.air.set(by="me", similar_urls=True)
    tenant.air.run()
    assert outcomes(tenant) == [] and tenant.automatic() == set()


@pytest.mark.parametrize(("copies", "removed"), [(4, 4), (5, 0)])
def test_a_cluster_above_the_limit_waits_though_opted_in(tenant: Tenant, copies: int, removed: int) -> None:
    tenant.mail("m1", *(f"user{n}@x" for n in range(copies)), file="f")
    tenant.alert("a1", file="f")
    tenant.air.set(by="me", similar_files=True, automatic_limit=4)
    tenant.air.run()
    assert len(tenant.automatic()) == removed


def test_the_limit_counts_copies_wherever_they_are(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", file="f")
    tenant.mail("m2", "bob@x", "cy@x", file="f", location="Quarantine")
    tenant.alert("a1", file="f")
    tenant.air.set(by="me", similar_files=True, automatic_limit=2)
    tenant.air.run()
    assert tenant.air.actions()[0].status == "Pending"


def test_secops_mailboxes_and_phishing_simulations_are_left_alone(tenant: Tenant) -> None:
    tenant.mailbox("soc@x", secops=True)
    tenant.mail("m1", "ann@x", "SOC@x", file="f")
    tenant.mail("m2", "bob@x", url=LINK, threats="Phish", OrgLevelPolicy="Phishing simulation")
    tenant.alert("a1", file="f")
    tenant.alert("a2", URL_ALERT, url=LINK)
    tenant.air.set(by="me", similar_files=True, similar_urls=True)
    tenant.air.run()
    assert tenant.automatic() == {("m1", "ann@x")}
    assert [
        c for i in tenant.air.investigations() for c in tenant.air.investigation(i.id).clusters if c.type == "similar-urls"
    ] == []


def test_a_message_in_two_clusters_is_moved_once(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", file="f", url=LINK)
    tenant.mail("m2", "bob@x", url=LINK)
    tenant.alert("a1", file="f", url=LINK)
    tenant.alert("a2", file="f")
    tenant.air.set(by="me", similar_files=True, similar_urls=True)
    tenant.air.run()
    assert sorted((r["NetworkMessageId"], r["RecipientEmailAddress"]) for r in tenant.published()) == [
        ("m1", "ann@x"),
        ("m2", "bob@x"),
    ]
    assert [(a.moved, a.already) for a in tenant.air.actions()] == [(1, 0), (1, 1)]
    assert outcomes(tenant)[2] == ("similar-files", "Prevented", "Prevented")


def test_a_waiting_cluster_with_nothing_left_is_cancelled(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", file="f", url=LINK)
    tenant.alert("a1", file="f", url=LINK)
    tenant.air.set(by="me", similar_urls=True)
    assert tenant.air.run().cancelled == 1
    by_type = {a.cluster_type: a.status for a in tenant.air.actions()}
    assert by_type == {"similar-files": "Cancelled", "similar-urls": "Completed"}
    assert tenant.air.investigations()[0].status == "Remediated"


def test_only_certain_policies_start_an_investigation(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", file="f")
    tenant.alert("a1", "Creation of forwarding/redirect rule", file="f")
    tenant.alert("a2", URL_ALERT + "\u200b", url=LINK)
    assert tenant.air.run().investigations == 1
    assert policy_type("  email Messages removed after delivery") == "Zapped URL"
    with pytest.raises(AirError, match="no alert 'a1' that starts"):
        tenant.air.investigate("a1")


def test_alerts_and_mail_of_the_future_do_not_exist_yet(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", file="f", ago=-timedelta(hours=2))
    tenant.alert("a1", file="f")
    tenant.alert("a2", file="f", at=NOON + timedelta(hours=1))
    tenant.air.set(by="me", similar_files=True)
    assert tenant.air.run().investigations == 1
    assert tenant.automatic() == set()


def test_by_hand_on_an_email(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", "bob@x", "cy@x", file="f")
    first = tenant.air.investigate(email="m1", by="me")
    assert first.type == "Manual investigation" and first.actions[0].status == "Pending"
    assert tenant.air.investigate(email="m1", by="me").id == first.id
    assert "'nobody'" not in first.log[0].description
    with pytest.raises(AirError, match="no message with NetworkMessageId 'm9'"):
        tenant.air.investigate(email="m9", by="me")


def test_starting_twice_gives_the_same_investigation(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", file="f")
    tenant.alert("a1", file="f")
    first = tenant.air.investigate("a1")
    assert tenant.air.run().investigations == 0
    assert tenant.air.investigate("a1") == first
    assert tenant.air.investigation(first.short_id.upper()) == first


def test_each_step_is_in_the_log(tenant: Tenant) -> None:
    tenant.mail("m1", "ann@x", file="f")
    tenant.alert("a1", file="f")
    tenant.air.set(by="me", similar_files=True)
    tenant.air.run()
    log = tenant.air.investigation(tenant.air.investigations()[0].id).log
    assert [entry.status for entry in log if entry.description.startswith("Status")] == ["Remediated"]
    assert [entry.status for entry in log][:2] == ["Starting", "Running"]
    assert any("Soft delete: 1 copies moved, decided by Automation" in entry.description for entry in log)


@pytest.mark.parametrize("wanted", ["", "abc", "zzzzzz", "%%%%%%", "[0-9]*"])
def test_an_id_that_is_none(tenant: Tenant, wanted: str) -> None:
    tenant.mail("m1", "ann@x", file="f")
    tenant.alert("a1", file="f")
    tenant.air.run()
    with pytest.raises(AirError, match="There is no investigation"):
        tenant.air.investigation(wanted)


def test_settings_change_all_or_none(tenant: Tenant) -> None:
    with pytest.raises(AirError):
        tenant.air.set(by="me", similar_files=True, remediation_action="Hard delete")
    assert tenant.air.settings() == Settings()
    with pytest.raises(AirError, match="cannot stand for a person"):
        tenant.air.set(by="automation", similar_files=True)
    assert tenant.air.set(by="me", similar_files="on").enabled == {"similar-files"}
    assert tenant.air.set(by="me", similar_files="off").enabled == set()


def test_hostile_text_stays_text(tenant: Tenant) -> None:
    url = "https://bad.example/'); DROP TABLE audit; --\" | take 1 \\"
    tenant.mail("m'1", "o'neil@x", url=url, threats="Phish")
    tenant.alert("a'1", URL_ALERT, url=url)
    tenant.air.set(by="Robert'); --", similar_urls=True)
    tenant.air.run()
    assert tenant.automatic() == {("m'1", "o'neil@x")}
    cluster = tenant.air.investigation(tenant.air.investigations()[0].id).clusters[0]
    assert cluster.entity == url and '--\\" | take 1 \\\\"]' in cluster.query
