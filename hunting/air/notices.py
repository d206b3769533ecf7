"""Rows of Defender's own tables that AIR writes: CloudAppEvents AirInvestigationData, AlertInfo, AlertEvidence.

Each row is settled in the transaction that it speaks of, in the journal's `outbox`; the publisher hands it to the lake.
Pages: Office 365 Management Activity API schema (automated investigation); AlertInfo; AlertEvidence.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hunting.air import views
from hunting.air.journal import Journal, identifier
from hunting.air.management import Json, cluster_json, event_json
from hunting.air.policy import Status
from hunting.air.records import Investigation
from hunting.clock import iso

SERVICE = "Microsoft Defender for Office 365"
LISTED = 1_000
"""Messages that a row lists at most; MailCount says how many copies there are."""

MANUAL_INVESTIGATION = "Admin triggered manual investigation of email"
MANUAL_ACTION = "Administrative action submitted by an Administrator"

_RECORD_TYPE = 64  # AirInvestigation in the schema's AuditLogRecordType


def ended(db: sqlite3.Connection, journal: Journal, investigation: str) -> None:
    """An investigation has ended: a row AirInvestigationData, and a row MailCluster for each cluster that is new or changed."""
    found = views.investigation(journal, investigation)
    entities = {each.id: cluster_json(each) | {"NetworkMessageIds": _messages(db, each.id)} for each in found.clusters}
    _put(db, journal, "CloudAppEvents", investigation, _cloud_row(db, found, entities, iso(journal.clock())))
    for cluster in found.clusters:
        subject = f"{cluster.id}:{cluster.remediation_status}"
        known = db.execute("SELECT 1 FROM outbox WHERE target = 'AlertEvidence' AND subject = ?", (subject,)).fetchone()
        if found.alert_id and not known:
            _put(db, journal, "AlertEvidence", subject, _evidence(found, "MailCluster", entities[cluster.id]))


def raised(db: sqlite3.Connection, journal: Journal, investigation: str, messages: Mapping[str, object]) -> None:
    """A person's investigation or remediation raises an alert of its own; `messages`: what its evidence says of the mail."""
    found = views.investigation(journal, investigation)
    info = {"AlertId": found.alert_id, "Title": found.title, "Category": "ThreatManagement", "Severity": found.severity}
    _put(db, journal, "AlertInfo", investigation, info | {"ServiceSource": SERVICE, "DetectionSource": SERVICE})
    _put(db, journal, "AlertEvidence", investigation, _evidence(found, "MailMessage", messages))


def _put(db: sqlite3.Connection, journal: Journal, target: str, subject: str, row: Mapping[str, object]) -> None:
    db.execute(
        "INSERT INTO outbox (at, target, subject, row) VALUES (?, ?, ?, ?)",
        (journal.now(), target, subject, json.dumps(row, ensure_ascii=False)),
    )


def _messages(db: sqlite3.Connection, cluster: str) -> list[str]:
    select = "SELECT DISTINCT message FROM cluster_members WHERE cluster_id = ? ORDER BY message LIMIT ?"
    return [message for (message,) in db.execute(select, (cluster, LISTED))]


def _cloud_row(db: sqlite3.Connection, found: Investigation, entities: Mapping[str, Json], now: str) -> Json:
    number = db.execute("SELECT count(*) FROM outbox WHERE subject = ?", (found.id,)).fetchone()[0]
    return {
        "ActionType": "AirInvestigationData",
        "Application": SERVICE,
        "AccountType": "System",
        "ObjectId": found.id,
        "ObjectName": found.name,
        "ObjectType": "Investigation",
        "RawEventData": json.dumps(_raw(found, entities, now), ensure_ascii=False),
        "ReportId": identifier("notice", found.id, str(number)),
    }


def _raw(found: Investigation, entities: Mapping[str, Json], now: str) -> Json:
    """The event as the Management Activity API has it; its Data says what the alert looks like afterwards."""
    event = event_json(found, entities)
    data = {
        "AlertId": found.alert_id,
        "Status": "InProgress" if found.status == Status.PARTIALLY_REMEDIATED else "Resolved",  # an action still waits
        "Severity": found.severity,
        "InvestigationIds": [found.id],
        "StartTimeUtc": event["StartTimeUtc"],
        "EndTimeUtc": event["EndTimeUtc"],
        "Entities": list(entities.values()),
    }
    head = {"CreationTime": now, "Operation": "AirInvestigationData", "RecordType": _RECORD_TYPE, "Workload": "AirInvestigation"}
    return head | event | {"Data": json.dumps(data)}


def _evidence(found: Investigation, kind: str, fields: Mapping[str, object]) -> Json:
    messages = fields.get("NetworkMessageIds")
    return {
        "AlertId": found.alert_id,
        "Title": found.title or found.name,
        "ServiceSource": SERVICE,
        "DetectionSource": SERVICE,
        "EntityType": kind,
        "EvidenceRole": "Related",
        "Severity": found.severity,
        "NetworkMessageId": messages[0] if kind == "MailMessage" and isinstance(messages, list) and messages else "",
        "AdditionalFields": json.dumps({"InvestigationId": found.id, **fields}, ensure_ascii=False),
    }


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert of a detection rule, and columns of its evidence."""

    id: str
    title: str
    category: str
    severity: str
    tactics: Sequence[str]
    techniques: Sequence[str]
    evidence: Sequence[Mapping[str, str]]


def detected(db: sqlite3.Connection, journal: Journal, alert: Alert) -> bool:
    """A detection rule raises an alert; whether it is new."""
    if db.execute("SELECT 1 FROM outbox WHERE target = 'AlertInfo' AND subject = ?", (alert.id,)).fetchone():
        return False
    techniques = json.dumps(list(alert.techniques))
    head = {"AlertId": alert.id, "Title": alert.title, "Severity": alert.severity, "AttackTechniques": techniques}
    head |= {"ServiceSource": "Microsoft Defender XDR", "DetectionSource": "Custom detection"}
    _put(db, journal, "AlertInfo", alert.id, head | {"Category": alert.category})
    for each in alert.evidence:
        _put(db, journal, "AlertEvidence", alert.id, {**head, "Categories": json.dumps(list(alert.tactics)), **each})
    return True
