"""Threat Explorer's rows: the lake, and over it what the journal has not published yet (page: Threat Explorer)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hunting.air.journal import Journal, moment
from hunting.air.lake_tables import events_table
from hunting.air.mailboxes import Hunting
from hunting.air.schema import EVENT_COLUMNS
from hunting.errors import AirError
from hunting.formats import records
from hunting.result import Result

LIMIT = 10_000
"""Rows that Explorer shows at most, unless asked otherwise."""

_KIND = """
    Kind = case(
        ActionType == "Automated Remediation" and ActionTrigger == "Automation", "Automated remediation:automated",
        ActionType == "Automated Remediation", "Automated remediation",
        Action == "Quarantine release", "Quarantine release",
        ActionType == "Redelivery" or Action == "Reprocessed", "Reprocessed",
        ActionType has "ZAP", "ZAP",
        ActionType =~ "Manual Remediation", "Manual remediation",
        ActionType == "Dynamic Delivery", "Dynamic Delivery",
        ActionType)
"""
ADDITIONAL_ACTIONS = (
    "Automated remediation:automated",
    "Automated remediation",
    "Manual remediation",
    "Quarantine release",
    "Reprocessed",
    "ZAP",
    "Dynamic Delivery",
    "None",
)
"""Values of Additional action; a copy may have several, "None" stands alone."""

# Unpublished: rows of the journal that the lake does not hold yet, after a crash: [message, recipient, type, trigger, action].
_EXPLORER = f"""
declare query_parameters(Unpublished:dynamic, Additional:string, WantedMessage:string, WantedRecipient:string,
    WantedSender:string, WantedSubject:string, WantedLocation:string, WantedThreat:string, Since:datetime, Until:datetime);
let Fresh = print Row = Unpublished
    | mv-expand Row
    | project NetworkMessageId = tostring(Row[0]), Person = tostring(Row[1]), ActionType = tostring(Row[2]),
        ActionTrigger = tostring(Row[3]), Action = tostring(Row[4]);
let Done = EmailPostDeliveryEvents
    | where ActionResult == "Success"
    | project NetworkMessageId, Person = tolower(RecipientEmailAddress), ActionType, ActionTrigger, Action
    | union Fresh
    | extend {_KIND}
    | distinct NetworkMessageId, Person, Kind;
let Acted = Done | summarize Kinds = make_list(Kind) by NetworkMessageId, Person;
EmailEvents
| where Timestamp between (Since .. Until)
| where (WantedMessage == "" or NetworkMessageId == WantedMessage)
    and (WantedRecipient == "" or RecipientEmailAddress =~ WantedRecipient)
    and (WantedSender == "" or SenderFromAddress =~ WantedSender) and (WantedSubject == "" or Subject contains WantedSubject)
    and (WantedThreat == "" or ThreatTypes has WantedThreat)
| extend Person = tolower(RecipientEmailAddress)
| join kind=leftouter Acted on NetworkMessageId, Person
| where Additional == "" or (Additional == "None" and isnull(Kinds)) or set_has_element(Kinds, Additional)
| where WantedLocation == "" or LatestDeliveryLocation =~ WantedLocation
| top {{limit}} by Timestamp desc
| project Timestamp, Subject, SenderFromAddress, RecipientEmailAddress, Kinds, DeliveryAction, DeliveryLocation,
    LatestDeliveryLocation, LatestDeliveryAction, ThreatTypes, EmailDirection, NetworkMessageId
"""
_HEADINGS = {
    "Date": "datetime",
    "Subject": "string",
    "Sender": "string",
    "Recipient": "string",
    "Additional action": "string",
    "Delivery action": "string",
    "Original delivery location": "string",
    "Latest delivery location": "string",
    "Threats": "string",
    "Directionality": "string",
    "Network Message ID": "string",
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What Explorer shows; "" and None mean everything. `location` is the latest delivery location."""

    additional_action: str = ""
    message: str = ""
    recipient: str = ""
    sender: str = ""
    subject: str = ""
    location: str = ""
    threat: str = ""
    since: datetime | None = None
    until: datetime | None = None
    limit: int = LIMIT


def explore(hunt: Hunting, journal: Journal, published: int, filters: Filters) -> Result:
    """One row per copy, the newest first.

    Raises:
        AirError: no such additional action, or a limit that is not positive.
    """
    fresh = unpublished(journal, published)
    parameters = {
        "Unpublished": [_fresh(row) for row in fresh if row["ActionResult"] == "Success"],
        "Additional": _additional(filters.additional_action),
        "WantedMessage": filters.message,
        "WantedRecipient": filters.recipient,
        "WantedSender": filters.sender,
        "WantedSubject": filters.subject,
        "WantedLocation": filters.location,
        "WantedThreat": filters.threat,
        "Since": filters.since or moment(0),
        "Until": filters.until or hunt.clock(),
    }
    if filters.limit < 1:
        raise AirError(f"Explorer cannot show {filters.limit} rows.", hint="Ask for at least one.")
    latest = {(row["NetworkMessageId"], row["RecipientEmailAddress"].lower()): row["DeliveryLocation"] for row in fresh}
    rows = hunt.query(_EXPLORER.format(limit=int(filters.limit)), parameters).table.to_pylist()
    return records(_HEADINGS, [_row(row, latest) for row in rows])


def _additional(wanted: str) -> str:
    for name in ADDITIONAL_ACTIONS:
        if name.casefold() == wanted.casefold():
            return name
    if wanted:
        raise AirError(f"'{wanted}' is not an additional action.", hint=f"Values: {', '.join(ADDITIONAL_ACTIONS)}.")
    return ""


def _fresh(row: dict[str, Any]) -> list[str]:
    names = ("ActionType", "ActionTrigger", "Action")
    return [row["NetworkMessageId"], row["RecipientEmailAddress"].lower(), *(row[name] for name in names)]


def _row(row: dict[str, Any], latest: dict[tuple[str, str], str]) -> tuple[object, ...]:
    kinds = sorted(json.loads(row["Kinds"])) if row["Kinds"] else ["None"]
    now = latest.get((row["NetworkMessageId"], row["RecipientEmailAddress"].lower()), row["LatestDeliveryLocation"])
    return (
        *(row["Timestamp"], row["Subject"], row["SenderFromAddress"], row["RecipientEmailAddress"], ", ".join(kinds)),
        *(row["DeliveryAction"], row["DeliveryLocation"], in_mail(now)),
        *(row["ThreatTypes"], row["EmailDirection"], row["NetworkMessageId"]),
    )


def in_mail(location: str) -> str:
    """A location as EmailEvents spells it."""
    return "Inbox/folder" if location == "Inbox" else location


def unpublished(journal: Journal, published: int) -> list[dict[str, Any]]:
    """Rows of EmailPostDeliveryEvents that the lake does not hold yet, oldest first."""
    rows = journal.rows(f"SELECT {EVENT_COLUMNS} FROM event_rows WHERE seq > ? ORDER BY seq", (published,))
    found: list[dict[str, Any]] = events_table(rows).to_pylist() if rows else []
    return found
