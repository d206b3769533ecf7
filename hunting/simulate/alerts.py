"""Alerts and their evidence (tables AlertInfo and AlertEvidence; page: Alert policies).

An alert is raised within a minute of the verdict. Its evidence: the messages (MailMessage: NetworkMessageId, AccountUpn of the
recipient), the file (SHA256) or link (RemoteUrl) that carries the threat, the cluster (MailCluster), the mailbox and the user.
AdditionalFields is JSON; LastVerdict says Malicious, Suspicious or NoThreatsFound.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from hunting.simulate.campaigns import Campaign
from hunting.simulate.draw import SECOND, Rng, hexadecimal, timestamps
from hunting.simulate.mail import Mail
from hunting.simulate.people import Tenant
from hunting.simulate.values import (
    AIR_ALERTS,
    CLEAN_SCL1,
    EVENT_LIST,
    IMPERSONATION,
    LOCATIONS,
    SERVICE,
    VERDICTS,
)

_LISTED = 50  # messages that an alert lists; the counts are of all
_TECHNIQUES = {
    "file": '["Phishing (T1566)","Spearphishing Attachment (T1566.001)"]',
    "url": '["Phishing (T1566)","Spearphishing Link (T1566.002)"]',
    "": '["Phishing (T1566)"]',
}
_ZAPPED = {
    "file": "Email messages containing malicious file removed after delivery",
    "url": "Email messages containing malicious URL removed after delivery",
    "": "Email messages removed after delivery",
}


@dataclass(frozen=True)
class Alert:
    """An alert with the copies that it is about; `listed`: numbers of copies of `mail`."""

    id: str
    time: int
    title: str
    verdict: int
    mail: Mail
    listed: list[int]
    sha256: str = ""
    file_name: str = ""
    file_size: int | None = None
    url: str = ""
    copies: int = 1

    @property
    def techniques(self) -> str:
        return _TECHNIQUES["file" if self.sha256 else "url" if self.url else ""]

    @property
    def last_verdict(self) -> str:
        if self.verdict <= CLEAN_SCL1:
            return "NoThreatsFound"
        return "Suspicious" if self.verdict <= IMPERSONATION else "Malicious"


def campaign_alert(campaign: Campaign) -> Alert | None:
    """The alert that the scenario declares, if it does."""
    scenario, mail = campaign.scenario, campaign.mail
    if not scenario.alert:
        return None
    removed = np.unique(mail.events.copy)
    others = np.setdiff1d(np.arange(len(mail.message)), removed)
    # Messages in the mailbox before blocked ones: those that the alert is about.
    order = np.concatenate([removed, others[np.argsort(mail.location[others], kind="stable")]])
    file = mail.files.slice(0, 1).to_pylist()
    return Alert(
        campaign.alert_id,
        campaign.verdict_time + 45 * SECOND,
        scenario.alert,
        int(mail.verdict[0]),
        mail,
        order[:_LISTED].tolist(),
        campaign.sha256,
        file[0]["FileName"] if file else "",
        file[0]["FileSize"] if file else None,
        campaign.url,
        len(mail.message),
    )


def zap_alerts(mail: Mail, rng: Rng, end: int) -> Iterator[Alert]:
    """One alert per everyday message that ZAP removed as phish or malware."""
    removing = np.array([event.type in ("Phish ZAP", "Malware ZAP") and event.result == "Success" for event in EVENT_LIST])
    events = np.flatnonzero(removing[mail.events.kind]) if len(mail.events.kind) else mail.events.kind
    first = np.unique(mail.message[mail.events.copy[events]], return_index=True)[1] if len(events) else events
    chosen = [int(number) for number in events[first] if mail.events.time[number] + 50 * SECOND < end]
    for number, alert_id in zip(chosen, hexadecimal(rng, len(chosen), 16).to_pylist(), strict=True):
        yield _zap_alert(mail, int(mail.events.copy[number]), int(mail.events.time[number]) + 40 * SECOND, alert_id)


def _zap_alert(mail: Mail, copy: int, time: int, alert_id: str) -> Alert:
    message = int(mail.message[copy])
    verdict = int(mail.verdict[message])
    kind = VERDICTS[verdict].indicator
    copies = np.arange(np.searchsorted(mail.message, message), np.searchsorted(mail.message, message, side="right")).tolist()
    part = {} if not kind else _first(mail.files if kind == "file" else mail.urls, message)
    return Alert(
        alert_id,
        time,
        _ZAPPED[kind],
        verdict,
        mail,
        copies,
        part.get("SHA256", ""),
        part.get("FileName", ""),
        part.get("FileSize"),
        part.get("Url", ""),
        len(copies),
    )


def _first(parts: pa.Table, message: int) -> dict[str, Any]:
    at = int(np.searchsorted(parts["message"].to_numpy(), message))
    row: dict[str, Any] = parts.slice(at, 1).to_pylist()[0]
    return row


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
    yield "MailCluster", "Related", {"AdditionalFields": json.dumps(cluster), "ThreatFamily": verdict.names}
    if alert.sha256:
        file = {"FileName": alert.file_name, "SHA256": alert.sha256, "FileSize": alert.file_size, "ThreatFamily": verdict.names}
        yield "File", "Related", {**file, "AdditionalFields": json.dumps(shared)}
    if alert.url:
        yield "Url", "Related", {"RemoteUrl": alert.url, "AdditionalFields": json.dumps(shared)}
    for person in people:
        account = _account(tenant, person)
        yield "Mailbox", "Impacted", {**account, "AdditionalFields": json.dumps({"MailboxPrimaryAddress": account["AccountUpn"]})}
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
        "AdditionalFields": json.dumps(fields, ensure_ascii=False),
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
