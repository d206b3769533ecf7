"""The values that the e-mail tables may hold, as vocabularies; arrays elsewhere carry indexes into them.

Source pages: EmailEvents, EmailPostDeliveryEvents, UrlClickEvents (advanced hunting schema), Alert policies.

Where a verdict shows: ThreatTypes, DetectionMethods and ConfidenceLevel of EmailEvents (and of EmailAttachmentInfo for a file)
hold the verdict as it is known now; DeliveryAction and DeliveryLocation stay as they were at delivery. So a message that was
delivered and recognised later reads `DeliveryLocation == "Inbox/folder"`, `ThreatTypes == "Malware"`, its OriginalThreatTypes is
empty, and LatestDelivery* say what became of it. Malware has no confidence level (only Phish: High or Low, and Spam: SCL have
one); so a malicious verdict is `ThreatTypes has "Malware"`, or `ThreatTypes has "Phish"` with ConfidenceLevel.Phish "High".
A soft or hard delete ends in "Deleted items folder" too; LatestDeliveryAction tells it from a user's own move.
"""

from __future__ import annotations

from dataclasses import dataclass

LOCATIONS = (
    "Inbox/folder",
    "Junk folder",
    "Quarantine",
    "On-premises/external",
    "Failed",
    "Dropped",
    "Deleted items folder",
)
INBOX, JUNK, QUARANTINE, ON_PREMISES, FAILED, DROPPED, DELETED_ITEMS = range(len(LOCATIONS))
MAILBOX_LOCATIONS = (INBOX, JUNK)
DELIVERY_ACTIONS = ("Delivered", "Junked", "Blocked", "Delivered", "Blocked", "Blocked", "Delivered")  # by location
EMAIL_ACTIONS = (
    "No action taken",
    "Move message to junk mail folder",
    "send to quarantine",
    "No action taken",
    "No action taken",
    "Delete message",
    "No action taken",
)  # by location
EVENT_LOCATIONS = ("Inbox", *LOCATIONS[1:])  # EmailPostDeliveryEvents writes Inbox without "/folder"

DIRECTIONS = ("Inbound", "Intra-org", "Outbound")
INBOUND, INTRA_ORG, OUTBOUND = range(3)
URL_LOCATIONS = ("Body", "Subject", "Attachment", "CloudAttachment", "QRCode")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What filtering says of a message: the text of its columns, and the policy that acts on it."""

    types: str
    methods: str
    confidence: str
    policy: str
    names: str = ""
    authentication: int = 0

    @property
    def indicator(self) -> str:
        """What carries the threat: "file", "url" or ""."""
        if "Malware" in self.types:
            return "file"
        return "url" if "URL" in self.methods else ""


AUTHENTICATION = (
    '{"SPF":"pass","DKIM":"pass","DMARC":"pass","CompAuth":"pass"}',
    '{"SPF":"pass","DKIM":"none","DMARC":"bestguesspass","CompAuth":"pass"}',
    '{"SPF":"softfail","DKIM":"none","DMARC":"none","CompAuth":"softpass"}',
    '{"SPF":"fail","DKIM":"none","DMARC":"fail","CompAuth":"fail"}',
    '{"SPF":"none","DKIM":"fail","DMARC":"fail","CompAuth":"none"}',
    "",
)
NO_AUTHENTICATION = 5  # mail that never left the organization

VERDICTS = (
    Verdict("", "", "", ""),
    Verdict("", "", '{"Spam":"1"}', ""),
    Verdict("Spam", '{"Spam":["Advanced filter"]}', '{"Spam":"5"}', "Antispam", authentication=2),
    Verdict("Spam", '{"Spam":["IP reputation"]}', '{"Spam":"9"}', "Antispam high-confidence", authentication=2),
    Verdict("Spam", '{"Spam":["Bulk"]}', '{"Spam":"6"}', "Antispam bulk mail"),
    Verdict("Phish", '{"Phish":["Spoof external domain"]}', '{"Phish":"Low"}', "Anti-phishing spoof", authentication=3),
    Verdict("Phish", '{"Phish":["Impersonation user"]}', '{"Phish":"Low"}', "Anti-phishing user impersonation", authentication=1),
    Verdict("Phish", '{"Phish":["URL detonation reputation"]}', '{"Phish":"High"}', "Antispam phishing", authentication=4),
    Verdict("Phish", '{"Phish":["URL malicious reputation","Fingerprint matching"]}', '{"Phish":"High"}', "Antispam phishing"),
    Verdict(
        "Phish, Spam",
        '{"Phish":["URL detonation"],"Spam":["Domain reputation"]}',
        '{"Phish":"High","Spam":"9"}',
        "Antispam phishing",
        authentication=3,
    ),
    Verdict("Malware", '{"Malware":["File detonation"]}', "", "Safe Attachments", "Trojan:O97M/SimDropper.A", 1),
    Verdict("Malware", '{"Malware":["Antimalware protection"]}', "", "Antimalware", "Trojan:HTML/SimRedirect.B", 4),
    Verdict("Phish", '{"Phish":["LLM content analysis"]}', '{"Phish":"High"}', "Antispam phishing"),
)
CLEAN, CLEAN_SCL1, SPAM, SPAM_HIGH, BULK, SPOOF, IMPERSONATION = range(7)
PHISH, PHISH_REPUTATION, PHISH_SPAM, MALWARE, MALWARE_AV, PHISH_TEXT = range(7, len(VERDICTS))
SCENARIO_VERDICTS = {"clean": CLEAN, "spam": SPAM_HIGH, "phish-low": SPOOF, "phish": PHISH, "malware": MALWARE}

ORG_POLICIES = ("", "SecOps Mailbox", "Phishing simulation")
NO_POLICY, SECOPS_MAILBOX, PHISHING_SIMULATION = range(3)


@dataclass(frozen=True, slots=True)
class Event:
    """A kind of row in EmailPostDeliveryEvents: its texts, where the copy is afterwards (None: it stays), its latest action."""

    action: str
    type: str
    trigger: str
    result: str
    target: int | None
    latest: str


_MOVED, _JUNKED = ("Moved to quarantine", QUARANTINE), ("Moved to junk folder", JUNK)


def _zap(kind: str, result: str = "Success", moved: tuple[str, int] = _MOVED) -> Event:
    done = result == "Success"
    return Event(moved[0], f"{kind} ZAP", "SpecialAction", result, moved[1] if done else None, moved[0] if done else "")


def _manual(action: str, target: int) -> Event:
    return Event(action, "Manual Remediation", "AdminAction", "Success", target, action)


EVENTS = {
    "malware zap": _zap("Malware"),
    "malware zap error": _zap("Malware", "Error"),
    "phish zap": _zap("Phish"),
    "phish zap junk": _zap("Phish", moved=_JUNKED),
    "phish zap policy": _zap("Phish", "AdminPolicy"),
    "phish zap error": _zap("Phish", "Error"),
    "spam zap": _zap("Spam", moved=_JUNKED),
    "spam zap policy": _zap("Spam", "AdminPolicy", _JUNKED),
    "redelivery": Event("Reprocessed", "Redelivery", "SpecialAction", "Success", INBOX, "Delivered"),
    "soft delete": _manual("Soft delete", DELETED_ITEMS),
    "hard delete": _manual("Hard delete", DELETED_ITEMS),
    "junk": _manual("Moved to junk folder", JUNK),
    "deleted items": _manual("Moved to deleted items", DELETED_ITEMS),
    "release": Event("Quarantine release", "Manual Remediation", "AdminAction", "Success", INBOX, "Quarantine release"),
}
EVENT_LIST = tuple(EVENTS.values())
EVENT_CODES = {name: code for code, name in enumerate(EVENTS)}
REPLACED = "Replaced"  # delivered without its attachment: what antimalware finds in mail on its way to the inbox
LATEST_ACTIONS = (
    "Delivered",
    "Blocked",
    "Junked",
    "Hard delete",
    "Soft delete",
    "Moved to junk folder",
    "Moved to deleted items",
    "Moved to quarantine",
    "Quarantine release",
)

SERVICE = "Microsoft Defender for Office 365"
# Alert policy -> severity; these start an automated investigation (page: Alert policies).
AIR_ALERTS = {
    "A potentially malicious URL click was detected": "High",
    "A user clicked through to a potentially malicious URL": "High",
    "Email messages containing malicious file removed after delivery": "Informational",
    "Email messages containing malicious URL removed after delivery": "Informational",
    "Email messages from a campaign removed after delivery": "Informational",
    "Email messages removed after delivery": "Informational",
    "Email reported by user as malware or phish": "Low",
    "Messages containing malicious entity not removed after delivery": "Medium",
    "Suspicious email sending patterns detected": "Medium",
    "User restricted from sending email": "High",
}
