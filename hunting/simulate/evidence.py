"""Alerts -> rows of AlertInfo and AlertEvidence.

Evidence of an alert: the messages (MailMessage: NetworkMessageId, AccountUpn of the recipient), the file (SHA256) or link
(RemoteUrl) that carries the threat, the cluster (MailCluster), the mailbox and the user. AdditionalFields is JSON; LastVerdict
is Malicious, Suspicious or NoThreatsFound.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from hunting.simulate.alerts import Alert
from hunting.simulate.draw import timestamps
from hunting.simulate.people import Tenant
from hunting.simulate.values import AIR_ALERTS, LOCATIONS, SERVICE, VERDICTS


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def alert_rows(tenant: Tenant, alerts: Iterable[Alert]) -> tuple[pa.Table, pa.Table]:
    """Rows of AlertInfo and of AlertEvidence."""
    alerts = list(alerts)
    evidence = [row for alert in alerts for row in _evidence(tenant, alert)]
    info = [
        {
            "Timestamp": alert.time,
            "AlertId": alert.id,
            "Title": alert.title,
            "Category": "InitialAccess",
            "Severity": AIR_ALERTS[alert.title],
            "ServiceSource": SERVICE,
            "DetectionSource": SERVICE,
            "AttackTechniques": alert.techniques,
        }
        for alert in alerts
    ]
    return _table(info, _INFO), _table(evidence, _EVIDENCE)


_INFO = ("Timestamp", "AlertId", "Title", "Category", "Severity", "ServiceSource", "DetectionSource", "AttackTechniques")
_EVIDENCE = (
    "Timestamp",
    "AlertId",
    "Title",
    "Categories",
    "AttackTechniques",
    "ServiceSource",
    "DetectionSource",
    "EntityType",
    "EvidenceRole",
    "Severity",
    "FileName",
    "SHA256",
    "FileSize",
    "RemoteUrl",
    "AccountName",
    "AccountDomain",
    "AccountObjectId",
    "AccountUpn",
    "NetworkMessageId",
    "EmailSubject",
    "ThreatFamily",
    "AdditionalFields",
)


def _table(rows: list[dict[str, Any]], names: tuple[str, ...]) -> pa.Table:
    columns: dict[str, pa.Array] = {}
    for name in names:
        if name == "Timestamp":
            columns[name] = timestamps(np.array([row[name] for row in rows], dtype=np.int64))
        elif name == "FileSize":
            columns[name] = pa.array([row.get(name) for row in rows], pa.int64())
        else:
            columns[name] = pa.array([row.get(name, "") for row in rows], pa.string())
    return pa.table(columns)


def _evidence(tenant: Tenant, alert: Alert) -> Iterator[dict[str, Any]]:
    common = {
        "Timestamp": alert.time,
        "AlertId": alert.id,
        "Title": alert.title,
        "Categories": '["InitialAccess"]',
        "AttackTechniques": alert.techniques,
        "ServiceSource": SERVICE,
        "DetectionSource": SERVICE,
        "Severity": AIR_ALERTS[alert.title],
    }
    for entity, role, details in _entities(tenant, alert):
        yield {**common, "EntityType": entity, "EvidenceRole": role, **details}


def _entities(tenant: Tenant, alert: Alert) -> Iterator[tuple[str, str, dict[str, Any]]]:
    verdict = VERDICTS[alert.verdict]
    shared = {"LastVerdict": alert.last_verdict, "ThreatAnalysisSummary": [{"Verdict": alert.last_verdict}]}
    people = dict.fromkeys(int(alert.mail.recipient[copy]) for copy in alert.listed)
    ids = [_header(alert, copy, "NetworkMessageId") for copy in alert.listed]
    cluster = {
        **shared,
        "NetworkMessageIds": list(dict.fromkeys(ids)),
        "MailCount": alert.copies,
        "Threats": verdict.types.split(", "),
    }
    for copy, message_id in zip(alert.listed, ids, strict=True):
        yield "MailMessage", "Related", _message(tenant, alert, copy, message_id, shared)
    yield "MailCluster", "Related", {"AdditionalFields": _json(cluster), "ThreatFamily": verdict.names}
    if alert.sha256:
        file = {"FileName": alert.file_name, "SHA256": alert.sha256, "FileSize": alert.file_size, "ThreatFamily": verdict.names}
        yield "File", "Related", {**file, "AdditionalFields": _json(shared)}
    if alert.url:
        yield "Url", "Related", {"RemoteUrl": alert.url, "AdditionalFields": _json(shared)}
    for person in people:
        account = _account(tenant, person)
        yield "Mailbox", "Impacted", {**account, "AdditionalFields": _json({"MailboxPrimaryAddress": account["AccountUpn"]})}
        yield "User", "Impacted", account


def _message(tenant: Tenant, alert: Alert, copy: int, message_id: str, shared: dict[str, Any]) -> dict[str, Any]:
    mail, account = alert.mail, _account(tenant, int(alert.mail.recipient[copy]))
    fields = {
        **shared,
        "NetworkMessageIds": [message_id],
        "Recipient": account["AccountUpn"],
        "Sender": _header(alert, copy, "SenderFromAddress"),
        "DeliveryLocation": LOCATIONS[int(mail.location[copy])],
    }
    return {
        **account,
        "NetworkMessageId": message_id,
        "EmailSubject": _header(alert, copy, "Subject"),
        "AdditionalFields": _json(fields),
    }


def _header(alert: Alert, copy: int, name: str) -> str:
    value: str = alert.mail.headers[name][int(alert.mail.message[copy])].as_py()
    return value


def _account(tenant: Tenant, person: int) -> dict[str, str]:
    upn = tenant.address[person].as_py()
    return {
        "AccountName": upn.partition("@")[0],
        "AccountDomain": upn.partition("@")[2],
        "AccountObjectId": tenant.object_id[person].as_py() or "",
        "AccountUpn": upn,
    }
