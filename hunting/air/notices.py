"""Rows of Defender's own tables that AIR writes: CloudAppEvents AirInvestigationData, AlertInfo, AlertEvidence.

Each row is settled in the transaction that it speaks of, in the journal's `outbox`; the publisher hands it to the lake.
Pages: Office 365 Management Activity API schema (automated investigation); AlertInfo; AlertEvidence.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC

from hunting.air.journal import Journal, Row, identifier, moment

SERVICE = "Microsoft Defender for Office 365"
LISTED = 1_000
"""Messages that a row lists at most; MailCount says how many copies there are."""

MANUAL_INVESTIGATION = "Admin triggered manual investigation of email"
MANUAL_ACTION = "Administrative action submitted by an Administrator"

_RECORD_TYPE = 64  # AirInvestigation in the schema's AuditLogRecordType
_APPROVALS = {"Approved": "Approved", "Rejected": "Rejected", "Expired": "Expired", "Cancelled": "Cancelled"}
_ACTIONS = """
    SELECT a.*, c.query, c.type AS cluster_type, c.entity, c.email_count
    FROM actions a JOIN clusters c ON c.id = a.cluster_id WHERE a.investigation_id = ? ORDER BY a.rowid
"""


def ended(db: sqlite3.Connection, journal: Journal, investigation: str) -> None:
    """An investigation has ended: a row AirInvestigationData, and a row MailCluster for each cluster that is new or changed."""
    row = db.execute("SELECT * FROM investigations WHERE id = ?", (investigation,)).fetchone()
    clusters = db.execute("SELECT * FROM clusters WHERE investigation_id = ? ORDER BY rowid", (investigation,)).fetchall()
    entities = {cluster["id"]: _entity(db, cluster) for cluster in clusters}
    actions = db.execute(_ACTIONS, (investigation,)).fetchall()
    raw = _investigation(journal, row) | {"Actions": [_action(each, entities[each["cluster_id"]], row) for each in actions]}
    raw["Data"] = json.dumps(_data(row, raw, list(entities.values())))
    number = db.execute("SELECT count(*) FROM outbox WHERE subject = ?", (investigation,)).fetchone()[0]
    report = identifier("notice", investigation, str(number))
    _put(db, journal, "CloudAppEvents", investigation, _cloud_row(report, raw))
    for cluster in clusters:
        subject = f"{cluster['id']}:{cluster['remediation_status']}"
        known = db.execute("SELECT 1 FROM outbox WHERE target = 'AlertEvidence' AND subject = ?", (subject,)).fetchone()
        if row["alert_id"] and not known:
            _put(db, journal, "AlertEvidence", subject, _evidence(row, "MailCluster", entities[cluster["id"]]))


def raised(db: sqlite3.Connection, journal: Journal, investigation: str, messages: Mapping[str, object]) -> None:
    """A person's investigation or remediation raises an alert of its own; `messages`: what its evidence says of the mail."""
    row = db.execute("SELECT * FROM investigations WHERE id = ?", (investigation,)).fetchone()
    info = {"AlertId": row["alert_id"], "Title": row["title"], "Category": "ThreatManagement", "Severity": row["severity"]}
    _put(db, journal, "AlertInfo", investigation, info | {"ServiceSource": SERVICE, "DetectionSource": SERVICE})
    _put(db, journal, "AlertEvidence", investigation, _evidence(row, "MailMessage", messages))


def _put(db: sqlite3.Connection, journal: Journal, target: str, subject: str, row: Mapping[str, object]) -> None:
    db.execute(
        "INSERT INTO outbox (at, target, subject, row) VALUES (?, ?, ?, ?)",
        (journal.now(), target, subject, json.dumps(row, ensure_ascii=False)),
    )


def _cloud_row(report: str, raw: Mapping[str, object]) -> dict[str, object]:
    return {
        "ActionType": "AirInvestigationData",
        "Application": SERVICE,
        "AccountType": "System",
        "ObjectId": raw["InvestigationId"],
        "ObjectName": raw["InvestigationName"],
        "ObjectType": "Investigation",
        "RawEventData": json.dumps(raw, ensure_ascii=False),
        "ReportId": report,
    }


def _investigation(journal: Journal, row: Row) -> dict[str, object]:
    return {
        "CreationTime": _time(journal.now()),
        "Operation": "AirInvestigationData",
        "RecordType": _RECORD_TYPE,
        "Workload": "AirInvestigation",
        "InvestigationId": row["id"],
        "InvestigationName": row["name"],
        "InvestigationType": row["type"],
        "Status": row["status"],
        "StartTimeUtc": _time(row["created_at"]),
        "EndTimeUtc": _time(row["ended_at"]),
        "LastUpdateTimeUtc": _time(row["changed_at"]),
    }


def _action(row: Row, entity: Mapping[str, object], investigation: Row) -> dict[str, object]:
    person = row["decided_by"] if row["action_trigger"] == "AdminAction" else None
    return {
        "ActionId": row["id"],
        "InvestigationId": row["investigation_id"],
        "ActionType": row["name"],
        "ActionStatus": row["status"],
        "ActionApproval": _APPROVALS.get(row["decision"], "Pending"),
        "ApprovedBy": person,
        "ApproverComment": row["reason"] if person else "",
        "TimestampUtc": _time(row["created_at"]),
        "StartTimeUtc": _time(row["decided_at"]),
        "EndTimeUtc": _time(row["completed_at"]),
        "RelatedAlertIds": [investigation["alert_id"]] if investigation["alert_id"] else [],
        "Entities": [entity],
    }


def _data(row: Row, raw: Mapping[str, object], entities: list[dict[str, object]]) -> dict[str, object]:
    """What the alert looks like afterwards; it is resolved unless an action still waits."""
    return {
        "AlertId": row["alert_id"],
        "Status": "InProgress" if row["status"] == "Partially Remediated" else "Resolved",
        "Severity": row["severity"],
        "InvestigationIds": [row["id"]],
        "StartTimeUtc": raw["StartTimeUtc"],
        "EndTimeUtc": raw["EndTimeUtc"],
        "Entities": entities,
    }


def _entity(db: sqlite3.Connection, cluster: Row) -> dict[str, object]:
    messages = db.execute(
        "SELECT DISTINCT message FROM cluster_members WHERE cluster_id = ? ORDER BY message LIMIT ?", (cluster["id"], LISTED)
    )
    threats = {"Malware": cluster["malware"], "Phish": cluster["phish"], "Spam": cluster["spam"]}
    return {
        "Type": "mailCluster",
        "ClusterId": cluster["id"],
        "ClusterBy": cluster["name"],
        "ClusterByValue": cluster["entity"],
        "LastVerdict": str(cluster["verdict"]).replace("No threats found", "NoThreatsFound"),
        "RemediationStatus": cluster["remediation_status"],
        "MailCount": cluster["email_count"],
        "NetworkMessageIds": [message for (message,) in messages],
        "Urls": [cluster["entity"]] if cluster["type"] == "similar-urls" else [],
        "Threats": [name for name, count in threats.items() if count],
        "ThreatAnalysisSummary": [{"Verdict": cluster["verdict"], "AnalysisDate": _time(cluster["analysed_at"])}],
        "CountByDeliveryStatus": {name: cluster[name.casefold()] for name in ("Delivered", "Junked", "Replaced", "Blocked")},
        "Query": cluster["query"],
    }


def _evidence(row: Row, kind: str, fields: Mapping[str, object]) -> dict[str, object]:
    messages = fields.get("NetworkMessageIds")
    return {
        "AlertId": row["alert_id"],
        "Title": row["title"] or row["name"],
        "ServiceSource": SERVICE,
        "DetectionSource": SERVICE,
        "EntityType": kind,
        "EvidenceRole": "Related",
        "Severity": row["severity"],
        "NetworkMessageId": messages[0] if kind == "MailMessage" and isinstance(messages, list) and messages else "",
        "AdditionalFields": json.dumps({"InvestigationId": row["id"], **fields}, ensure_ascii=False),
    }


def _time(value: int | None) -> str | None:
    return None if value is None else moment(value).astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
