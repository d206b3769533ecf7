"""The three steps of a remediation as SQL over the journal, for all copies of an action together."""

from __future__ import annotations

import hashlib
import sqlite3

from hunting.air.actions import ACTIONS
from hunting.air.journal import Journal, Row
from hunting.air.mailboxes import DEFAULT_RETENTION, QUARANTINE_RETENTION
from hunting.air.places import MAILBOX, Place
from hunting.air.policy import ActionStatus

EXPIRED = f"""
    (w.place = '{Place.RECOVERABLE}' AND :now - w.since >= coalesce(r.micros, {DEFAULT_RETENTION})
     OR w.place = '{Place.QUARANTINE}' AND :now - w.since >= {QUARANTINE_RETENTION})
"""
"""Whether a copy is kept no longer where it is; needs `whereabouts` w, `retention` r and :now."""

_INTENT = """
    INSERT INTO moves
    SELECT :action, m.message, m.recipient, coalesce(w.place, ''), :target,
        CASE WHEN w.place IS NULL THEN 'not found' WHEN w.place = :target THEN 'already in destination'
             WHEN w.place NOT IN ({places}) THEN 'not in mailbox' WHEN {expired} THEN 'retention passed' ELSE 'executing' END
    FROM cluster_members m LEFT JOIN whereabouts w ON w.message = m.message AND w.recipient = m.recipient
    LEFT JOIN retention r ON r.recipient = m.recipient
    WHERE m.cluster_id = :cluster
"""
# The mailbox as last seen: a later event of another origin replaces what the journal knew, except the action's own move.
_OBSERVE = """
    INSERT INTO locations
    SELECT v.message, v.recipient, w.place, w.since, NULL
    FROM moves v JOIN whereabouts w ON w.message = v.message AND w.recipient = v.recipient
    WHERE v.action_id = :action AND v.state = 'executing'
    ON CONFLICT DO UPDATE SET place = excluded.place, since = excluded.since, action_id = NULL
    WHERE excluded.since > locations.since AND locations.action_id IS NOT :action
"""
# One microsecond after what went before, at least: the latest event of a copy is then the same for every reader.
_MOVE = """
    UPDATE locations SET place = v.target, since = max(:now, locations.since + 1), action_id = v.action_id
    FROM moves v
    WHERE v.action_id = :action AND v.state = 'executing' AND v.message = locations.message AND v.recipient = locations.recipient
      AND locations.place = v.expected AND locations.action_id IS NOT :action
"""
_AT_TARGET = """
    SELECT v.message, v.recipient, v.expected, l.place, l.since, 'Success'
    FROM moves v JOIN locations l ON l.message = v.message AND l.recipient = v.recipient
    WHERE v.action_id = :action AND v.state = 'executing' AND l.action_id = v.action_id
    ORDER BY v.message, v.recipient
"""
_DONE = """
    UPDATE moves SET state = 'done' FROM events e
    WHERE moves.action_id = :action AND moves.state = 'executing' AND e.action_id = moves.action_id
      AND e.message = moves.message AND e.recipient = moves.recipient AND e.result = 'Success'
"""
_ELSEWHERE = """
    SELECT v.message, v.recipient, l.place, l.place, max(:now, l.since + 1), 'Error'
    FROM moves v JOIN locations l ON l.message = v.message AND l.recipient = v.recipient
    WHERE v.action_id = :action AND v.state = 'executing' AND l.action_id IS NOT v.action_id
    ORDER BY v.message, v.recipient
"""


def intend(db: sqlite3.Connection, journal: Journal, row: Row, by_hand: bool) -> None:
    """Writes down which members of its cluster the action `row` will move; automation's reach ends at Inbox and Junk folder."""
    action = ACTIONS[row["name"]]
    places = ", ".join(f"'{place}'" for place in action.takes_from if by_hand or place in MAILBOX)
    values = {"action": row["id"], "cluster": row["cluster_id"], "target": action.place_after, "now": journal.now()}
    db.execute(_INTENT.format(places=places, expired=EXPIRED), values)
    start(db, row["id"])


def start(db: sqlite3.Connection, action: str) -> None:
    """From here on the action is carried on, whatever happens."""
    observe(db, action)
    db.execute("UPDATE actions SET status = ? WHERE id = ?", (ActionStatus.RUNNING, action))


def observe(db: sqlite3.Connection, action: str) -> None:
    """Notes where the copies to be moved are, from what is laid out."""
    db.execute(_OBSERVE, {"action": action})


def move(db: sqlite3.Connection, journal: Journal, action: str) -> None:
    """Moves every copy that is where it is expected."""
    db.execute(_MOVE, {"action": action, "now": journal.now()})


def finish(db: sqlite3.Connection, journal: Journal, action: str) -> tuple[int, int]:
    """Marks the moves and writes the events; returns how many copies were moved, and how many moves failed."""
    values = {"action": action, "now": journal.now()}
    moved, failed = db.execute(_AT_TARGET, values).fetchall(), db.execute(_ELSEWHERE, values).fetchall()
    db.executemany(
        "INSERT INTO events (action_id, message, recipient, source, place, at, result, report_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ((action, *m, report_id(m["message"], action, m["recipient"])) for m in (*moved, *failed)),
    )
    db.execute(_DONE, values)
    db.execute("UPDATE moves SET state = 'conflict' WHERE action_id = ? AND state = 'executing'", (action,))
    return len(moved), len(failed)


def report_id(message: str, action: str, recipient: str) -> str:
    """The event's ReportId: the message's id and a number that names this move, the same in every run."""
    number = hashlib.sha256(f"{action}|{message}|{recipient}".encode()).digest()[:8]
    return f"{message}-{int.from_bytes(number)}"
