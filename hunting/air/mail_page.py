"""The e-mail entity page: a message's copies, where they were and are, and all that happened to them (page: Email entity)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hunting.air.explorer import in_mail, unpublished
from hunting.air.journal import Journal
from hunting.air.mailboxes import Hunting
from hunting.errors import AirError
from hunting.formats import records
from hunting.result import Result

_MAIL = """
declare query_parameters(Mail:string);
EmailEvents
| where NetworkMessageId == Mail
| project Timestamp, NetworkMessageId, InternetMessageId, Subject, SenderFromAddress, SenderDisplayName, RecipientEmailAddress,
    EmailDirection, DeliveryAction, DeliveryLocation, LatestDeliveryLocation, LatestDeliveryAction, ThreatTypes, DetectionMethods
"""
_AFTER = """
declare query_parameters(Mail:string);
EmailPostDeliveryEvents
| where NetworkMessageId == Mail
| project Timestamp, RecipientEmailAddress, Action, ActionType, ActionTrigger, ActionResult, SourceLocation, DeliveryLocation,
    ThreatTypes
"""
_CLICKS = """
declare query_parameters(Mail:string);
UrlClickEvents | where NetworkMessageId == Mail | project Timestamp, AccountUpn, ActionType, Url, ThreatTypes
"""
_COPIES = dict.fromkeys(
    (
        *("Recipient", "Subject", "Sender", "Directionality", "Original delivery location", "Latest delivery location"),
        *("Latest delivery action", "Threats", "Detection technologies", "Internet Message ID"),
    ),
    "string",
)
_TIMELINE = {"Timeline": "datetime"} | dict.fromkeys(
    ("Source", "Event type", "Result", "Threats", "Details", "Recipient"), "string"
)


@dataclass(frozen=True)
class EmailEntity:
    """A message: its copies with original and latest location, and everything that happened to them, in order of time."""

    message: str
    copies: Result
    timeline: Result


def email_entity(hunt: Hunting, journal: Journal, published: int, message: str, recipient: str = "") -> EmailEntity:
    """A message by its NetworkMessageId; `recipient` limits it to one copy.

    Raises:
        AirError: there is no such message, or no such copy.
    """

    def rows(text: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = hunt.query(text, {"Mail": message}).table.to_pylist()
        return found

    copies = [row for row in rows(_MAIL) if recipient.lower() in ("", row["RecipientEmailAddress"].lower())]
    if not copies:
        of = f" for {recipient}" if recipient else ""
        raise AirError(f"There is no message with NetworkMessageId '{message}'{of}.", hint="EmailEvents lists the messages.")
    people = {row["RecipientEmailAddress"].lower() for row in copies}
    fresh = [row for row in unpublished(journal, published) if row["NetworkMessageId"] == message]
    events = [row for row in [*rows(_AFTER), *fresh] if row["RecipientEmailAddress"].lower() in people]
    clicks = [row for row in rows(_CLICKS) if row["AccountUpn"].lower() in people]
    steps = [*map(_delivered, copies), *map(_acted, events), *map(_clicked, clicks)]
    latest = {row["RecipientEmailAddress"].lower(): row for row in fresh if row["ActionResult"] == "Success"}
    order = sorted(steps, key=lambda step: (_aware(step[0]), str(step[6])))
    return EmailEntity(message, records(_COPIES, [_copy(row, latest) for row in copies]), records(_TIMELINE, order))


def _copy(row: dict[str, Any], latest: dict[str, dict[str, Any]]) -> tuple[str, ...]:
    event = latest.get(row["RecipientEmailAddress"].lower())
    where = in_mail(event["DeliveryLocation"]) if event else row["LatestDeliveryLocation"]
    return (
        *(row["RecipientEmailAddress"], row["Subject"], row["SenderFromAddress"], row["EmailDirection"]),
        *(row["DeliveryLocation"], where or row["DeliveryLocation"], event["Action"] if event else row["LatestDeliveryAction"]),
        *(row["ThreatTypes"], row["DetectionMethods"], row["InternetMessageId"]),
    )


def _delivered(row: dict[str, Any]) -> tuple[object, ...]:
    result, place = row["DeliveryAction"], row["DeliveryLocation"]
    return row["Timestamp"], "System", "Original delivery", result, row["ThreatTypes"], place, row["RecipientEmailAddress"]


def _acted(row: dict[str, Any]) -> tuple[object, ...]:
    source = {"AdminAction": "Admin", "Automation": "System", "SpecialAction": "System"}.get(row["ActionTrigger"], "System")
    result = row["Action"] if row["ActionResult"] == "Success" else f"{row['Action']}: {row['ActionResult']}"
    by = "automated" if row["ActionTrigger"] == "Automation" else row["ActionTrigger"]
    path = " -> ".join(place for place in (row["SourceLocation"], row["DeliveryLocation"]) if place)
    details = f"{path} ({by})"
    return row["Timestamp"], source, row["ActionType"], result, row["ThreatTypes"], details, row["RecipientEmailAddress"]


def _clicked(row: dict[str, Any]) -> tuple[object, ...]:
    return row["Timestamp"], "User", "URL click", row["ActionType"], row["ThreatTypes"], row["Url"], row["AccountUpn"]


def _aware(value: Any) -> datetime:
    """A time of the lake or of the journal, for sorting."""
    moment: datetime = value if value.tzinfo else value.replace(tzinfo=UTC)
    return moment
