"""The scenarios as they happen: exactly what they say, from the mail to what people do with it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta

import pyarrow.compute as pc
import pytest
from memory import SHIPPED, SMALL, Memory, keys, made

from hunting.simulate import Summary


def test_campaigns_come_out_as_declared(tenant: tuple[Memory, Summary]) -> None:
    store, summary = tenant
    files, urls, events = (store[name] for name in ("EmailAttachmentInfo", "EmailUrlInfo", "EmailEvents"))
    found = {}
    for campaign in summary.campaigns:
        if campaign.kind == "shared-file":
            messages = files.filter(pc.equal(files["SHA256"], campaign.sha256))["NetworkMessageId"]
        else:
            messages = urls.filter(pc.equal(urls["Url"], campaign.url))["NetworkMessageId"]
        rows = events.filter(pc.is_in(events["NetworkMessageId"], value_set=messages.combine_chunks()))
        found[campaign.name] = rows
        assert rows.num_rows == campaign.copies
        assert Counter(rows["LatestDeliveryLocation"].to_pylist()) == campaign.locations
    assert {name: rows.num_rows for name, rows in found.items()} == {
        "invoice-macro": 600, "parcel-login": 900, "all-blocked": 240, "false-alarm": 150, "phishing-simulation": 300,
    }  # fmt: skip
    assert not {"Inbox/folder", "Junk folder"} & set(found["all-blocked"]["LatestDeliveryLocation"].to_pylist())
    assert set(found["false-alarm"]["ThreatTypes"].to_pylist()) == {""}
    assert set(found["phishing-simulation"]["OrgLevelPolicy"].to_pylist()) == {"Phishing simulation"}
    assert Counter(found["invoice-macro"]["OrgLevelPolicy"].to_pylist())["SecOps Mailbox"] == 2
    assert Counter(found["invoice-macro"]["DeliveryLocation"].to_pylist()) == {
        "Inbox/folder": 360, "Junk folder": 60, "Quarantine": 120, "On-premises/external": 30, "Deleted items folder": 30,
    }  # fmt: skip


def test_a_verdict_after_delivery_shows_now_and_not_then(tenant: tuple[Memory, Summary]) -> None:
    events = tenant[0]["EmailEvents"]
    late = [
        r
        for r in events.to_pylist()
        if r["ThreatTypes"] and r["DeliveryLocation"] == "Inbox/folder" and r["DeliveryAction"] == "Delivered"
    ]
    assert late and {r["OriginalThreatTypes"] for r in late} == {""}


def test_each_declared_alert_names_its_indicator_and_messages(tenant: tuple[Memory, Summary]) -> None:
    store, summary = tenant
    copies = keys(store["EmailEvents"])
    for campaign in summary.campaigns:
        rows = [r for r in store["AlertEvidence"].to_pylist() if r["AlertId"] == campaign.alert_id]
        if not campaign.alert_id:
            assert campaign.name == "phishing-simulation"
            continue
        by_type = {kind: [r for r in rows if r["EntityType"] == kind] for kind in {r["EntityType"] for r in rows}}
        assert [r["SHA256"] for r in by_type.get("File", [])] == [campaign.sha256] * bool(campaign.sha256)
        assert [r["RemoteUrl"] for r in by_type.get("Url", [])] == [campaign.url] * bool(campaign.url)
        assert {(r["NetworkMessageId"], r["AccountUpn"]) for r in by_type["MailMessage"]} <= copies
        cluster = json.loads(by_type["MailCluster"][0]["AdditionalFields"])
        assert cluster["MailCount"] == campaign.copies
        assert cluster["LastVerdict"] == ("NoThreatsFound" if campaign.name == "false-alarm" else "Malicious")


def test_an_alert_follows_its_zap_within_a_minute(tenant: tuple[Memory, Summary]) -> None:
    store, summary = tenant
    alerts = dict(zip(store["AlertInfo"]["AlertId"].to_pylist(), store["AlertInfo"]["Timestamp"].to_pylist(), strict=True))
    info = store["CampaignInfo"].to_pylist()
    for name in ("invoice-macro", "parcel-login"):
        messages = {row["NetworkMessageId"] for row in info if row["CampaignName"] == name}
        zaps = [
            row["Timestamp"]
            for row in store["EmailPostDeliveryEvents"].to_pylist()
            if row["NetworkMessageId"] in messages and row["ActionType"].endswith("ZAP")
        ]
        alert = alerts[next(c.alert_id for c in summary.campaigns if c.name == name)]
        assert max(zaps) <= alert <= min(zaps) + timedelta(minutes=1)


def test_a_stolen_password_is_used_within_minutes(tenant: tuple[Memory, Summary]) -> None:
    store, summary = tenant
    url = next(c.url for c in summary.campaigns if c.name == "parcel-login")
    clicked: dict[str, list[datetime]] = {}
    for row in store["UrlClickEvents"].to_pylist():
        if row["Url"] == url and row["IsClickedThrough"]:
            clicked.setdefault(row["AccountUpn"], []).append(row["Timestamp"])
    risky = [row for row in store["EntraIdSignInEvents"].to_pylist() if row["RiskLevelDuringSignIn"] == 100]
    assert {row["AccountUpn"] for row in risky} == set(clicked) != set()
    for row in risky:
        assert timedelta() < row["Timestamp"] - min(clicked[row["AccountUpn"]]) <= timedelta(minutes=6)
    rules = [row for row in store["CloudAppEvents"].to_pylist() if row["ActionType"] == "New-InboxRule"]
    assert {row["AccountId"] for row in rules} == set(clicked)
    assert all(json.loads(row["RawEventData"])["Parameters"] for row in rules)


def test_who_types_a_device_code_is_asked_once_and_signed_in() -> None:
    store, _ = made(messages=100, scenarios=[SHIPPED / "device-code.yaml"])
    clicked = {row["AccountUpn"] for row in store["UrlClickEvents"].to_pylist() if "deviceauth" in row["UrlChain"]}
    risky = [row for row in store["EntraIdSignInEvents"].to_pylist() if row["RiskLevelDuringSignIn"] == 100]
    assert clicked and {row["AccountUpn"] for row in risky} == clicked
    for account in clicked:
        rows = sorted((row for row in risky if row["AccountUpn"] == account), key=lambda row: row["Timestamp"])
        assert [row["ErrorCode"] for row in rows] == [50199, 0]


def test_outbound_stories_go_from_one_employee_to_one_private_address() -> None:
    for name, forwarded in (("auto-forwarding", True), ("data-to-private-mail", False)):
        store, _ = made(messages=100, scenarios=[SHIPPED / f"{name}.yaml"])
        rows = [r for r in store["EmailEvents"].to_pylist() if r["Subject"].startswith(("FW: ", "backup "))]
        assert len({(r["SenderFromAddress"], r["RecipientEmailAddress"]) for r in rows}) == 1
        sender, employees = rows[0]["SenderFromAddress"], store["IdentityInfo"]["AccountUpn"].to_pylist()
        assert sender in employees and rows[0]["RecipientEmailAddress"] not in employees
        assert {r["EmailDirection"] for r in rows} == {"Outbound"}
        assert {bool(r["ForwardingInformation"]) for r in rows} == {forwarded}


def test_a_malicious_file_that_was_opened_runs_a_script_on_the_device(tenant: tuple[Memory, Summary]) -> None:
    store, summary = tenant
    hashes = {c.sha256 for c in summary.campaigns if c.sha256}
    opened = [row for row in store["DeviceFileEvents"].to_pylist() if row["SHA256"] in hashes]
    received = {
        (row["SHA256"], row["RecipientEmailAddress"])
        for row in store["EmailAttachmentInfo"].to_pylist()
        if row["SHA256"] in hashes
    }
    assert opened and {(row["SHA256"], row["InitiatingProcessAccountUpn"]) for row in opened} <= received
    scripts = [row for row in store["DeviceProcessEvents"].to_pylist() if "hidden" in row["ProcessCommandLine"]]
    assert Counter(row["DeviceId"] for row in scripts) == Counter(row["DeviceId"] for row in opened)
    calls = [row for row in store["DeviceNetworkEvents"].to_pylist() if row["InitiatingProcessFileName"] == "powershell.exe"]
    assert {row["DeviceId"] for row in scripts} <= {row["DeviceId"] for row in calls}


def rows_of(store: Memory) -> dict[str, Counter[str]]:
    return {name: Counter(map(repr, store[name].to_pylist())) for name in store.parts}


@pytest.mark.parametrize("story", ["parcel-login", "invoice-macro", "mail-bombing"])
def test_a_scenario_left_out_leaves_all_else_as_it_was(story: str) -> None:
    stories = {
        "messages": 2500,
        "days": 5,
        "scenarios": [*SMALL[:2], SHIPPED / "mail-bombing.yaml", SHIPPED / "device-code.yaml"],
    }
    whole, part = rows_of(made(**stories)[0]), rows_of(made(**stories, without={story})[0])
    assert all(rows <= whole[table] for table, rows in part.items())
    assert part["EmailEvents"].total() == 2500 - {"parcel-login": 900, "invoice-macro": 600, "mail-bombing": 180}[story]
