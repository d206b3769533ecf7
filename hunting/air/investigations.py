"""From a trigger to decisions: evidence, clusters, the place of every copy, verdict, decision; each step in the log.

An investigation is opened in one transaction and analysed in another, together with its clusters, their members and the
actions that follow. Ids derive from the trigger: analysing again what a crash left half done gives the same rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hunting.air import notices
from hunting.air.actions import PROPOSALS, action_named
from hunting.air.clusters import CLUSTERS, Cluster
from hunting.air.evidence import Entity, clusters_of, gather
from hunting.air.journal import Journal, identifier
from hunting.air.ledger import approve, log, propose, set_status, settle
from hunting.air.mailboxes import Copy, Hunting, copies, lay_out, weigh
from hunting.air.members import insert_cluster
from hunting.air.policy import AUTOMATION, Decision, Outcome, Status, Verdict, decide
from hunting.air.settings import Settings
from hunting.air.triggers import MANUAL, NAMES, Trigger

_BLOCKED = """
    SELECT DISTINCT c.entity FROM actions a JOIN clusters c ON c.id = a.cluster_id
    WHERE a.name = 'Block URL' AND a.status = 'Completed'
      AND NOT EXISTS (SELECT 1 FROM actions u WHERE u.undoes = a.id AND u.status = 'Completed')
"""


_FEW = 200  # triggers that read the lake together whatever they find
_COPIES = 100_000  # copies, each some hundred bytes, that more than those may hold at a time

_Clusters = Mapping[str, Sequence[tuple[str, str]]]
"""By the key of a trigger, the clusters that it starts: cluster type and entity."""


@dataclass(frozen=True)
class Case:
    """A trigger with all that the lake says of it: nothing more is read while it is analysed."""

    trigger: Trigger
    evidence: Sequence[Entity]
    members: Mapping[tuple[str, str], Sequence[Copy]]


def open_all(journal: Journal, triggers: Sequence[Trigger], again: bool = False) -> list[Trigger]:
    """Opens an investigation for every trigger that has none; returns those whose analysis is still to be done.

    Args:
        again: whether one that failed is analysed once more.
    """
    rows = journal.rows("SELECT id, status, alert_id FROM investigations")
    known, own = {row["id"]: row["status"] for row in rows}, {row["alert_id"] for row in rows}
    fresh = [t for t in triggers if t.investigation_id not in known and t.key not in own]
    if fresh:
        with journal.transaction("open") as db:
            for trigger in fresh:
                _open(db, journal, trigger)
    to_do = {Status.STARTING, Status.QUEUED} | ({Status.FAILED} if again else set())
    unanalysed = {i for i, status in known.items() if status in to_do} | {t.investigation_id for t in fresh}
    return [t for t in triggers if t.investigation_id in unanalysed]


def waiting(journal: Journal) -> list[Trigger]:
    """What people started and a crash or throttling left to be analysed; alerts are found again in the lake."""
    rows = journal.rows(
        "SELECT * FROM investigations WHERE trigger LIKE 'email:%' AND status IN (?, ?) ORDER BY created_at, rowid",
        (Status.STARTING, Status.QUEUED),
    )
    return [Trigger(row["trigger"], row["title"], MANUAL, row["severity"], row["created_at"]) for row in rows]


def _open(db: sqlite3.Connection, journal: Journal, trigger: Trigger) -> None:
    insert_investigation(db, journal, trigger, NAMES[trigger.type])
    by = f" by {trigger.by}" if trigger.by else ""
    log(db, journal, trigger.investigation_id, f"Started{by}: '{trigger.title}'.")
    journal.audit(trigger.by or AUTOMATION, "investigation opened", trigger.investigation_id, {"trigger": trigger.key})
    if trigger.email:
        notices.raised(db, journal, trigger.investigation_id, {"NetworkMessageIds": [trigger.email]})


def insert_investigation(db: sqlite3.Connection, journal: Journal, trigger: Trigger, name: str) -> None:
    """Adds an investigation that is starting."""
    now = journal.now()
    db.execute(
        "INSERT INTO investigations VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, NULL)",
        (
            *(trigger.investigation_id, trigger.key, name, trigger.type, trigger.severity),
            *(Status.STARTING, now, now, trigger.alert_id, trigger.title),
        ),
    )


def cases(hunt: Hunting, journal: Journal, triggers: Sequence[Trigger]) -> Iterator[Case]:
    """Reads the lake for as many triggers at once as memory allows, and hands out one case after another, in their order."""
    evidence = gather(hunt, triggers, {row["entity"] for row in journal.rows(_BLOCKED)})
    clusters = {trigger.key: [(c.key, e.value) for c, e in clusters_of(evidence[trigger.key])] for trigger in triggers}
    now = hunt.clock()
    for batch in _batches(hunt, triggers, clusters, now):
        wanted = _by_cluster(clusters[trigger.key] for trigger in batch)
        members = {key: copies(hunt, CLUSTERS[key], entities, now) for key, entities in wanted.items()}
        for trigger in batch:
            found = {(key, entity): members[key][entity] for key, entity in clusters[trigger.key]}
            yield Case(trigger, evidence[trigger.key], found)


def _batches(hunt: Hunting, triggers: Sequence[Trigger], clusters: _Clusters, now: datetime) -> Iterator[Sequence[Trigger]]:
    """Triggers that read the lake together: every reading looks at all mail, but holds only the copies it finds."""
    if len(triggers) <= _FEW:
        yield triggers
        return
    wanted = _by_cluster(clusters.values())
    weights = {(k, e): w.copies for k, entities in wanted.items() for e, w in weigh(hunt, CLUSTERS[k], entities, now).items()}
    batch: list[Trigger] = []
    held: dict[tuple[str, str], int] = {}
    total = 0
    for trigger in triggers:
        more = {each: weights.get(each, 0) for each in clusters[trigger.key]}
        total += sum(weight for each, weight in more.items() if each not in held)
        if batch and total > _COPIES:
            yield batch
            batch, held, total = [], {}, sum(more.values())
        batch.append(trigger)
        held |= more
    yield batch


def _by_cluster(clusters: Iterable[Iterable[tuple[str, str]]]) -> dict[str, list[str]]:
    """The entities of each cluster type."""
    found: dict[str, list[str]] = {}
    for key, entity in dict.fromkeys(each for some in clusters for each in some):
        found.setdefault(key, []).append(entity)
    return found


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
        status = db.execute("SELECT status FROM investigations WHERE id = ?", (investigation,)).fetchone()[0]
        journal.audit(AUTOMATION, "investigation analysed", investigation, {"evidence": len(case.evidence), "status": status})


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

    def decided(copies: int, in_mailbox: int, restored: int) -> Decision:
        enabled, limit = cluster.key in settings.enabled, settings.automatic_limit
        return decide(entity.verdict, copies, in_mailbox, restored, enabled, limit)

    key, decision = insert_cluster(db, journal, investigation, cluster, entity.value, entity.verdict, decided)
    log(db, journal, investigation, f"{cluster.name} {entity.value}: {decision.outcome}. {decision.reason}")
    if decision.outcome in (Outcome.PENDING, Outcome.AUTOMATIC):
        _propose(db, journal, (investigation, key), decision, settings)
    if entity.verdict is Verdict.MALICIOUS:
        _propose_more(db, journal, (investigation, key), cluster, decision.outcome, settings)


def _propose(db: sqlite3.Connection, journal: Journal, of: tuple[str, str], decision: Decision, settings: Settings) -> None:
    name = action_named(settings.remediation_action).name
    action = identifier("action", *of, "remediation", name, "1")
    propose(db, journal, action, of, name, outcome=decision.outcome, reason=decision.reason)
    if decision.outcome is Outcome.AUTOMATIC:
        approve(db, journal, action, AUTOMATION, decision.reason, "Automated Remediation", AUTOMATION)


def _propose_more(
    db: sqlite3.Connection, journal: Journal, of: tuple[str, str], cluster: Cluster, outcome: Outcome, settings: Settings
) -> None:
    """What only a person may decide: the block list, and quarantine while a copy is left in a mailbox."""
    for key, action in PROPOSALS.items():
        fits = cluster.entity_type == "Url" if action.blocks == "entity" else action.blocks or outcome is not Outcome.PREVENTED
        if key in settings.proposals and fits:
            reason = "Proposed; it is never carried out without approval."
            name = identifier("action", *of, "remediation", action.name, "1")
            propose(db, journal, name, of, action.name, outcome=Outcome.PENDING, reason=reason)
