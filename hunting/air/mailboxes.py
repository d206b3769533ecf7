"""Where every copy of a message is now: delivery, then the events after it, then the journal's own moves.

The first two are a KQL query over the lake; its answer goes into the journal connection's `seen`, and the view `whereabouts`
lays the journal over it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import pyarrow as pa

from hunting.air.clusters import Cluster
from hunting.air.places import place_now
from hunting.air.records import RetentionNote
from hunting.clock import Clock
from hunting.lake import Lake

_DAY = 86_400_000_000

DEFAULT_RETENTION = 14 * _DAY
"""Microseconds that a mailbox keeps soft-deleted items when the table Mailboxes does not say (Exchange Online's default)."""

QUARANTINE_RETENTION = 30 * _DAY
"""Microseconds that quarantine keeps a message (page: Quarantined email messages)."""

FOREVER = 2**62
"""Microseconds of retention of a mailbox on hold."""


class Answer(Protocol):
    """What a query returns, as far as AIR uses it."""

    @property
    def table(self) -> pa.Table: ...


class Hunting(Protocol):
    """What AIR needs of a `Hunt`: queries with bound values, the lake, the clock."""

    @property
    def lake(self) -> Lake: ...

    @property
    def clock(self) -> Clock: ...

    def query(self, text: str, parameters: Mapping[str, object] | None = None) -> Answer: ...


# A table, not an array: `in` is then a join, where an array would be searched for every row.
_WANTED = """
declare query_parameters(Wanted:dynamic, Now:datetime);
let Entities = print Entity = Wanted | mv-expand Entity to typeof(string);
"""

_WEIGH = """
let Messages = {messages};
Messages
| join kind=inner (EmailEvents | where Timestamp <= Now) on NetworkMessageId
| extend Phish = ThreatTypes has "Phish", Malware = ThreatTypes has "Malware", Spam = ThreatTypes has "Spam"
| extend HighConfidence = Phish and tostring(parse_json(ConfidenceLevel).Phish) == "High"
| summarize Copies = count(), Malicious = countif(Malware or HighConfidence), Harmful = countif(Phish or Malware or Spam)
    by Entity
"""

# A SecOps mailbox receives threats on purpose, a phishing simulation sends them on purpose: neither is counted or touched.
_COPIES = """
let Messages = {messages};
let Spared = {spared};
let Delivered = Messages
    | join kind=inner (
        EmailEvents
        | where Timestamp <= Now
        | where OrgLevelPolicy !in ({policies})) on NetworkMessageId
    | extend Recipient = tolower(RecipientEmailAddress)
    | summarize arg_max(Timestamp, RecipientEmailAddress, InternetMessageId, SenderFromAddress, EmailDirection, Subject,
        ThreatTypes, DetectionMethods, ConfidenceLevel, DeliveryAction, DeliveryLocation, LatestDeliveryLocation,
        LatestDeliveryAction)
        by Entity, NetworkMessageId, Recipient;
let Moved = Messages
    | distinct NetworkMessageId
    | join kind=inner (EmailPostDeliveryEvents | where Timestamp <= Now and ActionResult == "Success") on NetworkMessageId
    | extend Recipient = tolower(RecipientEmailAddress)
    | summarize arg_max(Timestamp, Action, DeliveryLocation) by NetworkMessageId, Recipient
    | project NetworkMessageId, Recipient, MovedAt = Timestamp, MovedBy = Action, MovedTo = DeliveryLocation;
Delivered
| join kind=leftanti Spared on Recipient
| join kind=leftouter Moved on NetworkMessageId, Recipient
| project Entity, NetworkMessageId, Recipient, RecipientEmailAddress, InternetMessageId, SenderFromAddress, EmailDirection,
    Subject, ThreatTypes, DetectionMethods,
    HighConfidence = ThreatTypes has "Phish" and tostring(parse_json(ConfidenceLevel).Phish) == "High",
    DeliveryAction, DeliveryLocation, LatestDeliveryLocation, LatestDeliveryAction, MovedTo, MovedBy,
    Since = coalesce(MovedAt, Timestamp)
"""

_SECOPS = "Mailboxes | where IsSecOps == true | project Recipient = tolower(RecipientEmailAddress)"
_NOBODY = 'print Recipient = ""'
_ON_PURPOSE = '"SecOps Mailbox", "Phishing simulation"'
_RETENTION = "Mailboxes | project Recipient = tolower(RecipientEmailAddress), RetentionDays, IsOnHold"

Copy = tuple[str | int, ...]
"""One copy, in the order of the columns of `seen`."""


@dataclass(frozen=True, slots=True)
class Weight:
    """How many copies hold an entity, and how many of them are a threat."""

    copies: int
    malicious: int
    harmful: int


def weigh(hunt: Hunting, cluster: Cluster, entities: Iterable[str], now: datetime) -> dict[str, Weight]:
    """The weight of each entity; those that no message holds are left out."""
    wanted = sorted(set(entities))
    if not wanted:
        return {}
    table = hunt.query(weigh_query(cluster), {"Wanted": wanted, "Now": now}).table
    columns = (table.column(name).to_pylist() for name in ("Entity", "Copies", "Malicious", "Harmful"))
    return {entity: Weight(*counts) for entity, *counts in zip(*columns, strict=True)}


def copies(hunt: Hunting, cluster: Cluster, entities: Iterable[str], now: datetime) -> dict[str, list[Copy]]:
    """Every copy of every message that holds an entity, with the place that the lake knows for it at `now`."""
    wanted = sorted(set(entities))
    found: dict[str, list[Copy]] = {entity: [] for entity in wanted}
    if not wanted:
        return found
    table = hunt.query(copies_query(cluster), {"Wanted": wanted, "Now": now}).table
    since = table.column("Since").cast(pa.timestamp("us")).cast(pa.int64())
    columns = [table.column(name).to_pylist() for name in table.column_names if name != "Since"]
    for entity, *rest, high, delivery, delivered, latest, latest_action, to, by, at in zip(
        *columns, since.to_pylist(), strict=True
    ):
        place = place_now(delivered, latest, latest_action, to or "", by or "")
        found[entity].append((*rest, int(bool(high)), delivery, str(place), at))
    return found


def weigh_query(cluster: Cluster) -> str:
    """KQL with the parameters Wanted and Now: how many copies hold each entity, and how many are a threat."""
    return _WANTED + _WEIGH.format(messages=cluster.messages)


def copies_query(cluster: Cluster) -> str:
    """KQL with the parameters Wanted and Now: the copies of a cluster's messages and where the lake knows them."""
    spared, policies = (_SECOPS, _ON_PURPOSE) if cluster.spares else (_NOBODY, '"-"')
    return _WANTED + _COPIES.format(messages=cluster.messages, spared=spared, policies=policies)


def lay_out(db: sqlite3.Connection, found: Iterable[Copy]) -> None:
    """Fills `seen`, so that `whereabouts` speaks of these copies and no others."""
    db.execute("DELETE FROM seen")
    db.executemany(f"INSERT INTO seen VALUES ({', '.join('?' * 13)})", found)


def retention(hunt: Hunting) -> list[tuple[str, int]]:
    """How long each mailbox keeps what was soft-deleted, in microseconds; a hold keeps it without end."""
    table = hunt.query(_RETENTION).table
    columns = (table.column(name).to_pylist() for name in ("Recipient", "RetentionDays", "IsOnHold"))
    return [
        (recipient, FOREVER if hold else DEFAULT_RETENTION if days is None else days * _DAY)
        for recipient, days, hold in zip(*columns, strict=True)
    ]


def lay_out_retention(db: sqlite3.Connection, kept: Iterable[tuple[str, int]]) -> None:
    """Fills `retention`."""
    db.execute("DELETE FROM retention")
    db.executemany("INSERT OR REPLACE INTO retention VALUES (?, ?)", kept)


def note_on_retention(hunt: Hunting) -> RetentionNote:
    """What whoever opts in must know: which mailboxes could not restore what automation removes."""
    kept = retention(hunt)
    return RetentionNote(
        mailboxes=len(kept),
        unrestorable=tuple(sorted(mailbox for mailbox, micros in kept if micros == 0)),
        shorter=tuple(sorted(mailbox for mailbox, micros in kept if 0 < micros < DEFAULT_RETENTION)),
        default_days=DEFAULT_RETENTION // _DAY,
    )
