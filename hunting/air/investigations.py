"""From a trigger to decisions: evidence, clusters, the place of every copy, verdict, decision; each step in the log.

An investigation is opened in one transaction and analysed in another, together with its clusters, their members and the
actions that follow. Ids derive from the trigger: analysing again what a crash left half done gives the same rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hunting.air.actions import action_named
from hunting.air.clusters import CLUSTERS, Cluster
from hunting.air.evidence import Entity, clusters_of, gather
from hunting.air.journal import Journal, identifier
from hunting.air.mailboxes import Copy, Hunting, copies, lay_out
from hunting.air.places import MAILBOX, Place
from hunting.air.policy import ActionStatus, Decision, Outcome, Settings, Status, Verdict, decide, status_of
from hunting.air.triggers import NAMES, Trigger

AUTOMATION = "Automation"
SOURCE = "Automated email action"

_ENDED = (
    Status.NO_THREATS,
    Status.PARTIALLY_INVESTIGATED,
    Status.PARTIALLY_REMEDIATED,
    Status.REMEDIATED,
    Status.FAILED,
    Status.TERMINATED_BY_SYSTEM,
)

_IN_MAILBOX = f"w.place IN ('{MAILBOX[0]}', '{MAILBOX[1]}')"
_COUNTS = f"""
    SELECT count(*) AS email_count,
        coalesce(sum(s.threat_types LIKE '%Malware%'), 0) AS malware, coalesce(sum(s.threat_types LIKE '%Phish%'), 0) AS phish,
        coalesce(sum(s.high_confidence_phish), 0) AS high_confidence_phish,
        coalesce(sum(s.threat_types LIKE '%Spam%'), 0) AS spam,
        coalesce(sum(s.delivery_action = 'Delivered'), 0) AS delivered, coalesce(sum(s.delivery_action = 'Junked'), 0) AS junked,
        coalesce(sum(s.delivery_action = 'Replaced'), 0) AS replaced, coalesce(sum(s.delivery_action = 'Blocked'), 0) AS blocked,
        coalesce(sum({_IN_MAILBOX}), 0) AS mailbox, coalesce(sum(w.place = '{Place.EXTERNAL}'), 0) AS on_prem_external,
        coalesce(sum({_IN_MAILBOX} AND coalesce(w.restored, 0)), 0) AS restored
    FROM seen s JOIN whereabouts w ON w.message = s.message AND w.recipient = s.recipient
"""
_MEMBERS = """
    INSERT INTO cluster_members
    SELECT ?, s.message, s.recipient, s.address, s.internet_message_id, s.sender, s.direction, s.subject, s.threat_types,
           s.detection_methods, w.place
    FROM seen s JOIN whereabouts w ON w.message = s.message AND w.recipient = s.recipient
"""
_COUNTED = (
    "email_count",
    "malware",
    "phish",
    "high_confidence_phish",
    "spam",
    "delivered",
    "junked",
    "replaced",
    "blocked",
    "mailbox",
    "not_in_mailbox",
    "on_prem_external",
)


@dataclass(frozen=True)
class Case:
    """A trigger with all that the lake says of it: nothing more is read while it is analysed."""

    trigger: Trigger
    evidence: Sequence[Entity]
    members: Mapping[tuple[str, str], Sequence[Copy]]


def open_all(journal: Journal, triggers: Sequence[Trigger]) -> list[Trigger]:
    """Opens an investigation for every trigger that has none; returns those whose analysis is still to be done."""
    known = {row["id"]: row["status"] for row in journal.rows("SELECT id, status FROM investigations")}
    fresh = [t for t in triggers if t.investigation_id not in known]
    if fresh:
        with journal.transaction("open") as db:
            for trigger in fresh:
                _open(db, journal, trigger)
    unanalysed = {i for i, status in known.items() if status == Status.STARTING} | {t.investigation_id for t in fresh}
    return [t for t in triggers if t.investigation_id in unanalysed]


def _open(db: sqlite3.Connection, journal: Journal, trigger: Trigger) -> None:
    now = journal.now()
    db.execute(
        "INSERT INTO investigations VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
        (trigger.investigation_id, trigger.key, NAMES[trigger.type], trigger.type, trigger.severity, Status.STARTING, now, now),
    )
    log(db, journal, trigger.investigation_id, f"Started by '{trigger.title}'.")
    journal.audit(AUTOMATION, "investigation opened", trigger.investigation_id, {"trigger": trigger.key})


def cases(hunt: Hunting, triggers: Sequence[Trigger]) -> Iterator[Case]:
    """Reads the lake once for all triggers, then hands out one case after another."""
    evidence = gather(hunt, triggers)
    now = hunt.clock()
    members: dict[str, dict[str, list[Copy]]] = {}
    for cluster in CLUSTERS.values():
        wanted = [e.value for entities in evidence.values() for found, e in clusters_of(entities) if found is cluster]
        members[cluster.key] = copies(hunt, cluster, wanted, now)
    for trigger in triggers:
        entities = evidence[trigger.key]
        yield Case(trigger, entities, {(c.key, e.value): members[c.key][e.value] for c, e in clusters_of(entities)})


def analyse(journal: Journal, case: Case, settings: Settings) -> None:
    """Writes evidence, clusters, members and actions of one case, decides, and sets the status, in one transaction."""
    investigation = case.trigger.investigation_id
    with journal.transaction("analyse") as db:
        set_status(db, journal, investigation, Status.RUNNING, f"Analysing {len(case.evidence)} pieces of evidence.")
        now = journal.now()
        db.executemany(
            "INSERT INTO evidence VALUES (?, ?, ?, ?, ?, ?)",
            [(investigation, e.type, e.value, e.verdict, e.origin, now) for e in case.evidence],
        )
        for cluster, entity in clusters_of(case.evidence):
            found = case.members[cluster.key, entity.value]
            if found:
                _build(db, journal, investigation, cluster, entity, found, settings)
            else:
                log(db, journal, investigation, f"{cluster.name}: no message to look at holds {entity.value}.")
        settle(db, journal, investigation)


def _build(
    db: sqlite3.Connection,
    journal: Journal,
    investigation: str,
    cluster: Cluster,
    entity: Entity,
    found: Sequence[Copy],
    settings: Settings,
) -> None:
    lay_out(db, found)
    counts = dict(db.execute(_COUNTS).fetchone())
    restored = counts.pop("restored")
    counts["not_in_mailbox"] = counts["email_count"] - counts["mailbox"] - counts["on_prem_external"]
    decision = decide(
        entity.verdict,
        counts["email_count"],
        counts["mailbox"],
        restored,
        cluster.key in settings.enabled,
        settings.automatic_limit,
    )
    key = identifier("cluster", investigation, cluster.key, entity.value)
    status = {Outcome.PREVENTED: "Prevented", Outcome.NONE: "None"}.get(decision.outcome, "Unremediated")
    head = (key, investigation, cluster.key, entity.value, cluster.name, entity.verdict, status)
    row = (
        *head,
        decision.outcome,
        decision.reason,
        cluster.hunt(entity.value),
        journal.now(),
        *(counts[name] for name in _COUNTED),
    )
    db.execute(f"INSERT INTO clusters VALUES ({', '.join('?' * len(row))})", row)
    db.execute(_MEMBERS, (key,))
    log(db, journal, investigation, f"{cluster.name} {entity.value}: {decision.outcome}. {decision.reason}")
    if decision.outcome in (Outcome.PENDING, Outcome.AUTOMATIC):
        _propose(db, journal, investigation, key, decision, settings)


def _propose(
    db: sqlite3.Connection, journal: Journal, investigation: str, cluster: str, decision: Decision, settings: Settings
) -> None:
    name = action_named(settings.remediation_action).name
    action = identifier("action", investigation, cluster, "remediation", name, "1")
    db.execute(
        "INSERT INTO actions VALUES (?, ?, ?, 'remediation', ?, 1, ?, ?, '', '', ?, '', '', ?, NULL, NULL, NULL)",
        (action, investigation, cluster, name, ActionStatus.PENDING, SOURCE, decision.reason, journal.now()),
    )
    detail = {"cluster": cluster, "outcome": decision.outcome, "members": journal.members_digest(cluster)}
    journal.audit(AUTOMATION, "action proposed", action, detail)
    if decision.outcome is Outcome.AUTOMATIC:
        approve(db, journal, action, AUTOMATION, decision.reason, "Automated Remediation", AUTOMATION)


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
    """Sets an investigation's status from its evidence and actions."""
    judged = db.execute("SELECT verdict FROM evidence WHERE investigation_id = ?", (investigation,))
    verdicts = [Verdict(row[0]) for row in judged]
    states = db.execute("SELECT status FROM actions WHERE investigation_id = ? AND kind = 'remediation'", (investigation,))
    status = status_of(verdicts, [ActionStatus(row[0]) for row in states])
    set_status(db, journal, investigation, status, f"Status: {status}.")


def set_status(db: sqlite3.Connection, journal: Journal, investigation: str, status: Status, description: str) -> None:
    """Changes an investigation's status and logs it; nothing if it has that status already."""
    now = journal.now()
    changed = db.execute(
        "UPDATE investigations SET status = ?, changed_at = ?, ended_at = ? WHERE id = ? AND status <> ?",
        (status, now, now if status in _ENDED else None, investigation, status),
    )
    if changed.rowcount:
        log(db, journal, investigation, description)


def log(db: sqlite3.Connection, journal: Journal, investigation: str, description: str) -> None:
    """Adds a line to an investigation's log, with the status that it has now."""
    db.execute(
        "INSERT INTO investigation_log"
        " SELECT i.id, 1 + (SELECT count(*) FROM investigation_log l WHERE l.investigation_id = i.id), ?, i.status, ?"
        " FROM investigations i WHERE i.id = ?",
        (journal.now(), description, investigation),
    )
