"""What starts an investigation: alerts of certain policies, and a person who names an e-mail (page: Alert policies)."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from types import MappingProxyType

from hunting.air.journal import identifier, micros
from hunting.air.mailboxes import Hunting
from hunting.air.notices import MANUAL_INVESTIGATION, SERVICE
from hunting.errors import AirError

FILE, URL, REPORT, CLICK, MANUAL = (
    "Zapped File",
    "Zapped URL",
    "User-reported messages",
    "URL verdict change",
    "Manual investigation",
)

POLICIES: Mapping[str, str] = MappingProxyType(
    {
        "A potentially malicious URL click was detected": CLICK,
        "A user clicked through to a potentially malicious URL": CLICK,
        "Email messages containing malicious file removed after delivery": FILE,
        "Email messages containing malicious URL removed after delivery": URL,
        "Email messages containing malware removed after delivery": FILE,
        "Email messages containing phish URLs removed after delivery": URL,
        "Email messages from a campaign removed after delivery": URL,
        "Email messages removed after delivery": URL,
        "Messages containing malicious entity not removed after delivery": URL,
        "Email reported by user as malware or phish": REPORT,
        MANUAL_INVESTIGATION: MANUAL,
    }
)
"""Alert policies that start an investigation of e-mail -> the investigation's type. Alerts about a user's own behaviour
(compromise, suspicious sending) yield no message clusters and are not started."""

NAMES: Mapping[str, str] = MappingProxyType(
    {
        CLICK: "Clicked url Verdict changed to malicious",
        FILE: "Zap email cluster",
        URL: "Zap email cluster",
        REPORT: "Mail with malicious url or attachment reported by a user",
        MANUAL: "Investigation of an email started by a person",
    }
)

_ALERTS = """
declare query_parameters(Service:string, Alert:string, Now:datetime);
AlertInfo
| where ServiceSource == Service and Timestamp <= Now and (Alert == "" or AlertId == Alert)
| project Timestamp, AlertId, Title, Severity
"""


@dataclass(frozen=True, slots=True)
class Trigger:
    """Why an investigation starts.

    Attributes:
        key: the alert's id, or "email:" and the NetworkMessageId.
        at: when, in microseconds since 1970.
        by: the person who starts it, or "".
    """

    key: str
    title: str
    type: str
    severity: str
    at: int
    by: str = ""

    @property
    def investigation_id(self) -> str:
        """One investigation per trigger, the same in every run."""
        return identifier("investigation", self.key)

    @property
    def alert_id(self) -> str:
        """The alert that starts it; the one that it raises itself, if a person starts it."""
        return own_alert(self.key) if self.by or self.email else self.key

    @property
    def email(self) -> str:
        """The NetworkMessageId of a manual investigation, else ""."""
        return self.key.removeprefix("email:") if self.key.startswith("email:") else ""


def own_alert(key: str) -> str:
    """The id of the alert that a person's investigation or remediation raises: it starts no other."""
    return identifier("alert", key)


def policy_type(title: str) -> str | None:
    """The investigation type of an alert's policy, or None if the policy starts none."""
    return _FOLDED.get(_folded(title))


def alerts(hunt: Hunting, alert_id: str = "") -> list[Trigger]:
    """The alerts up to now (or that one) which start an investigation, oldest first."""
    table = hunt.query(_ALERTS, {"Service": SERVICE, "Alert": alert_id, "Now": hunt.clock()}).table
    found: dict[str, Trigger] = {}
    for row in table.to_pylist():
        kind = policy_type(row["Title"])
        if kind is not None:
            at = row["Timestamp"]
            trigger = Trigger(row["AlertId"], row["Title"], kind, row["Severity"], micros(at.replace(tzinfo=UTC)))
            first = found.setdefault(trigger.key, trigger)
            if trigger.at < first.at:
                found[trigger.key] = trigger
    return sorted(found.values(), key=lambda t: (t.at, t.key))


def _folded(title: str) -> str:
    # Titles of real alerts carry invisible characters (zero-width spaces).
    return "".join(c for c in title if unicodedata.category(c) != "Cf").strip().casefold()


_FOLDED = {_folded(title): kind for title, kind in POLICIES.items()}

_MAIL = """
declare query_parameters(Mail:string, Now:datetime);
EmailEvents | where NetworkMessageId == Mail and Timestamp <= Now | take 1 | project NetworkMessageId
"""


def alert_trigger(hunt: Hunting, alert_id: str) -> Trigger:
    """The trigger of one alert.

    Raises:
        AirError: there is no such alert, or its policy starts no investigation.
    """
    found = alerts(hunt, alert_id) if alert_id else []
    if not found:
        hint = "AlertInfo lists the alerts; not every alert policy starts an investigation."
        raise AirError(f"There is no alert '{alert_id}' that starts an investigation.", hint=hint)
    return found[0]


def mail_trigger(hunt: Hunting, email: str, by: str) -> Trigger:
    """The trigger of a person who names a message by its NetworkMessageId.

    Raises:
        AirError: there is no such message.
    """
    if hunt.query(_MAIL, {"Mail": email, "Now": hunt.clock()}).table.num_rows == 0:
        raise AirError(f"There is no message with NetworkMessageId '{email}'.", hint="EmailEvents lists the messages.")
    return Trigger("email:" + email, MANUAL_INVESTIGATION, MANUAL, "Informational", micros(hunt.clock()), by)
