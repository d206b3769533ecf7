"""A rule's run: its rows become alerts, each once, and what was too much is told and recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hunting.air.journal import identifier
from hunting.air.notices import Alert
from hunting.clock import iso
from hunting.detections.conditions import ENTITIES, TIMES, check
from hunting.detections.rule import Rule
from hunting.engine import Hunt

MOST = 150
"""Alerts of one run; the rows behind them are lost to it."""
EXCEEDED = "queryExceededResultSize"


@dataclass(frozen=True, slots=True)
class Run:
    """What a run made.

    Attributes:
        rows: rows of the query within the lookback.
        raised: new alerts.
        repeated: rows whose alert an earlier run, or a row like them, has raised.
        lost: rows beyond the most that a run may raise.
        error_code: "queryExceededResultSize" where some were lost, else "".
    """

    rows: int
    raised: int
    repeated: int
    lost: int
    error_code: str = ""


def run(rule: Rule, hunt: Hunt) -> Run:
    """Runs a rule as of the hunt's clock, raises its alerts and publishes them; the run is recorded in the audit.

    A row is known by the rule, its Timestamp, its ReportId and what it says was hit: running again raises it once.

    Raises:
        KqlError: the query is wrong, or failed.
        HuntingError: see `check`.
    """
    check(rule, hunt)
    found = hunt.query(rule.query, timespan=rule.lookback)
    rows = [
        row
        for row in (dict(zip(found.columns, cells, strict=True)) for cells in found.rows())
        if _counts(row, rule, hunt.clock())
    ]
    alerts = list({alert.id: alert for alert in (_alert(rule, row) for row in rows)}.values())
    chosen, lost = alerts[:MOST], max(0, len(alerts) - MOST)
    code = EXCEEDED if lost else ""
    detail = {"rule": rule.name, "rows": len(rows), "lost": lost, "errorCode": code}
    raised = hunt.air.detected(rule.id, chosen, detail)
    return Run(len(rows), raised, len(rows) - raised - lost, lost, code)


def _counts(row: dict[str, Any], rule: Rule, now: datetime) -> bool:
    """Whether the row lies within the lookback, whatever the query did to its time."""
    at = _time(row)
    return at is not None and now - rule.lookback <= at <= now


def _time(row: dict[str, Any]) -> datetime | None:
    found = next((row[name] for name in TIMES if isinstance(row.get(name), datetime)), None)
    return found if isinstance(found, datetime) else None


def _alert(rule: Rule, row: dict[str, Any]) -> Alert:
    hit = {name: str(row[name]) for name in ENTITIES if row.get(name) not in (None, "")}
    at = _time(row)
    key = [iso(at) if at else "", str(row.get("ReportId", "")), *(f"{name}={value}" for name, value in hit.items())]
    message = str(row.get("NetworkMessageId") or "")
    evidence = [
        {"EntityType": ENTITIES[name], "EvidenceRole": "Impacted", **_columns(name, value)} for name, value in hit.items()
    ]
    if message:
        evidence.append({"EntityType": "MailMessage", "EvidenceRole": "Related", "EmailSubject": str(row.get("Subject") or "")})
    for each in evidence:
        each["NetworkMessageId"] = message
    return Alert(
        identifier("detection", rule.id, *key), rule.name, rule.category, rule.severity, rule.tactics, rule.techniques, evidence
    )


def _columns(name: str, value: str) -> dict[str, str]:
    """Where AlertEvidence keeps what was hit."""
    if ENTITIES[name] == "Machine":
        return {"DeviceId" if name == "DeviceId" else "DeviceName": value}
    if name.endswith("ObjectId"):
        return {"AccountObjectId": value}
    return {"AccountSid" if name.endswith("Sid") else "AccountUpn": value}
