"""The simulated tenant: repeatable, and true to the declared tables."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pyarrow.compute as pc
import pytest
from memory import END, SHIPPED, SMALL, Memory, keys, made, pairs

from hunting.lake import Lake
from hunting.simulate import MAILBOXES, Summary, simulate
from hunting.tables import arrow_schema

MAIL_LOCATIONS = {
    "Inbox/folder", "Junk folder", "Quarantine", "On-premises/external", "Failed", "Dropped", "Deleted items folder",
}  # fmt: skip
ENUMERATIONS = {
    ("EmailEvents", "EmailDirection"): {"Inbound", "Outbound", "Intra-org"},
    ("EmailEvents", "DeliveryAction"): {"Delivered", "Junked", "Blocked", "Replaced"},
    ("EmailEvents", "DeliveryLocation"): MAIL_LOCATIONS,
    ("EmailEvents", "LatestDeliveryLocation"): MAIL_LOCATIONS,
    ("EmailEvents", "LatestDeliveryAction"): {
        "Delivered", "Blocked", "Junked", "Hard delete", "Soft delete", "Moved to junk folder", "Moved to deleted items",
        "Moved to quarantine", "Quarantine release",
    },
    ("EmailEvents", "ThreatTypes"): {"", "Phish", "Malware", "Spam", "Phish, Spam"},
    ("EmailEvents", "OrgLevelPolicy"): {"", "SecOps Mailbox", "Phishing simulation"},
    ("EmailEvents", "EmailAction"): {
        "Move message to junk mail folder", "Delete message", "send to quarantine", "No action taken",
    },
    ("EmailEvents", "EmailActionPolicy"): {
        "", "Antispam high-confidence", "Antispam", "Antispam bulk mail", "Antispam phishing", "Anti-phishing user impersonation",
        "Anti-phishing spoof", "Antimalware", "Safe Attachments",
    },
    ("EmailPostDeliveryEvents", "ActionType"): {"Manual Remediation", "Phish ZAP", "Malware ZAP", "Spam ZAP", "Redelivery"},
    ("EmailPostDeliveryEvents", "ActionTrigger"): {"AdminAction", "SpecialAction"},
    ("EmailPostDeliveryEvents", "ActionResult"): {"Success", "Error", "AdminPolicy"},
    ("EmailPostDeliveryEvents", "Action"): {
        "Moved to quarantine", "Moved to junk folder", "Moved to deleted items", "Soft delete", "Hard delete",
        "Quarantine release", "Reprocessed",
    },
    ("EmailPostDeliveryEvents", "DeliveryLocation"): {"Inbox", *MAIL_LOCATIONS} - {"Inbox/folder"},
    ("UrlClickEvents", "ActionType"): {"ClickAllowed", "ClickBlocked", "ClickBlockedByTenantPolicy"},
    ("EmailUrlInfo", "UrlLocation"): {"Body", "Subject", "Attachment", "CloudAttachment", "QRCode"},
    ("AlertInfo", "Severity"): {"High", "Medium", "Low", "Informational"},
    ("AlertEvidence", "EvidenceRole"): {"Impacted", "Related"},
    ("AlertEvidence", "EntityType"): {"MailMessage", "MailCluster", "Mailbox", "User", "Url", "File"},
    ("Mailboxes", "MailboxType"): {"Cloud", "OnPremises"},
}  # fmt: skip


def test_same_seed_same_content_and_another_seed_differs() -> None:
    small = {"messages": 500, "scenarios": SMALL[2:4]}
    assert made(**small)[0].hash() == made(**small)[0].hash() != made(**small, seed=2)[0].hash()


def test_every_column_is_declared_and_of_its_type(tenant: tuple[Memory, Summary]) -> None:
    store, _ = tenant
    for table, schema in store.schemas.items():
        declared = dict(zip([c.name for c in schema], [f.type for f in arrow_schema(schema)], strict=True))
        for field in store[table].schema:
            assert declared[field.name] == field.type, f"{table}.{field.name}"
            assert not store[table][field.name].null_count or table == "AlertEvidence", f"{table}.{field.name}"


@pytest.mark.parametrize(("table", "column"), ENUMERATIONS)
def test_values_come_from_the_documented_sets(tenant: tuple[Memory, Summary], table: str, column: str) -> None:
    assert set(tenant[0][table][column].unique().to_pylist()) <= ENUMERATIONS[table, column]


def test_json_columns_hold_json_of_the_documented_keys(tenant: tuple[Memory, Summary]) -> None:
    events = tenant[0]["EmailEvents"]
    for text in filter(None, events["ConfidenceLevel"].unique().to_pylist()):
        level = json.loads(text)
        assert set(level) <= {"Phish", "Spam"} and level.get("Phish", "High") in ("High", "Low")
    assert {frozenset(json.loads(t)) for t in events["AuthenticationDetails"].unique().to_pylist() if t} == {
        frozenset({"SPF", "DKIM", "DMARC", "CompAuth"})
    }
    for row in events.select(["To", "Cc", "RecipientEmailAddress"]).slice(0, 2000).to_pylist():
        assert row["RecipientEmailAddress"] in json.loads(row["To"]) + json.loads(row["Cc"])


def test_every_row_belongs_to_a_message_and_recipient(tenant: tuple[Memory, Summary]) -> None:
    store, _ = tenant
    events = store["EmailEvents"]
    copies, messages = keys(events), set(events["NetworkMessageId"].to_pylist())
    assert len(copies) == events.num_rows
    for table in ("EmailAttachmentInfo", "EmailPostDeliveryEvents", "CampaignInfo"):
        assert keys(store[table]) <= copies, table
    clicks = store["UrlClickEvents"].rename_columns({"AccountUpn": "RecipientEmailAddress"})
    assert keys(clicks) <= copies
    urls = set(zip(*(store["EmailUrlInfo"][name].to_pylist() for name in ("NetworkMessageId", "Url")), strict=True))
    assert {m for m, _ in urls} <= messages
    assert set(zip(*(clicks[name].to_pylist() for name in ("NetworkMessageId", "Url")), strict=True)) <= urls


def test_counts_on_the_message_are_those_of_its_parts(tenant: tuple[Memory, Summary]) -> None:
    store, _ = tenant
    files = Counter(
        zip(*(store["EmailAttachmentInfo"][n].to_pylist() for n in ("NetworkMessageId", "RecipientEmailAddress")), strict=True)
    )
    urls = Counter(store["EmailUrlInfo"]["NetworkMessageId"].to_pylist())
    for row in store["EmailEvents"].to_pylist():
        assert row["AttachmentCount"] == files[row["NetworkMessageId"], row["RecipientEmailAddress"]]
        assert row["UrlCount"] == urls[row["NetworkMessageId"]]


def test_everything_lies_within_the_time_range(tenant: tuple[Memory, Summary]) -> None:
    store, _ = tenant
    for table in set(store.parts) - {"Mailboxes"}:
        span = pc.min_max(store[table]["Timestamp"]).as_py()
        assert END.replace(tzinfo=None) - timedelta(days=30) <= span["min"] <= span["max"] < END.replace(tzinfo=None), table


def test_latest_location_is_where_the_events_lead(tenant: tuple[Memory, Summary]) -> None:
    store, _ = tenant
    place = dict(zip(pairs(store["EmailEvents"]), store["EmailEvents"]["DeliveryLocation"].to_pylist(), strict=True))
    for row in sorted(store["EmailPostDeliveryEvents"].to_pylist(), key=lambda row: row["Timestamp"]):
        key = row["NetworkMessageId"], row["RecipientEmailAddress"]
        assert row["SourceLocation"] == place[key].removesuffix("/folder")
        assert row["ActionResult"] == "Success" or row["DeliveryLocation"] == row["SourceLocation"]
        place[key] = row["DeliveryLocation"]
    for row in store["EmailEvents"].to_pylist():
        if row["LatestDeliveryAction"] != "Moved to deleted items":  # people's own moves leave no event
            key = row["NetworkMessageId"], row["RecipientEmailAddress"]
            assert row["LatestDeliveryLocation"].removesuffix("/folder") == place[key].removesuffix("/folder")


def test_zap_acts_within_48_hours_and_never_in_the_security_mailbox(tenant: tuple[Memory, Summary]) -> None:
    store, _ = tenant
    sent = dict(zip(pairs(store["EmailEvents"]), store["EmailEvents"]["Timestamp"].to_pylist(), strict=True))
    policy = dict(zip(pairs(store["EmailEvents"]), store["EmailEvents"]["OrgLevelPolicy"].to_pylist(), strict=True))
    zaps = [row for row in store["EmailPostDeliveryEvents"].to_pylist() if row["ActionType"].endswith("ZAP")]
    assert {row["ActionType"] for row in zaps} == {"Phish ZAP", "Malware ZAP", "Spam ZAP"}
    for row in zaps:
        key = row["NetworkMessageId"], row["RecipientEmailAddress"]
        assert timedelta() < row["Timestamp"] - sent[key] <= timedelta(hours=48)
        assert policy[key] == ""


def test_nothing_was_remediated_by_automation(tenant: tuple[Memory, Summary]) -> None:
    assert "Automated Remediation" not in tenant[0]["EmailPostDeliveryEvents"]["ActionType"].to_pylist()


def test_tenant_has_mailboxes_of_every_kind(tenant: tuple[Memory, Summary]) -> None:
    rows = tenant[0]["Mailboxes"].to_pylist()
    assert sum(row["IsSecOps"] for row in rows) == 1
    assert {row["MailboxType"] for row in rows} == {"Cloud", "OnPremises"}
    assert Counter(row["RetentionDays"] for row in rows).most_common(1)[0][0] == 14
    assert all(0 <= row["RetentionDays"] <= 30 for row in rows)
    assert tenant[0].schemas["Mailboxes"] == MAILBOXES


def test_a_lake_takes_all_tables(tmp_path: Path) -> None:
    lake = Lake.create(tmp_path / "store")
    summary = simulate(lake, messages=800, days=7, end=END, scenarios=[SHIPPED / "all-blocked.yaml"])
    assert {name: lake.read(name).num_rows for name in lake.tables()} == summary.tables


def test_a_hundred_thousand_messages_with_every_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    start = time.perf_counter()
    store, summary = made(messages=100_000, scenarios=None)
    with capsys.disabled():
        print(f"\n100,000 messages, {sum(summary.tables.values()):,} rows made in {time.perf_counter() - start:.1f} s")
    assert summary.tables["EmailEvents"] == store["EmailEvents"].num_rows == 100_000
    files, urls, events = (store[name] for name in ("EmailAttachmentInfo", "EmailUrlInfo", "EmailEvents"))
    by_name = {campaign.name: campaign for campaign in summary.campaigns}
    assert pc.sum(pc.equal(files["SHA256"], by_name["threshold-10000"].sha256)).as_py() == 10_000
    messages = urls.filter(pc.equal(urls["Url"], by_name["threshold-10001"].url))["NetworkMessageId"]
    assert pc.sum(pc.is_in(events["NetworkMessageId"], value_set=messages.combine_chunks())).as_py() == 10_001
    assert len(keys(events)) == 100_000
