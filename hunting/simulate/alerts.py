"""Alerts that filtering raises, within a minute of the verdict (page: Alert policies)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from hunting.simulate.campaigns import Campaign
from hunting.simulate.clicks import Clicks, with_malicious_link
from hunting.simulate.draw import MINUTE, SECOND, Rng, hexadecimal
from hunting.simulate.mail import Mail
from hunting.simulate.values import CLEAN_SCL1, EVENT_LIST, IMPERSONATION, VERDICTS

_LISTED = 50  # messages that an alert lists; the counts are of all
_TECHNIQUES = {
    "file": '["Phishing (T1566)","Spearphishing Attachment (T1566.001)"]',
    "url": '["Phishing (T1566)","Spearphishing Link (T1566.002)"]',
    "": '["Phishing (T1566)"]',
}
_ZAPPED = {
    "file": "Email messages containing malicious file removed after delivery",
    "url": "Email messages containing malicious URL removed after delivery",
    "": "Email messages removed after delivery",
}
CLICK_DETECTED = "A potentially malicious URL click was detected"
REPORTED = "Email reported by user as malware or phish"
CLICKED_THROUGH = "A user clicked through to a potentially malicious URL"


@dataclass(frozen=True)
class Alert:
    """An alert with the copies that it is about; `listed`: numbers of copies of `mail`."""

    id: str
    time: int
    title: str
    verdict: int
    mail: Mail
    listed: list[int]
    sha256: str = ""
    file_name: str = ""
    file_size: int | None = None
    url: str = ""
    copies: int = 1

    @property
    def techniques(self) -> str:
        return _TECHNIQUES["file" if self.sha256 else "url" if self.url else ""]

    @property
    def last_verdict(self) -> str:
        if self.verdict <= CLEAN_SCL1:
            return "NoThreatsFound"
        return "Suspicious" if self.verdict <= IMPERSONATION else "Malicious"


def campaign_alert(campaign: Campaign) -> Alert | None:
    """The alert that the scenario declares, if it does."""
    scenario, mail = campaign.scenario, campaign.mail
    if not scenario.alert:
        return None
    removed = np.unique(mail.events.copy)
    others = np.setdiff1d(np.arange(len(mail.message)), removed)
    # Messages in the mailbox before blocked ones: those that the alert is about.
    order = np.concatenate([removed, others[np.argsort(mail.location[others], kind="stable")]])
    file = mail.files.slice(0, 1).to_pylist()
    return Alert(
        campaign.alert_id,
        campaign.verdict_time + 45 * SECOND,
        scenario.alert,
        int(mail.verdict[0]),
        mail,
        order[:_LISTED].tolist(),
        campaign.sha256,
        file[0]["FileName"] if file else "",
        file[0]["FileSize"] if file else None,
        campaign.url,
        len(mail.message),
    )


def zap_alerts(mail: Mail, rng: Rng, end: int) -> Iterator[Alert]:
    """One alert per everyday message that ZAP removed as phish or malware."""
    removing = np.array([event.type in ("Phish ZAP", "Malware ZAP") and event.result == "Success" for event in EVENT_LIST])
    events = np.flatnonzero(removing[mail.events.kind])
    first = events[np.unique(mail.message[mail.events.copy[events]], return_index=True)[1]]
    chosen = [int(number) for number in first if mail.events.time[number] + MINUTE < end]
    for number, alert_id in zip(chosen, hexadecimal(rng, len(chosen), 16).to_pylist(), strict=True):
        message = int(mail.message[mail.events.copy[number]])
        title = _ZAPPED[VERDICTS[int(mail.verdict[message])].indicator]
        yield _message_alert(mail, message, title, int(mail.events.time[number]) + 40 * SECOND, alert_id)


def click_alerts(mail: Mail, clicks: Clicks, rng: Rng, end: int) -> Iterator[Alert]:
    """An alert for a message whose malicious link a user followed past the warning, and for one that nothing stopped."""
    found = np.flatnonzero(
        with_malicious_link(mail)[mail.message[clicks.copy]] & clicks.reached & (clicks.time + 2 * MINUTE < end)
    )
    first = found[np.unique(mail.message[clicks.copy[found]], return_index=True)[1]]
    for number, alert_id in zip(first.tolist(), hexadecimal(rng, len(first), 16).to_pylist(), strict=True):
        title = CLICKED_THROUGH if clicks.blocked[number] else CLICK_DETECTED
        yield _message_alert(
            mail, int(mail.message[clicks.copy[number]]), title, int(clicks.time[number]) + 50 * SECOND, alert_id
        )


def _message_alert(mail: Mail, message: int, title: str, time: int, alert_id: str) -> Alert:
    verdict = int(mail.verdict[message])
    kind = VERDICTS[verdict].indicator
    copies = np.arange(np.searchsorted(mail.message, message), np.searchsorted(mail.message, message, side="right")).tolist()
    part = {} if not kind else _first(mail.files if kind == "file" else mail.urls, message)
    return Alert(
        alert_id,
        time,
        title,
        verdict,
        mail,
        copies,
        part.get("SHA256", ""),
        part.get("FileName", ""),
        part.get("FileSize"),
        part.get("Url", ""),
        len(copies),
    )


def _first(parts: pa.Table, message: int) -> dict[str, Any]:
    at = int(np.searchsorted(parts["message"].to_numpy(), message))
    row: dict[str, Any] = parts.slice(at, 1).to_pylist()[0]
    return row
