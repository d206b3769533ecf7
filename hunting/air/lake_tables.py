"""The ledger as tables of the lake: what each holds, as a query over the journal whose columns are the table's.

Two kinds. What is never changed grows: members, audit, and Defender's own rows; each row has a number, and the lake remembers the
last one. What changes (clusters, investigations, actions) is published as it is, in one commit that takes the place of the one
before, numbered by the journal's revision. Both are exactly-once and can be repeated; and every reader of Parquet sees the state
that KQL sees, without the journal.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from hunting.air.journal import Row
from hunting.air.places import Place
from hunting.air.schema import EVENT_COLUMNS
from hunting.tables import TABLES, arrow_schema
from kql.types import physical_names

EVENTS = "EmailPostDeliveryEvents"


@dataclass(frozen=True, slots=True)
class Grown:
    """Rows that are only added: `select` has a column `seq` and is cut to (:after, :until]; `last` is the newest number."""

    table: str
    select: str
    last: str


GROWN = (
    Grown(
        "AirClusterMembers",
        """
        SELECT c.rowid AS seq, c.analysed_at AS Timestamp, m.cluster_id AS ClusterId, m.message AS NetworkMessageId,
            m.address AS RecipientEmailAddress, m.internet_message_id AS InternetMessageId, m.sender AS SenderFromAddress,
            m.direction AS EmailDirection, m.subject AS Subject, m.threat_types AS ThreatTypes,
            m.detection_methods AS DetectionMethods, m.place AS Location
        FROM clusters c JOIN cluster_members m ON m.cluster_id = c.id
        WHERE c.rowid > :after AND c.rowid <= :until ORDER BY c.rowid, m.message, m.recipient
        """,
        "SELECT max(rowid) FROM clusters",
    ),
    Grown(
        "AirAudit",
        """
        SELECT seq, at AS Timestamp, seq AS Sequence, actor AS Actor, event AS Event, subject AS Subject, detail AS Detail,
            previous AS PreviousHash, hash AS Hash
        FROM audit WHERE seq > :after AND seq <= :until ORDER BY seq
        """,
        "SELECT max(seq) FROM audit",
    ),
)

OUTBOX = ("CloudAppEvents", "AlertInfo", "AlertEvidence")

STATES = {
    "EmailClusters": """
        SELECT id AS ClusterId, investigation_id AS InvestigationId, name AS ClusterName,
            CASE type WHEN 'similar-files' THEN 'SHA256' WHEN 'similar-urls' THEN 'Url' ELSE 'NetworkMessageId' END AS ClusterBy,
            entity AS ClusterByValue, verdict AS Verdict, remediation_status AS RemediationStatus, outcome AS Decision,
            reason AS Reason, email_count AS EmailCount, malware AS Malware, phish AS Phish,
            high_confidence_phish AS HighConfidencePhish, spam AS Spam, delivered AS Delivered, junked AS Junked,
            replaced AS Replaced, blocked AS Blocked, mailbox AS Mailbox, not_in_mailbox AS NotInMailbox,
            on_prem_external AS OnPremExternal, analysed_at AS QueryTime, query AS Query
        FROM clusters ORDER BY rowid
    """,
    "AirInvestigations": """
        SELECT id AS InvestigationId, name AS InvestigationName, type AS InvestigationType, alert_id AS AlertId,
            severity AS Severity, status AS Status, created_at AS CreationTime, changed_at AS LastChangedTime,
            ended_at AS EndTime,
            (SELECT count(DISTINCT m.recipient) FROM clusters c JOIN cluster_members m ON m.cluster_id = c.id
             WHERE c.investigation_id = i.id) AS Users,
            (SELECT count(*) FROM clusters c WHERE c.investigation_id = i.id AND c.verdict = 'Malicious') AS ThreatCount,
            (SELECT count(*) FROM actions a WHERE a.investigation_id = i.id) AS ActionCount,
            (SELECT count(*) FROM actions a WHERE a.investigation_id = i.id AND a.status = 'Pending') AS PendingActions
        FROM investigations i ORDER BY rowid
    """,
    "AirActions": """
        SELECT a.id AS ActionId, a.investigation_id AS InvestigationId, a.cluster_id AS ClusterId, a.kind AS ActionKind,
            a.name AS Action, a.status AS Status, a.decision AS Decision, a.decided_by AS DecidedBy, a.source AS ActionSource,
            a.action_type AS ActionType, a.action_trigger AS ActionTrigger, a.reason AS Reason, a.created_at AS CreationTime,
            a.decided_at AS DecidedTime, a.completed_at AS CompletedTime, coalesce(v.moved, 0) AS Moved,
            coalesce(v.already, 0) AS AlreadyInDestination, coalesce(v.failed, 0) AS Failed, coalesce(v.others, 0) AS NotMoved,
            coalesce((SELECT u.id FROM actions u WHERE u.undoes = a.id), '') AS UndoneBy, coalesce(a.undoes, '') AS Undoes
        FROM actions a LEFT JOIN (
            SELECT action_id, sum(state = 'done') AS moved, sum(state = 'already in destination') AS already,
                sum(state = 'conflict') AS failed, sum(state NOT IN ('done', 'already in destination', 'conflict')) AS others
            FROM moves GROUP BY action_id) v ON v.action_id = a.id
        ORDER BY a.rowid
    """,
}


def table_of(name: str, rows: list[Row]) -> pa.Table:
    """Journal rows as rows of a declared table: times from microseconds, columns that the rows lack left out."""
    declared = TABLES[name].schema
    held = rows[0].keys() if rows else []
    physical = physical_names(column.name for column in declared)
    types = arrow_schema(declared)
    columns = {column.name: types.field(physical[column.name]).type for column in declared if column.name in held or not rows}
    return pa.table({column: pa.array([row[column] for row in rows], kind) for column, kind in columns.items()})


def events_table(rows: list[Row]) -> pa.Table:
    """Events as rows of EmailPostDeliveryEvents."""
    columns: list[list[object]] = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in EVENT_COLUMNS.split(",")]
    _, at, message, internet_id, action, kind, trigger, result, address, source, place, *rest = columns
    threats, methods, report, sender, direction = rest
    texts = {
        "NetworkMessageId": message,
        "InternetMessageId": internet_id,
        "Action": action,
        "ActionType": kind,
        "ActionTrigger": trigger,
        "ActionResult": result,
        "RecipientEmailAddress": address,
        "DeliveryLocation": [Place(str(p)).location for p in place],
        "ThreatTypes": threats,
        "DetectionMethods": methods,
        "ReportId": report,
        "SenderFromAddress": sender,
        "EmailDirection": direction,
        "SourceLocation": [Place(str(p)).location for p in source],
    }
    return pa.table(
        {"Timestamp": pa.array(at, pa.timestamp("us")), **{name: pa.array(values, pa.string()) for name, values in texts.items()}}
    )
