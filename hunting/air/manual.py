"""Remediation by hand: Take action on the rows of a hunt, or on messages by their ids (page: Remediate malicious email).

What is selected becomes a cluster of its own, in an investigation of its own, so that every action has the same log, members,
events and undo. The copies are frozen when they are selected.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from hunting.air import notices
from hunting.air.actions import Action
from hunting.air.clusters import SELECTED
from hunting.air.investigations import insert_investigation
from hunting.air.journal import Journal, identifier
from hunting.air.ledger import ADMIN, MANUAL_SOURCE, MANUAL_TYPE, approve, log, note_decision, propose, settle
from hunting.air.mailboxes import Copy, Hunting, copies, lay_out
from hunting.air.members import insert_cluster
from hunting.air.policy import ActionStatus, Decision, Outcome, Verdict
from hunting.air.triggers import MANUAL, Trigger
from hunting.errors import AirError

SELECTION_LIMIT = 200_000
"""Copies of one remediation."""

ACTIVE_LIMIT = 50
"""Remediations by hand that may be open at a time."""

ACTIVE_COPIES = 1_000_000
"""Copies that the open ones may hold together; above it no new one starts."""

SOURCES = (MANUAL_SOURCE, "Advanced hunting action", "Explorer action")
"""Action source of what people start."""

Target = tuple[str, str]
_OPEN = (ActionStatus.PENDING, ActionStatus.APPROVED, ActionStatus.RUNNING)


def targets_of(rows: Any) -> list[Target]:
    """Message and recipient of what was selected.

    Args:
        rows: a hunt's result, an Arrow table, mappings with NetworkMessageId and RecipientEmailAddress, pairs of both, or
            NetworkMessageIds alone, which stand for all of their recipients (recipient "").

    Raises:
        AirError: the columns are missing, nothing is selected, or too much.
    """
    table = rows if isinstance(rows, pa.Table) else getattr(rows, "table", None)
    if isinstance(table, pa.Table):
        rows = _from_table(table)
    found = dict.fromkeys(_target(row) for row in ([rows] if isinstance(rows, str | Mapping) else rows))
    if not found:
        raise AirError("No message is selected.", hint="Give rows with NetworkMessageId and RecipientEmailAddress, or ids.")
    if len(found) > SELECTION_LIMIT:
        raise AirError(f"{len(found):,} copies are selected; {SELECTION_LIMIT:,} are possible.", hint="Divide the selection.")
    return list(found)


def _from_table(table: pa.Table) -> list[Target]:
    wanted = ("NetworkMessageId", "RecipientEmailAddress")
    missing = [name for name in wanted if name not in table.column_names]
    if missing:
        raise AirError(f"The rows have no column {' and no '.join(missing)}.", hint=f"Add: | project {', '.join(wanted)}")
    return list(zip(*(table.column(name).to_pylist() for name in wanted), strict=True))


def _target(row: Any) -> Target:
    if isinstance(row, str):
        pair: Sequence[Any] = (row, "")
    elif isinstance(row, Mapping):
        pair = (row.get("NetworkMessageId"), row.get("RecipientEmailAddress", ""))
    else:
        pair = tuple(row)
    if len(pair) != 2 or not all(isinstance(part, str) for part in pair) or not pair[0]:
        raise AirError("A selected row is not a message and a recipient.", hint="NetworkMessageId, RecipientEmailAddress.")
    return pair[0], pair[1].lower()


def select(hunt: Hunting, targets: Iterable[Target]) -> tuple[list[Copy], int]:
    """The copies that are selected, as the lake knows them now, and how many targets it does not know."""
    targets = list(targets)
    by_message = copies(hunt, SELECTED, [message for message, _ in targets], hunt.clock())
    chosen: dict[Target, Copy] = {}
    unknown = 0
    for message, recipient in targets:
        found = [copy for copy in by_message[message] if recipient in ("", copy[1])]
        chosen |= {(str(copy[0]), str(copy[1])): copy for copy in found}
        unknown += not found
    return list(chosen.values()), unknown


def start(
    journal: Journal, found: Sequence[Copy], unknown: int, action: Action, by: str, reason: str, source: str, proposed: bool
) -> str:
    """Writes down a remediation by hand, approved, or proposed for another person to approve; returns the action's id.

    Raises:
        AirError: nothing that is selected is known, or too much is open.
    """
    if not found:
        raise AirError("None of the selected messages is in the store.", hint="EmailEvents lists the messages.")
    if source not in SOURCES:
        raise AirError(f"'{source}' is not a source of an action.", hint=f"Sources: {', '.join(SOURCES)}.")
    _check_open(journal, len(found))
    number = journal.scalar("SELECT count(*) FROM investigations")
    key = "action:" + identifier(str(number), str(journal.now()), by, action.name)
    with journal.transaction("select") as db:
        trigger = _open(db, journal, key, by, action, len(found))
        of = trigger.investigation_id, _freeze(db, journal, trigger, found)
        name = identifier("action", *of, "remediation", action.name, "1")
        why = reason or f"{action.name} by {by}."
        propose(db, journal, name, of, action.name, source=source, by=by, outcome=Outcome.MANUAL, reason=why)
        log(db, journal, of[0], f"{len(found):,} copies selected; {unknown:,} of the selection not found.")
        notices.raised(db, journal, of[0], {"NetworkMessageIds": _messages(found)})
        if proposed:
            note_decision(db, journal, name, "Proposed", by, why)
        else:
            approve(db, journal, name, by, why, MANUAL_TYPE, ADMIN)
        settle(db, journal, of[0])
    return name


def _check_open(journal: Journal, size: int) -> None:
    row = journal.row(
        "SELECT count(*) AS actions, coalesce(sum(c.email_count), 0) AS copies FROM actions a JOIN clusters c"
        f" ON c.id = a.cluster_id WHERE c.type = ? AND a.status IN ({', '.join('?' * len(_OPEN))})",
        (SELECTED.key, *_OPEN),
    )
    assert row is not None
    if row["actions"] >= ACTIVE_LIMIT or row["copies"] + size > ACTIVE_COPIES:
        raise AirError(
            f"{row['actions']} remediations by hand with {row['copies']:,} copies are open.",
            hint=f"At most {ACTIVE_LIMIT} with {ACTIVE_COPIES:,} copies can be: decide on them first.",
        )


def _open(db: sqlite3.Connection, journal: Journal, key: str, by: str, action: Action, size: int) -> Trigger:
    trigger = Trigger(key, notices.MANUAL_ACTION, MANUAL, "Informational", journal.now(), by)
    insert_investigation(db, journal, trigger, f"{action.name}: {size:,} selected copies")
    log(db, journal, trigger.investigation_id, f"Started by {by}: '{trigger.title}'.")
    journal.audit(by, "investigation opened", trigger.investigation_id, {"trigger": key})
    return trigger


def _freeze(db: sqlite3.Connection, journal: Journal, trigger: Trigger, found: Sequence[Copy]) -> str:
    lay_out(db, found)
    investigation, entity = trigger.investigation_id, f"{len(found):,} copies"
    query = f'AirClusterMembers | where ClusterId == "{identifier("cluster", investigation, SELECTED.key, entity)}"'
    decision = Decision(Outcome.MANUAL, "Selected by a person.")
    return insert_cluster(db, journal, investigation, SELECTED, entity, Verdict.UNKNOWN, lambda *_: decision, query)[0]


def _messages(found: Sequence[Copy]) -> list[str]:
    return list(dict.fromkeys(str(copy[0]) for copy in found))[: notices.LISTED]
