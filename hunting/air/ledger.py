"""What the parts of AIR write into the journal in the same words: decisions, statuses, log lines; each in a transaction."""

from __future__ import annotations

import sqlite3

from hunting.air import notices
from hunting.air.journal import Journal
from hunting.air.policy import AUTOMATION, ENDED, STOPPED, ActionStatus, Status, Verdict, status_of

SOURCE = "Automated email action"
MANUAL_SOURCE = "Manual email action"
MANUAL_TYPE, ADMIN = "Manual Remediation", "AdminAction"


def propose(
    db: sqlite3.Connection,
    journal: Journal,
    action: str,
    of: tuple[str, str],
    name: str,
    *,
    source: str = SOURCE,
    by: str = AUTOMATION,
    outcome: str = "",
    reason: str = "",
    generation: int = 1,
) -> None:
    """Adds a remediation that waits for its decision; `of`: ids of investigation and cluster."""
    db.execute(
        "INSERT INTO actions VALUES (?, ?, ?, 'remediation', ?, ?, ?, ?, '', '', ?, '', '', ?, NULL, NULL, NULL)",
        (action, *of, name, generation, ActionStatus.PENDING, source, reason, journal.now()),
    )
    detail = {"cluster": of[1], "outcome": outcome, "members": journal.members_digest(of[1])}
    journal.audit(by, "action proposed", action, detail)


def approve(db: sqlite3.Connection, journal: Journal, action: str, by: str, reason: str, action_type: str, trigger: str) -> None:
    """Marks a pending action as approved; what its rows will say (ActionType, ActionTrigger) is settled here."""
    now = journal.now()
    db.execute(
        "UPDATE actions SET status = ?, decision = 'Approved', decided_by = ?, reason = ?, action_type = ?, action_trigger = ?,"
        " decided_at = ? WHERE id = ?",
        (ActionStatus.APPROVED, by, reason, action_type, trigger, now, action),
    )
    note_decision(db, journal, action, "Approved", by, reason)


def note_decision(db: sqlite3.Connection, journal: Journal, action: str, decision: str, by: str, reason: str) -> None:
    """Adds to an action's decisions, and to the audit."""
    db.execute(
        "INSERT INTO approvals SELECT ?, coalesce(max(number), 0) + 1, ?, ?, ?, ? FROM approvals WHERE action_id = ?",
        (action, decision, by, reason, journal.now(), action),
    )
    journal.audit(by, f"action {decision.casefold()}", action, {"reason": reason})


def settle(db: sqlite3.Connection, journal: Journal, investigation: str) -> None:
    """Sets an investigation's status from its evidence and actions, unless it was stopped."""
    status = Status(db.execute("SELECT status FROM investigations WHERE id = ?", (investigation,)).fetchone()[0])
    if status in STOPPED:
        return
    judged = db.execute("SELECT verdict FROM evidence WHERE investigation_id = ?", (investigation,))
    verdicts = [Verdict(row[0]) for row in judged]
    states = db.execute("SELECT status FROM actions WHERE investigation_id = ? AND kind = 'remediation'", (investigation,))
    status = status_of(verdicts, [ActionStatus(row[0]) for row in states])
    set_status(db, journal, investigation, status, f"Status: {status}.")


def set_status(db: sqlite3.Connection, journal: Journal, investigation: str, status: Status, description: str) -> None:
    """Changes an investigation's status, logs it, and gives notice of an end; nothing if it has that status already."""
    now = journal.now()
    changed = db.execute(
        "UPDATE investigations SET status = ?, changed_at = ?, ended_at = ? WHERE id = ? AND status <> ?",
        (status, now, now if status in ENDED else None, investigation, status),
    )
    if changed.rowcount:
        log(db, journal, investigation, description)
        if status in ENDED:
            notices.ended(db, journal, investigation)


def log(db: sqlite3.Connection, journal: Journal, investigation: str, description: str) -> None:
    """Adds a line to an investigation's log, with the status that it has now."""
    db.execute(
        "INSERT INTO investigation_log"
        " SELECT i.id, 1 + (SELECT count(*) FROM investigation_log l WHERE l.investigation_id = i.id), ?, i.status, ?"
        " FROM investigations i WHERE i.id = ?",
        (journal.now(), description, investigation),
    )
