"""What may be done without asking: enumerations, and pure functions from facts to verdict, decision and status.

Source pages: Automated remediation in AIR; Email analysis in investigations; Results of automated investigation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

AUTOMATION = "Automation"
"""Who decides where no person does."""

HANDFUL = 3
"""Copies with a threat from which the threat counts for the whole cluster; the product's own figure is not published."""


class Verdict(StrEnum):
    """What analysis says of an entity or a cluster."""

    MALICIOUS = "Malicious"
    SUSPICIOUS = "Suspicious"
    NO_THREATS = "No threats found"
    UNKNOWN = "Unknown"


class Status(StrEnum):
    """Investigation statuses."""

    STARTING = "Starting"
    RUNNING = "Running"
    NO_THREATS = "No Threats Found"
    PENDING = "Pending Action"
    PARTIALLY_INVESTIGATED = "Partially Investigated"
    PARTIALLY_REMEDIATED = "Partially Remediated"
    REMEDIATED = "Remediated"
    FAILED = "Failed"
    TERMINATED_BY_SYSTEM = "Terminated By System"
    TERMINATED_BY_USER = "Terminated By User"
    QUEUED = "Queued By Throttling"
    TERMINATED_BY_THROTTLING = "Terminated By Throttling"


ENDED = (
    Status.NO_THREATS,
    Status.PARTIALLY_INVESTIGATED,
    Status.PARTIALLY_REMEDIATED,
    Status.REMEDIATED,
    Status.FAILED,
    Status.TERMINATED_BY_SYSTEM,
    Status.TERMINATED_BY_USER,
    Status.TERMINATED_BY_THROTTLING,
)
"""Statuses that have an end time."""

STOPPED = (Status.FAILED, Status.TERMINATED_BY_USER, Status.TERMINATED_BY_THROTTLING)
"""Statuses that nothing the actions do can change."""


class ActionStatus(StrEnum):
    """Where an action of the Action center stands."""

    PENDING = "Pending"
    APPROVED = "Approved"
    RUNNING = "Running"
    COMPLETED = "Completed"
    REJECTED = "Rejected"
    EXPIRED = "Expired"
    CANCELLED = "Cancelled"


class Outcome(StrEnum):
    """What is done with a cluster."""

    NONE = "No action"
    PREVENTED = "Prevented"
    PENDING = "Pending action"
    AUTOMATIC = "Automatic"
    MANUAL = "Manual"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done with a cluster, and why, in one sentence."""

    outcome: Outcome
    reason: str


def cluster_verdict(entity: Verdict, copies: int, malicious: int, harmful: int) -> Verdict:
    """The verdict on a cluster.

    Args:
        entity: the verdict on the file or URL itself.
        copies: size of the cluster.
        malicious: copies with malware or high-confidence phishing.
        harmful: copies with any threat (malware, phishing, spam).

    An entity of unknown verdict is judged by its messages, and only if most of them are bad: a URL that half the company's mail
    carries in its footer also stands in some phishing mail.
    """
    if entity is not Verdict.UNKNOWN:
        return entity
    if malicious >= HANDFUL and 2 * malicious > copies:
        return Verdict.MALICIOUS
    if harmful >= HANDFUL and 2 * harmful > copies:
        return Verdict.SUSPICIOUS
    return Verdict.NO_THREATS


def decide(verdict: Verdict, copies: int, in_mailbox: int, restored: int, enabled: bool, limit: int) -> Decision:
    """What is done with a cluster.

    Args:
        copies: size of the cluster at analysis, all locations.
        in_mailbox: copies in an Inbox or Junk folder now.
        restored: of these, the ones that a person has put back by an undo.
        enabled: whether the cluster's type is opted in.
        limit: copies above which automation stops.
    """
    if verdict is not Verdict.MALICIOUS:
        return Decision(Outcome.NONE, f"Verdict {verdict}: nothing malicious to remove.")
    if in_mailbox == 0:
        return Decision(Outcome.PREVENTED, f"None of {copies:,} copies is in a mailbox.")
    if restored:
        return Decision(
            Outcome.PENDING,
            f"{restored:,} of {in_mailbox:,} copies were put back by a person; removing them again needs approval.",
        )
    if not enabled:
        return Decision(Outcome.PENDING, "Automatic remediation is off for this cluster type.")
    if copies > limit:
        return Decision(Outcome.PENDING, f"{copies:,} copies are more than {limit:,}: such a cluster needs approval.")
    return Decision(Outcome.AUTOMATIC, f"Opted in; {in_mailbox:,} of {copies:,} copies are in mailboxes.")


def status_of(verdicts: Iterable[Verdict], actions: Iterable[ActionStatus]) -> Status:
    """The investigation's status from the verdicts on its evidence and the states of its actions (undos left out)."""
    states = set(actions)
    if not states:
        found = {Verdict.MALICIOUS, Verdict.SUSPICIOUS} & set(verdicts)
        return Status.PARTIALLY_INVESTIGATED if found else Status.NO_THREATS
    if states & {ActionStatus.APPROVED, ActionStatus.RUNNING}:
        return Status.RUNNING
    if ActionStatus.PENDING in states:
        return Status.PARTIALLY_REMEDIATED if ActionStatus.COMPLETED in states else Status.PENDING
    return Status.TERMINATED_BY_SYSTEM if ActionStatus.EXPIRED in states else Status.REMEDIATED
