"""Investigations and actions as they are handed out, and what the audit says of them."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from hunting.air.journal import Journal, Row
from hunting.air.records import ActionRecord, Evidence, FoundCluster, Investigation, LogEntry, values
from hunting.errors import AirError

_T = TypeVar("_T")

_INVESTIGATIONS = """
    SELECT i.id, i.trigger, i.name, i.type, i.severity, i.status, i.alert_id, i.title, i.created_at, i.changed_at, i.ended_at,
        (SELECT count(DISTINCT m.recipient) FROM clusters c JOIN cluster_members m ON m.cluster_id = c.id
         WHERE c.investigation_id = i.id) AS users,
        (SELECT count(*) FROM clusters c WHERE c.investigation_id = i.id AND c.verdict = 'Malicious') AS threats,
        (SELECT count(*) FROM actions a WHERE a.investigation_id = i.id) AS action_count
    FROM investigations i
"""
_MOVES = "SELECT {what} FROM moves v WHERE v.action_id = a.id AND v.state"
_LEFT = "NOT IN ('done', 'already in destination')"
_ACTIONS = f"""
    SELECT a.id, a.investigation_id, a.cluster_id, c.type AS cluster_type, c.entity, a.kind, a.name, a.status, a.source,
        a.decision, a.decided_by, a.reason, a.created_at, a.decided_at, a.completed_at, coalesce(a.undoes, '') AS undoes,
        coalesce((SELECT u.id FROM actions u WHERE u.undoes = a.id), '') AS undone_by, c.email_count,
        ({_MOVES.format(what="count(*)")} = 'done') AS moved,
        ({_MOVES.format(what="count(*)")} = 'already in destination') AS already,
        ({_MOVES.format(what="count(*)")} {_LEFT}) AS "left",
        ({_MOVES.format(what="count(*)")} = 'conflict') AS failed,
        coalesce((SELECT group_concat(why, ', ') FROM
            ({_MOVES.format(what="v.state || ': ' || count(*) AS why")} {_LEFT} GROUP BY v.state ORDER BY v.state)), '')
            AS left_because
    FROM actions a JOIN clusters c ON c.id = a.cluster_id
"""


def investigations(journal: Journal) -> list[Investigation]:
    """All investigations, oldest first, without their lists."""
    return [_investigation(row) for row in journal.rows(f"{_INVESTIGATIONS} ORDER BY i.created_at, i.rowid")]


def investigation(journal: Journal, key: str) -> Investigation:
    """One investigation, by its full id, with everything that belongs to it."""
    return _investigation(
        journal.rows(f"{_INVESTIGATIONS} WHERE i.id = ?", (key,))[0],
        log=_all(journal, LogEntry, "SELECT at, status, description FROM investigation_log", key, "number", "at"),
        evidence=_all(
            journal, Evidence, "SELECT type, entity, verdict, origin, first_seen FROM evidence", key, "type, entity", "first_seen"
        ),
        clusters=_all(journal, FoundCluster, "SELECT * FROM clusters", key, "rowid", "analysed_at"),
        actions=actions(journal, investigation=key),
    )


def actions(
    journal: Journal,
    *,
    status: str | None = None,
    decided_by: str | None = None,
    source: str | None = None,
    investigation: str | None = None,
) -> list[ActionRecord]:
    """Actions, oldest first; the filters are compared regardless of case."""
    wanted = {"a.status": status, "a.decided_by": decided_by, "a.source": source, "a.investigation_id": investigation}
    given = {column: value for column, value in wanted.items() if value is not None}
    where = " AND ".join(f"{column} = ? COLLATE NOCASE" for column in given) or "TRUE"
    rows = journal.rows(f"{_ACTIONS} WHERE {where} ORDER BY a.created_at, a.rowid", tuple(given.values()))
    return [_action(row) for row in rows]


def action(journal: Journal, key: str) -> ActionRecord:
    """One action by its full id."""
    return _action(journal.rows(f"{_ACTIONS} WHERE a.id = ?", (key,))[0])


def full_id(journal: Journal, table: str, prefix: str) -> str:
    """The id in `table` that begins with `prefix` (six or more hex digits).

    Raises:
        AirError: there is none, or there are several.
    """
    wanted = prefix.strip().removeprefix("#").casefold()
    found = []
    if len(wanted) >= 6 and all(c in "0123456789abcdef" for c in wanted):
        found = [row["id"] for row in journal.rows(f"SELECT id FROM {table} WHERE id GLOB ? LIMIT 2", (wanted + "*",))]
    if len(found) == 1:
        return str(found[0])
    what = table.removesuffix("s")
    if found:
        raise AirError(f"Several {table} begin with '{prefix}'.", hint="Give more digits.")
    raise AirError(
        f"There is no {what} '{prefix}'.", hint=f"Give the id, or its first six digits; {_LISTED_BY[table]} lists them."
    )


_LISTED_BY = {
    "investigations": "'hunting air investigation list'",
    "actions": "'hunting air actions list'",
    "clusters": "'hunting air investigation show ID --tab entities'",
}


def digest_faults(journal: Journal) -> list[str]:
    """Clusters and events that are not what the audit log says they were, and settings that were changed behind its back."""
    faults, stated, settings = [], set(), {}
    for entry in journal.rows("SELECT event, subject, detail FROM audit ORDER BY seq"):
        detail = json.loads(entry["detail"])
        if entry["event"] == "setting changed":
            settings[entry["subject"]] = detail["value"]
        elif entry["event"] == "action proposed" and detail["members"] != journal.members_digest(detail["cluster"]):
            faults.append(f"The members of cluster {detail['cluster'][:6]} were changed.")
        elif entry["event"] == "action completed":
            stated.add(entry["subject"])
            if detail["events"] != journal.events_digest(entry["subject"]):
                faults.append(f"The events of action {entry['subject'][:6]} were changed.")
    if {row["key"]: row["value"] for row in journal.rows("SELECT key, value FROM settings")} != settings:
        faults.append("The settings were changed without an entry in the audit log.")
    unsaid = {row[0] for row in journal.rows("SELECT DISTINCT action_id FROM events")} - stated
    return faults + [f"The audit log says nothing of action {action[:6]}." for action in sorted(unsaid)]


def _investigation(row: Row, **lists: Any) -> Investigation:
    return Investigation(**values(row, "created_at", "changed_at", "ended_at"), **lists)


def _action(row: Row) -> ActionRecord:
    return ActionRecord(**values(row, "created_at", "decided_at", "completed_at"))


def _all(journal: Journal, kind: type[_T], select: str, key: str, order: str, *times: str) -> list[_T]:
    return [kind(**values(row, *times)) for row in journal.rows(f"{select} WHERE investigation_id = ? ORDER BY {order}", (key,))]
