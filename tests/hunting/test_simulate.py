"""The simulated tenant: repeatable, true to the declared tables, and exactly what the scenarios say."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from hunting.errors import HuntingError
from hunting.lake import Lake
from hunting.simulate import MAILBOXES, Summary, load_scenarios, scenario_folder, simulate, words
from hunting.tables import TABLES, arrow_schema
from kql.types import Schema

END = datetime(2026, 3, 2, 12, tzinfo=UTC)
SHIPPED = scenario_folder()
SMALL = [
    SHIPPED / f"{name}.yaml" for name in ("invoice-macro", "parcel-login", "all-blocked", "false-alarm", "phishing-simulation")
]

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


class Memory:
    """A store that keeps the parts, and looks at their types as they come."""

    def __init__(self) -> None:
        self.parts: dict[str, list[pa.Table]] = {}
        self.schemas: dict[str, Schema] = {}

    def append(self, table: str, rows: pa.Table, *, schema: Schema | None = None) -> int:
        self.parts.setdefault(table, []).append(rows)
        self.schemas[table] = schema or TABLES[table].schema
        return 0

    def __getitem__(self, table: str) -> pa.Table:
        return pa.concat_tables(self.parts[table])

    def hash(self) -> str:
        digest = hashlib.sha256()
        for name in sorted(self.parts):
            digest.update(name.encode())
            for row in self[name].to_pylist():
                digest.update(repr(row).encode())
        return digest.hexdigest()


def made(**arguments: object) -> tuple[Memory, Summary]:
    store = Memory()
    return store, simulate(store, **{"end": END, "messages": 6000, "scenarios": SMALL, **arguments})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def tenant() -> tuple[Memory, Summary]:
    return made()


def keys(table: pa.Table) -> set[tuple[str, str]]:
    return set(zip(table["NetworkMessageId"].to_pylist(), table["RecipientEmailAddress"].to_pylist(), strict=True))


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
    place = dict(zip(_pairs(store["EmailEvents"]), store["EmailEvents"]["DeliveryLocation"].to_pylist(), strict=True))
    for row in sorted(store["EmailPostDeliveryEvents"].to_pylist(), key=lambda row: row["Timestamp"]):
        key = row["NetworkMessageId"], row["RecipientEmailAddress"]
        assert row["SourceLocation"] == place[key].removesuffix("/folder")
        assert row["ActionResult"] == "Success" or row["DeliveryLocation"] == row["SourceLocation"]
        place[key] = row["DeliveryLocation"]
    for row in store["EmailEvents"].to_pylist():
        if row["LatestDeliveryAction"] != "Moved to deleted items":  # people's own moves leave no event
            key = row["NetworkMessageId"], row["RecipientEmailAddress"]
            assert row["LatestDeliveryLocation"].removesuffix("/folder") == place[key].removesuffix("/folder")


def _pairs(table: pa.Table) -> list[tuple[str, str]]:
    return list(zip(table["NetworkMessageId"].to_pylist(), table["RecipientEmailAddress"].to_pylist(), strict=True))


def test_zap_acts_within_48_hours_and_never_in_the_security_mailbox(tenant: tuple[Memory, Summary]) -> None:
    store, _ = tenant
    sent = dict(zip(_pairs(store["EmailEvents"]), store["EmailEvents"]["Timestamp"].to_pylist(), strict=True))
    policy = dict(zip(_pairs(store["EmailEvents"]), store["EmailEvents"]["OrgLevelPolicy"].to_pylist(), strict=True))
    zaps = [row for row in store["EmailPostDeliveryEvents"].to_pylist() if row["ActionType"].endswith("ZAP")]
    assert {row["ActionType"] for row in zaps} == {"Phish ZAP", "Malware ZAP", "Spam ZAP"}
    for row in zaps:
        key = row["NetworkMessageId"], row["RecipientEmailAddress"]
        assert timedelta() < row["Timestamp"] - sent[key] <= timedelta(hours=48)
        assert policy[key] == ""


def test_nothing_was_remediated_by_automation(tenant: tuple[Memory, Summary]) -> None:
    assert "Automated Remediation" not in tenant[0]["EmailPostDeliveryEvents"]["ActionType"].to_pylist()


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


def test_encoded_hosts_decode() -> None:
    scenarios = [host for scenario in load_scenarios([SHIPPED]) for host in scenario.senders if host.startswith("xn--")]
    hosts = [host for host in (*words.PHISH_DOMAINS, *words.SPAM_DOMAINS, *scenarios) if host.startswith("xn--")]
    assert len(hosts) >= 4 and all(host.encode().decode("idna") != host for host in hosts)


def test_an_unknown_scenario_cannot_be_left_out() -> None:
    with pytest.raises(HuntingError, match=r"no scenario 'mail-bomb'.*Did you mean 'mail-bombing'"):
        made(scenarios=None, without={"mail-bomb"})


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


def test_too_few_messages_or_days_for_the_scenarios() -> None:
    with pytest.raises(HuntingError, match=r"hold 240 copies, and only 100 messages.*at least 240"):
        made(messages=100, scenarios=[SHIPPED / "all-blocked.yaml"])
    with pytest.raises(HuntingError, match=r"all-blocked starts before the simulation.*more days"):
        made(messages=300, days=2, scenarios=[SHIPPED / "all-blocked.yaml"])


VALID = """
kind: shared-file
copies: 10
verdict: malware
ago: 1d
subjects: [Hello]
senders: [evil.example]
file: a.docm
locations: {Inbox/folder: 1}
"""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("coppies: 3", r"mine.yaml: 'coppies' is not a key.*Did you mean 'copies'"),
        ("copies: many", r"'copies' must be a whole number, not 'many'"),
        ("copies: 0", r"'copies' must be at least 1"),
        ("verdict: phsh", r"'verdict' cannot be 'phsh'.*Did you mean 'phish'"),
        ("ago: 3 days", r"'ago' must be a time span.*30m, 2h, 3.5d"),
        ("locations: {Inbx/folder: 1}", r"'locations' knows no 'Inbx/folder'.*Did you mean 'Inbox/folder'"),
        ("locations: {Inbox/folder: 0.5}", r"'locations' has shares that sum to 0.5.*must sum to 1"),
        ("after_delivery: {malware zap: 2}", r"has a share of 2 for 'malware zap'.*between 0 and 1"),
        ("after_delivery: {malware zap: 0.7, soft delete: 0.7}", r"'after_delivery' has shares that sum to more than 1"),
        ("alert: Email messages removed", r"'alert' cannot be.*Did you mean 'Email messages removed after delivery'"),
        ("kind: shared-url", r"'url' is missing, and the kind is shared-url"),
        ("clicks: {share: 0.1}", r"'clicks' needs a link"),
        ("secops_copies: 11", r"'secops_copies' is larger"),
        ("simulation: maybe", r"'simulation' must be true or false"),
        ("subjects: Hello", r"'subjects' must be a list"),
        ("senders: []", r"'senders' must be a list"),
        ("direction: sideways", r"'direction' cannot be 'sideways'.*inbound; intra-org; outbound"),
        ("direction: outbound", r"'senders' cannot be chosen for outbound mail"),
        ("sha256: abc", r"'sha256' must be a SHA-256"),
        ("network: 10.1", r"'network' must be the start of an IPv4 address"),
        ("url_location: Boddy", r"'url_location' cannot be 'Boddy'.*Did you mean 'Body'"),
        ("redirects: https://x.example", r"'redirects' must be a list"),
        ("sign_in: magic", r"'sign_in' cannot be 'magic'"),
        ("chats: 3", r"'chats' need a link"),
        ("recipients: 0", r"'recipients' must be at least 1"),
        ("ago: 10m", r"mine is not over when the simulation ends"),
    ],
)
def test_a_wrong_scenario_names_file_key_and_cure(tmp_path: Path, line: str, message: str) -> None:
    key = line.partition(":")[0]
    kept = [given for given in VALID.strip().splitlines() if not given.startswith(f"{key}:")]
    file = tmp_path / "mine.yaml"
    file.write_text("\n".join([*kept, line]), encoding="utf-8")
    with pytest.raises(HuntingError, match=message):
        made(scenarios=[file])


@pytest.mark.parametrize(
    ("text", "message"), [("- 1", "must be a mapping"), ("a: [", "is not YAML"), ("copies: 1", "'kind' is missing")]
)
def test_a_file_that_is_no_scenario(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(HuntingError, match=message):
        made(scenarios=[file])
    with pytest.raises(HuntingError, match="cannot be read"):
        made(scenarios=[tmp_path / "missing.yaml"])
