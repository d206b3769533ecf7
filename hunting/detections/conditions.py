"""What a query must be to raise alerts: the columns it must return, and what a continuous rule may not do.

Page: create custom detection rules (required columns; continuous frequency).
"""

from __future__ import annotations

import kql
from hunting.detections.rule import Rule
from hunting.engine import Hunt
from hunting.errors import HuntingError
from kql.errors import KqlError
from kql.types import ScalarType

TIMES = ("Timestamp", "TimeGenerated")
ENTITIES = {
    "DeviceId": "Machine",
    "DeviceName": "Machine",
    "RemoteDeviceName": "Machine",
    "RecipientEmailAddress": "Mailbox",
    "SenderFromAddress": "Mailbox",
    "SenderMailFromAddress": "Mailbox",
    "RecipientObjectId": "User",
    "AccountObjectId": "User",
    "AccountSid": "User",
    "AccountUpn": "User",
    "InitiatingProcessAccountSid": "User",
    "InitiatingProcessAccountUpn": "User",
    "InitiatingProcessAccountObjectId": "User",
}
"""Columns that name what was hit, and what EntityType their evidence has."""

_CONTINUOUS = (
    *("AlertEvidence", "CloudAppEvents", "EmailAttachmentInfo", "EmailEvents", "EmailPostDeliveryEvents", "EmailUrlInfo"),
    *("IdentityLogonEvents", "UrlClickEvents", "DeviceEvents", "DeviceFileCertificateInfo", "DeviceFileEvents"),
    *("DeviceImageLoadEvents", "DeviceLogonEvents", "DeviceNetworkEvents", "DeviceProcessEvents", "DeviceRegistryEvents"),
)
_LATEST = ("LatestDeliveryAction", "LatestDeliveryLocation")
_KEEP = "Keep it with summarize arg_max(Timestamp, ReportId, *) by ..., or name it in project."


def check(rule: Rule, hunt: Hunt) -> None:
    """Refuses a rule that could not be saved.

    Raises:
        KqlError: its query is wrong, with place and cure.
        HuntingError: the query returns too little, or does what a continuous rule may not do.
    """
    try:
        program = hunt.compile(rule.query)
    except KqlError as error:
        raise type(error)(f"{rule.path}: {error.message}", error.span, error.hint, rule.query) from None
    columns = {column.name: column.type for column in program.schema}
    tables = [read.table for read in program.reads]
    if not any(columns.get(name) is ScalarType.DATETIME for name in TIMES):
        raise _refused(rule, "returns no Timestamp", _KEEP)
    if "ReportId" not in columns and not all(table.startswith("Alert") for table in tables):
        raise _refused(rule, "returns no ReportId, so that an alert could not be traced to its row", _KEEP)
    if any(table.startswith("Device") for table in tables) and "DeviceId" not in columns:
        raise _refused(rule, "reads a device table and returns no DeviceId", _KEEP)
    if not any(name in columns for name in ENTITIES):
        raise _refused(rule, "returns no column that says what was hit", f"Return one of {', '.join(ENTITIES)}.")
    if rule.continuous:
        _check_continuous(rule, program)


def _check_continuous(rule: Rule, program: kql.Program) -> None:
    """One table, each row for itself."""
    cure = "Write kind: Scheduled, with a queryFrequency."
    used = kql.constructs(rule.query)
    for construct in ("join", "union", "externaldata", "comment"):
        if construct in used:
            raise _refused(rule, f"is continuous, and such a query can have no {construct}", cure)
    tables = {read.table for read in program.reads}
    if len(tables) != 1:
        raise _refused(rule, f"is continuous, and such a query reads one table; it reads {len(tables)}", cure)
    (table,) = tables
    if table not in _CONTINUOUS:
        raise _refused(rule, f"is continuous, and {table} is not read so", cure)
    for read in program.reads:
        for column in _LATEST:
            if column in read.columns and table == "EmailEvents":
                raise _refused(rule, f"is continuous, and {column} is not known yet when a mail arrives", cure)


def _refused(rule: Rule, why: str, cure: str) -> HuntingError:
    return HuntingError(f"{rule.path}: the rule '{rule.name}' {why}.", hint=cure)
