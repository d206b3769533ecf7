"""Pending and History: what waits for a person, what became of everything else."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import timedelta

from hunting.air.clusters import CLUSTERS
from hunting.air.investigations import AUTOMATION, approve, log, note_decision, settle
from hunting.air.journal import Journal, Row
from hunting.air.mailboxes import Copy, Hunting, copies, lay_out
from hunting.air.places import MAILBOX
from hunting.air.policy import ActionStatus, Settings
from hunting.air.records import ActionRecord, values
from hunting.errors import AirError

PENDING_FOR = timedelta(days=7)
"""How long an action waits for a decision before it expires."""

_SELECT = """
    SELECT a.id, a.investigation_id, a.cluster_id, c.type AS cluster_type, c.entity, a.kind, a.name, a.status, a.source,
        a.decision, a.decided_by, a.reason, a.created_at, a.decided_at, a.completed_at, coalesce(a.undoes, '') AS undoes,
        coalesce((SELECT u.id FROM actions u WHERE u.undoes = a.id), '') AS undone_by, c.email_count,
        coalesce(v.moved, 0) AS moved, coalesce(v.already, 0) AS already, coalesce(v.others, 0) AS "left"
    FROM actions a JOIN clusters c ON c.id = a.cluster_id
    LEFT JOIN (SELECT action_id, sum(state = 'done') AS moved, sum(state = 'already in destination') AS already,
                      sum(state NOT IN ('done', 'already in destination')) AS others
               FROM moves GROUP BY action_id) v ON v.action_id = a.id
"""


class ActionCenter:
    """The actions of one store. Methods that change something need the writer lock, which they take."""

    def __init__(self, hunt: Hunting, journal: Journal) -> None:
        self._hunt = hunt
        self._journal = journal

    def list(
        self,
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
        rows = self._journal.rows(f"{_SELECT} WHERE {where} ORDER BY a.created_at, a.rowid", tuple(given.values()))
        return [_record(row) for row in rows]

    def get(self, action: str) -> ActionRecord:
        """One action by its full id."""
        return _record(self._journal.rows(f"{_SELECT} WHERE a.id = ?", (action,))[0])

    def approve(self, action: str, by: str, reason: str, settings: Settings) -> None:
        """Approves a pending action; it is not carried out yet.

        Raises:
            AirError: it is not pending.
        """
        self._pending(action)
        with self._journal.transaction("approve") as db:
            approve(db, self._journal, action, by, reason, settings.approved_action_type, "AdminAction")
            settle(db, self._journal, self._investigation(action))

    def close(self, action: str, status: ActionStatus, by: str, reason: str) -> None:
        """Ends a pending action without carrying it out: Rejected, Expired or Cancelled.

        Raises:
            AirError: it is not pending.
        """
        self._pending(action)
        with self._journal.transaction(str(status).casefold()) as db:
            self._close(db, action, status, by, reason)

    def expire(self) -> int:
        """Closes what has waited longer than a week; returns the number of actions."""
        limit = self._journal.now() - int(PENDING_FOR / timedelta(microseconds=1))
        due = self._journal.rows("SELECT id FROM actions WHERE status = ? AND created_at <= ?", (ActionStatus.PENDING, limit))
        for row in due:
            self.close(row["id"], ActionStatus.EXPIRED, AUTOMATION, "Not decided within a week.")
        return len(due)

    def cancel_idle(self) -> int:
        """Looks again at the clusters that wait, and cancels the actions with nothing left to remove; returns their number."""
        waiting = self._journal.rows(
            "SELECT a.id, a.cluster_id, c.type, c.entity FROM actions a JOIN clusters c ON c.id = a.cluster_id"
            " WHERE a.status = ?",
            (ActionStatus.PENDING,),
        )
        found = {
            key: copies(self._hunt, cluster, [row["entity"] for row in waiting if row["type"] == key], self._hunt.clock())
            for key, cluster in CLUSTERS.items()
        }
        return sum(self._cancel_if_idle(row, found[row["type"]][row["entity"]]) for row in waiting)

    def _cancel_if_idle(self, row: Row, found: Sequence[Copy]) -> bool:
        with self._journal.transaction("cancelled") as db:
            lay_out(db, found)
            left = db.execute(
                "SELECT count(*) FROM cluster_members m JOIN whereabouts w ON w.message = m.message AND w.recipient = m.recipient"
                f" WHERE m.cluster_id = ? AND w.place IN ('{MAILBOX[0]}', '{MAILBOX[1]}')",
                (row["cluster_id"],),
            ).fetchone()[0]
            if left:
                return False
            db.execute("UPDATE clusters SET remediation_status = 'Remediated' WHERE id = ?", (row["cluster_id"],))
            self._close(db, row["id"], ActionStatus.CANCELLED, AUTOMATION, "No copy is left in a mailbox.")
            return True

    def _close(self, db: sqlite3.Connection, action: str, status: ActionStatus, by: str, reason: str) -> None:
        db.execute(
            "UPDATE actions SET status = ?, decision = ?, decided_by = ?, reason = ?, decided_at = ? WHERE id = ?",
            (status, status, by, reason, self._journal.now(), action),
        )
        note_decision(db, self._journal, action, str(status), by, reason)
        investigation = self._investigation(action)
        log(db, self._journal, investigation, f"Action {action[:6]} {str(status).casefold()} by {by}. {reason}".rstrip())
        settle(db, self._journal, investigation)

    def _pending(self, action: str) -> None:
        found = self.get(action)
        if found.status != ActionStatus.PENDING:
            raise AirError(f"Action {action[:6]} is {found.status.lower()}, not pending: there is nothing to decide.")

    def _investigation(self, action: str) -> str:
        return str(self._journal.scalar("SELECT investigation_id FROM actions WHERE id = ?", (action,)))


def _record(row: Row) -> ActionRecord:
    return ActionRecord(**values(row, "created_at", "decided_at", "completed_at"))  # type: ignore[arg-type]
