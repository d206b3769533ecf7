"""What AIR hands out: plain frozen values, all times aware and UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hunting.air.journal import Row, moment
from hunting.air.policy import AUTOMATION
from hunting.air.settings import Settings


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A step of an investigation."""

    at: datetime
    status: str
    description: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """An entity that an investigation judged. `origin` is "Alert" or the message that carries it."""

    type: str
    entity: str
    verdict: str
    origin: str
    first_seen: datetime


@dataclass(frozen=True, slots=True)
class FoundCluster:
    """A cluster as counted at analysis; counts are copies (message + recipient)."""

    id: str
    investigation_id: str
    type: str
    entity: str
    name: str
    verdict: str
    remediation_status: str
    outcome: str
    reason: str
    query: str
    analysed_at: datetime
    email_count: int
    malware: int
    phish: int
    high_confidence_phish: int
    spam: int
    delivered: int
    junked: int
    replaced: int
    blocked: int
    mailbox: int
    not_in_mailbox: int
    on_prem_external: int


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """An entry of the Action center.

    Attributes:
        kind: "remediation" or "undo".
        name: what is done, in the words of EmailPostDeliveryEvents' Action.
        status: Pending, Approved, Running, Completed, Rejected, Expired, Cancelled.
        source: Action source, for example "Automated email action".
        decision: "", Approved, Rejected, Expired or Cancelled.
        decided_by: "Automation", a person, or "" while pending.
        moved: copies that this action moved.
        already: copies that were there already.
        left: copies that it found elsewhere, or could not reach; `failed` of them moved meanwhile (ActionResult Error).
        left_because: of these, how many for which reason: "not in mailbox: 2, retention passed: 1".
        undone_by: id of the undo, or "".
    """

    id: str
    investigation_id: str
    cluster_id: str
    cluster_type: str
    entity: str
    kind: str
    name: str
    status: str
    source: str
    decision: str
    decided_by: str
    reason: str
    created_at: datetime
    decided_at: datetime | None
    completed_at: datetime | None
    undoes: str
    undone_by: str
    email_count: int
    moved: int
    already: int
    left: int
    failed: int = 0
    left_because: str = ""

    @property
    def by_person(self) -> bool:
        """Whether a person decided."""
        return self.decided_by not in ("", AUTOMATION)


@dataclass(frozen=True, slots=True)
class Investigation:
    """An investigation; the lists are filled when one is asked for by its id."""

    id: str
    trigger: str
    name: str
    type: str
    severity: str
    status: str
    alert_id: str
    title: str
    created_at: datetime
    changed_at: datetime
    ended_at: datetime | None
    users: int
    threats: int
    action_count: int
    log: list[LogEntry] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    clusters: list[FoundCluster] = field(default_factory=list)
    actions: list[ActionRecord] = field(default_factory=list)

    @property
    def short_id(self) -> str:
        """The six digits that people see and type."""
        return self.id[:6]


@dataclass(frozen=True, slots=True)
class RetentionNote:
    """What an undo of automatic soft deletes depends on.

    Attributes:
        mailboxes: how many mailboxes are known.
        unrestorable: those that keep nothing that was deleted.
        shorter: those that keep it for fewer days than the default.
    """

    mailboxes: int
    unrestorable: tuple[str, ...]
    shorter: tuple[str, ...]
    default_days: int

    @property
    def text(self) -> str:
        """The note in words."""
        known = f"{len(self.unrestorable):,} of {self.mailboxes:,} mailboxes keep nothing, {len(self.shorter):,} keep it shorter."
        parts = (
            "A soft delete can be undone only as long as the mailbox keeps deleted items:"
            f" {self.default_days} days unless its policy or a hold says otherwise.",
            known if self.mailboxes else "",
            _listed("Nothing can be restored to", self.unrestorable),
            _listed("For a shorter time only, to", self.shorter),
            "Check your duties to retain mail before opting in.",
        )
        return " ".join(part for part in parts if part)


def _listed(lead: str, mailboxes: tuple[str, ...], shown: int = 10) -> str:
    more = f" and {len(mailboxes) - shown:,} more (table Mailboxes)" if len(mailboxes) > shown else ""
    return f"{lead} {', '.join(mailboxes[:shown])}{more}." if mailboxes else ""


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """The settings after a change; `note` where automation was switched on."""

    settings: Settings
    note: RetentionNote | None = None

    @property
    def enabled(self) -> frozenset[str]:
        """Keys of the cluster types that are remediated automatically."""
        return self.settings.enabled


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What one run did: numbers of investigations, actions and copies."""

    investigations: int
    automatic: int
    pending: int
    moved: int
    published: int
    recovered: int
    expired: int
    cancelled: int
    queued: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Verification:
    """The ledger's state. `faults` is empty when the audit chain is whole and the lake holds exactly the journal's events."""

    audit_entries: int
    events: int
    faults: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def when(value: int | None) -> datetime | None:
    """A stored time that may be missing."""
    return None if value is None else moment(value)


def values(row: Row, *times: str) -> dict[str, Any]:
    """A row's columns with the named ones as datetimes."""
    return {name: when(row[name]) if name in times else row[name] for name in row.keys()}  # noqa: SIM118 - a Row iterates over values
