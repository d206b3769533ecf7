"""Clicks on links in delivered mail, as Safe Links sees them (table UrlClickEvents)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hunting.simulate.draw import (
    HOUR,
    MINUTE,
    SECOND,
    Flags,
    Ints,
    Rng,
    cumulative,
    glue,
    guids,
    hexadecimal,
    pick,
    same,
    texts,
    timestamps,
)
from hunting.simulate.mail import Mail
from hunting.simulate.people import Tenant
from hunting.simulate.values import DELETED_ITEMS, INBOX, VERDICTS

_SHARE, _THREAT_SHARE = 0.05, 0.12  # of the inbox copies with a link
_BLOCKED, _THROUGH = 0.55, 0.25  # of clicks on malicious links; of blocked clicks, those that go on


@dataclass(frozen=True)
class Clicks:
    """Clicks by copy: the copy's number, time, whether Safe Links stopped it, whether the user reached the page."""

    copy: Ints
    time: Ints
    blocked: Flags
    reached: Flags


def everyday_clicks(tenant: Tenant, mail: Mail, rng: Rng, end: int) -> Clicks:
    """Clicks on the first link of delivered mail, at most one per copy, before `end`."""
    threat = with_malicious_link(mail)[mail.message]
    share = np.where(threat, _THREAT_SHARE, _SHARE)
    copy = np.flatnonzero(clickable(tenant, mail) & (rng.random(len(mail.message)) < share))
    wait = np.minimum(rng.lognormal(np.log(30 * MINUTE), 1.5, len(copy)), 72 * HOUR)
    time = mail.time[mail.message[copy]] + wait.astype(np.int64)
    blocked = threat[copy] & (rng.random(len(copy)) < _BLOCKED)
    return _before(Clicks(copy, time, blocked, ~blocked | (rng.random(len(copy)) < _THROUGH)), end)


def campaign_clicks(tenant: Tenant, mail: Mail, rng: Rng, share: float, through: float, end: int) -> Clicks:
    """Clicks on exactly `share` of the inbox copies, of which exactly `through` reached the page (others were stopped)."""
    pool = rng.permutation(np.flatnonzero(clickable(tenant, mail)))
    copy = pool[: round(len(pool) * share)]
    reached = np.arange(len(copy)) < round(len(copy) * through)
    time = mail.time[mail.message[copy]] + rng.integers(2 * MINUTE, 25 * MINUTE, len(copy))
    return _before(Clicks(copy, time, ~reached, reached), end)


def clickable(tenant: Tenant, mail: Mail) -> Flags:
    """Copies with a link that reached a cloud mailbox's folders."""
    has_link = np.zeros(len(mail.time), dtype=bool)
    has_link[mail.urls["message"].to_numpy()] = True
    cloud = np.zeros(tenant.size, dtype=bool)
    cloud[tenant.cloud()] = True
    return np.asarray(has_link[mail.message] & cloud[mail.recipient] & np.isin(mail.location, (INBOX, DELETED_ITEMS)))


def _before(clicks: Clicks, end: int) -> Clicks:
    kept = clicks.time < end - 10 * SECOND  # room for the click-through
    return Clicks(clicks.copy[kept], clicks.time[kept], clicks.blocked[kept], clicks.reached[kept])


def with_malicious_link(mail: Mail) -> Flags:
    """Messages that carry a malicious link."""
    result = np.zeros(len(mail.time), dtype=bool)
    result[mail.urls["message"].to_numpy()[mail.urls["malicious"].to_numpy(zero_copy_only=False)]] = True
    return result


def click_rows(tenant: Tenant, mail: Mail, clicks: Clicks, rng: Rng) -> pa.Table:
    """One row per click; a second one, with the same ReportId, where a user went past the warning."""
    first = _rows(tenant, mail, clicks, guids(rng, len(clicks.copy)), rng)
    on = np.flatnonzero(clicks.blocked & clicks.reached)
    again = first.take(pa.array(on))
    later = timestamps(clicks.time[on] + 6 * SECOND)
    again = again.set_column(0, "Timestamp", later).set_column(
        again.column_names.index("IsClickedThrough"), "IsClickedThrough", pa.array(np.ones(len(on), dtype=bool))
    )
    return pa.concat_tables([first, again])


def _rows(tenant: Tenant, mail: Mail, clicks: Clicks, ids: pa.Array, rng: Rng) -> pa.Table:
    message, count = mail.message[clicks.copy], len(clicks.copy)
    recipient = pa.array(mail.recipient[clicks.copy])
    link = np.searchsorted(mail.urls["message"].to_numpy(), message)
    urls = mail.urls.take(pa.array(link))
    url = urls["Url"]
    verdict = mail.verdict[message]
    known = pa.array(clicks.blocked)
    redirect = glue('["https://go.', urls["UrlDomain"], "/r/", hexadecimal(rng, count, 4), '","', url, '"]')
    chain = pc.if_else(pa.array(rng.random(count) < 0.3), redirect, glue('["', url, '"]'))
    return pa.table(
        {
            "Timestamp": timestamps(clicks.time),
            "Url": url,
            "ActionType": texts(("ClickAllowed", "ClickBlocked", "ClickBlockedByTenantPolicy"), _actions(clicks, rng)),
            "AccountUpn": tenant.address.take(recipient),
            "Workload": same("Email", count),
            "NetworkMessageId": mail.headers["NetworkMessageId"].take(pa.array(message)),
            "ThreatTypes": pc.if_else(known, texts([v.types.split(",")[0] for v in VERDICTS], verdict), ""),
            "DetectionMethods": pc.if_else(known, texts([v.methods for v in VERDICTS], verdict), ""),
            "IPAddress": tenant.ip.take(recipient),
            "IsClickedThrough": pa.array(~clicks.blocked),
            "UrlChain": urls["UrlChain"] if "UrlChain" in urls.column_names else chain,
            "ReportId": ids,
            "AppName": texts(("Outlook", "Outlook Mobile", "OWA"), pick(rng, cumulative((60, 15, 25)), count)),
            "SourceId": mail.headers["InternetMessageId"].take(pa.array(message)),
        }
    )


def _actions(clicks: Clicks, rng: Rng) -> Ints:
    by_tenant = rng.random(len(clicks.copy)) < 0.05
    return np.where(~clicks.blocked, 0, np.where(by_tenant & ~clicks.reached, 2, 1))
