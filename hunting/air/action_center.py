"""Pending and History: what waits for a person, what became of everything else."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from datetime import timedelta

from hunting.air import views
from hunting.air.actions import ACTIONS
from hunting.air.clusters import CLUSTERS
from hunting.air.journal import Journal, Row, moment
from hunting.air.ledger import ADMIN, MANUAL_TYPE, SOURCE, approve, log, note_decision, set_status, settle
from hunting.air.mailboxes import Copy, Hunting, copies, lay_out
from hunting.air.members import IN_MAILBOX
from hunting.air.policy import AUTOMATION, ENDED, ActionStatus, Status
from hunting.air.records import ActionRecord
from hunting.air.settings import Settings
from hunting.errors import AirError

PENDING_FOR = timedelta(days=7)
"""How long an action waits for a decision before it expires."""

HOUR = 3_600_000_000
"""Microseconds within which the same cluster is not processed twice."""

_LEFT = f"""
    SELECT count(*) FROM cluster_members m JOIN whereabouts w ON w.message = m.message AND w.recipient = m.recipient
    WHERE m.cluster_id = ? AND {IN_MAILBOX}
"""
_UNMOVING = tuple(action.name for action in ACTIONS.values() if action.place_after is None)

# The same copies again, or some of them: a cluster that has grown meanwhile is another one.
_PROCESSED = """
    SELECT a.id, a.completed_at
    FROM actions a JOIN clusters c ON c.id = a.cluster_id, actions o JOIN clusters d ON d.id = o.cluster_id
    WHERE o.id = :action AND a.id <> o.id AND a.name = o.name AND a.kind = 'remediation' AND a.status = 'Completed'
      AND c.type = d.type AND c.entity = d.entity AND o.generation = 1 AND a.completed_at > :since
      AND NOT EXISTS (SELECT 1 FROM actions u WHERE u.undoes = a.id)
      AND NOT EXISTS (SELECT 1 FROM cluster_members m WHERE m.cluster_id = d.id AND NOT EXISTS (
          SELECT 1 FROM cluster_members n WHERE n.cluster_id = c.id AND n.message = m.message AND n.recipient = m.recipient))
    ORDER BY a.completed_at DESC LIMIT 1
"""


def processed(journal: Journal, action: str) -> str:
    """Which action processed this one's cluster less than an hour ago, as a sentence; "" if none did."""
    row = journal.row(_PROCESSED, {"action": action, "since": journal.now() - HOUR})
    if row is None:
        return ""
    again = moment(row["completed_at"] + HOUR)
    return (
        f"This cluster was processed by action {row['id'][:6]}; it is not processed again before {again:%Y-%m-%d %H:%M:%S} UTC."
    )


class ActionCenter:
    """The actions of one store. Methods that change something need the writer lock, which they take."""

    def __init__(self, hunt: Hunting, journal: Journal) -> None:
        self._hunt = hunt
        self._journal = journal

    def approve(self, action: str, by: str, reason: str, settings: Settings) -> None:
        """Approves a pending action; it is not carried out yet.

        Raises:
            AirError: it is not pending, its cluster was processed less than an hour ago, or who proposed it would approve it.
        """
        found = self._pending(action)
        if objection := self._not_approvable(action, by):
            with self._journal.transaction("refuse"):
                self._journal.audit(by, "approval refused", action, {"reason": objection})
            raise AirError(objection, hint="It is still pending.")
        action_type = settings.approved_action_type if found.source == SOURCE else MANUAL_TYPE
        with self._journal.transaction("approve") as db:
            approve(db, self._journal, action, by, reason, action_type, ADMIN)
            settle(db, self._journal, self._investigation(action))

    def _not_approvable(self, action: str, by: str) -> str:
        proposer = self._journal.scalar(
            "SELECT decided_by FROM approvals WHERE action_id = ? AND decision = 'Proposed' COLLATE NOCASE", (action,)
        )
        if proposer is not None and str(proposer).casefold() == by.casefold():
            return f"{by} proposed action {action[:6]}: another person has to approve it."
        return processed(self._journal, action)

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
            f" WHERE a.status = ? AND c.type IN ({_marks(CLUSTERS)}) AND a.name NOT IN ({_marks(_UNMOVING)})",
            (ActionStatus.PENDING, *CLUSTERS, *_UNMOVING),
        )
        found = {
            key: copies(self._hunt, cluster, [row["entity"] for row in waiting if row["type"] == key], self._hunt.clock())
            for key, cluster in CLUSTERS.items()
        }
        return sum(self._cancel_if_idle(row, found[row["type"]][row["entity"]]) for row in waiting)

    def _cancel_if_idle(self, row: Row, found: Sequence[Copy]) -> bool:
        # Looking is no transaction: a run that finds nothing to do must leave no trace.
        with self._journal.aside() as db:
            lay_out(db, found)
            if db.execute(_LEFT, (row["cluster_id"],)).fetchone()[0]:
                return False
        with self._journal.transaction("cancelled") as db:
            db.execute("UPDATE clusters SET remediation_status = 'Remediated' WHERE id = ?", (row["cluster_id"],))
            self._close(db, row["id"], ActionStatus.CANCELLED, AUTOMATION, "No copy is left in a mailbox.")
        return True

    def _close(
        self, db: sqlite3.Connection, action: str, status: ActionStatus, by: str, reason: str, settled: bool = True
    ) -> None:
        db.execute(
            "UPDATE actions SET status = ?, decision = ?, decided_by = ?, reason = ?, decided_at = ? WHERE id = ?",
            (status, status, by, reason, self._journal.now(), action),
        )
        note_decision(db, self._journal, action, str(status), by, reason)
        investigation = self._investigation(action)
        log(db, self._journal, investigation, f"Action {action[:6]} {str(status).casefold()} by {by}. {reason}".rstrip())
        if settled:
            settle(db, self._journal, investigation)

    def terminate(self, investigation: str, by: str, reason: str) -> None:
        """Stops an investigation: what is pending in it is cancelled, its status stays Terminated By User.

        Raises:
            AirError: it has ended.
        """
        status = self._journal.scalar("SELECT status FROM investigations WHERE id = ?", (investigation,))
        if status in ENDED and status != Status.PARTIALLY_REMEDIATED:
            raise AirError(f"Investigation {investigation[:6]} is {status.lower()}: there is nothing to stop.")
        with self._journal.transaction("terminate") as db:
            pending = "SELECT id FROM actions WHERE investigation_id = ? AND status = ? ORDER BY rowid"
            waiting = db.execute(pending, (investigation, ActionStatus.PENDING)).fetchall()
            for row in waiting:
                self._close(db, row["id"], ActionStatus.CANCELLED, by, reason, settled=False)
            set_status(db, self._journal, investigation, Status.TERMINATED_BY_USER, f"Stopped by {by}. {reason}".rstrip())
            self._journal.audit(by, "investigation terminated", investigation, {"reason": reason})

    def _pending(self, action: str) -> ActionRecord:
        found = views.action(self._journal, action)
        if found.status != ActionStatus.PENDING:
            raise AirError(f"Action {action[:6]} is {found.status.lower()}, not pending: there is nothing to decide.")
        return found

    def _investigation(self, action: str) -> str:
        return str(self._journal.scalar("SELECT investigation_id FROM actions WHERE id = ?", (action,)))


def _marks(values: Collection[str]) -> str:
    return ", ".join("?" * len(values))
