"""What AIR did, for whoever answers for it: decisions, false positives, impact, audit; from the journal alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from hunting.air.journal import Journal, Row, micros, moment
from hunting.formats import records
from hunting.result import Result

_PERIOD = "a.created_at >= :since AND a.created_at <= :until"
_DECISIONS = f"""
    SELECT c.name AS cluster_type, a.name, a.decided_by, a.decision, a.status, count(*) AS actions,
        coalesce(sum(v.moved), 0) AS moved
    FROM actions a JOIN clusters c ON c.id = a.cluster_id
    LEFT JOIN (SELECT action_id, sum(state = 'done') AS moved FROM moves GROUP BY 1) v ON v.action_id = a.id
    WHERE {_PERIOD} GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
"""
_FALSE_POSITIVES = f"""
    SELECT c.name AS cluster_type, count(*) AS actions,
        sum(EXISTS (SELECT 1 FROM actions u WHERE u.undoes = a.id AND u.status = 'Completed')) AS undone,
        coalesce(sum(v.moved), 0) AS moved,
        coalesce(sum((SELECT count(*) FROM actions u JOIN moves m ON m.action_id = u.id
                      WHERE u.undoes = a.id AND m.state = 'done')), 0) AS restored
    FROM actions a JOIN clusters c ON c.id = a.cluster_id
    LEFT JOIN (SELECT action_id, sum(state = 'done') AS moved FROM moves GROUP BY 1) v ON v.action_id = a.id
    WHERE {_PERIOD} AND a.kind = 'remediation' AND a.status = 'Completed' AND a.action_trigger = :trigger
    GROUP BY 1 ORDER BY 1
"""
_IMPACT = """
    SELECT i.id, i.name, i.status,
        (SELECT count(DISTINCT m.recipient) FROM clusters c JOIN cluster_members m ON m.cluster_id = c.id
         WHERE c.investigation_id = i.id) AS users,
        (SELECT count(DISTINCT m.message) FROM clusters c JOIN cluster_members m ON m.cluster_id = c.id
         WHERE c.investigation_id = i.id) AS messages,
        count(DISTINCT e.recipient) AS mailboxes,
        coalesce(sum(e.result = 'Success' AND a.kind = 'remediation'), 0) AS moved,
        coalesce(sum(e.result = 'Success' AND a.kind = 'undo'), 0) AS restored, coalesce(sum(e.result = 'Error'), 0) AS failed
    FROM investigations i LEFT JOIN actions a ON a.investigation_id = i.id LEFT JOIN events e ON e.action_id = a.id
    WHERE i.created_at >= :since AND i.created_at <= :until
    GROUP BY i.id ORDER BY i.created_at, i.rowid
"""


def report(journal: Journal, since: datetime | None = None, until: datetime | None = None) -> Mapping[str, Result]:
    """Tables by name: Decisions, False positives, Impact, Audit.

    Args:
        since, until: bounds of the time at which actions were proposed, investigations started, audit entries written.
    """
    bounds = {"since": 0 if since is None else micros(since), "until": journal.now() if until is None else micros(until)}
    return {
        "Decisions": _decisions(journal, bounds),
        "False positives": _false_positives(journal, bounds),
        "Impact": _impact(journal, bounds),
        "Audit": _audit(journal, bounds),
    }


def _decisions(journal: Journal, bounds: dict[str, int]) -> Result:
    columns = dict.fromkeys(("Cluster type", "Action type", "Decided by", "Decision", "Status"), "string")
    columns |= {"Actions": "long", "Copies moved": "long"}
    return records(columns, [tuple(row) for row in journal.rows(_DECISIONS, bounds)])


def _false_positives(journal: Journal, bounds: dict[str, int]) -> Result:
    """Per cluster type, of the actions that no person approved: how many a person has undone."""
    columns = {"Cluster type": "string", "Automatic actions": "long", "Undone": "long", "Undone share": "real"}
    columns |= {"Copies removed": "long", "Copies restored": "long", "Restored share": "real"}
    rows = journal.rows(_FALSE_POSITIVES, bounds | {"trigger": "Automation"})
    return records(columns, [_rated(row) for row in rows])


def _rated(row: Row) -> tuple[object, ...]:
    moved, restored = row["moved"], row["restored"]
    shares = row["undone"] / row["actions"], restored / moved if moved else 0.0
    return row["cluster_type"], row["actions"], row["undone"], shares[0], moved, restored, shares[1]


def _impact(journal: Journal, bounds: dict[str, int]) -> Result:
    """Per investigation: who received a member of its clusters, and whose mailbox was touched."""
    columns = dict.fromkeys(("Investigation ID", "Investigation", "Status"), "string")
    columns |= dict.fromkeys(("Users", "Messages", "Mailboxes touched", "Copies moved", "Copies restored", "Failed"), "long")
    return records(columns, [tuple(row) for row in journal.rows(_IMPACT, bounds)])


def _audit(journal: Journal, bounds: dict[str, int]) -> Result:
    columns = {"Sequence": "long", "Time": "datetime"} | dict.fromkeys(("Actor", "Event", "Subject"), "string")
    columns |= {"Detail": "dynamic", "Hash": "string"}
    rows = journal.rows("SELECT * FROM audit WHERE at >= :since AND at <= :until ORDER BY seq", bounds)
    values = [(r["seq"], moment(r["at"]), r["actor"], r["event"], r["subject"], r["detail"], r["hash"]) for r in rows]
    return records(columns, values)
