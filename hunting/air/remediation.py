"""Moves copies, so that a kill at any point loses nothing and does nothing twice.

Three transactions for all copies of an action together: *intent* writes down what will be moved from where, *move* is the
compare-and-set of the mailbox locations, *done* marks the moves, and writes event and audit. What a crash leaves `Running` is
carried on at the same point: a copy at its target is finished, one still in place is moved, any other is a conflict.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence

from hunting.air.actions import ACTIONS
from hunting.air.clusters import CLUSTERS
from hunting.air.investigations import AUTOMATION, log, note_decision, settle
from hunting.air.journal import Journal, Row
from hunting.air.mailboxes import Copy, Hunting, copies, lay_out, lay_out_retention, retention
from hunting.air.places import MAILBOX
from hunting.air.policy import ActionStatus, Settings
from hunting.air.undo import insert_undo, intend_undo, restoring

_INTENT = """
    INSERT INTO moves
    SELECT :action, m.message, m.recipient, coalesce(w.place, ''), :target,
        CASE WHEN w.place IS NULL THEN 'not found' WHEN w.place = :target THEN 'already in destination'
             WHEN w.place IN ({places}) THEN 'executing' ELSE 'not in mailbox' END
    FROM cluster_members m LEFT JOIN whereabouts w ON w.message = m.message AND w.recipient = m.recipient
    WHERE m.cluster_id = :cluster
"""
# The mailbox as last seen: a later event of another origin in the lake replaces what the journal knew.
_OBSERVE = """
    INSERT INTO locations
    SELECT v.message, v.recipient, w.place, w.since, NULL
    FROM moves v JOIN whereabouts w ON w.message = v.message AND w.recipient = v.recipient
    WHERE v.action_id = ? AND v.state = 'executing'
    ON CONFLICT DO UPDATE SET place = excluded.place, since = excluded.since, action_id = NULL
    WHERE excluded.since > locations.since
"""
# One microsecond after what went before, at least: the latest event of a copy is then the same for every reader.
_MOVE = """
    UPDATE locations SET place = v.target, since = max(:now, locations.since + 1), action_id = v.action_id
    FROM moves v
    WHERE v.action_id = :action AND v.state = 'executing' AND v.message = locations.message AND v.recipient = locations.recipient
      AND locations.place = v.expected
"""
_AT_TARGET = """
    SELECT v.message, v.recipient, v.expected, l.place, l.since
    FROM moves v JOIN locations l ON l.message = v.message AND l.recipient = v.recipient
    WHERE v.action_id = ? AND v.state = 'executing' AND l.place = v.target AND l.action_id = v.action_id
    ORDER BY v.message, v.recipient
"""


class Remediation:
    """Carries out approved actions and undos of one store. Every method takes the writer lock for itself."""

    def __init__(self, hunt: Hunting, journal: Journal) -> None:
        self._hunt = hunt
        self._journal = journal

    def recover(self, settings: Settings) -> int:
        """Carries on what a crash interrupted: first what was running, then what was approved; returns the number of actions."""
        running, approved = (
            [
                row["id"]
                for row in self._journal.rows("SELECT id FROM actions WHERE status = ? ORDER BY created_at, id", (status,))
            ]
            for status in (ActionStatus.RUNNING, ActionStatus.APPROVED)
        )
        for action in running:
            self._carry_out(action, recovered=True)
        for action in approved:
            self.execute(action, settings)
        return len(running) + len(approved)

    def execute(self, action: str, settings: Settings, found: Sequence[Copy] | None = None) -> None:
        """Carries out an approved action on the frozen members of its cluster.

        An automatic action is put back to pending if its type was switched off meanwhile, or its cluster has
        grown above the limit.

        Args:
            found: what the lake says of the cluster, where it was read just now.
        """
        row = self._row(action)
        cluster = self._cluster(row)
        found = self._read(cluster) if found is None else found
        if row["decided_by"] == AUTOMATION:
            reason = _objection(cluster, len(found), settings)
            if reason:
                self._postpone(row, reason)
                return
        with self._journal.transaction("intent") as db:
            lay_out(db, found)
            self._intend(db, row)
        self._carry_out(action)

    def undo(self, action: str, to: str, by: str, reason: str = "") -> str:
        """Puts back what an action moved, as a new action, and returns its id.

        Raises:
            AirError: nothing to undo, undone before, not restorable, or the mailboxes' retention has passed for every copy.
        """
        row = self._row(action)
        target = restoring(self._journal, row, to)
        found, kept = self._read(self._cluster(row)), retention(self._hunt)
        with self._journal.transaction("intent") as db:
            lay_out(db, found)
            lay_out_retention(db, kept)
            undo = insert_undo(db, self._journal, row, target, by, reason)
            self._intend(db, self._row(undo))
        self._carry_out(undo)
        return undo

    # Steps

    def _intend(self, db: sqlite3.Connection, row: Row) -> None:
        if row["kind"] == "undo":
            intend_undo(db, self._journal, row)
        else:
            action = ACTIONS[row["name"]]
            places = ", ".join(f"'{place}'" for place in action.takes_from if place in MAILBOX)
            values = {"action": row["id"], "cluster": row["cluster_id"], "target": action.place_after}
            db.execute(_INTENT.format(places=places), values)
        db.execute(_OBSERVE, (row["id"],))
        db.execute("UPDATE actions SET status = ? WHERE id = ?", (ActionStatus.RUNNING, row["id"]))
        if row["kind"] == "remediation":
            settle(db, self._journal, row["investigation_id"])

    def _carry_out(self, action: str, recovered: bool = False) -> None:
        with self._journal.transaction("move") as db:
            db.execute(_MOVE, {"action": action, "now": self._journal.now()})
        with self._journal.transaction("done") as db:
            self._finish(db, self._row(action), recovered)

    def _finish(self, db: sqlite3.Connection, row: Row, recovered: bool) -> None:
        action = row["id"]
        moved = db.execute(_AT_TARGET, (action,)).fetchall()
        db.executemany(
            "INSERT INTO events (action_id, message, recipient, source, place, at, report_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
            ((action, *m, report_id(m["message"], action, m["recipient"])) for m in moved),
        )
        db.executemany(
            "UPDATE moves SET state = 'done' WHERE action_id = ? AND message = ? AND recipient = ?",
            ((action, m["message"], m["recipient"]) for m in moved),
        )
        db.execute("UPDATE moves SET state = 'conflict' WHERE action_id = ? AND state = 'executing'", (action,))
        db.execute(
            "UPDATE actions SET status = ?, completed_at = ? WHERE id = ?", (ActionStatus.COMPLETED, self._journal.now(), action)
        )
        _mark_cluster(db, row)
        again = " (carried on after an interruption)" if recovered else ""
        log(
            db,
            self._journal,
            row["investigation_id"],
            f"{row['name']}: {len(moved):,} copies moved, decided by {row['decided_by']}{again}.",
        )
        if row["kind"] == "remediation":
            settle(db, self._journal, row["investigation_id"])
        detail = {"copies": len(moved), "events": self._journal.events_digest(action), "recovered": recovered}
        self._journal.audit(row["decided_by"], "action completed", action, detail)

    def _postpone(self, row: Row, reason: str) -> None:
        with self._journal.transaction("postpone") as db:
            db.execute(
                "UPDATE actions SET status = ?, decision = '', decided_by = '', reason = ?, action_type = '',"
                " action_trigger = '', decided_at = NULL WHERE id = ?",
                (ActionStatus.PENDING, reason, row["id"]),
            )
            note_decision(db, self._journal, row["id"], "Postponed", AUTOMATION, reason)
            log(db, self._journal, row["investigation_id"], f"{row['name']} waits for approval: {reason}")
            settle(db, self._journal, row["investigation_id"])

    # Reading

    def _row(self, action: str) -> Row:
        row = self._journal.row("SELECT * FROM actions WHERE id = ?", (action,))
        assert row is not None, action
        return row

    def _cluster(self, row: Row) -> Row:
        cluster = self._journal.row("SELECT * FROM clusters WHERE id = ?", (row["cluster_id"],))
        assert cluster is not None, row["cluster_id"]
        return cluster

    def _read(self, cluster: Row) -> list[Copy]:
        """What the lake says of the cluster now."""
        return copies(self._hunt, CLUSTERS[cluster["type"]], [cluster["entity"]], self._hunt.clock())[cluster["entity"]]


def report_id(message: str, action: str, recipient: str) -> str:
    """The event's ReportId: the message's id and a number that names this move, the same in every run."""
    number = hashlib.sha256(f"{action}|{message}|{recipient}".encode()).digest()[:8]
    return f"{message}-{int.from_bytes(number)}"


def _objection(cluster: Row, size: int, settings: Settings) -> str:
    if cluster["type"] not in settings.enabled:
        return "Automatic remediation of this cluster type was switched off."
    if max(size, cluster["email_count"]) > settings.automatic_limit:
        return f"The cluster has {size:,} copies now, more than {settings.automatic_limit:,}."
    return ""


def _mark_cluster(db: sqlite3.Connection, row: Row) -> None:
    """An undone cluster is unremediated again; one with copies that could not be moved is partially remediated."""
    conflicts = db.execute("SELECT count(*) FROM moves WHERE action_id = ? AND state = 'conflict'", (row["id"],)).fetchone()[0]
    status = "Unremediated" if row["kind"] == "undo" else "Partially remediated" if conflicts else "Remediated"
    db.execute("UPDATE clusters SET remediation_status = ? WHERE id = ?", (status, row["cluster_id"]))
