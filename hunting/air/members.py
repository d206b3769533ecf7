"""A cluster as it is frozen at analysis: counts and members, from the copies that are laid out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from hunting.air.clusters import Cluster
from hunting.air.journal import Journal, identifier
from hunting.air.places import MAILBOX, Place
from hunting.air.policy import Decision, Outcome, Verdict

IN_MAILBOX = f"w.place IN ('{MAILBOX[0]}', '{MAILBOX[1]}')"
_COUNTS = f"""
    SELECT count(*) AS email_count,
        coalesce(sum(s.threat_types LIKE '%Malware%'), 0) AS malware, coalesce(sum(s.threat_types LIKE '%Phish%'), 0) AS phish,
        coalesce(sum(s.high_confidence_phish), 0) AS high_confidence_phish,
        coalesce(sum(s.threat_types LIKE '%Spam%'), 0) AS spam,
        coalesce(sum(s.delivery_action = 'Delivered'), 0) AS delivered, coalesce(sum(s.delivery_action = 'Junked'), 0) AS junked,
        coalesce(sum(s.delivery_action = 'Replaced'), 0) AS replaced, coalesce(sum(s.delivery_action = 'Blocked'), 0) AS blocked,
        coalesce(sum({IN_MAILBOX}), 0) AS mailbox, coalesce(sum(w.place = '{Place.EXTERNAL}'), 0) AS on_prem_external,
        coalesce(sum({IN_MAILBOX} AND coalesce(w.restored, 0)), 0) AS restored
    FROM seen s JOIN whereabouts w ON w.message = s.message AND w.recipient = s.recipient
"""
_MEMBERS = """
    INSERT INTO cluster_members
    SELECT ?, s.message, s.recipient, s.address, s.internet_message_id, s.sender, s.direction, s.subject, s.threat_types,
           s.detection_methods, w.place
    FROM seen s JOIN whereabouts w ON w.message = s.message AND w.recipient = s.recipient
"""
COUNTED = (
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
_STATUS = {Outcome.PREVENTED: "Prevented", Outcome.NONE: "None"}


def count(db: sqlite3.Connection) -> dict[str, int]:
    """The counts of the copies that are laid out, and how many of them a person has `restored` to a mailbox."""
    counts = dict(db.execute(_COUNTS).fetchone())
    counts["not_in_mailbox"] = counts["email_count"] - counts["mailbox"] - counts["on_prem_external"]
    return counts


def insert_cluster(
    db: sqlite3.Connection,
    journal: Journal,
    investigation: str,
    cluster: Cluster,
    entity: str,
    verdict: Verdict,
    decided: Callable[[int, int, int], Decision],
    query: str = "",
) -> tuple[str, Decision]:
    """Freezes the copies that are laid out as a cluster; returns its id and the decision.

    Args:
        decided: from the number of copies, those in mailboxes, and those put back by a person, to the decision.
        query: KQL that finds the members, where the cluster's type does not say.
    """
    counts = count(db)
    decision = decided(counts["email_count"], counts["mailbox"], counts["restored"])
    key = identifier("cluster", investigation, cluster.key, entity)
    status = _STATUS.get(decision.outcome, "Unremediated")
    row = (
        *(key, investigation, cluster.key, entity, cluster.name, verdict, status, decision.outcome, decision.reason),
        query or cluster.hunt(entity),
        journal.now(),
        *(counts[name] for name in COUNTED),
    )
    db.execute(f"INSERT INTO clusters VALUES ({', '.join('?' * len(row))})", row)
    db.execute(_MEMBERS, (key,))
    return key, decision
