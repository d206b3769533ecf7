"""What may be done without asking: the settings, and pure functions from facts to verdict, decision and status.

Source pages: Automated remediation in AIR; Email analysis in investigations; Results of automated investigation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from hunting.air.actions import SOFT_DELETE
from hunting.errors import AirError
from kql.errors import closest

LARGEST_AUTOMATIC = 10_000
"""Copies (message + recipient, all locations, at analysis) up to which a cluster may be remediated automatically."""

HANDFUL = 3
"""Copies with a threat from which the threat counts for the whole cluster; the product's own figure is not published."""

APPROVED_ACTION_TYPES = ("Automated Remediation", "Manual Remediation")


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


@dataclass(frozen=True, slots=True)
class Settings:
    """The automation settings of the store. Without any change, everything waits for a person.

    Attributes:
        enabled: keys of the cluster types that are remediated automatically ("similar-files", "similar-urls").
        remediation_action: what automation does; Soft delete is the only one.
        automatic_limit: copies above which a cluster waits for approval; can be lowered from 10,000, never raised.
        approved_action_type: ActionType of the rows that an approved action writes (ActionTrigger is AdminAction).
    """

    enabled: frozenset[str] = frozenset()
    remediation_action: str = SOFT_DELETE.name
    automatic_limit: int = LARGEST_AUTOMATIC
    approved_action_type: str = APPROVED_ACTION_TYPES[0]


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done with a cluster, and why, in one sentence."""

    outcome: Outcome
    reason: str


def setting(key: str, value: object, types: Iterable[str]) -> tuple[str, str]:
    """A setting's key and value as they are stored.

    Args:
        types: the keys of the cluster types.

    Raises:
        AirError: no such setting, or a value that it cannot have.
    """
    types = tuple(types)
    key = key.replace("_", "-").casefold()
    if key in types:
        return key, "on" if _switch(key, value) else "off"
    check = _CHECKS.get(key)
    if check is None:
        names = (*types, *_CHECKS)
        raise AirError(f"There is no AIR setting '{key}'.", hint=closest(key, names) or f"Settings: {', '.join(names)}.")
    return key, check(value)


def settings_from(stored: Mapping[str, str]) -> Settings:
    """The settings from stored keys and values; what was never set has its default."""
    default = Settings()
    return Settings(
        frozenset(key for key, value in stored.items() if value == "on"),
        stored.get("remediation-action", default.remediation_action),
        int(stored.get("automatic-limit", default.automatic_limit)),
        stored.get("approved-action-type", default.approved_action_type),
    )


def _switch(key: str, value: object) -> bool:
    words = {"on": True, "true": True, "off": False, "false": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.casefold() in words:
        return words[value.casefold()]
    raise AirError(f"'{value}' is not a value for {key}.", hint="Use on or off.")


def _remediation_action(value: object) -> str:
    if str(value).replace("-", " ").casefold() == SOFT_DELETE.name.casefold():
        return SOFT_DELETE.name
    raise AirError(
        f"'{value}' cannot be the automatic action.", hint="Soft delete is the only action that runs without approval."
    )


def _automatic_limit(value: object) -> str:
    text = str(value).replace(",", "").replace("_", "")
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and 1 <= int(text) <= LARGEST_AUTOMATIC):
        raise AirError(
            f"'{value}' is not a value for automatic-limit.",
            hint=f"It is a number of copies from 1 to {LARGEST_AUTOMATIC:,}; larger clusters always wait for approval.",
        )
    return str(int(text))


def _approved_action_type(value: object) -> str:
    for name in APPROVED_ACTION_TYPES:
        if str(value).casefold() == name.casefold():
            return name
    raise AirError(f"'{value}' is not a value for approved-action-type.", hint=f"Values: {', '.join(APPROVED_ACTION_TYPES)}.")


_CHECKS = {
    "remediation-action": _remediation_action,
    "automatic-limit": _automatic_limit,
    "approved-action-type": _approved_action_type,
}


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
