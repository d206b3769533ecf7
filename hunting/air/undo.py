"""What may be undone, and the undo as an action of its own: history is added to, never changed."""

from __future__ import annotations

import sqlite3

from hunting.air.actions import ACTIONS, RESTORES, Action
from hunting.air.journal import Journal, Row, identifier, moment
from hunting.air.ledger import MANUAL_SOURCE, note_decision
from hunting.air.moves import EXPIRED
from hunting.air.places import Place
from hunting.air.policy import ActionStatus
from hunting.errors import AirError

_INTENT = f"""
    INSERT INTO moves
    SELECT :action, o.message, o.recipient, coalesce(w.place, ''), :target,
        CASE WHEN w.place IS NULL THEN 'not found' WHEN w.place = :target THEN 'already in destination'
             WHEN w.place <> o.target THEN 'not in mailbox'
             WHEN {EXPIRED} THEN 'retention passed' ELSE 'executing' END
    FROM moves o LEFT JOIN whereabouts w ON w.message = o.message AND w.recipient = o.recipient
    LEFT JOIN retention r ON r.recipient = o.recipient
    WHERE o.action_id = :undone AND o.state = 'done'
"""


def restoring(journal: Journal, row: Row, to: str) -> Action:
    """The action that puts back what the action `row` moved.

    Raises:
        AirError: it cannot be undone, and why.
    """
    target = RESTORES.get(to.casefold())
    if target is None:
        raise AirError(f"'{to}' is not a place to restore to.", hint=f"Use {' or '.join(RESTORES)}.")
    short = row["id"][:6]
    if row["kind"] == "undo":
        raise AirError(f"Action {short} is itself an undo.", hint="Remediate the messages anew instead.")
    if not ACTIONS[row["name"]].inverse:
        raise AirError(f"Action {short} is a {row['name'].lower()}: it cannot be undone.")
    if row["status"] != ActionStatus.COMPLETED:
        raise AirError(f"Action {short} is {row['status'].lower()}: there is nothing to undo.")
    done = ACTIONS[row["name"]]
    earlier = journal.row("SELECT id, decided_by FROM actions WHERE undoes = ?", (row["id"],))
    if earlier is not None:
        raise AirError(f"Action {short} was undone before, by {earlier['decided_by']} (action {earlier['id'][:6]}).")
    if done.place_after in (None, Place.QUARANTINE):
        return ACTIONS[done.inverse]
    return target


def insert_undo(db: sqlite3.Connection, journal: Journal, row: Row, target: Action, by: str, reason: str) -> str:
    """Adds the undo of the action `row`, approved; returns its id."""
    undo = identifier("action", row["investigation_id"], row["cluster_id"], "undo", target.name, row["id"])
    now = journal.now()
    generation = 1 + journal.scalar(
        "SELECT count(*) FROM actions WHERE cluster_id = ? AND kind = 'undo' AND name = ?", (row["cluster_id"], target.name)
    )
    db.execute(
        "INSERT INTO actions"
        " VALUES (?, ?, ?, 'undo', ?, ?, ?, ?, 'Approved', ?, ?, 'Manual Remediation', 'AdminAction', ?, ?, NULL, ?)",
        (
            *(undo, row["investigation_id"], row["cluster_id"], target.name, generation, ActionStatus.APPROVED, MANUAL_SOURCE),
            *(by, reason, now, now, row["id"]),
        ),
    )
    note_decision(db, journal, undo, "Approved", by, reason)
    return undo


def intend_undo(db: sqlite3.Connection, journal: Journal, row: Row) -> None:
    """Writes down which copies the undo `row` will move.

    Raises:
        AirError: none can be moved.
    """
    target = ACTIONS[row["name"]].place_after
    db.execute(_INTENT, {"action": row["id"], "undone": row["undoes"], "target": target, "now": journal.now()})
    states = dict(db.execute("SELECT state, count(*) FROM moves WHERE action_id = ? GROUP BY state", (row["id"],)).fetchall())
    if "executing" not in states:
        raise _refusal(db, row["undoes"], states)


def _refusal(db: sqlite3.Connection, undone: str, states: dict[str, int]) -> AirError:
    short, total, expired = undone[:6], sum(states.values()), states.get("retention passed", 0)
    if not expired:
        return AirError(f"Action {short} cannot be undone: none of its {total:,} copies is where the action put it.")
    last = db.execute("SELECT max(at) FROM events WHERE action_id = ?", (undone,)).fetchone()[0]
    return AirError(
        f"Action {short} cannot be undone: {expired:,} of its {total:,} copies were removed by {moment(last):%Y-%m-%d %H:%M} UTC,"
        " and the retention of their mailboxes has passed."
    )
