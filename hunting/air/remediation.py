"""Moves copies, so that a kill at any point loses nothing and does nothing twice.

Three transactions for all copies of an action together: *intent* writes down what will be moved from where, *move* is the
compare-and-set of the mailbox locations, *done* marks the moves, and writes event and audit. What a crash leaves `Running` is
carried on at the same point: a copy at its target is finished, one still in place is moved, any other is a conflict, of which an
event with ActionResult Error tells.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from hunting.air import moves
from hunting.air.action_center import processed
from hunting.air.actions import ACTIONS
from hunting.air.clusters import SELECTED
from hunting.air.journal import Journal, Row, identifier
from hunting.air.ledger import approve, log, note_decision, propose, settle
from hunting.air.live import members_now
from hunting.air.mailboxes import Copy, Hunting, lay_out, lay_out_retention, retention
from hunting.air.policy import AUTOMATION, ActionStatus
from hunting.air.settings import Settings
from hunting.air.undo import insert_undo, intend_undo, restoring
from hunting.errors import AirError


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
        return len(running) + sum(self.execute(action, settings) for action in approved)

    def execute(self, action: str, settings: Settings, found: Sequence[Copy] | None = None) -> bool:
        """Carries out an approved action on the frozen members of its cluster; returns whether it was.

        An automatic action is put back to pending if its type was switched off meanwhile, or its cluster has
        grown above the limit; it waits while its cluster was processed less than an hour ago.

        Args:
            found: what the lake says of the cluster, where it was read just now.
        """
        row = self._row(action)
        if ACTIONS[row["name"]].place_after is None:
            self._list(row)
            return True
        cluster = self._cluster(row)
        found = self._read(cluster) if found is None else found
        if row["decided_by"] == AUTOMATION:
            if reason := _objection(cluster, len(found), settings):
                self._postpone(row, reason)
                return False
            if reason := processed(self._journal, action):
                self._wait(row, reason)
                return False
        kept = retention(self._hunt) if cluster["type"] == SELECTED.key else []
        with self._journal.transaction("intent") as db:
            lay_out(db, found)
            lay_out_retention(db, kept)
            moves.intend(db, self._journal, row, by_hand=cluster["type"] == SELECTED.key)
            settle(db, self._journal, row["investigation_id"])
        self._carry_out(action)
        return True

    def undo(self, action: str, to: str, by: str, reason: str = "") -> str:
        """Puts back what an action moved, as a new action, and returns its id.

        Raises:
            AirError: nothing to undo, undone before, not restorable, or the mailboxes' retention has passed for every copy.
        """
        row = self._row(action)
        target = restoring(self._journal, row, to)
        if target.place_after is None:
            with self._journal.transaction("undo") as db:
                undo = insert_undo(db, self._journal, row, target, by, reason)
            self._list(self._row(undo))
            return undo
        found, kept = self._read(self._cluster(row)), retention(self._hunt)
        with self._journal.transaction("intent") as db:
            lay_out(db, found)
            lay_out_retention(db, kept)
            undo = insert_undo(db, self._journal, row, target, by, reason)
            intend_undo(db, self._journal, self._row(undo))
            moves.start(db, undo)
        self._carry_out(undo)
        return undo

    def retry(self, action: str, settings: Settings, by: str, reason: str = "") -> str:
        """Repeats an action whose moves failed in part, as a new action that this person has approved; returns its id.

        Raises:
            AirError: none of its moves failed.
        """
        row, of = self._row(action), self._of(action)
        failed = self._journal.scalar("SELECT count(*) FROM moves WHERE action_id = ? AND state = 'conflict'", (action,))
        if row["kind"] != "remediation" or not failed:
            raise AirError(f"No move of action {action[:6]} failed: there is nothing to repeat.")
        generation = 1 + self._journal.scalar(
            "SELECT count(*) FROM actions WHERE cluster_id = ? AND kind = 'remediation' AND name = ?", (of[1], row["name"])
        )
        again = identifier("action", *of, "remediation", row["name"], str(generation))
        with self._journal.transaction("retry") as db:
            source, outcome = row["source"], f"Repeats action {action[:6]}."
            propose(db, self._journal, again, of, row["name"], source=source, by=by, reason=outcome, generation=generation)
            kind = row["action_type"] if row["action_trigger"] != AUTOMATION else settings.approved_action_type
            approve(db, self._journal, again, by, reason or outcome, kind, "AdminAction")
            settle(db, self._journal, of[0])
        self.execute(again, settings)
        return again

    # Steps

    def _carry_out(self, action: str, recovered: bool = False) -> None:
        found = self._read(self._cluster(self._row(action))) if recovered else None
        with self._journal.transaction("move") as db:
            if found is not None:
                lay_out(db, found)
                moves.observe(db, action)
            moves.move(db, self._journal, action)
        with self._journal.transaction("done") as db:
            self._finish(db, self._row(action), recovered)

    def _finish(self, db: sqlite3.Connection, row: Row, recovered: bool) -> None:
        moved, failed = moves.finish(db, self._journal, row["id"])
        _mark_cluster(db, row, failed)
        self._complete(db, row, f"{moved:,} copies moved" + (f", {failed:,} failed" if failed else ""), recovered)

    def _complete(self, db: sqlite3.Connection, row: Row, what: str, recovered: bool = False) -> None:
        action, now = row["id"], self._journal.now()
        db.execute("UPDATE actions SET status = ?, completed_at = ? WHERE id = ?", (ActionStatus.COMPLETED, now, action))
        again = " (carried on after an interruption)" if recovered else ""
        log(db, self._journal, row["investigation_id"], f"{row['name']}: {what}, decided by {row['decided_by']}{again}.")
        if row["kind"] == "remediation":
            settle(db, self._journal, row["investigation_id"])
        copies = db.execute("SELECT count(*) FROM events WHERE action_id = ? AND result = 'Success'", (action,)).fetchone()[0]
        detail = {"copies": copies, "events": self._journal.events_digest(action), "recovered": recovered}
        self._journal.audit(row["decided_by"], "action completed", action, detail)

    def _list(self, row: Row) -> None:
        """The block list is what these actions say, undone ones left out: nothing else has to be written."""
        with self._journal.transaction("done") as db:
            self._complete(db, row, "the block list is changed")

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

    def _wait(self, row: Row, reason: str) -> None:
        """Says once why an approved action is not carried out yet."""
        if row["reason"] != reason:
            with self._journal.transaction("wait") as db:
                db.execute("UPDATE actions SET reason = ? WHERE id = ?", (reason, row["id"]))
                note_decision(db, self._journal, row["id"], "Waits", AUTOMATION, reason)
                log(db, self._journal, row["investigation_id"], f"{row['name']} waits: {reason}")

    # Reading

    def _row(self, action: str) -> Row:
        row = self._journal.row("SELECT * FROM actions WHERE id = ?", (action,))
        assert row is not None, action
        return row

    def _of(self, action: str) -> tuple[str, str]:
        row = self._row(action)
        return row["investigation_id"], row["cluster_id"]

    def _cluster(self, row: Row) -> Row:
        cluster = self._journal.row("SELECT * FROM clusters WHERE id = ?", (row["cluster_id"],))
        assert cluster is not None, row["cluster_id"]
        return cluster

    def _read(self, cluster: Row) -> list[Copy]:
        """What the lake says of the cluster now."""
        return members_now(self._hunt, self._journal, cluster)


def _objection(cluster: Row, size: int, settings: Settings) -> str:
    if cluster["type"] not in settings.enabled:
        return "Automatic remediation of this cluster type was switched off."
    if max(size, cluster["email_count"]) > settings.automatic_limit:
        return f"The cluster has {size:,} copies now, more than {settings.automatic_limit:,}."
    return ""


def _mark_cluster(db: sqlite3.Connection, row: Row, failed: int) -> None:
    """An undone cluster is unremediated again; one with copies that could not be moved is partially remediated."""
    status = "Unremediated" if row["kind"] == "undo" else "Partially remediated" if failed else "Remediated"
    db.execute("UPDATE clusters SET remediation_status = ? WHERE id = ?", (status, row["cluster_id"]))
