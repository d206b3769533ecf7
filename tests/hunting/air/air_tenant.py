"""A small tenant, made by hand: mail, alerts, mailboxes; and a stand-in for the query engine that is written in plain Python."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from hunting.air import Air, evidence, mailboxes, triggers
from hunting.air.clusters import CLUSTERS, SELECTED
from hunting.clock import ManualClock
from hunting.engine import Hunt
from hunting.lake import Lake

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
FILE_ALERT = "Email messages containing malicious file removed after delivery"
URL_ALERT = "Email messages containing malicious URL removed after delivery"
REPORTED = "Email reported by user as malware or phish"

Row = dict[str, Any]


@dataclass
class Tenant:
    """Tables as lists of rows; EmailPostDeliveryEvents is the lake's."""

    root: Path
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOON))
    tables: dict[str, list[Row]] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    fail_at: str = ""
    make_lake: Callable[[Path], Lake] = Lake.create

    def __post_init__(self) -> None:
        self.lake = self.make_lake(self.root)
        self.air = self.new_air()

    def new_air(self) -> Air:
        """AIR as another process would see it."""
        return Air(self, self.step)

    def step(self, name: str) -> None:
        self.steps.append(name)
        if name == self.fail_at:
            self.fail_at = ""
            raise KilledError(name)

    def mail(
        self,
        message: str,
        *recipients: str,
        file: str = "",
        url: str = "",
        location: str = "Inbox/folder",
        threats: str = "Malware",
        ago: timedelta = timedelta(days=1),
        **more: object,
    ) -> None:
        """One message, a copy per recipient."""
        at = NOON - ago
        for recipient in recipients:
            self.add(
                "EmailEvents",
                Timestamp=at,
                NetworkMessageId=message,
                InternetMessageId=f"<{message}@mail>",
                RecipientEmailAddress=recipient,
                SenderFromAddress="evil@bad.example",
                EmailDirection="Inbound",
                ThreatTypes=threats,
                DetectionMethods='{"Malware":["File detonation"]}' if threats else "",
                ConfidenceLevel='{"Phish":"High"}' if "Phish" in threats else "",
                DeliveryAction="Delivered",
                DeliveryLocation=location,
                **{"Subject": "Invoice", "LatestDeliveryLocation": "", "LatestDeliveryAction": "", "OrgLevelPolicy": ""} | more,
            )
            if file:
                self.add(
                    "EmailAttachmentInfo", Timestamp=at, NetworkMessageId=message, RecipientEmailAddress=recipient, SHA256=file
                )
        if url:
            self.add("EmailUrlInfo", Timestamp=at, NetworkMessageId=message, Url=url)

    def alert(
        self, key: str, title: str = FILE_ALERT, verdict: str = "Malicious", *, at: datetime = NOON, **evidence: str
    ) -> None:
        """An alert; evidence: file=, url=, mail=."""
        self.add(
            "AlertInfo",
            Timestamp=at,
            AlertId=key,
            Title=title,
            Severity="Medium",
            ServiceSource="Microsoft Defender for Office 365",
        )
        columns = {"file": ("File", "SHA256"), "url": ("Url", "RemoteUrl"), "mail": ("MailMessage", "NetworkMessageId")}
        for kind, value in evidence.items():
            entity_type, column = columns[kind]
            empty = {name: "" for _, name in columns.values()}
            fields = json.dumps({"LastVerdict": verdict}) if verdict else ""
            self.add(
                "AlertEvidence",
                **empty | {column: value},
                Timestamp=at,
                AlertId=key,
                EntityType=entity_type,
                AdditionalFields=fields,
            )

    def mailbox(self, address: str, days: int = 14, hold: bool = False, secops: bool = False) -> None:
        row = {"RecipientEmailAddress": address, "RetentionDays": days, "IsOnHold": hold, "IsSecOps": secops}
        self.add("Mailboxes", **row)

    def event(
        self, message: str, recipient: str, action: str, location: str, result: str = "Success", at: datetime = NOON
    ) -> None:
        """A row of EmailPostDeliveryEvents that somebody else wrote."""
        texts = {
            "NetworkMessageId": message,
            "RecipientEmailAddress": recipient,
            "Action": action,
            "ActionType": "Phish ZAP",
            "ActionTrigger": "SpecialAction",
            "ActionResult": result,
            "DeliveryLocation": location,
        }
        self.lake.append(
            "EmailPostDeliveryEvents", pa.table({"Timestamp": [at]} | {name: [text] for name, text in texts.items()})
        )

    def add(self, table: str, **row: object) -> None:
        self.tables.setdefault(table, []).append(row)

    def published(self) -> list[Row]:
        """What automation and people have written to the lake."""
        rows = self.lake.read("EmailPostDeliveryEvents").to_pylist()
        return [row for row in rows if row["ActionType"] in ("Automated Remediation", "Manual Remediation")]

    def automatic(self) -> set[tuple[str, str]]:
        """The seed hunt, as a set of copies; moves that failed left out."""
        return {
            (row["NetworkMessageId"], row["RecipientEmailAddress"])
            for row in self.published()
            if [row[name] for name in ("ActionType", "ActionTrigger", "ActionResult")]
            == ["Automated Remediation", "Automation", "Success"]
        }

    def store(self) -> Lake:
        """The tables in the lake, for the real engine."""
        for table, rows in self.tables.items():
            self.lake.append(table, pa.Table.from_pylist(rows))
        return self.lake

    # The engine's stand-in

    def query(self, text: str, parameters: Mapping[str, object] | None = None) -> Answer:
        rows = _QUERIES[text](self, dict(parameters or {}))
        columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in (rows[0] if rows else _COLUMNS[text])}
        types = {"Since": pa.timestamp("us"), "Timestamp": pa.timestamp("us")}
        arrays = {
            name: pa.array([v.replace(tzinfo=None) if isinstance(v, datetime) else v for v in values], types.get(name))
            for name, values in columns.items()
        }
        return Answer(pa.table(arrays))


class StoredTenant(Tenant):
    """A tenant whose tables are in the lake, queried by the real engine."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.hunt = Hunt(self.lake, clock=self.clock)

    def query(self, text: str, parameters: Mapping[str, object] | None = None) -> Any:
        self.fill()
        return self.hunt.query(text, parameters)

    def fill(self) -> None:
        """Brings the new rows into the lake."""
        for table, rows in self.tables.items():
            self.lake.append(table, pa.Table.from_pylist(rows))
        self.tables.clear()

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        """The rows of a hunt."""
        found: list[tuple[Any, ...]] = self.query(text).rows()
        return found


class KilledError(BaseException):
    """Stands for a kill: no handler of the program may catch it."""


@dataclass
class Answer:
    table: pa.Table


def _of(tenant: Tenant, table: str, now: object = None) -> Iterator[Row]:
    return (row for row in tenant.tables.get(table, ()) if now is None or row["Timestamp"] <= now)


def _messages(tenant: Tenant, key: str, entities: list[str]) -> set[tuple[str, str]]:
    if key == SELECTED.key:
        return {(m, m) for row in _of(tenant, "EmailEvents") if (m := row["NetworkMessageId"]) in entities}
    table, column = {"similar-files": ("EmailAttachmentInfo", "SHA256"), "similar-urls": ("EmailUrlInfo", "Url")}[key]
    spelled = CLUSTERS[key].entity
    return {(spelled(row[column]), row["NetworkMessageId"]) for row in _of(tenant, table) if spelled(row[column]) in entities}


def _weigh(key: str) -> Callable[[Tenant, Row], list[Row]]:
    def run(tenant: Tenant, given: Row) -> list[Row]:
        weights: dict[str, list[int]] = {}
        for entity, message in _messages(tenant, key, given["Wanted"]):
            for row in _of(tenant, "EmailEvents", given["Now"]):
                if row["NetworkMessageId"] == message:
                    bad = "Malware" in row["ThreatTypes"] or ("Phish" in row["ThreatTypes"] and "High" in row["ConfidenceLevel"])
                    weight = weights.setdefault(entity, [0, 0, 0])
                    weight[:] = [weight[0] + 1, weight[1] + bad, weight[2] + bool(row["ThreatTypes"])]
        return [{"Entity": e, "Copies": w[0], "Malicious": w[1], "Harmful": w[2]} for e, w in weights.items()]

    return run


def _copies(key: str) -> Callable[[Tenant, Row], list[Row]]:
    def run(tenant: Tenant, given: Row) -> list[Row]:
        spared = {row["RecipientEmailAddress"].lower() for row in _of(tenant, "Mailboxes") if row["IsSecOps"]}
        moved: dict[tuple[str, str], Row] = {}
        held = (
            tenant.lake.read("EmailPostDeliveryEvents").to_pylist()
            if tenant.lake.version("EmailPostDeliveryEvents") is not None
            else []
        )
        for row in sorted(held, key=lambda r: r["Timestamp"]):
            if row["ActionResult"] == "Success" and row["Timestamp"].replace(tzinfo=UTC) <= given["Now"]:
                moved[row["NetworkMessageId"], row["RecipientEmailAddress"].lower()] = row
        entities: dict[str, list[str]] = {}
        for entity, message in _messages(tenant, key, given["Wanted"]):
            entities.setdefault(message, []).append(entity)
        found: dict[tuple[str, str, str], Row] = {}
        for row in _of(tenant, "EmailEvents", given["Now"]):
            recipient = row["RecipientEmailAddress"].lower()
            if key != SELECTED.key and (row["OrgLevelPolicy"] or recipient in spared):
                continue
            for entity in entities.get(row["NetworkMessageId"], ()):
                event = moved.get((row["NetworkMessageId"], recipient))
                found[entity, row["NetworkMessageId"], recipient] = _copy(entity, recipient, row, event)
        return list(found.values())

    return run


_KEPT = (
    "NetworkMessageId Recipient RecipientEmailAddress InternetMessageId SenderFromAddress EmailDirection Subject ThreatTypes"
    " DetectionMethods HighConfidence DeliveryAction DeliveryLocation LatestDeliveryLocation LatestDeliveryAction"
    " MovedTo MovedBy Since"
)


def _copy(entity: str, recipient: str, row: Row, event: Row | None) -> Row:
    more = {
        "Recipient": recipient,
        "HighConfidence": "Phish" in row["ThreatTypes"] and "High" in row["ConfidenceLevel"],
        "MovedTo": event["DeliveryLocation"] if event else "",
        "MovedBy": event["Action"] if event else "",
        "Since": event["Timestamp"] if event else row["Timestamp"],
    }
    return {"Entity": entity} | {name: more.get(name, row.get(name)) for name in _KEPT.split()}


def _carried(key: str) -> Callable[[Tenant, Row], list[Row]]:
    table, column = {"similar-files": ("EmailAttachmentInfo", "SHA256"), "similar-urls": ("EmailUrlInfo", "Url")}[key]

    def run(tenant: Tenant, given: Row) -> list[Row]:
        found = {(r["NetworkMessageId"], r[column]) for r in _of(tenant, table) if r["NetworkMessageId"] in given["Wanted"]}
        return [{"NetworkMessageId": message, "Entity": CLUSTERS[key].entity(entity)} for message, entity in sorted(found)]

    return run


def _alerts(tenant: Tenant, given: Row) -> list[Row]:
    return [row for row in _of(tenant, "AlertInfo", given["Now"]) if given["Alert"] in ("", row["AlertId"])]


def _evidence(tenant: Tenant, given: Row) -> list[Row]:
    return [row for row in _of(tenant, "AlertEvidence", given["Now"]) if row["AlertId"] in given["Alerts"]]


def _retention(tenant: Tenant, _given: Row) -> list[Row]:
    return [{**row, "Recipient": row["RecipientEmailAddress"].lower()} for row in _of(tenant, "Mailboxes")]


def _mail(tenant: Tenant, given: Row) -> list[Row]:
    return [row for row in _of(tenant, "EmailEvents", given["Now"]) if row["NetworkMessageId"] == given["Mail"]][:1]


_QUERIES: dict[str, Callable[[Tenant, Row], list[Row]]] = {
    triggers._ALERTS: _alerts,
    triggers._MAIL: _mail,
    evidence._EVIDENCE: _evidence,
    mailboxes._RETENTION: _retention,
    **{mailboxes.weigh_query(c): _weigh(c.key) for c in CLUSTERS.values()},
    **{mailboxes.copies_query(c): _copies(c.key) for c in (*CLUSTERS.values(), SELECTED)},
    **{evidence._CARRIED.format(carried=c.carried): _carried(c.key) for c in CLUSTERS.values()},
}
_COLUMNS = {text: ["Entity", *_KEPT.split(), "Copies", "Malicious", "Harmful", "IsOnHold", "RetentionDays"] for text in _QUERIES}
